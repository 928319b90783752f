//! What does a plan do about a task?

use serde::{Deserialize, Serialize};

/// What a plan does about a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Makes it.
    Make,
    /// It is there as planned.
    Unchanged,
    /// Changes it in place.
    Change,
    /// Takes it away and makes it anew.
    Replace,
    /// Takes over what is there.
    Adopt,
    /// It is no longer wanted; taking it away is offered.
    Unwanted,
    /// A person does it.
    Person,
    /// Only rendered; someone else applies it.
    HandOver,
    /// A verification.
    Look,
    /// What is there must be decided on first.
    Decide,
}

impl Change {
    /// The verb for lists.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Make => "make",
            Self::Unchanged => "keep",
            Self::Change => "change",
            Self::Replace => "replace",
            Self::Adopt => "adopt",
            Self::Unwanted => "drop?",
            Self::Person => "person",
            Self::HandOver => "hand over",
            Self::Look => "look",
            Self::Decide => "decide",
        }
    }
}
