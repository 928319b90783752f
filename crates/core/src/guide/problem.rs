//! Which failures of the product are known, and what mends them?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Lines, Signs};

/// A known failure of the product, matched while it runs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuideProblem {
    /// Snake-case name; its code is `<PREFIX>-<ID>`.
    pub id: String,
    /// What shows it.
    #[serde(default)]
    pub when: Signs,
    /// What is wrong; like `why` and `fix` a template over what a need's message may read.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do; a line that begins with `$ ` is a command.
    pub fix: String,
    /// Lines of the source.
    #[serde(default)]
    pub from: Vec<Lines>,
}
