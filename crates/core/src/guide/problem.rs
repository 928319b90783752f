//! Which failures of the product are known, and what mends them?

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Lines;

/// A known failure of the product, matched while it runs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuideProblem {
    /// Snake-case name; its code is `<PREFIX>-<ID>`.
    pub id: String,
    /// What shows it: `log` (regular expression on pods' log lines), `said` (on a tool's output), `problem` (another problem's code).
    #[serde(default)]
    pub when: BTreeMap<String, String>,
    /// What is wrong.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// Lines of the source.
    #[serde(default)]
    pub from: Vec<Lines>,
}
