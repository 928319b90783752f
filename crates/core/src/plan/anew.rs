//! What goes along when a step is taken away and made anew?

use std::collections::{BTreeMap, BTreeSet};

use super::{Plan, PlannedTask, locks::stays};
use crate::{
    catalogue::{Catalogue, Room},
    event::{Section, TaskPath},
    value::references,
};

/// Steps that cannot keep what they were made with once these are made anew: what they read of them feeds a field that
/// cannot change in place. Each with the field and the step it reads.
pub fn carried_along(
    plan: &Plan,
    anew: &BTreeSet<TaskPath>,
    catalogue: &Catalogue,
) -> BTreeMap<TaskPath, (String, TaskPath)> {
    let mut along: BTreeMap<TaskPath, (String, TaskPath)> = BTreeMap::new();
    loop {
        let before = along.len();
        for task in plan.section(Section::Steps) {
            if anew.contains(&task.path) || along.contains_key(&task.path) {
                continue;
            }
            let gone = |path: &TaskPath| anew.contains(path) || along.contains_key(path);
            if let Some(reads) = fixed_reading(task, catalogue, &gone) {
                along.insert(task.path.clone(), reads);
            }
        }
        if along.len() == before {
            return along;
        }
    }
}

fn fixed_reading(
    task: &PlannedTask,
    catalogue: &Catalogue,
    gone: &dyn Fn(&TaskPath) -> bool,
) -> Option<(String, TaskPath)> {
    let kind = catalogue.find(Room::Step, &task.kind);
    task.template.as_object()?.iter().filter(|(field, _)| stays(kind, field)).find_map(|(field, template)| {
        let read = references(template).ok()?;
        let ids: BTreeSet<&str> = read.steps().collect();
        let path = task.after.iter().find(|path| ids.contains(path.id.as_str()) && gone(path))?;
        Some((field.clone(), path.clone()))
    })
}
