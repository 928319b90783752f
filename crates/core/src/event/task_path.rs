//! Which task? The part of a guide it stands in, its id, and the row's key where it repeats.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which part of a guide a task stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// Looked at before anything is touched.
    Checks,
    /// Changes one thing.
    Steps,
    /// Proves that the result works.
    Verify,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Checks => "checks",
            Self::Steps => "steps",
            Self::Verify => "verify",
        })
    }
}

/// The stable name of a task: `steps/gpu_node_group`, `steps/tenant_secret[acme]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskPath {
    /// The guide's section.
    pub section: Section,
    /// The task's id in the guide.
    pub id: String,
    /// The row's key where the task repeats (`each`).
    pub key: Option<String>,
}

impl TaskPath {
    /// A path without a row key.
    pub fn new(section: Section, id: impl Into<String>) -> Self {
        Self { section, id: id.into(), key: None }
    }

    /// Whether `pattern` names this task: a whole path, a section, or an id with any row.
    pub fn matches(&self, pattern: &str) -> bool {
        let whole = self.to_string();
        whole == pattern
            || self.section.to_string() == pattern
            || self.id == pattern
            || whole.split('[').next() == Some(pattern)
    }
}

impl fmt::Display for TaskPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.section, self.id)?;
        match &self.key {
            Some(key) => write!(f, "[{key}]"),
            None => Ok(()),
        }
    }
}

/// What is wrong with a task's path.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a task path; they look like steps/gpu_node_group or steps/tenant_secret[acme]")]
pub struct NotAPath(String);

impl FromStr for TaskPath {
    type Err = NotAPath;

    fn from_str(text: &str) -> Result<Self, NotAPath> {
        let wrong = || NotAPath(text.to_owned());
        let (section, rest) = text.split_once('/').ok_or_else(wrong)?;
        let section = match section {
            "checks" => Section::Checks,
            "steps" => Section::Steps,
            "verify" => Section::Verify,
            _ => return Err(wrong()),
        };
        let (id, key) = match rest.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
            Some((id, key)) => (id, Some(key.to_owned())),
            None => (rest, None),
        };
        if id.is_empty() {
            return Err(wrong());
        }
        Ok(Self { section, id: id.to_owned(), key })
    }
}

impl Serialize for TaskPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TaskPath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
