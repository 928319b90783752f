//! What follows from a journal: answers, waivers, and where every step stands.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::{Record, Stamped, StepsDone};
use crate::{
    event::{Fact, Happened, How, Outcome, Problem, TaskPath, Waiting},
    plan::{Answers, Approved, ApprovedStep, HandOver, InstallId, Said},
};

/// Everything a journal says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Story {
    /// The install's id.
    pub install: Option<InstallId>,
    /// The guide's id.
    pub guide: String,
    /// Digest of the guide it was begun with.
    pub guide_digest: String,
    /// Account, region, cluster, namespace.
    pub target: Value,
    /// Latest answers.
    pub answers: Answers,
    /// The answers that the plan was made with which somebody agreed to last.
    pub agreed: Option<Answers>,
    /// Frozen facts of the approved plan.
    pub facts: Option<Value>,
    /// Digest of the approved plan.
    pub plan_digest: Option<String>,
    /// What was agreed to last.
    pub approved: Approved,
    /// Steps that somebody agreed to replace and that were not taken away yet.
    pub replace: BTreeSet<TaskPath>,
    /// As what those of them that another plan made still stand, so that such an agreement can be taken back.
    pub stood: BTreeMap<TaskPath, ApprovedStep>,
    /// Latest outcome of every check and verification.
    pub looked: BTreeMap<TaskPath, Outcome>,
    /// When that was.
    pub looked_at: BTreeMap<TaskPath, Timestamp>,
    /// Waivers by task.
    pub waived: BTreeMap<String, Said>,
    /// Attestations by task.
    pub attested: BTreeMap<String, Said>,
    /// Where every step stands.
    pub steps: BTreeMap<TaskPath, StepStory>,
    /// Steps in the order they first finished.
    pub finished: Vec<TaskPath>,
    /// When it was begun.
    pub opened: Option<Timestamp>,
    /// When something was last written.
    pub last: Option<Timestamp>,
    /// The exit code of the last run, if it came to one.
    pub closed: Option<i32>,
}

/// Where one step stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepStory {
    /// Its kind.
    pub kind: String,
    /// Parameters of the latest intent or result.
    pub parameters: Value,
    /// Digest of the latest intent's parameters.
    pub digest: String,
    /// Client token of the latest intent.
    pub token: Option<String>,
    /// An intent was written and no result yet.
    pub open: bool,
    /// What was there before the first change of ours.
    pub before: Option<Value>,
    /// How it was finished.
    pub how: Option<How>,
    /// Its outputs.
    pub outputs: Value,
    /// Keyed fingerprints of the secrets it was finished with.
    pub secrets: BTreeMap<String, String>,
    /// Why it failed last.
    pub failed: Option<Problem>,
    /// Who was asked to do it instead of us.
    pub handed_over: Option<Asked>,
    /// It was handed over and is ours again.
    pub taken_back: bool,
    /// Taking away was begun.
    pub undoing: bool,
    /// It was taken away.
    pub undone: bool,
    /// When it was taken away last; what is there now was made anew after that.
    pub taken_away: Option<Timestamp>,
    /// When it was begun last.
    pub since: Option<Timestamp>,
    /// When its last result, failure or end was written.
    pub ended: Option<Timestamp>,
}

/// The choice that takes a step away to make it anew.
pub const REPLACE: &str = "replace";

impl StepStory {
    /// Made by this install from nothing, or begun: it can be taken away and made anew.
    pub fn can_be_replaced(&self) -> bool {
        self.handed_over.is_none()
            && self.before.is_none()
            && matches!((self.how, self.open), (Some(How::Made), _) | (None, true))
    }

    /// Somebody has to do with it: it was begun or is finished.
    pub fn begun(&self) -> bool {
        self.open || self.how.is_some()
    }
}

/// Who was asked to do a step, and when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// Who, by whom, why.
    pub what: HandOver,
    /// When.
    pub at: Timestamp,
    /// Where what to do is written.
    pub file: String,
}

impl Story {
    /// Folds records in order.
    pub fn fold(records: &[Stamped]) -> Self {
        let mut story = Self::default();
        for stamped in records {
            story.take(stamped);
        }
        story
    }

    /// Takes one more record.
    pub fn take(&mut self, stamped: &Stamped) {
        self.last = Some(stamped.at);
        match &stamped.record {
            Record::Opened { install, guide, guide_digest, target, .. } => {
                self.install = Some(install.clone());
                self.guide.clone_from(guide);
                self.guide_digest.clone_from(guide_digest);
                self.target = target.clone();
                self.opened = Some(stamped.at);
            }
            Record::Answered { answers } => self.answers = (**answers).clone(),
            Record::Planned { digest, facts, approved, replace, .. } => {
                let replace: BTreeSet<TaskPath> = replace.iter().cloned().collect();
                self.stood.retain(|path, _| replace.contains(path));
                for path in replace.difference(&self.replace) {
                    if let Some(step) = self.approved.steps.get(path) {
                        self.stood.insert(path.clone(), step.clone());
                    }
                }
                self.approved = (**approved).clone();
                self.agreed = Some(self.answers.clone());
                self.replace = replace;
                self.plan_digest = Some(digest.clone());
                self.facts = Some(facts.clone());
                self.closed = None;
            }
            Record::Looked { path, outcome } => {
                self.looked.insert(path.clone(), outcome.clone());
                self.looked_at.insert(path.clone(), stamped.at);
            }
            Record::Waived { said } => {
                self.waived.insert(said.task.clone(), said.clone());
            }
            Record::Attested { said } => {
                self.attested.insert(said.task.clone(), said.clone());
            }
            // Once it is said, taking it away goes on in the next run, too.
            Record::Decided { path, choice, .. } if choice == REPLACE => {
                self.replace.insert(path.clone());
            }
            Record::Decided { .. } => {}
            Record::Intent { path, kind, parameters, digest, token } => {
                let step = self.steps.entry(path.clone()).or_default();
                step.kind.clone_from(kind);
                step.parameters = parameters.clone();
                step.digest.clone_from(digest);
                step.token = Some(token.clone());
                step.open = true;
                step.failed = None;
                step.undoing = false;
                (step.since, step.ended) = (Some(stamped.at), None);
                if step.undone {
                    step.undone = false;
                    step.before = None;
                }
            }
            Record::Before { path, before } => {
                let step = self.steps.entry(path.clone()).or_default();
                // What this install made itself has nothing of somebody else's to go back to.
                if step.how != Some(How::Made) {
                    step.before.get_or_insert_with(|| before.clone());
                }
            }
            Record::Result { path, kind, how, parameters, outputs, secrets } => {
                let step = self.steps.entry(path.clone()).or_default();
                step.kind.clone_from(kind);
                step.open = false;
                step.failed = None;
                step.undone = false;
                step.ended = Some(stamped.at);
                step.parameters = parameters.clone();
                step.outputs = outputs.clone();
                step.secrets.clone_from(secrets);
                // Made stays made: a later run that finds or changes it did not adopt it.
                step.how = match (step.how, how) {
                    (Some(How::Made), How::Adopted | How::Changed | How::HandedOver) => Some(How::Made),
                    (Some(How::Changed), How::Adopted | How::HandedOver) => Some(How::Changed),
                    (_, how) => Some(*how),
                };
                // Found again in a later run, it keeps its place: undo goes back in the order things were made.
                if !self.finished.contains(path) {
                    self.finished.push(path.clone());
                }
            }
            Record::Failed { path, problem } => {
                let step = self.steps.entry(path.clone()).or_default();
                (step.failed, step.ended) = (Some(problem.clone()), Some(stamped.at));
            }
            Record::HandedOver { path, what, file } => {
                let step = self.steps.entry(path.clone()).or_default();
                let asked = Asked { what: what.clone(), at: stamped.at, file: file.clone() };
                (step.handed_over, step.taken_back) = (Some(asked), false);
                step.failed = None;
            }
            Record::TakenBack { path } => {
                let step = self.steps.entry(path.clone()).or_default();
                (step.handed_over, step.taken_back) = (None, true);
            }
            Record::Undoing { path } => self.steps.entry(path.clone()).or_default().undoing = true,
            Record::Undone { path, .. } => {
                let step = self.steps.entry(path.clone()).or_default();
                *step = StepStory {
                    undone: true,
                    taken_away: Some(stamped.at),
                    ended: Some(stamped.at),
                    kind: step.kind.clone(),
                    parameters: step.parameters.clone(),
                    ..StepStory::default()
                };
                self.finished.retain(|known| known != path);
                self.replace.remove(path);
                self.stood.remove(path);
            }
            Record::Closed { code } => self.closed = Some(*code),
        }
    }

    /// Outcomes that still say something: what was proven of a step that was taken away since is open again.
    pub fn still_proven(&self, after: &BTreeSet<TaskPath>, path: &TaskPath) -> Option<&Outcome> {
        let at = self.looked_at.get(path)?;
        let anew =
            |step: &TaskPath| self.steps.get(step).and_then(|step| step.taken_away).is_some_and(|gone| gone > *at);
        if after.iter().any(anew) { None } else { self.looked.get(path) }
    }

    /// What undo may touch, in reverse order of finishing: made or changed by us, and what was begun and never answered.
    pub fn ours(&self) -> Vec<TaskPath> {
        let mut paths: Vec<TaskPath> = self
            .steps
            .iter()
            // What somebody else was asked to do is theirs, also where we had begun it and were refused.
            .filter(|(path, step)| step.open && step.handed_over.is_none() && !self.finished.contains(path))
            .map(|(path, _)| path.clone())
            .collect();
        paths.extend(
            self.finished
                .iter()
                .rev()
                .filter(|path| {
                    self.steps
                        .get(path)
                        .is_some_and(|step| matches!(step.how, Some(How::Made | How::Changed)) || step.open)
                })
                .cloned(),
        );
        paths
    }

    /// What tasks last said, as the wizard folds it: outcomes, results and failures.
    pub fn facts_told(&self) -> Vec<Fact> {
        let last = self.last.unwrap_or(Timestamp::UNIX_EPOCH);
        let looked = self.looked.iter().map(|(path, outcome)| Fact {
            at: last,
            path: path.clone(),
            what: Happened::Looked { outcome: outcome.clone(), seat: None },
        });
        let steps = self.steps.iter().flat_map(|(path, step)| {
            let end = match (&step.failed, step.how) {
                (Some(problem), _) => Some(Happened::Failed { problem: problem.clone() }),
                (None, None) => step.handed_over.as_ref().map(|asked| Happened::HandedOver {
                    handed: Box::new(asked.into()),
                    until: String::new(),
                    story: Vec::new(),
                    deadline: None,
                }),
                (None, Some(how)) if !step.undone => Some(Happened::Finished { how, outputs: step.outputs.clone() }),
                _ => None,
            };
            // What was begun and found there already has no time of its own.
            let begun = step.since.filter(|_| end.is_some()).map(|since| (since, Happened::Applying));
            let ended = end.map(|end| (step.ended.unwrap_or(last), end));
            begun.into_iter().chain(ended).map(|(at, what)| Fact { at, path: path.clone(), what })
        });
        looked.chain(steps).collect()
    }

    /// The same for somebody who only watches: also what was begun and has no result, and what was taken away.
    pub fn facts_watched(&self) -> Vec<Fact> {
        let last = self.last.unwrap_or(Timestamp::UNIX_EPOCH);
        let mut facts = self.facts_told();
        facts.extend(self.steps.iter().filter_map(|(path, step)| {
            let what = match step.undone {
                true => Happened::Undone { line: "taken away".into() },
                false if step.open && step.failed.is_none() && step.handed_over.is_none() => Happened::Waiting {
                    why: Waiting::on("begun, no result written down yet"),
                    deadline: None,
                    usual: None,
                },
                false => return None,
            };
            Some(Fact { at: step.since.or(step.ended).unwrap_or(last), path: path.clone(), what })
        }));
        facts
    }

    /// How far it is, by what was agreed to; before that, by what was begun.
    pub fn steps_done(&self) -> StepsDone {
        let done = |path: &TaskPath| {
            let step = self.steps.get(path);
            step.is_some_and(|step| step.how.is_some() && !step.open && step.failed.is_none())
        };
        match self.approved.steps.is_empty() {
            false => StepsDone::count(self.approved.steps.keys().map(|path| (path, done(path)))),
            true => StepsDone::count(self.steps.keys().map(|path| (path, done(path)))),
        }
    }

    /// Where it stands as a whole.
    pub fn state(&self) -> String {
        let done = self.steps_done();
        let so_far = |state: &str| format!("{state}: {done}");
        match self.closed {
            Some(0) if done.all() || done.of == 0 => "finished".to_owned(),
            Some(0) => so_far("finished"),
            Some(4) => "finished with warnings".to_owned(),
            Some(130) if done.all() => so_far("interrupted before the rest was verified"),
            Some(130) => so_far("interrupted"),
            Some(5) => match self.with_others().next() {
                Some((path, asked)) => so_far(&format!("waits for {} ({path})", asked.what.to)),
                None => so_far("waits for a person"),
            },
            Some(3) => "stopped by a check".into(),
            Some(_) => so_far("failed"),
            None if done.all() => so_far("not yet verified to the end"),
            None => so_far("unfinished"),
        }
    }

    /// Outputs of every finished step.
    pub fn outputs(&self) -> BTreeMap<TaskPath, Value> {
        let finished = self.steps.iter().filter(|(_, step)| step.how.is_some());
        finished.map(|(path, step)| (path.clone(), step.outputs.clone())).collect()
    }

    /// Steps that somebody else was asked to do and that are not there yet.
    pub fn with_others(&self) -> impl Iterator<Item = (&TaskPath, &Asked)> {
        self.steps
            .iter()
            .filter(|(_, step)| step.how.is_none())
            .filter_map(|(path, step)| Some((path, step.handed_over.as_ref()?)))
    }

    /// Whether every step that was begun is finished.
    pub fn is_finished(&self) -> bool {
        self.closed == Some(0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fold(records: Vec<Record>) -> Story {
        let stamped: Vec<Stamped> =
            records.into_iter().map(|record| Stamped::now(Timestamp::UNIX_EPOCH, record)).collect();
        Story::fold(&stamped)
    }

    fn path(text: &str) -> TaskPath {
        text.parse().unwrap()
    }

    fn intent(text: &str) -> Record {
        Record::Intent {
            path: path(text),
            kind: "k".into(),
            parameters: json!({}),
            digest: "d".into(),
            token: "t".into(),
        }
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
        let all: Vec<Stamped> =
            records.into_iter().enumerate().map(|(n, record)| Stamped::now(at(n), record)).collect();
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
        let story =
            fold(vec![result("steps/a", How::Made), intent("steps/a"), before, result("steps/a", How::Changed)]);
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
        let story =
            fold(vec![intent("steps/a"), handed("steps/a"), handed("steps/b"), result("steps/b", How::HandedOver)]);
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
    fn what_we_made_stays_ours_when_somebody_else_changes_it_for_us() {
        let story = fold(vec![intent("steps/a"), result("steps/a", How::Made), result("steps/a", How::HandedOver)]);
        assert_eq!(story.ours(), [path("steps/a")]);
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
        assert!(matches!(
            of("steps/a")[..],
            [(10, Happened::Applying), (40, Happened::Finished { how: How::Made, .. })]
        ));
        assert!(matches!(of("steps/b")[..], [(50, Happened::Waiting { .. })]));
        assert!(matches!(of("steps/c")[..], [(70, Happened::Undone { .. })]));
    }
}
