//! What did `inspect` see, and whose is it?

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Difference, Problem, Waiting};

/// Who a thing found in the world belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "owner", content = "who", rename_all = "snake_case")]
pub enum Owner {
    /// It carries this install's mark.
    Ours,
    /// Nobody's mark is on it.
    Unmarked,
    /// Another install's or another manager's (Terraform, CloudFormation, Argo …).
    Other(String),
}

/// A way out of a broken state that a person can agree to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// Stable name the kind understands, e.g. `rollback`.
    pub id: String,
    /// What would be done.
    pub does: String,
    /// What would be lost.
    pub loses: String,
}

/// What `inspect` saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State<O = Value> {
    /// It is not there.
    Absent,
    /// It is on its way.
    Pending {
        /// What it waits for.
        why: Waiting,
    },
    /// It is there, as planned.
    Present {
        /// What other tasks may read.
        outputs: O,
    },
    /// It is there, but different.
    Drifted {
        /// What other tasks may read.
        outputs: O,
        /// How it differs.
        differences: Vec<Difference>,
    },
    /// It is there and cannot become right by waiting.
    Broken {
        /// What is wrong.
        problem: Problem,
        /// Ways out.
        recoveries: Vec<Recovery>,
    },
}

/// What `inspect` saw, and whose it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found<O = Value> {
    /// What is there.
    #[serde(flatten)]
    pub state: State<O>,
    /// Whose it is.
    #[serde(flatten)]
    pub owner: Owner,
}

impl<O> Found<O> {
    /// It is not there.
    pub fn absent() -> Self {
        Self { state: State::Absent, owner: Owner::Unmarked }
    }

    /// It is on its way.
    pub fn pending(why: Waiting, owner: Owner) -> Self {
        Self { state: State::Pending { why }, owner }
    }

    /// It is there; with differences it has drifted.
    pub fn there(outputs: O, differences: Vec<Difference>, owner: Owner) -> Self {
        let state =
            if differences.is_empty() { State::Present { outputs } } else { State::Drifted { outputs, differences } };
        Self { state, owner }
    }

    /// It is broken.
    pub fn broken(problem: Problem, recoveries: Vec<Recovery>, owner: Owner) -> Self {
        Self { state: State::Broken { problem, recoveries }, owner }
    }

    /// The same with other outputs.
    pub fn map<P, E>(self, map: impl FnOnce(O) -> Result<P, E>) -> Result<Found<P>, E> {
        Ok(Found {
            state: match self.state {
                State::Absent => State::Absent,
                State::Pending { why } => State::Pending { why },
                State::Present { outputs } => State::Present { outputs: map(outputs)? },
                State::Drifted { outputs, differences } => State::Drifted { outputs: map(outputs)?, differences },
                State::Broken { problem, recoveries } => State::Broken { problem, recoveries },
            },
            owner: self.owner,
        })
    }
}
