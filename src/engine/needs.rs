//! What does the whole plan need? Permissions, hosts, images, and how long the longest step takes.

use std::collections::BTreeSet;

use landfall_core::{
    event::{Host, Permissions, Section},
    guide::LoadedGuide,
    plan::{InstallId, Plan},
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
                needs.permissions = needs.permissions.and(kind.permissions(&view, &task.parameters));
                hosts.extend(kind.hosts(&view, &task.parameters));
                needs.images.extend(kind.images(&view, &task.parameters));
                let about = kind.describe();
                if kind.instruction(&view, &task.parameters).is_none()
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

fn sorted(mut permissions: Permissions) -> Permissions {
    permissions.rbac.sort();
    permissions.iam.values_mut().for_each(|resources| resources.sort());
    permissions
}
