//! What follows from a journal, record by record.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Record, Stamped, Story};
use crate::{
    event::{Happened, How, Outcome, Problem, TaskPath},
    plan::{Answers, HandOver, Said},
};

fn fold(records: Vec<Record>) -> Story {
    let stamped: Vec<Stamped> = records.into_iter().map(|record| Stamped::now(Timestamp::UNIX_EPOCH, record)).collect();
    Story::fold(&stamped)
}

fn path(text: &str) -> TaskPath {
    text.parse().unwrap()
}

fn intent(text: &str) -> Record {
    Record::Intent { path: path(text), kind: "k".into(), parameters: json!({}), digest: "d".into(), token: "t".into() }
}

fn result(text: &str, how: How) -> Record {
    Record::Result {
        path: path(text),
        kind: "k".into(),
        how,
        parameters: json!({}),
        outputs: json!({"id": 1}),
        secrets: BTreeMap::new(),
    }
}

#[test]
fn an_intent_without_a_result_stays_open() {
    let story = fold(vec![intent("steps/a"), intent("steps/b"), result("steps/b", How::Made)]);
    assert!(story.steps[&path("steps/a")].open);
    assert!(!story.steps[&path("steps/b")].open);
}

#[test]
fn undo_takes_what_was_made_last_first_and_leaves_what_was_adopted() {
    let story = fold(vec![
        result("steps/a", How::Adopted),
        intent("steps/b"),
        result("steps/b", How::Made),
        intent("steps/c"),
        result("steps/c", How::Changed),
        intent("steps/d"),
    ]);
    assert_eq!(story.ours(), [path("steps/d"), path("steps/c"), path("steps/b")]);
}

#[test]
fn what_is_replaced_waits_until_it_was_taken_away_and_what_proved_it_is_open_again() {
    let planned = Record::Planned {
        digest: "d".into(),
        facts: json!({}),
        approved: Box::default(),
        name: "sam".into(),
        replace: vec![path("steps/a")],
    };
    let looked = Record::Looked { path: path("verify/v"), outcome: Outcome::pass("fine") };
    let undone = Record::Undone { path: path("steps/a"), line: String::new() };
    let records = [result("steps/a", How::Made), looked.clone(), planned, undone, intent("steps/a"), looked];
    let at = |second: usize| Timestamp::from_second(second as i64).unwrap();
    let all: Vec<Stamped> = records.into_iter().enumerate().map(|(n, record)| Stamped::now(at(n), record)).collect();
    let after = BTreeSet::from([path("steps/a")]);
    let proven = |story: &Story| story.still_proven(&after, &path("verify/v")).is_some();
    let story = Story::fold(&all[..3]);
    assert!(story.replace.contains(&path("steps/a")) && proven(&story));
    let story = Story::fold(&all[..5]);
    assert!(story.replace.is_empty() && !proven(&story));
    assert!(story.steps[&path("steps/a")].can_be_replaced(), "it was begun anew");
    assert!(proven(&Story::fold(&all)), "and looked at again");
}

#[test]
fn what_was_made_stays_made_when_a_later_run_finds_it() {
    let story = fold(vec![intent("steps/a"), result("steps/a", How::Made), result("steps/a", How::Adopted)]);
    assert_eq!(story.steps[&path("steps/a")].how, Some(How::Made));
}

#[test]
fn what_was_made_and_changed_later_is_taken_away_and_not_put_back() {
    let before = Record::Before { path: path("steps/a"), before: json!({"size": 1}) };
    let story = fold(vec![result("steps/a", How::Made), intent("steps/a"), before, result("steps/a", How::Changed)]);
    let step = &story.steps[&path("steps/a")];
    assert_eq!((step.how, &step.before), (Some(How::Made), &None));
}

#[test]
fn what_somebody_else_did_is_not_undone_also_where_we_had_begun_it() {
    let handed = |text: &str| Record::HandedOver {
        path: path(text),
        what: HandOver { to: "IAM team".into(), ..HandOver::default() },
        file: "x.md".into(),
    };
    let story = fold(vec![intent("steps/a"), handed("steps/a"), handed("steps/b"), result("steps/b", How::HandedOver)]);
    assert!(story.ours().is_empty());
    assert_eq!(
        story.with_others().map(|(path, asked)| (path.to_string(), asked.what.to.as_str())).collect::<Vec<_>>(),
        [("steps/a".to_owned(), "IAM team")]
    );
    let back = Record::TakenBack { path: path("steps/a") };
    let story = fold(vec![handed("steps/a"), back]);
    assert!(story.steps[&path("steps/a")].taken_back && story.with_others().next().is_none());
}

#[test]
fn a_person_who_is_waited_for_is_known_until_it_is_done() {
    let told = |text: &str| Record::Person { path: path("steps/dns"), instruction: text.into() };
    let mut story = fold(vec![told("make a record"), told("make this record"), Record::Closed { code: 5 }]);
    assert_eq!(story.state(), "waits for a person (steps/dns): 0 of 1 steps done");
    assert!(story.ours().is_empty(), "nothing of it is ours");
    let seen = story.facts_watched().pop().unwrap();
    assert!(
        matches!(&seen.what, Happened::Person { instruction, .. } if instruction == "make this record"),
        "{seen:?}"
    );
    let first = story.steps[&path("steps/dns")].person.clone().unwrap().at;
    assert_eq!(seen.at, first);
    let later = Stamped::now(first + SignedDuration::from_hours(1), told("make that record"));
    story.take(&later);
    assert_eq!(story.steps[&path("steps/dns")].person.clone().unwrap().at, first, "it is waited for since then");
    story.take(&Stamped::now(later.at, result("steps/dns", How::HandedOver)));
    assert_eq!(story.with_persons().count(), 0);
}

#[test]
fn whoever_is_told_again_has_not_failed_and_a_step_that_is_not_wanted_waits_for_nobody() {
    let told = |step: &str| Record::Person { path: path(step), instruction: "make a record".into() };
    let failed =
        Record::Failed { path: path("steps/dns"), problem: Problem::new("DNS-MISSING", "no record", "Make it.") };
    let planned = Record::Planned {
        digest: "p".into(),
        facts: json!({}),
        approved: Box::default(),
        name: "sam".into(),
        replace: Vec::new(),
    };
    let story = fold(vec![told("steps/dns"), failed.clone()]);
    assert!(story.steps[&path("steps/dns")].failed.is_some());
    let story = fold(vec![told("steps/dns"), failed, told("steps/dns")]);
    assert!(story.steps[&path("steps/dns")].failed.is_none() && story.with_persons().count() == 1);
    let story = fold(vec![told("steps/dns"), planned]);
    assert_eq!(story.with_persons().count(), 0);
}

#[test]
fn what_we_made_stays_ours_when_somebody_else_changes_it_for_us() {
    let story = fold(vec![intent("steps/a"), result("steps/a", How::Made), result("steps/a", How::HandedOver)]);
    assert_eq!(story.ours(), [path("steps/a")]);
}

#[test]
fn an_install_that_was_taken_away_is_not_called_finished() {
    let gone = |name: &str| Record::Undone { path: path(name), line: String::new() };
    let made = |name: &str| [intent(name), result(name, How::Made)];
    let both: Vec<Record> = made("steps/a").into_iter().chain(made("steps/b")).collect();
    let state = |more: Vec<Record>| fold(both.iter().cloned().chain(more).collect()).state();
    let closed = |code| Record::Closed { code };
    assert_eq!(state(vec![closed(0)]), "finished");
    assert_eq!(state(vec![gone("steps/b"), gone("steps/a"), closed(0)]), "taken away");
    assert_eq!(state(vec![gone("steps/b"), closed(4)]), "taken away but for 1 step");
    let left = |more: Vec<Record>| fold(both.iter().cloned().chain(more).collect()).is_gone();
    assert!(left(vec![gone("steps/b"), gone("steps/a"), closed(0)]) && !left(vec![gone("steps/b"), closed(4)]));
    let again: Vec<Record> = vec![gone("steps/b"), closed(4)].into_iter().chain(made("steps/b")).collect();
    assert_eq!(state(again.into_iter().chain([closed(0)]).collect()), "finished");
}

#[test]
fn what_is_found_again_took_as_long_as_it_took_to_make() {
    let at = |second: i64| Timestamp::from_second(second).unwrap();
    let records = [
        Stamped::now(at(10), intent("steps/a")),
        Stamped::now(at(40), result("steps/a", How::Made)),
        Stamped::now(at(500), result("steps/a", How::Adopted)),
    ];
    let story = Story::fold(&records);
    let step = &story.steps[&path("steps/a")];
    assert_eq!((step.since, step.ended, step.how), (Some(at(470)), Some(at(500)), Some(How::Made)));
}

#[test]
fn what_was_undone_is_not_undone_again() {
    let undone = Record::Undone { path: path("steps/a"), line: String::new() };
    let story = fold(vec![intent("steps/a"), result("steps/a", How::Made), undone]);
    assert!(story.ours().is_empty());
}

#[test]
fn who_watches_sees_what_was_begun_and_how_long_it_took() {
    let at = |second: i64| Timestamp::from_second(second).unwrap();
    let records = [
        Stamped::now(at(10), intent("steps/a")),
        Stamped::now(at(40), result("steps/a", How::Made)),
        Stamped::now(at(50), intent("steps/b")),
        Stamped::now(at(60), intent("steps/c")),
        Stamped::now(at(70), Record::Undone { path: path("steps/c"), line: String::new() }),
    ];
    let facts = Story::fold(&records).facts_watched();
    let of = |name: &str| -> Vec<(i64, &Happened)> {
        facts.iter().filter(|fact| fact.path == path(name)).map(|fact| (fact.at.as_second(), &fact.what)).collect()
    };
    assert!(matches!(of("steps/a")[..], [(10, Happened::Applying), (40, Happened::Finished { how: How::Made, .. })]));
    assert!(matches!(of("steps/b")[..], [(50, Happened::Waiting { .. })]));
    assert!(matches!(of("steps/c")[..], [(70, Happened::Undone { .. })]));
}

#[test]
fn what_a_file_said_of_a_check_counts_as_long_as_it_says_it_and_a_persons_word_stays() {
    let said =
        |task: &str, name: &str| Said { task: task.into(), name: name.into(), reason: "CHG-1".into(), choice: None };
    let answered = |waive: &[Said], attest: &[Said]| Record::Answered {
        answers: Box::new(Answers { waive: waive.to_vec(), attest: attest.to_vec(), ..Answers::default() }),
    };
    let mut records = vec![
        // A file may name a task in short.
        answered(&[said("quota", "Ann")], &[said("licence", "Ann"), said("checks/network", "Ann")]),
        Record::Waived { said: said("checks/quota", "Ann") },
        Record::Attested { said: said("checks/licence", "Ann") },
        Record::Attested { said: said("checks/network", "Ann") },
        Record::Waived { said: said("checks/database", "Jo") },
    ];
    let counts = |records: &[Record]| {
        let story = fold(records.to_vec());
        story.waived.keys().chain(story.attested.keys()).cloned().collect::<Vec<_>>()
    };
    assert_eq!(counts(&records), ["checks/database", "checks/quota", "checks/licence", "checks/network"]);
    records.push(answered(&[], &[said("checks/licence", "Ann")]));
    assert_eq!(counts(&records), ["checks/database", "checks/licence"]);
    // Another name is another's word.
    records.push(answered(&[], &[said("checks/licence", "Bo")]));
    assert_eq!(counts(&records), ["checks/database"]);
}
