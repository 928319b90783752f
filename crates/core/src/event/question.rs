//! What only a person can decide.

use serde::{Deserialize, Serialize};

use super::Difference;

/// A decision only a person can take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Which decision: `adopt`, `drift`, `recover`, `repeat`, `approve`, `deliver`.
    pub about: String,
    /// What is asked, in one or two lines.
    pub text: String,
    /// What can be answered; the first is the careful one.
    pub choices: Vec<Choice>,
    /// Differences to show beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
}

/// One possible decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Stable name, e.g. `use_as_is`.
    pub id: String,
    /// What it does.
    pub label: String,
    /// A word that must be typed to choose it, where something is lost by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typed: Option<String>,
}
