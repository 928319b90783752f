//! How did a look at something end?

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Problem;

/// How a look at something ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It is as it should be; the line says what was seen.
    Pass {
        /// e.g. `16 of 64 vCPU used, 16 more needed`.
        fact: String,
        /// When that ends, where it does: a certificate, a version's support.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        ends: Option<Timestamp>,
    },
    /// It works, but somebody should know.
    Warn {
        /// What to know.
        problem: Problem,
    },
    /// It is not as it should be.
    Fail {
        /// What is wrong.
        problem: Problem,
    },
    /// There was nothing to look at.
    Skip {
        /// Why not.
        reason: String,
    },
    /// It is not so yet; asked again until the guide's `within`.
    NotYet {
        /// What it waits for.
        problem: Problem,
    },
    /// Somebody would not let us look. Not a failure; a person can attest it.
    Unknown {
        /// What was denied, e.g. `servicequotas:GetServiceQuota`.
        denied: String,
        /// Who can tell instead.
        ask: String,
    },
}

impl Outcome {
    /// It is as it should be.
    pub fn pass(fact: impl Into<String>) -> Self {
        Self::Pass { fact: fact.into(), ends: None }
    }

    /// It is as it should be until then.
    pub fn pass_until(ends: Option<Timestamp>, fact: impl Into<String>) -> Self {
        Self::Pass { fact: fact.into(), ends }
    }

    /// When what was seen ends, where it does.
    pub fn ends(&self) -> Option<Timestamp> {
        match self {
            Self::Pass { ends, .. } => *ends,
            _ => self.problem()?.ends,
        }
    }

    /// There was nothing to look at.
    pub fn skip(reason: impl Into<String>) -> Self {
        Self::Skip { reason: reason.into() }
    }

    /// The problem, if there is one.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Warn { problem } | Self::Fail { problem } | Self::NotYet { problem } => Some(problem),
            _ => None,
        }
    }

    /// One line for a list.
    pub fn line(&self) -> &str {
        match self {
            Self::Pass { fact, .. } => fact,
            Self::Warn { problem } | Self::Fail { problem } | Self::NotYet { problem } => &problem.what,
            Self::Skip { reason } => reason,
            Self::Unknown { denied, .. } => denied,
        }
    }
}
