//! What is different from what was agreed to? The plan in the journal beside the plan of today's answers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{
    Approved, ApprovedStep, Change, Plan, PlannedTask,
    anew::carried_along,
    locks::{identity, inputs_read, stays},
    texts::other_texts,
};
use crate::{
    catalogue::{Catalogue, Room},
    event::{How, Section, TaskPath},
    journal::{StepStory, Story},
};

#[cfg(test)]
mod tests;

/// How one step differs from what was agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Which step.
    pub path: TaskPath,
    /// What becomes of it: unchanged, change, replace, unwanted, or make where it is new.
    pub what: Change,
    /// Why: answers and secrets that changed, fields that differ.
    pub why: String,
    /// Nobody agreed to this yet.
    pub fresh: bool,
}

/// Compares what was agreed to, and was done since, with what today's answers want.
pub fn compare(story: &Story, now: &Approved, plan: &Plan, catalogue: &Catalogue) -> Vec<Compared> {
    let beside = Beside { story, now, catalogue, changed: changed(&story.approved, now) };
    let mut lines: Vec<Compared> = plan.section(Section::Steps).map(|task| beside.step(task)).collect();
    go_along(&mut lines, story, plan, catalogue);
    lines.extend(unwanted(story, plan));
    lines
}

/// What each answer was and is, where that is not the same.
type Changed<'a> = BTreeMap<&'a String, (&'a Value, &'a Value)>;

/// The answers that are not as they were.
fn changed<'a>(before: &'a Approved, now: &'a Approved) -> Changed<'a> {
    now.inputs
        .iter()
        .map(|(id, value)| (id, (before.inputs.get(id).unwrap_or(&Value::Null), value)))
        .filter(|(_, (was, is))| was != is)
        .collect()
}

/// What stands in the journal, beside what today's answers want.
struct Beside<'a> {
    story: &'a Story,
    now: &'a Approved,
    catalogue: &'a Catalogue,
    changed: Changed<'a>,
}

impl Beside<'_> {
    fn step(&self, task: &PlannedTask) -> Compared {
        let step = self.story.steps.get(&task.path);
        let begun = step.is_some_and(StepStory::begun);
        let Some(agreed) = self.story.approved.steps.get(&task.path) else { return self.not_agreed(task, begun) };
        // What is to be made anew stands as it was until it is being taken away: going back to that takes the agreement back.
        let stood = self.story.stood.get(&task.path).filter(|_| step.is_some_and(|step| !step.undoing));
        let was = stood.unwrap_or(agreed);
        let texts = |step: &ApprovedStep| other_texts(&task.parameters, &step.texts, &task.texts);
        let another = agreed.kind != task.kind || agreed.parameters != task.parameters || !texts(agreed).is_empty();
        let mut fields = differing(&was.parameters, &task.parameters);
        fields.extend(texts(was));
        fields.sort();
        fields.dedup();
        let secrets = self.other_secrets(task);
        let mut line = Compared { path: task.path.clone(), what: Change::Unchanged, why: String::new(), fresh: false };
        if was.kind != task.kind || !fields.is_empty() || !secrets.is_empty() {
            line.what = match step {
                Some(step) if begun => self.of_begun(step, was, task, &fields),
                _ => Change::Make,
            };
            line.fresh = stood.is_none() || another || !secrets.is_empty();
            line.why = self.why(task, &fields, &secrets);
        } else if stood.is_some() && another {
            line.fresh = true;
            line.why = "it stays: nothing asks any more to make it anew".into();
        }
        if stood.is_none() && line.what != Change::Replace && self.story.replace.contains(&task.path) && begun {
            line.what = Change::Replace;
            line.why = if line.why.is_empty() { "agreed to before, and not done yet".into() } else { line.why };
        }
        line
    }

    /// One that nobody agreed to. Dropped once and wanted again, it may still be there.
    fn not_agreed(&self, task: &PlannedTask, begun: bool) -> Compared {
        Compared {
            path: task.path.clone(),
            what: if begun { Change::Unchanged } else { Change::Make },
            why: match reasons(&self.changed, &BTreeSet::new()).as_str() {
                "" => "it was not in the plan before".to_owned(),
                why => format!("it was not in the plan before; {why}"),
            },
            fresh: true,
        }
    }

    /// What becomes of one that was begun and is wanted otherwise.
    fn of_begun(&self, step: &StepStory, was: &ApprovedStep, task: &PlannedTask, fields: &[String]) -> Change {
        let kind = self.catalogue.find(Room::Step, &task.kind);
        if was.kind == task.kind && !fields.iter().any(|field| stays(kind, field)) {
            Change::Change
        } else if step.can_be_replaced() {
            Change::Replace
        } else if fields.iter().any(|field| identity(kind, field)) {
            // What is not ours to take away stays where it is: another name makes another thing.
            Change::Make
        } else {
            Change::Decide
        }
    }

    /// The secrets it uses that are not those that were agreed to.
    fn other_secrets(&self, task: &PlannedTask) -> BTreeSet<String> {
        let is_another = |reference: &String| {
            let (before, now) = (self.story.approved.secrets.get(reference), self.now.secrets.get(reference));
            // One that is not at hand (a vault of another session) tells nothing.
            before.zip(now).is_some_and(|(was, is)| was != is)
        };
        task.secrets().iter().map(ToString::to_string).filter(is_another).collect()
    }

    fn why(&self, task: &PlannedTask, fields: &[String], secrets: &BTreeSet<String>) -> String {
        let mut whys: Vec<String> = secrets.iter().map(|name| format!("the secret {name} is another")).collect();
        if !fields.is_empty() {
            let mut read: BTreeSet<String> =
                fields.iter().filter_map(|field| task.template.get(field)).flat_map(inputs_read).collect();
            read.extend(task.texts.values().flat_map(|text| text.reads.iter().cloned()));
            let answers = reasons(&self.changed, &read);
            let (verb, fields) = (if fields.len() > 1 { "differ" } else { "differs" }, fields.join(", "));
            whys.push(match read.is_empty() || answers.is_empty() {
                true => format!("{fields} {verb}"),
                false => format!("{answers} ({fields})"),
            });
        }
        whys.join("; ")
    }
}

/// What this install made, or began, and these answers do not want any more.
fn unwanted<'a>(story: &'a Story, plan: &'a Plan) -> impl Iterator<Item = Compared> + 'a {
    fn ours(step: &StepStory) -> bool {
        matches!(step.how, Some(How::Made | How::Changed)) || step.open && step.handed_over.is_none()
    }
    let steps = story
        .steps
        .iter()
        .filter(move |(path, step)| ours(step) && path.section == Section::Steps && plan.task(path).is_none());
    steps.map(|(path, _)| Compared {
        path: path.clone(),
        what: Change::Unwanted,
        why: "these answers no longer want it".into(),
        fresh: story.approved.steps.contains_key(path),
    })
}

/// The cluster refuses to change these fields in place: the step is made anew, where it is this install's to take away, and
/// takes along what goes with it. Whether it is.
pub fn made_anew(
    lines: &mut [Compared],
    path: &TaskPath,
    fields: &str,
    story: &Story,
    plan: &Plan,
    catalogue: &Catalogue,
) -> bool {
    let Some(line) = lines.iter_mut().find(|line| line.path == *path) else { return false };
    line.why = format!("{}; {fields} cannot change in place", line.why);
    if !story.steps.get(path).is_some_and(StepStory::can_be_replaced) {
        return false;
    }
    line.what = Change::Replace;
    line.fresh |= !story.replace.contains(path);
    go_along(lines, story, plan, catalogue);
    true
}

/// What is made anew takes along what cannot change in place; what else comes right after it is looked at again.
fn go_along(lines: &mut [Compared], story: &Story, plan: &Plan, catalogue: &Catalogue) {
    let of = |lines: &[Compared], fresh: bool| -> BTreeSet<TaskPath> {
        let replaced = lines.iter().filter(|line| line.what == Change::Replace && (line.fresh || !fresh));
        replaced.map(|line| line.path.clone()).collect()
    };
    let along = carried_along(plan, &of(lines, false), catalogue);
    for line in lines.iter_mut() {
        let Some((field, step)) = along.get(&line.path) else { continue };
        if story.steps.get(&line.path).is_some_and(StepStory::can_be_replaced) {
            line.what = Change::Replace;
            line.fresh |= !story.replace.contains(&line.path);
            line.why = format!("{} is made anew, and {field} cannot change in place", step.id);
        }
    }
    let (anew, fresh) = (of(lines, false), of(lines, true));
    for line in lines.iter_mut().filter(|line| line.what == Change::Unchanged) {
        let after = plan.task(&line.path).map(|task| &task.after);
        let Some(step) = after.and_then(|after| after.iter().find(|step| anew.contains(*step))) else { continue };
        if story.steps.get(&line.path).is_some_and(StepStory::begun) {
            line.what = Change::Change;
            line.fresh |= fresh.contains(step);
            line.why = format!("{} is made anew: looked at again, and made again where it went with it", step.id);
        }
    }
}

/// Top-level fields that are not the same.
fn differing(was: &Value, is: &Value) -> Vec<String> {
    let empty = Map::new();
    let (was, is) = (was.as_object().unwrap_or(&empty), is.as_object().unwrap_or(&empty));
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    names.into_iter().filter(|name| was.get(*name) != is.get(*name)).cloned().collect()
}

/// `the answer gpu_max changed from 2 to 4`; of all that changed where none are named.
fn reasons(changed: &Changed<'_>, read: &BTreeSet<String>) -> String {
    let said = changed.iter().filter(|(id, _)| read.is_empty() || read.contains(**id));
    let lines: Vec<String> =
        said.map(|(id, (was, is))| format!("the answer {id} changed from {} to {}", short(was), short(is))).collect();
    lines.join(", ")
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text,
    }
}
