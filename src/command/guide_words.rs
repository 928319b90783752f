//! How parts of a guide are worded where it is shown.

use landfall_core::guide::{Erratum, Secret};
use serde_json::Value;

/// What an erratum's second half is called.
pub(super) fn instead(erratum: &Erratum) -> &'static str {
    if erratum.warned { "To know" } else { "Instead" }
}

/// Under which condition.
pub(super) fn only_when(when: Option<&str>) -> String {
    when.map(|when| format!(" (only when `{when}`)")).unwrap_or_default()
}

/// What follows a label.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!(": {}", indented(text)) }
}

/// More lines of a list's item stand below it.
pub(super) fn indented(text: &str) -> String {
    text.trim().lines().collect::<Vec<_>>().join("\n    ")
}

/// The fields of a secret.
pub(super) fn fields(secret: &Secret) -> String {
    let name = |field: &landfall_core::guide::Field| {
        let label = field.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
        let made = if field.generate.is_some() { ", can be made up" } else { "" };
        let optional = if field.optional { ", may be left empty" } else { "" };
        format!("`{}`{label}{made}{optional}", field.id)
    };
    match &secret.rows {
        Some(rows) => format!("Rows of {}", rows.columns.iter().map(name).collect::<Vec<_>>().join("; ")),
        None => secret.fields.iter().map(name).collect::<Vec<_>>().join("; "),
    }
}

/// A value as people write it.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
