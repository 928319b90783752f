//! Where is the vendor's text wrong, and what is done instead?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Lines, When};

/// Where the vendor's text is wrong.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Erratum {
    /// e.g. `ACME-05`.
    pub id: String,
    /// Lines of the source; none for something it leaves out.
    #[serde(default)]
    pub at: Vec<Lines>,
    /// What is wrong.
    pub wrong: String,
    /// What is done instead; for a warning, what to know.
    pub instead: String,
    /// Only warned of, not corrected.
    #[serde(default)]
    pub warned: bool,
    /// The input, secret, check or step ids it is shown at.
    #[serde(default)]
    pub shown_at: Vec<String>,
    /// Whether it would have bitten here.
    #[serde(default)]
    pub when: When,
    /// Whether an install by the vendor's text would have failed of it, and not only turned out worse.
    #[serde(default)]
    pub fails: When,
}
