//! What does the whole plan need? Permissions, hosts, images, and how long the longest step takes.

use std::collections::BTreeSet;

use landfall_core::{
    event::{Host, Permissions, Section},
    guide::LoadedGuide,
    plan::{InstallId, Plan, PlannedTask},
    value::Scope,
};
use serde_json::Value;

use crate::{
    kind::{Needs, PlanView, Target},
    kinds::Kinds,
};

/// Sums a plan up.
pub fn needs(
    plan: &Plan,
    guide: &LoadedGuide,
    kinds: &Kinds,
    target: &Target,
    install: &InstallId,
    scope: &Scope,
    by_other: &dyn Fn(&PlannedTask) -> bool,
) -> Needs {
    let scope = scope.clone().with_late_steps();
    let mut needs = Needs::default();
    let mut hosts: BTreeSet<Host> = BTreeSet::new();
    for wanted in &guide.guide.hosts {
        if wanted.when.as_deref().is_some_and(|condition| !scope.holds(condition).unwrap_or(true)) {
            continue;
        }
        if let Ok(Value::String(host)) = scope.render_text(&wanted.host.host) {
            hosts.insert(Host { host, ..wanted.host.clone() });
        }
    }
    for task in &plan.tasks {
        let mut scope = scope.clone();
        if let Some(row) = &task.row {
            scope.set("row", row.clone());
        }
        let view = PlanView { target, install, files: &guide.folder, scope: &scope };
        match task.path.section {
            Section::Steps => {
                let Some(kind) = kinds.steps.get(&task.kind) else { continue };
                let wanted = kind.permissions(&view, &task.parameters);
                let other = by_other(task);
                needs.permissions = needs.permissions.and(if other { looking(wanted) } else { wanted });
                hosts.extend(kind.hosts(&view, &task.parameters));
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
                let Some(kind) = kinds.checks.get(&task.kind) else { continue };
                needs.permissions = needs.permissions.and(kind.permissions(&view, &task.parameters));
                hosts.extend(kind.hosts(&view, &task.parameters));
            }
        }
    }
    needs.hosts = hosts.into_iter().filter(|host| !host.host.is_empty()).collect();
    needs.permissions = sorted(needs.permissions);
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
