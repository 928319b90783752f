//! What does the whole plan need? Permissions, hosts, images, and how long the longest step takes.

use landfall_core::{
    event::{Permissions, Section},
    guide::LoadedGuide,
    plan::{InstallId, Plan, PlannedTask},
    value::Scope,
};

use super::hosts::{Known, hosts};
use crate::{
    kind::{Needs, PlanView, Target},
    kinds::Kinds,
};

/// What a plan is summed up with.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The guide.
    pub guide: &'a LoadedGuide,
    /// What it can name.
    pub kinds: &'a Kinds,
    /// Where the install goes.
    pub target: &'a Target,
    /// Which install.
    pub install: &'a InstallId,
    /// Answers, facts, target.
    pub scope: &'a Scope,
    /// What the plan itself does not say of hosts.
    pub known: &'a Known,
}

/// Sums a plan up.
pub fn needs(plan: &Plan, around: &Around<'_>, by_other: &dyn Fn(&PlannedTask) -> bool) -> Needs {
    let scope = around.scope.clone().with_late_steps();
    let mut needs = Needs::default();
    for task in &plan.tasks {
        let mut scope = scope.clone();
        if let Some(row) = &task.row {
            scope.set("row", row.clone());
        }
        let view =
            PlanView { target: around.target, install: around.install, files: &around.guide.folder, scope: &scope };
        match task.path.section {
            Section::Steps => {
                let Some(kind) = around.kinds.steps.get(&task.kind) else { continue };
                let wanted = kind.permissions(&view, &task.parameters);
                let other = by_other(task);
                needs.permissions = needs.permissions.and(if other { looking(wanted) } else { wanted });
                needs.images.extend(kind.images(&view, &task.parameters));
                let about = kind.describe();
                if !other
                    && kind.instruction(&view, &task.parameters).is_none()
                    && needs.longest_step.is_none_or(|longest| about.deadline > longest)
                {
                    needs.longest_step = Some(about.deadline);
                }
            }
            Section::Checks | Section::Verify => {
                let Some(kind) = around.kinds.checks.get(&task.kind) else { continue };
                needs.permissions = needs.permissions.and(kind.permissions(&view, &task.parameters));
            }
        }
    }
    needs.permissions = sorted(needs.permissions);
    needs.hosts = hosts(plan, around, &needs.permissions);
    needs.images.sort();
    needs.images.dedup();
    needs
}

/// What is handed over is only looked at.
pub fn looking(mut permissions: Permissions) -> Permissions {
    let looks = |action: &String| {
        let verb = action.split_once(':').map_or(action.as_str(), |(_, verb)| verb);
        ["Get", "List", "Describe", "Head", "BatchGet", "Simulate"].iter().any(|look| verb.starts_with(look))
    };
    permissions.iam.retain(|action, _| looks(action));
    permissions.rbac.retain(|rule| ["get", "list", "watch"].contains(&rule.verb.as_str()));
    permissions
}

fn sorted(mut permissions: Permissions) -> Permissions {
    permissions.rbac.sort();
    permissions.iam.values_mut().for_each(|resources| resources.sort());
    permissions
}
