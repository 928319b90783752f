//! What does a running task tell? Small things in order, from which everything that is shown is folded.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Outcome, Problem, Question, TaskPath, Waiting};

/// How a step came to be finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Made by this install.
    Made,
    /// Changed by this install; `before` is in the journal (a secret's: in the vault).
    Changed,
    /// Found as planned and taken over.
    Adopted,
    /// Somebody else did it; seen to be true.
    HandedOver,
}

/// A small thing a running task tells, in order; everything a front end or a report shows is folded from these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// When, on the install's clock.
    pub at: Timestamp,
    /// Which task.
    pub path: TaskPath,
    /// What.
    #[serde(flatten)]
    pub what: Happened,
}

/// What a task tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Happened {
    /// It looks at the world.
    Looking,
    /// It sends its change.
    Applying,
    /// It waits for the world.
    Waiting {
        /// For what.
        why: Waiting,
        /// When the other side, or the guide, gives up.
        deadline: Option<Timestamp>,
        /// What is usual, e.g. `3 to 6 minutes`.
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
    /// Somebody else was asked to do it; it waits until it is done.
    HandedOver {
        /// Who was asked, when, and for what.
        handed: Box<Handed>,
        /// What is seen of it now.
        until: String,
        /// Further lines: what of it is not as asked.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        story: Vec<String>,
        /// When it stops waiting.
        deadline: Option<Timestamp>,
    },
    /// It asks a person to decide; nothing happens before.
    Asked {
        /// The question.
        question: Question,
    },
    /// One line of a child's output, redacted.
    Said {
        /// The line.
        line: String,
    },
    /// A check or a verification ended.
    Looked {
        /// How.
        #[serde(flatten)]
        outcome: Outcome,
        /// From where a network check looked: `here`, `node …`, `pod …`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seat: Option<String>,
    },
    /// A step is finished.
    Finished {
        /// How it came about.
        how: How,
        /// What others may read; secrets are references.
        outputs: Value,
    },
    /// A step failed; what depends on it will not run.
    Failed {
        /// What is wrong.
        problem: Problem,
    },
    /// It will not run.
    Skipped {
        /// Why not.
        reason: String,
    },
    /// It was taken away again.
    Undone {
        /// What was done, in one line.
        line: String,
    },
    /// A failure the guide knows was seen in what was said.
    Recognised {
        /// The guide's problem.
        problem: Problem,
    },
    /// The service asked us to slow down; the door waits.
    Throttled {
        /// Which service.
        service: String,
    },
}

/// What somebody else was asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handed {
    /// Who was asked.
    pub to: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// The file that says what to do.
    pub file: String,
    /// What it says; empty where it was not read.
    #[serde(default)]
    pub page: String,
}

impl From<&crate::journal::Asked> for Handed {
    fn from(asked: &crate::journal::Asked) -> Self {
        let (to, reason) = (asked.what.to.clone(), asked.what.reason.clone());
        Self { to, reason, at: asked.at, file: asked.file.clone(), page: String::new() }
    }
}
