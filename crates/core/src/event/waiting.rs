//! Why is something not there yet?

use serde::{Deserialize, Serialize};

use super::Problem;

/// Why something is not there yet.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Waiting {
    /// One line, e.g. `CREATING, 1 of 2 nodes joined`.
    pub on: String,
    /// Further lines: health issues, scaling activities, last log lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub story: Vec<String>,
    /// A problem already visible that may yet pass (a health issue).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// How much of it is done, where that can be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<(u32, u32)>,
}

impl Waiting {
    /// Only a line.
    pub fn on(on: impl Into<String>) -> Self {
        Self { on: on.into(), ..Self::default() }
    }
}
