//! Where does a key stand, and what can a person do with it?

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::VendorKey;

/// What the vendor's file had at a key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Seen {
    /// What stood there.
    pub now: Value,
    /// What the vendor said about it.
    pub says: String,
}

impl Seen {
    pub(super) fn of(key: &VendorKey) -> Self {
        // What is no gap may be a secret that came with the file; it is written down nowhere.
        let now = if key.gap { key.value.clone() } else { Value::Null };
        Self { now, says: key.comment.clone() }
    }
}

/// What a person does with a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// It becomes this.
    Set(Value),
    /// It stays as it is; why.
    Leave(String),
    /// Nothing was decided after all.
    Undo,
}

/// Where a key stands.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// Nobody said anything.
    Open,
    /// It was decided, and the vendor changed it since; what it was.
    Changed(Seen),
    /// It refers to what is not asked or not answered now.
    Dangling(String),
    /// It becomes this.
    Set(Value),
    /// It stays as it is; why.
    Left(String),
}

impl State {
    /// Whether nothing more has to be said.
    pub fn is_decided(&self) -> bool {
        matches!(self, Self::Set(_) | Self::Left(_))
    }
}
