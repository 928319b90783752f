//! A task as the stages show it: what the guide says of it, and what it said itself.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::Value;

use super::{Vouched, passed};
use crate::{
    clock::ago,
    event::{Fact, Handed, Happened, How, Outcome, Problem, Question, Section, TaskPath, Waiting},
    guide::Severity,
    plan::Stands,
};

/// How many of a child's last lines are kept.
const LINES: usize = 200;

/// What the vendor's text has wrong, shown where it bites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErratumShown {
    /// e.g. `ACME-05`.
    pub id: String,
    /// What is wrong.
    pub wrong: String,
    /// What is done instead, or what to know.
    pub instead: String,
    /// Only warned of.
    pub warned: bool,
}

/// One task.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskRow {
    /// Its path.
    pub path: TaskPath,
    /// Its row's code, e.g. `AWS-04`.
    pub code: String,
    /// For lists.
    pub title: String,
    /// Whom it asks, e.g. `the cluster`.
    pub asks: &'static str,
    /// What is done and why.
    pub about: String,
    /// Where in the vendor's document it comes from.
    pub from: Option<String>,
    /// How bad a failure is (checks and verifications).
    pub severity: Severity,
    /// What a person may answer for, where nobody lets us look.
    pub attest: Option<String>,
    /// It may be left for later.
    pub optional: bool,
    /// What it comes after.
    pub after: Vec<TaskPath>,
    /// What the vendor's text has wrong here.
    pub errata: Vec<ErratumShown>,
    /// Where it stands.
    pub state: TaskState,
    /// From where a network check looked.
    pub seat: Option<String>,
    /// When it began to look, apply or wait.
    pub since: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Last lines of a child's output.
    pub said: VecDeque<String>,
    /// A service that asked us to slow down.
    pub throttled: Option<String>,
    /// Known failures of the product seen while it runs; nothing stops for them.
    pub recognised: Vec<Problem>,
    /// A person's word on it.
    pub vouched: Option<Vouched>,
    /// How often it was begun.
    pub attempt: u32,
    /// It was begun or is finished, so that answers it was made with cannot simply change.
    pub stands: Option<Stands>,
    /// It has a result that still holds, also while it is looked at again.
    pub done: bool,
}

/// Where a task stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum TaskState {
    /// Its turn has not come.
    #[default]
    Waits,
    /// It looks.
    Looking,
    /// It looked.
    Looked(Outcome),
    /// It sends its change.
    Applying,
    /// It waits for the world.
    Waiting {
        /// For what.
        why: Waiting,
        /// When the other side gives up.
        deadline: Option<Timestamp>,
        /// What is usual.
        usual: Option<String>,
    },
    /// It waits for a person.
    Person {
        /// What to do, exactly.
        instruction: String,
        /// What makes it true.
        until: String,
        /// When it stops waiting.
        deadline: Option<Timestamp>,
    },
    /// Somebody else was asked to do it.
    HandedOver {
        /// Who, when, for what.
        handed: Box<Handed>,
        /// What is seen of it.
        until: String,
        /// What of it is not as asked.
        story: Vec<String>,
        /// When it stops waiting.
        deadline: Option<Timestamp>,
    },
    /// It asks.
    Asked(Question),
    /// It was answered and has not gone on yet.
    Answered(String),
    /// It is done.
    Finished {
        /// How.
        how: How,
        /// What others may read.
        outputs: Value,
    },
    /// It failed.
    Failed(Problem),
    /// It will not run.
    Skipped(String),
    /// It was taken away.
    Undone(String),
}

/// A row's sign. Colour never carries meaning alone: each has its own character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// As it should be.
    Pass,
    /// Not as it should be.
    Fail,
    /// Works, but somebody should know; or waived.
    Warn,
    /// Nobody let us look.
    Unknown,
    /// Its turn has not come.
    Waits,
    /// At it.
    Busy,
    /// Not run.
    Skipped,
    /// A person is needed.
    Person,
}

impl TaskRow {
    /// Takes in what the task said.
    pub fn fold(&mut self, fact: &Fact) {
        let was_busy = self.sign() == Sign::Busy || self.sign() == Sign::Person;
        match &fact.what {
            Happened::Finished { .. } => self.done = true,
            Happened::Applying | Happened::Failed { .. } | Happened::Undone { .. } => self.done = false,
            _ => {}
        }
        self.throttled = None;
        match &fact.what {
            Happened::Said { line } => {
                if self.said.len() == LINES {
                    self.said.pop_front();
                }
                self.said.push_back(line.clone());
                return;
            }
            Happened::Recognised { problem } => {
                if !self.recognised.contains(problem) {
                    self.recognised.push(problem.clone());
                }
                return;
            }
            Happened::Throttled { service } => {
                self.throttled = Some(service.clone());
                return;
            }
            Happened::Looking if self.path.section == Section::Steps && was_busy => return,
            // Asked again while it is not so yet: the last answer stays visible.
            Happened::Looking if matches!(self.state, TaskState::Looked(Outcome::NotYet { .. })) => return,
            Happened::Looking => self.state = TaskState::Looking,
            Happened::Applying => {
                self.attempt += 1;
                // What was sent cannot be called back.
                self.stands = self.stands.or(Some(Stands::Ours));
                self.state = TaskState::Applying;
            }
            Happened::Waiting { why, deadline, usual } => {
                self.state = TaskState::Waiting { why: why.clone(), deadline: *deadline, usual: usual.clone() };
            }
            Happened::Person { instruction, until, deadline } => {
                self.state =
                    TaskState::Person { instruction: instruction.clone(), until: until.clone(), deadline: *deadline };
            }
            Happened::HandedOver { handed, until, story, deadline } => {
                self.state = TaskState::HandedOver {
                    handed: handed.clone(),
                    until: until.clone(),
                    story: story.clone(),
                    deadline: *deadline,
                };
            }
            Happened::Asked { question } => self.state = TaskState::Asked(question.clone()),
            Happened::Looked { outcome, seat } => {
                self.seat.clone_from(seat);
                self.state = TaskState::Looked(outcome.clone());
            }
            Happened::Finished { how, outputs } => {
                self.stands = match how {
                    How::Made => Some(Stands::Ours),
                    How::Adopted => None,
                    How::Changed | How::HandedOver => Some(Stands::Theirs),
                };
                self.state = TaskState::Finished { how: *how, outputs: outputs.clone() };
            }
            Happened::Failed { problem } => self.state = TaskState::Failed(problem.clone()),
            Happened::Skipped { reason } => self.state = TaskState::Skipped(reason.clone()),
            Happened::Undone { line } => {
                self.stands = None;
                self.state = TaskState::Undone(line.clone());
            }
        }
        if !was_busy || self.since.is_none() {
            self.since = Some(fact.at);
        }
        self.ended = self.is_over().then_some(fact.at);
    }

    /// Its sign in a list.
    pub fn sign(&self) -> Sign {
        match &self.state {
            TaskState::Waits => Sign::Waits,
            TaskState::Looking | TaskState::Applying | TaskState::Waiting { .. } | TaskState::Answered(_) => Sign::Busy,
            TaskState::Looked(outcome) => match outcome {
                Outcome::Pass { .. } => Sign::Pass,
                Outcome::Warn { .. } => Sign::Warn,
                Outcome::Fail { .. } | Outcome::Unknown { .. } if self.vouched.is_some() => Sign::Warn,
                Outcome::Fail { .. } if self.severity == Severity::Warn => Sign::Warn,
                Outcome::Fail { .. } => Sign::Fail,
                Outcome::Unknown { .. } => Sign::Unknown,
                Outcome::Skip { .. } => Sign::Skipped,
                Outcome::NotYet { .. } => Sign::Busy,
            },
            TaskState::Person { .. } | TaskState::HandedOver { .. } | TaskState::Asked(_) => Sign::Person,
            TaskState::Finished { .. } => Sign::Pass,
            TaskState::Failed(_) => Sign::Fail,
            TaskState::Skipped(_) | TaskState::Undone(_) => Sign::Skipped,
        }
    }

    /// Whether nothing more will come of it by itself.
    pub fn is_over(&self) -> bool {
        match &self.state {
            TaskState::Looked(outcome) => !matches!(outcome, Outcome::NotYet { .. }),
            TaskState::Finished { .. } | TaskState::Failed(_) | TaskState::Skipped(_) | TaskState::Undone(_) => true,
            _ => false,
        }
    }

    /// Whether it keeps the install from going on: a stop that nobody waived, or an unknown nobody answers for.
    pub fn stops(&self) -> bool {
        self.vouched.is_none()
            && self.severity == Severity::Stop
            && matches!(
                self.state,
                TaskState::Looked(Outcome::Fail { .. } | Outcome::Unknown { .. }) | TaskState::Failed(_)
            )
    }

    /// What to say of it in a list; `title` gives another task's title.
    pub fn line(&self, now: Timestamp, title: impl Fn(&TaskPath) -> Option<String>) -> String {
        let so_far = || self.since.map(|since| now.duration_since(since).as_secs().max(0)).unwrap_or(0);
        match &self.state {
            TaskState::Waits => {
                let after: Vec<String> = self.after.iter().filter_map(title).collect();
                match after.as_slice() {
                    [] => String::new(),
                    [one] => format!("after: {one}"),
                    [first, rest @ ..] => format!("after: {first} and {} more", rest.len()),
                }
            }
            TaskState::Looking => format!("asking {}, {} s", self.asks, so_far()),
            TaskState::Applying => format!("sending the change, {} s", so_far()),
            TaskState::Looked(outcome) => match (outcome, &self.vouched) {
                (Outcome::Unknown { denied, .. }, Some(vouched)) => {
                    format!("{} answers for it: {denied}", vouched.name)
                }
                (Outcome::Fail { problem }, Some(vouched)) => format!("waived by {}: {}", vouched.name, problem.what),
                (outcome, _) => outcome.line().to_owned(),
            },
            TaskState::Waiting { why, .. } => {
                let since = self.since.map(|since| passed(since, now));
                // Where the words count already, the numbers alone say nothing more.
                let said = |(done, of): &(u32, u32)| why.on.contains(&format!("{done} of {of}"));
                let done = why.done.filter(|count| !said(count));
                let done = done.map(|(done, of)| format!(", {done} of {of}:")).unwrap_or_default();
                format!("{}{done} {}", since.unwrap_or_default(), why.on)
            }
            TaskState::Person { until, .. } => format!("for a person: {until}"),
            TaskState::HandedOver { handed, until, .. } => {
                let told = format!("handed over to {}, {}", handed.to, ago(handed.at, now));
                if until.is_empty() { told } else { format!("{told}: {until}") }
            }
            TaskState::Asked(question) => format!("asks: {}", question.text),
            TaskState::Answered(label) => format!("answered: {label}"),
            TaskState::Finished { how, .. } => {
                let how = match how {
                    How::Made => "made",
                    How::Changed => "changed",
                    How::Adopted => "adopted",
                    How::HandedOver => "done by somebody else",
                };
                match self.since.zip(self.ended) {
                    Some((since, ended)) => format!("{how} in {}", passed(since, ended)),
                    None => how.to_owned(),
                }
            }
            TaskState::Failed(problem) => problem.what.clone(),
            TaskState::Skipped(reason) => reason.clone(),
            TaskState::Undone(line) => line.clone(),
        }
    }

    /// What is wrong, if something is.
    pub fn problem(&self) -> Option<&Problem> {
        match &self.state {
            TaskState::Looked(outcome) => outcome.problem(),
            TaskState::Failed(problem) => Some(problem),
            TaskState::Waiting { why, .. } => why.problem.as_ref(),
            _ => None,
        }
    }
}
