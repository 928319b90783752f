//! Where does one step stand?

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::{Record, Stamped};
use crate::{
    event::{How, Problem},
    plan::HandOver,
};

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
    /// The person who is waited for.
    pub person: Option<ToldPerson>,
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
    /// Takes one more record of this step.
    pub(super) fn take(&mut self, stamped: &Stamped) {
        match &stamped.record {
            Record::Intent { kind, parameters, digest, token, .. } => {
                self.kind.clone_from(kind);
                self.parameters = parameters.clone();
                self.digest.clone_from(digest);
                self.token = Some(token.clone());
                self.open = true;
                self.failed = None;
                self.undoing = false;
                (self.since, self.ended) = (Some(stamped.at), None);
                if self.undone {
                    self.undone = false;
                    self.before = None;
                }
            }
            // What this install made itself has nothing of somebody else's to go back to.
            Record::Before { before, .. } if self.how != Some(How::Made) => {
                self.before.get_or_insert_with(|| before.clone());
            }
            Record::Result { kind, how, parameters, outputs, secrets, .. } => {
                self.kind.clone_from(kind);
                // Looked at again, it took as long as it took then.
                if let (false, Some(since), Some(ended)) =
                    (self.open, self.since, self.ended.filter(|_| self.how.is_some()))
                {
                    self.since = Some(stamped.at - ended.duration_since(since));
                }
                self.open = false;
                self.failed = None;
                self.person = None;
                self.undone = false;
                self.ended = Some(stamped.at);
                self.parameters = parameters.clone();
                self.outputs = outputs.clone();
                self.secrets.clone_from(secrets);
                // Made stays made: a later run that finds or changes it did not adopt it.
                self.how = match (self.how, how) {
                    (Some(How::Made), How::Adopted | How::Changed | How::HandedOver) => Some(How::Made),
                    (Some(How::Changed), How::Adopted | How::HandedOver) => Some(How::Changed),
                    (_, how) => Some(*how),
                };
            }
            Record::Failed { problem, .. } => (self.failed, self.ended) = (Some(problem.clone()), Some(stamped.at)),
            Record::HandedOver { what, file, .. } => {
                let asked = Asked { what: what.clone(), at: stamped.at, file: file.clone() };
                (self.handed_over, self.taken_back) = (Some(asked), false);
                self.failed = None;
            }
            Record::TakenBack { .. } => (self.handed_over, self.taken_back) = (None, true),
            Record::Person { instruction, .. } => {
                self.failed = None;
                match &mut self.person {
                    // Told again by a later run: the waiting began before.
                    Some(told) => told.instruction.clone_from(instruction),
                    told => *told = Some(ToldPerson { instruction: instruction.clone(), at: stamped.at }),
                }
            }
            Record::Undoing { .. } => self.undoing = true,
            Record::Undone { .. } => {
                *self = Self {
                    undone: true,
                    taken_away: Some(stamped.at),
                    ended: Some(stamped.at),
                    kind: std::mem::take(&mut self.kind),
                    parameters: std::mem::take(&mut self.parameters),
                    ..Self::default()
                };
            }
            // The rest is of the whole install.
            _ => {}
        }
    }

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

/// What a person was told to do, and when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToldPerson {
    /// What to do.
    pub instruction: String,
    /// Since when it is waited for.
    pub at: Timestamp,
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
