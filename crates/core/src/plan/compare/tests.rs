//! What becomes of each step when answers, secrets or what stands are not as they were agreed to.

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
