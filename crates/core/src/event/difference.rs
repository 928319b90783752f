//! Which field is not as the plan says?

use serde::{Deserialize, Serialize};

/// One field that is not as the plan says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Path of the field, e.g. `scaling.max`.
    pub field: String,
    /// What the plan says. What it takes away stands in capitals: `DESTROY`.
    pub wanted: String,
    /// What is there; empty where that says itself.
    pub found: String,
    /// Whether it cannot be changed in place.
    #[serde(default)]
    pub fixed: bool,
}

impl Difference {
    /// In one line, for people; `verb` is what the plan does: `wanted`, `planned`.
    pub fn line(&self, verb: &str) -> String {
        let fixed = if self.fixed { " (cannot be changed in place)" } else { "" };
        match self.found.as_str() {
            "" => format!("{}: {}{fixed}", self.field, self.wanted),
            found => format!("{}: {verb} {}, found {found}{fixed}", self.field, self.wanted),
        }
    }

    /// Whether it takes something away.
    pub fn loses(&self) -> bool {
        let word: String = self.wanted.chars().take_while(char::is_ascii_alphabetic).collect();
        word.len() > 3 && word.chars().all(|letter| letter.is_ascii_uppercase())
    }
}
