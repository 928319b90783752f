//! Which host must somebody be able to reach?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A host somebody must be able to reach.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Name or `*.` pattern.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Who must reach it: `here`, `nodes`, `pods`, `browsers`.
    pub from: String,
    /// What for.
    pub why: String,
}
