//! Inputs in, state and effects out.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    catalogue::{Again, Descriptor, Room, Touches},
    clock::Span,
    event::{Choice, Fact, Happened, How, Outcome, Problem, Question, Row, Table, TaskPath},
    guide::Folder,
    value::{Plain, SecretRef},
};

mod steps;

const GUIDE: &str = r#"
id: small
title: Small
code_prefix: SMALL
source: { document: none }
target: { cluster: kubernetes, namespace: small }
inputs:
  - { id: mode, type: choice, choices: [full, lean], default: full }
  - { id: host, type: host, when: "mode == 'full'" }
  - { id: image, type: text, suggest: { lookup: images, with: { mode: "{{ mode }}" } } }
  - { id: count, type: integer, default: 2, max: 9 }
secrets:
  - { id: app_key, label: Key, kubernetes: "small/app", fields: [{ id: key, generate: uuid, keep: true }] }
  - { id: ai, label: AI, rows: { columns: [{ id: url, visible: true }, { id: key }], join_columns: "::", join_rows: "," } }
checks:
  - { id: room, kind: aws.quota, with: { count: "{{ count }}" } }
  - { id: name, kind: dns.name, attest: { statement: it resolves }, with: { name: "{{ image }}" } }
steps:
  - { id: group, kind: eks.node_group, with: { name: "{{ image }}", max: "{{ count }}" } }
verify:
  - { id: works, kind: http.endpoint, proves: [group] }
"#;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn catalogue() -> Arc<Catalogue> {
    Arc::new(Catalogue::of([Descriptor {
        name: "eks.node_group".into(),
        room: Room::Step,
        code: "EKS-01".into(),
        about: String::new(),
        parameters: Value::Null,
        outputs: Value::Null,
        touches: Touches::Nothing,
        again: Again::Token,
        keeps_data: false,
        costs: None,
        fixed: vec!["name".into()],
        interval: Span::seconds(1),
        deadline: Span::minutes(1),
        usual: None,
    }]))
}

fn path(text: &str) -> TaskPath {
    text.parse().unwrap()
}

fn opened() -> Wizard {
    let files = BTreeMap::from([("guide.yaml".to_owned(), GUIDE.to_owned())]);
    let loaded = LoadedGuide::read(Folder { name: "small".into(), files }).unwrap();
    let mut wizard = Wizard::new(catalogue(), at(0), "sam");
    wizard.update(Input::Opened(Ok(Arc::new(loaded))));
    wizard.update(Input::TargetSeen(Ok(TargetSeen {
        namespace: "small".into(),
        context: "c".into(),
        ..TargetSeen::default()
    })));
    wizard
}

fn answered() -> Wizard {
    let mut wizard = opened();
    wizard.update(Input::Next);
    wizard.update(Input::FactsSeen(Facts::new()));
    set(&mut wizard, "host", json!("small.example.com"));
    set(&mut wizard, "image", json!("nginx"));
    wizard
}

fn checked() -> Wizard {
    let mut wizard = answered();
    wizard.update(Input::Next);
    for reference in ["app_key.key", "ai.0.url", "ai.0.key"] {
        said(&mut wizard, reference, |said| said.length = Some(9));
    }
    wizard.update(Input::Next);
    assert_eq!(wizard.stage, Stage::Checks, "{:?}", wizard.notice);
    wizard
}

fn running() -> Wizard {
    let mut wizard = checked();
    tell(&mut wizard, "checks/room", Happened::Looked { outcome: Outcome::pass("fine"), seat: None });
    tell(&mut wizard, "checks/name", Happened::Looked { outcome: Outcome::pass("fine"), seat: None });
    wizard.update(Input::LookedAll);
    wizard.update(Input::Next);
    wizard.update(Input::PlanReady(Arc::new(PlanShown { digest: "d".into(), ..PlanShown::default() })));
    wizard.update(Input::Approve { name: String::new() });
    assert_eq!(wizard.stage, Stage::Install, "{:?}", wizard.notice);
    wizard
}

fn set(wizard: &mut Wizard, field: &str, value: Value) -> Vec<Effect> {
    wizard.update(Input::Set { field: field.into(), value })
}

fn said(wizard: &mut Wizard, reference: &str, change: impl FnOnce(&mut VaultSaid)) -> Vec<Effect> {
    let mut said = VaultSaid::none(SecretRef(reference.into()));
    change(&mut said);
    wizard.update(Input::VaultSaid(said))
}

fn tell(wizard: &mut Wizard, task: &str, what: Happened) {
    wizard.update(Input::Fact(Fact { at: at(10), path: path(task), what }));
}

fn table(rows: &[(&str, bool, Option<&str>)]) -> Table {
    let row = |(value, suggested, rejected): &(&str, bool, Option<&str>)| Row {
        value: json!(value),
        cells: vec![(*value).to_owned()],
        suggested: *suggested,
        rejected: rejected.map(str::to_owned),
    };
    Table { columns: vec!["image".into()], rows: rows.iter().map(row).collect(), note: String::new() }
}

fn said_of(task: &str) -> crate::plan::Said {
    crate::plan::Said { task: task.into(), name: "file".into(), reason: "order 1".into(), choice: None }
}

fn denied() -> Happened {
    Happened::Looked { outcome: Outcome::Unknown { denied: "DescribeName".into(), ask: "IAM".into() }, seat: None }
}

#[test]
fn what_the_answers_say_of_a_check_counts_in_the_moment_it_was_looked_at() {
    let mut wizard = checked();
    wizard.update(Input::Beforehand { attest: vec![said_of("checks/name")], waive: vec![said_of("room")] });
    assert_eq!(wizard.checks.row(&path("checks/name")).unwrap().vouched, None, "nobody looked yet");
    let failed = Outcome::Fail { problem: Problem::new("X", "no room", "make room") };
    let effects = wizard.update(Input::Fact(Fact {
        at: at(10),
        path: path("checks/room"),
        what: Happened::Looked { outcome: failed, seat: None },
    }));
    assert!(matches!(effects.as_slice(), [Effect::Record(Record::Waiver(_))]), "{effects:?}");
    let effects = wizard.update(Input::Fact(Fact { at: at(10), path: path("checks/name"), what: denied() }));
    assert!(matches!(effects.as_slice(), [Effect::Record(Record::Attestation(_))]), "{effects:?}");
    assert_eq!(wizard.open(), None);
    assert_eq!(wizard.who, "sam", "whom the file names does not sit here");
}

#[test]
fn what_a_person_says_here_stands_before_what_the_answers_say() {
    let mut wizard = checked();
    tell(&mut wizard, "checks/name", denied());
    wizard.update(Input::Attest { path: path("checks/name"), name: "sam".into(), reason: "order 1120".into() });
    let effects = wizard.update(Input::Beforehand { attest: vec![said_of("checks/name")], waive: Vec::new() });
    assert_eq!(effects, []);
    wizard.update(Input::Rerun(Some(path("checks/name"))));
    tell(&mut wizard, "checks/name", denied());
    let vouched = wizard.checks.row(&path("checks/name")).unwrap().vouched.clone().unwrap();
    assert_eq!((vouched.name.as_str(), vouched.reason.as_str()), ("sam", "order 1120"));
}

#[test]
fn escape_and_a_letter_that_come_at_once_are_both_heard_where_something_can_be_closed() {
    let mut wizard = checked();
    wizard.update(Input::Key(Key::Help));
    wizard.update(Input::Key(Key::EscAnd(Typed::new("?"))));
    assert_eq!(wizard.over, Some(Over::Help), "closed, and opened again");
    wizard.update(Input::Key(Key::EscAnd(Typed::new("e"))));
    assert!(matches!(wizard.over, Some(Over::Explain(_))), "{:?}", wizard.over);
    wizard.update(Input::Key(Key::Esc));
    let stage = wizard.stage;
    wizard.update(Input::Key(Key::EscAnd(Typed::new("e"))));
    assert_eq!((wizard.stage, &wizard.over), (stage, &None));
}

#[test]
fn a_question_comes_and_goes_with_the_answer_it_depends_on() {
    let mut wizard = opened();
    wizard.update(Input::Next);
    assert!(wizard.open().unwrap().contains("still being asked"));
    wizard.update(Input::FactsSeen(Facts::new()));
    assert!(wizard.inputs.named("host").unwrap().wanted);
    set(&mut wizard, "mode", json!("lean"));
    assert!(!wizard.inputs.named("host").unwrap().wanted);
    assert_eq!(wizard.open().unwrap(), "still open: image");
}

#[test]
fn a_table_is_asked_for_once_and_again_when_what_it_depends_on_changes() {
    let mut wizard = opened();
    let effects = wizard.update(Input::Next);
    let lookup =
        |mode: &str| Effect::Lookup { field: "image".into(), lookup: "images".into(), with: json!({ "mode": mode }) };
    assert!(effects.contains(&lookup("full")) || wizard.inputs.named("image").unwrap().looked_with.is_some());
    assert!(!set(&mut wizard, "count", json!(3)).contains(&lookup("full")));
    assert!(set(&mut wizard, "mode", json!("lean")).contains(&lookup("lean")));
}

#[test]
fn a_suggestion_answers_until_a_person_does_and_a_rejected_row_is_refused_with_its_reason() {
    let mut wizard = opened();
    wizard.update(Input::Next);
    let rows = table(&[("new", true, None), ("old", false, Some("no longer supported"))]);
    wizard.update(Input::Rows { field: "image".into(), rows: Ok(rows) });
    let field = wizard.inputs.named("image").unwrap();
    assert_eq!((&field.answer, field.by), (&json!("new"), AnsweredBy::Suggestion));
    set(&mut wizard, "image", json!("old"));
    let field = wizard.inputs.named("image").unwrap();
    assert_eq!(field.refusal.as_deref(), Some("no longer supported"));
    assert!(!field.settled());
}

#[test]
fn a_failed_look_up_leaves_typing_possible() {
    let mut wizard = opened();
    wizard.update(Input::Next);
    wizard.update(Input::Rows { field: "image".into(), rows: Err(Problem::new("X", "denied", "ask")) });
    set(&mut wizard, "image", json!("mine"));
    assert!(wizard.inputs.named("image").unwrap().settled());
}

#[test]
fn changing_an_answer_looks_again_only_at_what_hung_on_it() {
    let mut wizard = checked();
    for task in ["checks/room", "checks/name"] {
        tell(&mut wizard, task, Happened::Looked { outcome: Outcome::pass("fine"), seat: None });
    }
    wizard.update(Input::LookedAll);
    wizard.update(Input::Go(Stage::Inputs));
    set(&mut wizard, "count", json!(5));
    wizard.update(Input::Next);
    let effects = wizard.update(Input::Next);
    assert_eq!(effects, [Effect::Check { section: crate::event::Section::Checks, paths: vec![path("checks/room")] }]);
}

#[test]
fn what_a_finished_step_was_made_with_is_locked_with_the_reason() {
    let mut wizard = running();
    tell(&mut wizard, "steps/group", Happened::Finished { how: How::Made, outputs: json!({}) });
    wizard.update(Input::Ended(Ended::Done));
    set(&mut wizard, "image", json!("other"));
    assert!(wizard.notice.as_deref().unwrap().contains("group was made with it"), "{:?}", wizard.notice);
    assert_eq!(wizard.inputs.named("image").unwrap().answer, "nginx");
    set(&mut wizard, "count", json!(4));
    assert_eq!(wizard.inputs.named("count").unwrap().answer, 4);
}

#[test]
fn a_key_that_exists_is_adopted_and_never_made_anew() {
    let mut wizard = answered();
    wizard.update(Input::Next);
    let effects = said(&mut wizard, "app_key.key", |said| said.in_cluster = Some(true));
    let existing = Origin::Existing { secret: "small/app".into(), key: "key".into() };
    assert_eq!(effects, [Effect::Vault(Vault::Take { reference: SecretRef("app_key.key".into()), from: existing })]);
    let field = &wizard.secrets.groups[0].fields[0];
    assert!(!field.sources().contains(&Source::Generate));
}

#[test]
fn rows_are_joined_once_every_cell_is_there() {
    let mut wizard = answered();
    wizard.update(Input::Next);
    assert_eq!(said(&mut wizard, "ai.0.url", |said| said.length = Some(9)), []);
    let effects = said(&mut wizard, "ai.0.key", |said| said.length = Some(9));
    let cells = ["ai.0.url", "ai.0.key"].map(|cell| SecretRef(cell.into())).to_vec();
    let join = Vault::Join {
        into: SecretRef("ai.value".into()),
        rows: vec![cells],
        join_columns: "::".into(),
        join_rows: ",".into(),
    };
    assert_eq!(effects, [Effect::Vault(join)]);
}

#[test]
fn rows_kept_earlier_are_all_laid_out_and_looking_them_up_joins_nothing_anew() {
    let mut wizard = answered();
    wizard.update(Input::Next);
    said(&mut wizard, "ai.value", |said| said.length = Some(40));
    assert_eq!(said(&mut wizard, "ai.0.url", |said| said.length = Some(9)), []);
    assert_eq!(said(&mut wizard, "ai.0.key", |said| said.length = Some(9)), []);
    // The first cell of the next row is asked about too: it is there.
    let effects = said(&mut wizard, "ai.1.url", |said| said.length = Some(9));
    let asked = ["ai.1.url", "ai.1.key", "ai.2.url"]
        .map(|cell| Effect::Vault(Vault::Compare { reference: SecretRef(cell.into()), kubernetes: None }));
    assert_eq!(effects, asked);
    assert_eq!(said(&mut wizard, "ai.1.url", |said| said.length = Some(9)), []);
    assert_eq!(said(&mut wizard, "ai.1.key", |said| said.length = Some(9)), []);
    assert_eq!(said(&mut wizard, "ai.2.url", |_| {}), []);
    // One that is entered anew is joined, with every row.
    let reference = SecretRef("ai.1.key".into());
    wizard.update(Input::SetSecret { reference, secret: Plain::new("another".into()) });
    let effects = said(&mut wizard, "ai.1.key", |said| said.length = Some(7));
    assert!(matches!(effects.as_slice(), [Effect::Vault(Vault::Join { rows, .. })] if rows.len() == 2), "{effects:?}");
}

#[test]
fn a_secret_being_typed_stands_in_no_debug_text() {
    let mut wizard = answered();
    wizard.update(Input::Next);
    wizard.update(Input::Key(Key::Enter));
    let key = Input::Key(Key::Paste(Typed::new("hunter2")));
    assert!(!format!("{key:?}").contains("hunter2"));
    wizard.update(key);
    assert!(wizard.typing_secret());
    assert!(!format!("{wizard:?}").contains("hunter2"));
    let effects = wizard.update(Input::Key(Key::Enter));
    let reference = SecretRef("app_key.key".into());
    assert_eq!(effects, [Effect::Vault(Vault::Put { reference, secret: Plain::new("hunter2".into()) })]);
    assert!(!format!("{effects:?}").contains("hunter2"));
}

#[test]
fn an_earlier_comparison_does_not_end_the_wait_for_what_was_typed() {
    let mut wizard = answered();
    // Entering the stage compares every field; what is typed then comes second.
    wizard.update(Input::Next);
    let reference = SecretRef("app_key.key".into());
    wizard.update(Input::SetSecret { reference: reference.clone(), secret: Plain::new("hunter2".into()) });
    said(&mut wizard, "app_key.key", |_| {});
    let busy =
        |wizard: &Wizard| wizard.secrets.wanted_fields().any(|field| field.reference == reference && field.is_busy());
    assert!(busy(&wizard));
    said(&mut wizard, "app_key.key", |said| said.length = Some(7));
    assert!(!busy(&wizard));
}

#[test]
fn a_stop_keeps_the_plan_away_until_it_is_waived_with_name_and_reason() {
    let mut wizard = checked();
    let problem = Problem::new("AWS-QUOTA-LOW", "0 of 16", "ask");
    tell(&mut wizard, "checks/room", Happened::Looked { outcome: Outcome::Fail { problem }, seat: None });
    let unknown = Outcome::Unknown { denied: "dns".into(), ask: "the network team".into() };
    tell(&mut wizard, "checks/name", Happened::Looked { outcome: unknown, seat: None });
    wizard.update(Input::LookedAll);
    let waive = |task: &str, reason: &str| Input::Waive { path: path(task), name: "sam".into(), reason: reason.into() };
    assert_eq!(wizard.update(waive("checks/room", "  ")), []);
    assert_eq!(wizard.update(waive("checks/name", "x")), [], "an unknown is attested, not waived");
    assert!(matches!(&wizard.update(waive("checks/room", "CHG-1"))[..], [Effect::Record(Record::Waiver(_))]));
    wizard.update(Input::Next);
    assert_eq!(wizard.stage, Stage::Checks, "the unknown still stands in the way");
    let attest = Input::Attest { path: path("checks/name"), name: "sam".into(), reason: "CHG-2".into() };
    assert!(matches!(&wizard.update(attest)[..], [Effect::Record(Record::Attestation(_))]));
    assert_eq!(wizard.update(Input::Next), [Effect::Plan]);
    assert_eq!(wizard.stage, Stage::Plan);
}

#[test]
fn what_loses_something_must_be_typed() {
    let mut wizard = running();
    let choices = vec![
        Choice { id: "stop".into(), label: "stop".into(), typed: None },
        Choice { id: "uninstall".into(), label: "uninstall".into(), typed: Some("uninstall".into()) },
    ];
    let question = Question { about: "recover".into(), text: "?".into(), choices, differences: Vec::new() };
    tell(&mut wizard, "steps/group", Happened::Asked { question });
    assert!(wizard.needs_person());
    for key in [Key::Enter, Key::Down, Key::Enter, Key::Enter] {
        assert_eq!(wizard.update(Input::Key(key)), []);
    }
    assert!(wizard.install.tasks.answering.as_ref().unwrap().refusal.is_some());
    for letter in "uninstall".chars() {
        wizard.update(Input::Key(Key::letter(letter)));
    }
    let effects = wizard.update(Input::Key(Key::Enter));
    assert!(
        matches!(&effects[..], [Effect::Decide { choice, question, .. }] if choice == "uninstall" && question == "recover")
    );
}

#[test]
fn ctrl_c_pauses_a_running_install_and_twice_leaves() {
    let mut wizard = running();
    assert_eq!(wizard.update(Input::Key(Key::Interrupt)), [Effect::Pause]);
    assert_eq!(wizard.update(Input::Key(Key::Interrupt)), [Effect::Quit]);
    let mut wizard = opened();
    assert_eq!(wizard.update(Input::Key(Key::Interrupt)), []);
    assert_eq!(wizard.over, Some(Over::Leave));
    wizard.update(Input::Key(Key::Esc));
    assert_eq!(wizard.over, None, "no is no: it goes on");
}

#[test]
fn nothing_runs_before_the_plan_is_agreed_to_and_a_changed_answer_needs_a_new_one() {
    let mut wizard = running();
    let effects = set(&mut wizard, "count", json!(3));
    assert!(effects.contains(&Effect::Pause), "{effects:?}");
    assert!(wizard.plan.plan.is_none() && wizard.plan.approved.is_none());
    wizard.update(Input::Ended(Ended::Paused));
    wizard.update(Input::Go(Stage::Plan));
    assert_eq!(wizard.update(Input::Approve { name: String::new() }), []);
    assert_eq!(wizard.update(Input::Go(Stage::Install)), [Effect::Watch(true)], "an unapproved plan is not run");
}

#[test]
fn going_on_puts_everything_back() {
    let before = running();
    let mut wizard = Wizard::new(catalogue(), at(100), "sam");
    let fact = |task: &str, what: Happened| Fact { at: at(20), path: path(task), what };
    let effects = wizard.update(Input::Resumed(Box::new(Resumed {
        install: "3fa9c1d2".into(),
        guide: before.loaded.clone().unwrap(),
        target: before.target.seen.clone().unwrap(),
        choice: before.target.choice(),
        answers: before.answers().inputs,
        facts: Facts::new(),
        waivers: Vec::new(),
        attestations: Vec::new(),
        said: vec![
            fact("checks/room", Happened::Looked { outcome: Outcome::pass("fine"), seat: None }),
            fact("steps/group", Happened::Finished { how: How::Made, outputs: json!({}) }),
        ],
        open: Vec::new(),
        plan: Some(Arc::new(PlanShown { digest: "d".into(), ..PlanShown::default() })),
        begun: true,
        stage: Stage::Install,
    })));
    assert!(effects.contains(&Effect::Run), "{effects:?}");
    assert_eq!(wizard.install.tasks.rows[0].sign(), Sign::Pass);
    assert!(wizard.inputs.named("image").unwrap().locked.is_some());
}

#[test]
fn an_install_found_at_the_target_locks_what_its_steps_were_made_with() {
    let mut wizard = answered();
    let seen = wizard.target.seen.clone().unwrap();
    let fact = |task: &str, what: Happened| Fact { at: at(10), path: path(task), what };
    let answers = wizard.answers().inputs;
    // What an answers file says otherwise of a locked answer does not stand.
    set(&mut wizard, "image", json!("brought"));
    wizard.update(Input::GoesOn(Box::new(Resumed {
        install: "0123456789ab".into(),
        guide: wizard.loaded.clone().unwrap(),
        target: seen,
        choice: wizard.target.choice(),
        answers,
        facts: Facts::new(),
        waivers: Vec::new(),
        attestations: Vec::new(),
        said: vec![
            fact("checks/room", Happened::Looked { outcome: Outcome::pass("fine"), seat: None }),
            fact("steps/group", Happened::Finished { how: How::Made, outputs: json!({}) }),
        ],
        open: Vec::new(),
        plan: None,
        begun: true,
        stage: Stage::Install,
    })));
    assert_eq!((wizard.stage, wizard.over.is_none()), (Stage::Inputs, true));
    assert_eq!(wizard.inputs.named("image").unwrap().answer, "nginx");
    assert!(wizard.notice.as_deref().unwrap().contains("0123456789ab"), "{:?}", wizard.notice);
    set(&mut wizard, "image", json!("other"));
    assert!(wizard.notice.as_deref().unwrap().contains("group was made with it"), "{:?}", wizard.notice);
    let states: Vec<&TaskState> = wizard.checks.rows.iter().map(|row| &row.state).collect();
    assert!(
        !states.is_empty() && states.iter().all(|state| **state == TaskState::Waits),
        "looked at again: {states:?}"
    );
    // Another target after all: nothing is locked by an install that is elsewhere.
    wizard.update(Input::Go(Stage::Target));
    set(&mut wizard, "target.namespace", json!("other"));
    wizard.update(Input::TargetSeen(Ok(TargetSeen {
        namespace: "other".into(),
        context: "c".into(),
        ..TargetSeen::default()
    })));
    wizard.update(Input::Next);
    assert!(wizard.inputs.named("image").unwrap().locked.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn no_keys_bring_it_down(keys in proptest::collection::vec(0..40u8, 0..60), stage in 0..6usize) {
        let mut wizard = match stage {
            0 => Wizard::new(catalogue(), at(0), ""),
            1 => opened(),
            2 => answered(),
            3 => { let mut wizard = answered(); wizard.update(Input::Next); wizard }
            4 => checked(),
            _ => running(),
        };
        for key in keys {
            let key = match key {
                0 => Key::Enter, 1 => Key::Esc, 2 => Key::Up, 3 => Key::Down, 4 => Key::Tab, 5 => Key::BackTab,
                6 => Key::Home, 7 => Key::End, 8 => Key::PageUp, 9 => Key::PageDown, 10 => Key::Left, 11 => Key::Right,
                12 => Key::Backspace, 13 => Key::Delete, 14 => Key::Help, 15 => Key::Interrupt,
                16 => Key::Paste(Typed::new("ä\nb")),
                other => Key::letter(char::from(b"nrRyewafgtxkp123 !?q{:,j"[usize::from(other - 17) % 24])),
            };
            wizard.update(Input::Key(key));
            let _ = (wizard.header(), wizard.progress(), wizard.keys(), wizard.tick(), wizard.open());
        }
    }
}
