//! Which answers can no longer change, and which change only by making a step anew?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Plan;
use crate::{
    catalogue::{Catalogue, Descriptor, Room},
    event::{Section, TaskPath},
    value::references,
};

/// Fields by which a thing is found again.
const IDENTITY: [&str; 3] = ["name", "namespace", "cluster"];

/// The same, of kinds that say so themselves: what they name is found by nothing else.
const FOUND_BY: [&str; 6] = ["bucket", "alias", "folder", "path", "into", "to"];

/// What became of a step, as far as its answers are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// It was made by this install and can be taken away and made anew.
    Ours,
    /// It is finished, and not ours to take away.
    Theirs,
}

/// Inputs whose answers finished steps were made with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locks {
    /// These cannot change any more: id to the reason.
    pub locked: BTreeMap<String, String>,
    /// Other answers to these take steps away and make them anew: id to what that means.
    pub replaces: BTreeMap<String, String>,
}

/// Whether a field cannot change in place.
pub(super) fn stays(kind: Option<&Descriptor>, field: &str) -> bool {
    identity(kind, field) || kind.is_some_and(|kind| kind.fixed.iter().any(|fixed| fixed == field))
}

/// Whether a thing is found again by this field.
pub(super) fn identity(kind: Option<&Descriptor>, field: &str) -> bool {
    let fixed = |kind: &Descriptor| kind.fixed.iter().any(|fixed| fixed == field);
    IDENTITY.contains(&field) || FOUND_BY.contains(&field) && kind.is_some_and(fixed)
}

/// What feeds identity fields of what stands is locked; what feeds fixed fields makes anew, where that is ours to do.
pub fn locks(plan: &Plan, stands: impl Fn(&TaskPath) -> Option<Stands>, catalogue: &Catalogue) -> Locks {
    let mut locks = Locks::default();
    let mut replaced: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for task in plan.section(Section::Steps) {
        let Some(how) = stands(&task.path) else { continue };
        let Some(kind) = catalogue.find(Room::Step, &task.kind) else { continue };
        let Some(fields) = task.template.as_object() else { continue };
        for (field, template) in fields.iter().filter(|(field, _)| stays(Some(kind), field)) {
            for name in inputs_read(template) {
                if identity(Some(kind), field) || how == Stands::Theirs {
                    locks.locked.entry(name).or_insert_with(|| format!("{} was made with it", task.title));
                } else {
                    replaced.entry(name).or_default().insert(&task.title);
                }
            }
        }
    }
    replaced.retain(|name, _| !locks.locked.contains_key(name));
    locks.replaces = replaced.into_iter().map(|(name, titles)| (name, anew(&titles))).collect();
    locks
}

fn anew(titles: &BTreeSet<&str>) -> String {
    let titles: Vec<&str> = titles.iter().copied().collect();
    format!(
        "another answer takes away what was made with it and makes it anew, once you agree to that: {}",
        titles.join(", ")
    )
}

/// The names a template reads, without what stands behind the first dot.
pub(super) fn inputs_read(template: &Value) -> BTreeSet<String> {
    let names = references(template).map(|references| references.names).unwrap_or_default();
    names.iter().filter_map(|name| name.split('.').next().map(str::to_owned)).collect()
}
