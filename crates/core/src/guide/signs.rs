//! By what is a known failure recognised?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Span;

/// What shows a known failure; any one of `log`, `said` and `problem` is enough.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Signs {
    /// On pods' log lines: a regular expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// In what tools, the API and events say: a regular expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// Another problem's code: a regular expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Told only where it is still so after this long, e.g. `2m`, or where the task fails of it: what passes by itself is no failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Span>,
}

impl Signs {
    /// Each sign that is given: its key and its expression.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [("log", &self.log), ("said", &self.said), ("problem", &self.problem)];
        all.into_iter().filter_map(|(key, sign)| Some((key, sign.as_deref()?)))
    }
}
