//! Steps handed over, and answers that change after steps have run.

use super::*;
use crate::event::Handed;

/// A plan with the one step, to be made.
fn plan(what: Change, review: Vec<ReviewLine>) -> Arc<PlanShown> {
    let task = PlannedTask {
        path: path("steps/group"),
        code: "EKS-01".into(),
        title: "group".into(),
        about: String::new(),
        what,
        line: String::new(),
        changes: Vec::new(),
        commands: Vec::new(),
        rendered: String::new(),
        undo: "deletes it".into(),
        permissions: Vec::new(),
        after: Vec::new(),
        errata: Vec::new(),
        from: None,
        usual: None,
        probe: false,
        costs: None,
        keeps_data: false,
    };
    Arc::new(PlanShown { digest: "d".into(), tasks: vec![task], review, ..PlanShown::default() })
}

fn planned(what: Change) -> Wizard {
    let mut wizard = checked();
    tell(&mut wizard, "checks/room", Happened::Looked { outcome: Outcome::pass("fine"), seat: None });
    tell(&mut wizard, "checks/name", Happened::Looked { outcome: Outcome::pass("fine"), seat: None });
    wizard.update(Input::LookedAll);
    wizard.update(Input::Next);
    wizard.update(Input::PlanReady(plan(what, Vec::new())));
    assert_eq!(wizard.stage, Stage::Plan, "{:?}", wizard.notice);
    wizard
}

fn typed(wizard: &mut Wizard, text: &str) {
    for letter in text.chars() {
        wizard.update(Input::Key(Key::letter(letter)));
    }
}

fn handed() -> Handed {
    Handed {
        to: "IAM team".into(),
        reason: "IAM-311".into(),
        at: at(0),
        file: "/x/steps-group.md".into(),
        page: "# do this".into(),
    }
}

fn hands_over(effects: &[Effect]) -> bool {
    let expected = Record::HandOver {
        path: path("steps/group"),
        to: "IAM team".into(),
        reason: "IAM-311".into(),
        name: "sam".into(),
    };
    effects == [Effect::Record(expected)]
}

#[test]
fn in_plan_a_step_is_handed_over_with_two_fields_and_taken_back_with_the_same_key() {
    let mut wizard = planned(Change::Make);
    wizard.update(Input::Key(Key::letter('h')));
    assert_eq!(wizard.mode(), Mode::Handing);
    wizard.update(Input::Key(Key::Enter));
    assert!(wizard.update(Input::Key(Key::Enter)).is_empty(), "nobody is asked");
    assert!(wizard.handing.as_ref().unwrap().refusal.as_deref().unwrap().contains("who is asked"));
    typed(&mut wizard, "IAM team");
    wizard.update(Input::Key(Key::Enter));
    typed(&mut wizard, "IAM-311");
    let effects = wizard.update(Input::Key(Key::Enter));
    assert!(hands_over(&effects), "{effects:?}");
    assert_eq!(wizard.mode(), Mode::Stage(Stage::Plan));

    wizard.update(Input::Handed { path: path("steps/group"), handed: Box::new(handed()) });
    assert_eq!(wizard.plan.selected().unwrap().what, Change::HandOver);
    wizard.plan.tab = PlanTab::Changes;
    assert_eq!(wizard.plan.shown(), ["# do this"]);
    assert_eq!(wizard.update(Input::Key(Key::letter('y'))), [Effect::Copy("# do this".into())]);
    let effects = wizard.update(Input::Key(Key::letter('h')));
    assert_eq!(effects, [Effect::Record(Record::TakeBack(path("steps/group"))), Effect::Plan]);
}

#[test]
fn what_is_there_or_for_a_person_anyway_is_not_handed_over() {
    for (what, why) in [(Change::Unchanged, "there already"), (Change::Person, "a person does it anyway")] {
        let mut wizard = planned(what);
        wizard.update(Input::Key(Key::letter('h')));
        assert!(wizard.handing.is_none());
        assert!(wizard.notice.as_deref().unwrap().contains(why), "{:?}", wizard.notice);
    }
}

#[test]
fn in_install_a_step_is_handed_over_before_it_begins_and_after_it_failed_but_not_while_it_runs() {
    let mut wizard = running();
    let hand = || Input::HandOver { path: path("steps/group"), to: "IAM team".into(), reason: "IAM-311".into() };
    assert!(hands_over(&wizard.update(hand())), "not begun");
    tell(&mut wizard, "steps/group", Happened::Applying);
    assert!(wizard.update(hand()).is_empty());
    assert!(wizard.notice.as_deref().unwrap().contains("only if it fails"));
    tell(&mut wizard, "steps/group", Happened::Failed { problem: Problem::new("DENIED", "denied", "ask") });
    assert!(hands_over(&wizard.update(hand())), "refused");

    wizard.update(Input::Handed { path: path("steps/group"), handed: Box::new(handed()) });
    wizard.update(Input::Tick(at(7_300)));
    let row = wizard.install.tasks.row(&path("steps/group")).unwrap();
    assert_eq!(row.sign(), Sign::Person);
    assert_eq!(row.line(wizard.now, |_| None), "handed over to IAM team, 2 h ago");
    let told: Vec<String> = story(row, wizard.now, None).into_iter().map(|line| line.text).collect();
    assert!(told.iter().any(|line| line.contains("/x/steps-group.md")), "{told:?}");
    assert_eq!(wizard.update(Input::Key(Key::letter('y'))), [Effect::Copy("# do this".into())]);
    let effects = wizard.update(Input::TakeBack(path("steps/group")));
    assert_eq!(effects, [Effect::Record(Record::TakeBack(path("steps/group")))]);
}

fn finished() -> Wizard {
    let mut wizard = running();
    tell(&mut wizard, "steps/group", Happened::Applying);
    tell(&mut wizard, "steps/group", Happened::Finished { how: How::Made, outputs: json!({}) });
    wizard.update(Input::Ended(Ended::Done));
    wizard
}

#[test]
fn an_answer_changed_after_the_install_needs_a_new_plan_and_then_it_runs_again() {
    let mut wizard = finished();
    set(&mut wizard, "count", json!(4));
    assert_eq!((wizard.install.ended.clone(), wizard.plan.plan.is_none()), (None, true));
    wizard.update(Input::Go(Stage::Install));
    assert!(!wizard.install.tasks.running, "nothing runs before it is agreed to");
    let effects = wizard.update(Input::Go(Stage::Plan));
    assert_eq!(effects, [Effect::Plan]);
    let gone = ReviewLine {
        path: path("steps/alarm"),
        what: Change::Unwanted,
        why: "no longer wanted".into(),
        keeps_data: false,
    };
    let kept = ReviewLine { path: path("steps/data"), keeps_data: true, ..gone.clone() };
    wizard.update(Input::PlanReady(plan(Change::Change, vec![gone, kept])));
    wizard.update(Input::Key(Key::letter('u')));
    let effects = wizard.update(Input::Approve { name: "sam".into() });
    let taken = effects.iter().find_map(|effect| match effect {
        Effect::Record(Record::Approval { take_away, .. }) => Some(take_away.clone()),
        _ => None,
    });
    assert_eq!(taken, Some(vec![path("steps/alarm")]), "what holds data is not offered");
    assert!(effects.contains(&Effect::Run));
}

#[test]
fn what_nobody_agreed_to_is_shown_instead_of_begun() {
    let mut wizard = running();
    wizard.update(Input::NotAgreed);
    assert_eq!((wizard.stage, wizard.install.tasks.running), (Stage::Plan, false));
    wizard.update(Input::Go(Stage::Install));
    assert!(!wizard.install.tasks.running);
    assert!(wizard.update(Input::Approve { name: "sam".into() }).contains(&Effect::Run));
}

#[test]
fn an_answer_is_locked_as_soon_as_its_step_has_begun() {
    let mut wizard = running();
    tell(&mut wizard, "steps/group", Happened::Applying);
    set(&mut wizard, "image", json!("other"));
    assert!(wizard.notice.as_deref().unwrap().contains("group was made with it"), "{:?}", wizard.notice);
    assert_eq!(wizard.inputs.named_mut("image").unwrap().answer, json!("nginx"));
}

#[test]
fn a_secret_changed_while_it_runs_pauses_it() {
    let mut wizard = running();
    let reference = SecretRef("ai.0.key".into());
    let effects = wizard.update(Input::SetSecret { reference, secret: Plain::new("another".into()) });
    assert!(effects.contains(&Effect::Pause), "{effects:?}");
    assert!(wizard.plan.plan.is_none() && wizard.plan.approved.is_none());
}

#[test]
fn what_costs_money_or_holds_data_is_known_before_anybody_agrees() {
    let task = |id: &str, what: Change, costs: Option<&str>, keeps_data: bool| {
        let mut task = plan(what, Vec::new()).tasks[0].clone();
        task.path = path(&format!("steps/{id}"));
        task.title = id.into();
        (task.costs, task.keeps_data) = (costs.map(str::to_owned), keeps_data);
        task
    };
    let tasks = vec![
        task("database", Change::Make, Some("by the hour"), true),
        task("nodes", Change::Make, Some("by the hour"), false),
        task("key", Change::Unchanged, Some("by the month"), true),
        task("group", Change::Make, None, false),
    ];
    let shown = PlanShown { tasks, ..PlanShown::default() };
    let wanted = [
        "costs money, by the hour: database, nodes",
        "may hold data, undo leaves it unless its name is given: database",
    ];
    assert_eq!(shown.stakes(), wanted);
    assert_eq!(shown.stakes_in_short(), ["costs money: database, nodes", "may hold data: database"]);
}

#[test]
fn an_install_that_stopped_offers_first_what_goes_on() {
    let mut wizard = running();
    wizard.update(Input::Ended(Ended::Failed));
    let first = wizard.keys().first().map(|binding| binding.does);
    assert_eq!((wizard.mode(), first), (Mode::Stopped, Some(Action::Again)));
    assert!(wizard.update(Input::Key(Key::letter('r'))).contains(&Effect::Run));
    assert_eq!(wizard.mode(), Mode::Stage(Stage::Install));
}

#[test]
fn another_answer_to_a_fixed_field_is_taken_and_says_what_it_makes_anew() {
    let mut catalogue = catalogue();
    let kinds = Arc::make_mut(&mut catalogue);
    let mut group = kinds.find(Room::Step, "eks.node_group").unwrap().clone();
    group.fixed.push("max".into());
    *kinds = Catalogue::of([group]);
    let mut wizard = running();
    wizard.catalogue = catalogue;
    tell(&mut wizard, "steps/group", Happened::Finished { how: How::Made, outputs: json!({}) });
    let field = wizard.inputs.named("count").unwrap();
    assert_eq!(field.locked, None);
    assert!(field.replaces.as_deref().unwrap().contains("agree to that: group"), "{:?}", field.replaces);
    set(&mut wizard, "count", json!(4));
    assert_eq!(wizard.inputs.named("count").unwrap().answer, 4);
    // What somebody else changed or made is not ours to take away.
    tell(&mut wizard, "steps/group", Happened::Finished { how: How::HandedOver, outputs: json!({}) });
    assert!(wizard.inputs.named("count").unwrap().locked.is_some());
    tell(&mut wizard, "steps/group", Happened::Undone { line: "gone".into() });
    let field = wizard.inputs.named("count").unwrap();
    assert_eq!((&field.locked, &field.replaces), (&None, &None));
}

#[test]
fn the_page_of_keys_has_nothing_to_copy() {
    let mut wizard = running();
    wizard.update(Input::Key(Key::Help));
    assert_eq!(wizard.update(Input::Key(Key::letter('y'))), []);
    assert_eq!(wizard.over, Some(Over::Help), "and stays");
}
