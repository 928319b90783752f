//! What does a look-up answer? Rows to choose from.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A look-up's answer: rows to choose from. Rejected rows stay visible with their reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Column titles.
    pub columns: Vec<String>,
    /// Rows.
    pub rows: Vec<Row>,
    /// A line under the table (where it came from, when).
    #[serde(default)]
    pub note: String,
}

/// One row of a look-up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What choosing it answers.
    pub value: Value,
    /// What is shown, a cell a column.
    pub cells: Vec<String>,
    /// Why it cannot be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<String>,
    /// Chosen unless the person says otherwise.
    #[serde(default)]
    pub suggested: bool,
}
