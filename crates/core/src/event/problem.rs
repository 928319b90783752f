//! What must a person know or do? Always with a code and a fix.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something a person must know or do, always with a fix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Stable code, e.g. `AWS-QUOTA-LOW`; `landfall explain CODE` has its page.
    pub code: String,
    /// What is wrong, in one line.
    pub what: String,
    /// Why it matters or how it came about.
    pub why: String,
    /// What to do; lines that start with `$ ` are commands to copy.
    pub fix: String,
    /// Where in the vendor's document this comes from (heading and ordinal), if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When what it speaks of ends, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub ends: Option<Timestamp>,
}

impl Problem {
    /// A problem without a reason; add it with [`Problem::why`].
    pub fn new(code: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { code: code.into(), what: what.into(), why: String::new(), fix: fix.into(), source: None, ends: None }
    }

    /// Adds the reason.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// Says when what it speaks of ends.
    #[must_use]
    pub fn ends(mut self, ends: Option<Timestamp>) -> Self {
        self.ends = ends;
        self
    }
}
