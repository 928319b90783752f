//! What follows from a journal? Answers, waivers, and where every step stands.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::{Asked, REPLACE, Record, Stamped, StepStory, ToldPerson};
use crate::{
    event::{How, Outcome, TaskPath},
    plan::{Answers, Approved, ApprovedStep, InstallId, Said},
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
            Record::Answered { answers } => {
                let before = std::mem::replace(&mut self.answers, (**answers).clone());
                unsaid(&mut self.waived, &before.waive, &self.answers.waive);
                unsaid(&mut self.attested, &before.attest, &self.answers.attest);
            }
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
                // Nobody is waited for where the step is no longer wanted.
                for (_, step) in self.steps.iter_mut().filter(|(path, _)| !self.approved.steps.contains_key(*path)) {
                    step.person = None;
                }
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
            Record::Result { path, .. } => {
                self.step(path).take(stamped);
                // Found again in a later run, it keeps its place: undo goes back in the order things were made.
                if !self.finished.contains(path) {
                    self.finished.push(path.clone());
                }
            }
            Record::Undone { path, .. } => {
                self.step(path).take(stamped);
                self.finished.retain(|known| known != path);
                self.replace.remove(path);
                self.stood.remove(path);
            }
            Record::Intent { path, .. }
            | Record::Before { path, .. }
            | Record::Failed { path, .. }
            | Record::HandedOver { path, .. }
            | Record::TakenBack { path }
            | Record::Person { path, .. }
            | Record::Undoing { path } => self.step(path).take(stamped),
            Record::Closed { code } => self.closed = Some(*code),
        }
    }

    fn step(&mut self, path: &TaskPath) -> &mut StepStory {
        self.steps.entry(path.clone()).or_default()
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

    /// Steps that only a person can do, who was told and has not done them yet.
    pub fn with_persons(&self) -> impl Iterator<Item = (&TaskPath, &ToldPerson)> {
        self.steps.iter().filter_map(|(path, step)| Some((path, step.person.as_ref()?)))
    }

    /// Whether every step that was begun is finished.
    pub fn is_finished(&self) -> bool {
        self.closed == Some(0)
    }
}

/// What an answers file said of a check counts as long as the answers say it. A person's own word never stood there, and stays.
fn unsaid(vouched: &mut BTreeMap<String, Said>, before: &[Said], now: &[Said]) {
    vouched.retain(|_, said| {
        let says = |one: &Said| {
            let path: Option<TaskPath> = said.task.parse().ok();
            let of_it = path.map_or(one.task == said.task, |path| path.matches(&one.task));
            of_it && (&one.name, &one.reason) == (&said.name, &said.reason)
        };
        !before.iter().any(says) || now.iter().any(says)
    });
}
