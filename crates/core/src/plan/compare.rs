//! What is different from what was agreed to? The plan in the journal beside the plan of today's answers.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Plan,
    anew::carried_along,
    digest,
    locks::{identity, inputs_read, stays},
    texts::{Texts, other_texts},
};
use crate::{
    catalogue::{Catalogue, Room},
    event::{How, Section, TaskPath},
    journal::{StepStory, Story},
};

/// What a plan does about a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Makes it.
    Make,
    /// It is there as planned.
    Unchanged,
    /// Changes it in place.
    Change,
    /// Takes it away and makes it anew.
    Replace,
    /// Takes over what is there.
    Adopt,
    /// It is no longer wanted; taking it away is offered.
    Unwanted,
    /// A person does it.
    Person,
    /// Only rendered; someone else applies it.
    HandOver,
    /// A verification.
    Look,
    /// What is there must be decided on first.
    Decide,
}

impl Change {
    /// The verb for lists.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Make => "make",
            Self::Unchanged => "keep",
            Self::Change => "change",
            Self::Replace => "replace",
            Self::Adopt => "adopt",
            Self::Unwanted => "drop?",
            Self::Person => "person",
            Self::HandOver => "hand over",
            Self::Look => "look",
            Self::Decide => "decide",
        }
    }
}

/// What was agreed to, as the journal keeps it; secrets as references and keyed fingerprints.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Approved {
    /// Where it goes.
    pub target: Value,
    /// Every step.
    pub steps: BTreeMap<TaskPath, ApprovedStep>,
    /// Every answer, defaults filled in.
    pub inputs: Map<String, Value>,
    /// Keyed fingerprints of the secrets that steps use.
    pub secrets: BTreeMap<String, String>,
}

/// One step that was agreed to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ApprovedStep {
    /// Its kind.
    pub kind: String,
    /// Its parameters; what other steps bring stands as unknown.
    pub parameters: Value,
    /// The template files they name, as they come out.
    #[serde(default)]
    pub texts: Texts,
}

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

impl Approved {
    /// A plan with the answers and secrets it was made from.
    pub fn of(plan: &Plan, inputs: Map<String, Value>, secrets: BTreeMap<String, String>) -> Self {
        let step = |task: &super::PlannedTask| {
            let (kind, parameters, texts) = (task.kind.clone(), task.parameters.clone(), task.texts.clone());
            (task.path.clone(), ApprovedStep { kind, parameters, texts })
        };
        let target = plan.target.clone();
        Self { target, steps: plan.section(Section::Steps).map(step).collect(), inputs, secrets }
    }

    /// What an agreement can name, so that it holds for nothing else: where it goes, every parameter and text, every secret
    /// by its fingerprint.
    pub fn digest(&self) -> String {
        digest(&serde_json::json!([self.target, self.steps, self.secrets]))[..12].to_owned()
    }
}

/// Compares what was agreed to, and was done since, with what today's answers want.
pub fn compare(story: &Story, now: &Approved, plan: &Plan, catalogue: &Catalogue) -> Vec<Compared> {
    let (before, steps) = (&story.approved, &story.steps);
    let changed: BTreeMap<&String, (&Value, &Value)> = now
        .inputs
        .iter()
        .map(|(id, value)| (id, (before.inputs.get(id).unwrap_or(&Value::Null), value)))
        .filter(|(_, (was, is))| was != is)
        .collect();
    // One that is not at hand (a vault of another session) tells nothing.
    let secret_changed = |reference: &String| {
        let both = before.secrets.get(reference).zip(now.secrets.get(reference));
        both.is_some_and(|(was, is)| was != is)
    };
    let mut lines = Vec::new();
    for task in plan.section(Section::Steps) {
        let step = steps.get(&task.path);
        let begun = step.is_some_and(StepStory::begun);
        let mut line = Compared { path: task.path.clone(), what: Change::Unchanged, why: String::new(), fresh: false };
        let Some(agreed) = before.steps.get(&task.path) else {
            // Dropped once and wanted again, it may still be there.
            line.what = if begun { Change::Unchanged } else { Change::Make };
            line.fresh = true;
            line.why = match reasons(&changed, &BTreeSet::new()).as_str() {
                "" => "it was not in the plan before".to_owned(),
                why => format!("it was not in the plan before; {why}"),
            };
            lines.push(line);
            continue;
        };
        // What is to be made anew stands as it was until it is being taken away: going back to that takes the agreement back.
        let stood = story.stood.get(&task.path).filter(|_| step.is_some_and(|step| !step.undoing));
        let was = stood.unwrap_or(agreed);
        let texts = |step: &ApprovedStep| other_texts(&task.parameters, &step.texts, &task.texts);
        let another = agreed.kind != task.kind || agreed.parameters != task.parameters || !texts(agreed).is_empty();
        let mut fields = differing(&was.parameters, &task.parameters);
        fields.extend(texts(was));
        fields.sort();
        fields.dedup();
        let used: BTreeSet<String> = task.secrets().iter().map(ToString::to_string).filter(&secret_changed).collect();
        if was.kind != task.kind || !fields.is_empty() || !used.is_empty() {
            let kind = catalogue.find(Room::Step, &task.kind);
            let anew = was.kind != task.kind || fields.iter().any(|field| stays(kind, field));
            line.what = match step {
                Some(step) if begun && anew && step.can_be_replaced() => Change::Replace,
                // What is not ours to take away stays where it is: another name makes another thing.
                Some(_) if begun && anew && fields.iter().any(|field| identity(kind, field)) => Change::Make,
                Some(_) if begun && anew => Change::Decide,
                Some(_) if begun => Change::Change,
                _ => Change::Make,
            };
            line.fresh = stood.is_none() || another || !used.is_empty();
            let mut whys: Vec<String> = used.iter().map(|name| format!("the secret {name} is another")).collect();
            if !fields.is_empty() {
                let mut read: BTreeSet<String> =
                    fields.iter().filter_map(|field| task.template.get(field)).flat_map(inputs_read).collect();
                read.extend(task.texts.values().flat_map(|text| text.reads.iter().cloned()));
                let answers = reasons(&changed, &read);
                let fields = fields.join(", ");
                whys.push(if read.is_empty() || answers.is_empty() {
                    format!("{fields} {}", if fields.contains(',') { "differ" } else { "differs" })
                } else {
                    format!("{answers} ({fields})")
                });
            }
            line.why = whys.join("; ");
        } else if stood.is_some() && another {
            line.fresh = true;
            line.why = "it stays: nothing asks any more to make it anew".into();
        }
        if stood.is_none() && line.what != Change::Replace && story.replace.contains(&task.path) && begun {
            line.what = Change::Replace;
            line.why = if line.why.is_empty() { "agreed to before, and not done yet".into() } else { line.why };
        }
        lines.push(line);
    }
    go_along(&mut lines, story, plan, catalogue);
    for (path, step) in steps {
        let ours = matches!(step.how, Some(How::Made | How::Changed)) || step.open && step.handed_over.is_none();
        if ours && path.section == Section::Steps && plan.task(path).is_none() {
            lines.push(Compared {
                path: path.clone(),
                what: Change::Unwanted,
                why: "these answers no longer want it".into(),
                fresh: before.steps.contains_key(path),
            });
        }
    }
    lines
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
fn reasons(changed: &BTreeMap<&String, (&Value, &Value)>, read: &BTreeSet<String>) -> String {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::{
        catalogue::Descriptor,
        guide::{Folder, LoadedGuide},
        plan::{Stands, locks},
        value::Scope,
    };

    const STEPS: &str = "steps:
- { id: group, kind: x.group, title: Group, with: { name: '{{ group_name }}', subnets: '{{ subnets }}', max: '{{ gpu_max }}' } }
- { id: alarm, kind: x.alarm, when: alarms, with: { group: '{{ steps.group.arn }}', at: 60 } }
- { id: login, kind: x.secret, with: { data: { password: '{{ secrets.db.password }}' } } }
- { id: label, kind: x.label, with: { group: '{{ steps.group.arn }}' } }
- { id: late, kind: x.alarm, when: more, with: { at: '{{ gpu_max }}' } }
";

    fn catalogue() -> Catalogue {
        let kind = |name: &str, fixed: &[&str]| Descriptor {
            name: name.into(),
            room: Room::Step,
            code: String::new(),
            about: String::new(),
            parameters: Value::Null,
            outputs: Value::Null,
            touches: Default::default(),
            again: Default::default(),
            keeps_data: false,
            costs: None,
            fixed: fixed.iter().map(|field| (*field).to_owned()).collect(),
            interval: crate::clock::Span::seconds(1),
            deadline: crate::clock::Span::seconds(1),
            usual: None,
        };
        Catalogue::of([
            kind("x.group", &["subnets"]),
            kind("x.alarm", &[]),
            kind("x.label", &["group"]),
            kind("x.secret", &[]),
        ])
    }

    fn plan(inputs: &Value) -> Plan {
        let text = format!(
            "id: small\ntitle: Small\ncode_prefix: SMALL\nsource: {{ document: none }}\ntarget: {{ cluster: kubernetes }}\nsecrets:\n- {{ id: db, label: Login, fields: [{{ id: password }}] }}\n{STEPS}"
        );
        let folder = Folder { name: "small".into(), files: BTreeMap::from([("guide.yaml".to_owned(), text)]) };
        let loaded = LoadedGuide::read(folder).unwrap();
        let mut scope = Scope::new();
        for (id, value) in inputs.as_object().unwrap() {
            scope.set(id.clone(), value.clone());
        }
        scope.secret("db", "password");
        Plan::build(&loaded, &scope).unwrap()
    }

    fn approved(inputs: &Value, mark: &str) -> (Approved, Plan) {
        let plan = plan(inputs);
        let secrets = BTreeMap::from([("db.password".to_owned(), mark.to_owned())]);
        (Approved::of(&plan, inputs.as_object().unwrap().clone(), secrets), plan)
    }

    fn made(paths: &[&str]) -> BTreeMap<TaskPath, StepStory> {
        let story = |path: &&str| (path.parse().unwrap(), StepStory { how: Some(How::Made), ..StepStory::default() });
        paths.iter().map(story).collect()
    }

    const FIRST: &str = r#"{"group_name":"gpu","subnets":["a"],"gpu_max":2,"alarms":true,"more":false}"#;

    fn compared(
        change: impl FnOnce(&mut Value),
        mark: &str,
        steps: &BTreeMap<TaskPath, StepStory>,
    ) -> BTreeMap<String, Compared> {
        let first: Value = serde_json::from_str(FIRST).unwrap();
        let mut second = first.clone();
        change(&mut second);
        let (before, _) = approved(&first, "one");
        let (now, plan) = approved(&second, mark);
        let story = Story { approved: before, steps: steps.clone(), ..Story::default() };
        compare(&story, &now, &plan, &catalogue()).into_iter().map(|line| (line.path.id.clone(), line)).collect()
    }

    #[test]
    fn the_same_answers_change_nothing() {
        let lines = compared(|_| {}, "one", &made(&["steps/group", "steps/alarm"]));
        assert!(lines.values().all(|line| line.what == Change::Unchanged && !line.fresh), "{lines:?}");
    }

    #[test]
    fn a_field_changes_in_place_and_says_which_answer_did_it() {
        let lines = compared(|answers| answers["gpu_max"] = json!(4), "one", &made(&["steps/group"]));
        let group = &lines["group"];
        assert_eq!((&group.what, group.fresh), (&Change::Change, true));
        assert_eq!(group.why, "the answer gpu_max changed from 2 to 4 (max)");
        assert_eq!(lines["alarm"].what, Change::Unchanged);
    }

    #[test]
    fn a_fixed_or_identity_field_replaces() {
        for (id, value) in [("subnets", json!(["b"])), ("group_name", json!("other"))] {
            let lines = compared(|answers| answers[id] = value.clone(), "one", &made(&["steps/group"]));
            assert_eq!(lines["group"].what, Change::Replace, "{id}");
        }
    }

    #[test]
    fn what_was_not_begun_is_made_as_it_is_wanted_now() {
        let lines = compared(|answers| answers["subnets"] = json!(["b"]), "one", &BTreeMap::new());
        assert_eq!((&lines["group"].what, lines["group"].fresh), (&Change::Make, true));
    }

    #[test]
    fn what_is_new_and_what_is_no_longer_wanted() {
        let change = |answers: &mut Value| (answers["alarms"], answers["more"]) = (json!(false), json!(true));
        let lines = compared(change, "one", &made(&["steps/group", "steps/alarm"]));
        assert_eq!((&lines["late"].what, lines["late"].fresh), (&Change::Make, true));
        assert_eq!((&lines["alarm"].what, lines["alarm"].fresh), (&Change::Unwanted, true));
        let adopted = StepStory { how: Some(How::Adopted), ..StepStory::default() };
        let steps = BTreeMap::from([("steps/alarm".parse().unwrap(), adopted)]);
        let lines = compared(|answers| answers["alarms"] = json!(false), "one", &steps);
        assert!(!lines.contains_key("alarm"), "what was there before is nobody's to drop");
    }

    #[test]
    fn a_secret_that_is_another_changes_what_holds_it() {
        let lines = compared(|_| {}, "two", &made(&["steps/login", "steps/group"]));
        assert_eq!(lines["login"].what, Change::Change);
        assert_eq!(lines["login"].why, "the secret db.password is another");
        assert_eq!(lines["group"].what, Change::Unchanged);
    }

    #[test]
    fn what_goes_along_with_what_is_made_anew_and_what_is_looked_at_again() {
        let steps = made(&["steps/group", "steps/alarm", "steps/label"]);
        let lines = compared(|answers| answers["subnets"] = json!(["b"]), "one", &steps);
        let of = |id: &str| (lines[id].what.clone(), lines[id].fresh);
        assert_eq!(of("group"), (Change::Replace, true));
        assert_eq!(of("label"), (Change::Replace, true), "its group cannot change in place");
        assert_eq!(lines["label"].why, "group is made anew, and group cannot change in place");
        assert_eq!(of("alarm"), (Change::Change, true), "it only reads what the group tells");
        assert_eq!(of("login"), (Change::Unchanged, false));
    }

    #[test]
    fn what_is_not_ours_is_never_replaced() {
        let others = [
            StepStory { how: Some(How::Adopted), ..StepStory::default() },
            StepStory { how: Some(How::Changed), before: Some(json!({})), ..StepStory::default() },
        ];
        for story in others {
            let steps = BTreeMap::from([("steps/group".parse().unwrap(), story)]);
            let lines = compared(|answers| answers["subnets"] = json!(["b"]), "one", &steps);
            assert_eq!(lines["group"].what, Change::Decide);
            let lines = compared(|answers| answers["group_name"] = json!("other"), "one", &steps);
            assert_eq!(lines["group"].what, Change::Make, "another one beside it");
        }
    }

    #[test]
    fn what_was_agreed_to_and_not_taken_away_yet_is_still_replaced() {
        let inputs: Value = serde_json::from_str(FIRST).unwrap();
        let (before, plan) = approved(&inputs, "one");
        let replace = BTreeSet::from(["steps/group".parse().unwrap(), "steps/label".parse().unwrap()]);
        let steps = made(&["steps/group", "steps/label"]);
        let story = Story { approved: before.clone(), steps, replace, ..Story::default() };
        let lines = compare(&story, &before, &plan, &catalogue());
        let replaced: Vec<_> = lines.iter().filter(|line| line.what == Change::Replace).collect();
        assert_eq!(replaced.len(), 2, "{lines:?}");
        assert!(lines.iter().all(|line| !line.fresh), "it was agreed to: {lines:?}");
    }

    #[test]
    fn an_agreement_to_make_anew_is_taken_back_by_going_back_to_what_stands() {
        let inputs: Value = serde_json::from_str(FIRST).unwrap();
        let mut other = inputs.clone();
        other["subnets"] = json!(["b"]);
        let ((first, first_plan), (second, second_plan)) = (approved(&inputs, "one"), approved(&other, "one"));
        let path = |text: &str| text.parse::<TaskPath>().unwrap();
        let planned = |approved: &Approved, replace: Vec<TaskPath>| crate::journal::Record::Planned {
            digest: String::new(),
            facts: json!({}),
            approved: Box::new(approved.clone()),
            name: "sam".into(),
            replace,
        };
        let all: Vec<crate::journal::Stamped> =
            [planned(&first, Vec::new()), planned(&second, vec![path("steps/group"), path("steps/label")])]
                .into_iter()
                .map(|record| crate::journal::Stamped::now(jiff::Timestamp::UNIX_EPOCH, record))
                .collect();
        let mut story = Story::fold(&all);
        story.steps = made(&["steps/group", "steps/label"]);
        let of = |story: &Story, now: &Approved, plan: &Plan, id: &str| {
            let lines = compare(story, now, plan, &catalogue());
            let line = lines.into_iter().find(|line| line.path.id == id).unwrap();
            (line.what, line.fresh)
        };
        assert_eq!(of(&story, &second, &second_plan, "group"), (Change::Replace, false), "as agreed");
        assert_eq!(of(&story, &first, &first_plan, "group"), (Change::Unchanged, true), "it stands as it was made");
        assert_eq!(of(&story, &first, &first_plan, "label"), (Change::Unchanged, false));
        story.steps.get_mut(&path("steps/group")).unwrap().undoing = true;
        assert_eq!(of(&story, &first, &first_plan, "group"), (Change::Replace, true), "it is half gone");
    }

    #[test]
    fn answers_that_a_finished_step_was_made_with_are_locked_or_make_it_anew() {
        let plan = plan(&serde_json::from_str(FIRST).unwrap());
        let group: TaskPath = "steps/group".parse().unwrap();
        let of = |how: Stands| locks(&plan, |path| (*path == group).then_some(how), &catalogue());
        let ours = of(Stands::Ours);
        assert_eq!(ours.locked, BTreeMap::from([("group_name".to_owned(), "Group was made with it".to_owned())]));
        assert!(ours.replaces["subnets"].ends_with("agree to that: Group"), "{ours:?}");
        assert_eq!(of(Stands::Theirs).locked.keys().collect::<Vec<_>>(), ["group_name", "subnets"]);
    }
}
