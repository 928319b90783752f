//! Do tasks fit their kinds and each other: known kinds, outputs that exist and are read where that is possible,
//! secrets only in sinks, no circles, and no step without a proof?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Found, keys_below, texts};
use crate::{
    catalogue::{Catalogue, Descriptor, Room, flag, schema_at},
    event::Section,
    guide::{LoadedGuide, Task},
    value::references,
};

/// The three lists of a guide, with the room their kinds live in.
pub(super) fn sections(loaded: &LoadedGuide) -> [(Section, Room, &[Task]); 3] {
    let guide = &loaded.guide;
    [
        (Section::Checks, Room::Check, guide.checks.as_slice()),
        (Section::Steps, Room::Step, guide.steps.as_slice()),
        (Section::Verify, Room::Check, guide.verify.as_slice()),
    ]
}

/// Looks, and returns the pointers of those parameters whose kind is known: only they can be tried in branches.
pub(super) fn look(loaded: &LoadedGuide, catalogue: &Catalogue, found: &mut Found<'_>) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for (section, room, tasks) in sections(loaded) {
        for (index, task) in tasks.iter().enumerate() {
            let pointer = format!("/{section}/{index}");
            if kind(catalogue, room, &task.kind, &task.with, &pointer, loaded, found) {
                known.insert(pointer.clone());
            }
            for (until, waited) in task.until.iter().enumerate() {
                let pointer = format!("{pointer}/until/{until}");
                if kind(catalogue, Room::Check, &waited.kind, &waited.with, &pointer, loaded, found) {
                    known.insert(pointer);
                }
            }
            fields(section, task, &pointer, found);
        }
    }
    for (pointer, lookup, with) in lookups(loaded) {
        if let Some(kind) = kind_named(catalogue, Room::Lookup, lookup, &format!("{pointer}/lookup"), found) {
            parameters(catalogue, kind, with, &pointer, loaded, found);
            known.insert(pointer);
        }
    }
    order(loaded, found);
    proofs(loaded, found);
    known
}

/// Every look-up of the guide: where, which, with what.
pub(super) fn lookups(loaded: &LoadedGuide) -> Vec<(String, &str, &Value)> {
    let facts = loaded.guide.facts.iter().enumerate();
    let facts = facts.map(|(index, fact)| (format!("/facts/{index}"), fact.lookup.as_str(), &fact.with));
    let inputs = loaded.guide.inputs.iter().enumerate().filter_map(|(index, input)| {
        let suggest = input.suggest.as_ref()?;
        Some((format!("/inputs/{index}/suggest"), suggest.lookup.as_str(), &suggest.with))
    });
    facts.chain(inputs).collect()
}

fn kind_named<'a>(
    catalogue: &'a Catalogue,
    room: Room,
    name: &str,
    pointer: &str,
    found: &mut Found<'_>,
) -> Option<&'a Descriptor> {
    let kind = catalogue.find(room, name);
    if kind.is_none() {
        let what = match room {
            Room::Check => "check",
            Room::Step => "step",
            Room::Lookup => "look-up",
        };
        let hint = crate::plan::nearest(name, catalogue.room(room).map(|kind| kind.name.as_str()));
        found.add(pointer, "unknown-kind", format!("there is no kind of {what} called {name}{hint}"));
    }
    kind
}

fn kind(
    catalogue: &Catalogue,
    room: Room,
    name: &str,
    with: &Value,
    pointer: &str,
    loaded: &LoadedGuide,
    found: &mut Found<'_>,
) -> bool {
    let Some(kind) = kind_named(catalogue, room, name, &format!("{pointer}/kind"), found) else { return false };
    parameters(catalogue, kind, with, pointer, loaded, found);
    true
}

/// Whether outputs and secrets stand only where the kind can take them.
fn parameters(
    catalogue: &Catalogue,
    kind: &Descriptor,
    with: &Value,
    pointer: &str,
    loaded: &LoadedGuide,
    found: &mut Found<'_>,
) {
    let name = &kind.name;
    for (below, names) in reads(with) {
        let place = format!("{pointer}/with{below}");
        let path = keys_below(&below, "");
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        // A key that the schema does not know is told when the parameters are decoded; where anything may stand, an output may.
        let Some(schema) = schema_at(&kind.parameters, &path).filter(|schema| schema.is_object()) else { continue };
        let field = path.join(".");
        if let Some(output) = names.iter().find(|name| name.starts_with("steps."))
            && !flag(schema, "x-late")
        {
            let message =
                format!("{output} is not known yet when {name} needs {field}; only answers and facts can stand here");
            found.add(&place, "late", message);
        }
        if let Some(secret) = names.iter().find(|name| name.starts_with("secrets."))
            && !flag(schema, "x-sink")
        {
            let message = format!("{field} of {name} is shown and kept; {secret} cannot stand here");
            found.add(&place, "secret", message);
        }
        for output in names.iter().filter_map(|name| name.strip_prefix("steps.")) {
            if let Some((rule, message)) = wrong_output(catalogue, loaded, output) {
                found.add(&place, rule, message);
            }
        }
    }
}

/// Where in a tree names are read, by pointer.
fn reads(with: &Value) -> Vec<(String, BTreeSet<String>)> {
    let mut all = Vec::new();
    texts(with, "", &mut |pointer, text| {
        if let Ok(references) = references(&Value::String(text.to_owned()))
            && !references.names.is_empty()
        {
            all.push((pointer.to_owned(), references.names));
        }
    });
    all
}

/// What is wrong with reading `id.output` of a step: the rule, and why.
pub(super) fn wrong_output(
    catalogue: &Catalogue,
    loaded: &LoadedGuide,
    output: &str,
) -> Option<(&'static str, String)> {
    let mut parts = output.split('.');
    let id = parts.next().unwrap_or_default();
    let path: Vec<&str> = parts.collect();
    let step = loaded.guide.steps.iter().find(|task| task.id == id)?;
    let kind = catalogue.find(Room::Step, &step.kind)?;
    if step.each.is_some() {
        return Some(("late", format!("{id} is done for each of several rows; its outputs have no single value")));
    }
    if !path.is_empty() && schema_at(&kind.outputs, &path).is_some() {
        return None;
    }
    let known = kind.outputs.get("properties").and_then(Value::as_object);
    let known: Vec<&str> = known.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
    Some(("unknown-output", format!("{} brings {known}; there is no {}", step.kind, path.join("."))))
}

fn fields(section: Section, task: &Task, pointer: &str, found: &mut Found<'_>) {
    let mut only = |key: &str, there: bool, wanted: &str| {
        if there {
            found.add(&format!("{pointer}/{key}"), "misplaced", format!("{key} belongs to {wanted}"));
        }
    };
    let steps = section == Section::Steps;
    only("until", !steps && !task.until.is_empty(), "steps");
    only("optional", !steps && task.optional, "steps");
    only("hand_over", !steps && task.hand_over.is_some(), "steps");
    only("attest", steps && task.attest.is_some(), "checks and verifications");
    only("proves", section != Section::Verify && !task.proves.is_empty(), "verifications");
    only("before", section != Section::Verify && !task.before.is_empty(), "verifications");
    only("key", task.key.is_some() && task.each.is_none(), "tasks that repeat (each)");
}

fn order(loaded: &LoadedGuide, found: &mut Found<'_>) {
    let known: BTreeSet<&str> = loaded.guide.steps.iter().map(|task| task.id.as_str()).collect();
    for (section, _, tasks) in sections(loaded) {
        for (index, task) in tasks.iter().enumerate() {
            for (key, ids) in [("after", &task.after), ("proves", &task.proves), ("before", &task.before)] {
                for (place, id) in ids.iter().enumerate().filter(|(_, id)| !known.contains(id.as_str())) {
                    let hint = crate::plan::nearest(id, known.iter().copied());
                    found.add(
                        &format!("/{section}/{index}/{key}/{place}"),
                        "undefined",
                        format!("there is no step {id}{hint}"),
                    );
                }
            }
        }
    }
    let after = comes_after(loaded);
    let mut told = BTreeSet::new();
    for start in after.keys() {
        if let Some(circle) = circle(start, &after)
            && told.insert(circle.iter().cloned().collect::<BTreeSet<_>>())
        {
            let pointer = position_of(loaded, start);
            found.add(&pointer, "circle", format!("{start} waits for itself: {}", circle.join(" → ")));
        }
    }
}

/// What each task waits for, as `steps/id` and `verify/id`, whatever the answers.
pub(super) fn comes_after(loaded: &LoadedGuide) -> BTreeMap<String, BTreeSet<String>> {
    let mut after: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (section, _, tasks) in sections(loaded).into_iter().filter(|(section, ..)| *section != Section::Checks) {
        for task in tasks {
            let path = format!("{section}/{}", task.id);
            let mut read = reads(&task.with);
            read.extend(task.until.iter().flat_map(|until| reads(&until.with)));
            let steps = read
                .iter()
                .flat_map(|(_, names)| names)
                .filter_map(|name| Some(name.strip_prefix("steps.")?.split('.').next()?.to_owned()))
                .filter(|id| *id != task.id || section != Section::Steps)
                .chain(task.after.iter().chain(&task.proves).cloned())
                .map(|id| format!("steps/{id}"));
            after.entry(path.clone()).or_default().extend(steps);
            for before in &task.before {
                after.entry(format!("steps/{before}")).or_default().insert(path.clone());
            }
        }
    }
    after
}

fn circle(start: &str, after: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.to_owned()]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        for next in after.get(way.last()?).into_iter().flatten() {
            let mut longer = way.clone();
            longer.push(next.clone());
            if next == start {
                return Some(longer);
            }
            if seen.insert(next.clone()) {
                ways.push(longer);
            }
        }
    }
    None
}

fn position_of(loaded: &LoadedGuide, path: &str) -> String {
    let (section, id) = path.split_once('/').unwrap_or_default();
    let tasks = if section == "steps" { &loaded.guide.steps } else { &loaded.guide.verify };
    let index = tasks.iter().position(|task| task.id == id).unwrap_or_default();
    format!("/{section}/{index}")
}

fn proofs(loaded: &LoadedGuide, found: &mut Found<'_>) {
    let proven: BTreeSet<&str> =
        loaded.guide.verify.iter().flat_map(|task| task.proves.iter().map(String::as_str)).collect();
    for (index, task) in loaded.guide.steps.iter().enumerate() {
        if task.until.is_empty() && !proven.contains(task.id.as_str()) {
            let message =
                format!("nothing proves {}: name it in a verification's proves, or give it an until", task.id);
            found.add(&format!("/steps/{index}"), "unproven", message);
        }
    }
}
