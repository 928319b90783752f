//! What does the vendor's file hold? Its keys in order, and which of them are gaps.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::KeyPath;
use crate::event::{Row, Table};

/// A values file as a look-up read it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VendorFile {
    /// What it belongs to.
    pub of: Of,
    /// Its keys, in the file's order.
    pub keys: Vec<VendorKey>,
}

/// Which chart, and exactly which bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Of {
    /// Its name.
    pub chart: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its archive.
    pub digest: String,
    /// SHA-256 of the values file.
    pub values: String,
}

/// One key that holds no further keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VendorKey {
    /// Where it stands.
    pub path: KeyPath,
    /// What stands there.
    pub value: Value,
    /// It is null, empty or a placeholder, so somebody has to say what belongs there.
    pub gap: bool,
    /// What the vendor says about it.
    pub comment: String,
    /// Line in the file, from 1.
    pub line: usize,
    /// For an item of a list: the whole outermost list, which is what helm replaces.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub list: Value,
}

impl VendorKey {
    /// What stands there, for people.
    pub fn shown(&self) -> String {
        match &self.value {
            value if !self.gap && !value.is_null() && is_hushed(&self.path) => "(set)".into(),
            Value::Null => "nothing".into(),
            Value::String(text) if text.trim().is_empty() => "\"\" (empty)".into(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

/// Whether a key's name says that a secret may stand there: files arrive with them.
pub fn is_hushed(path: &KeyPath) -> bool {
    let name = path.to_string().to_lowercase();
    ["passw", "secret", "token", "credential", "apikey", "api_key", "private"].iter().any(|word| name.contains(word))
}

impl VendorFile {
    /// From a look-up's table: a row for each key; its value holds the key and, under `of`, what it is of.
    pub fn of_table(table: &Table) -> Result<Self, String> {
        let odd = |error| format!("the look-up lists no keys of a values file: {error}");
        let of = table.rows.first().and_then(|row| row.value.get("of")).cloned();
        let of = of.map(serde_json::from_value).transpose().map_err(odd)?.unwrap_or_default();
        let keys = table.rows.iter().map(|row| serde_json::from_value(row.value.clone()));
        Ok(Self { of, keys: keys.collect::<Result<_, _>>().map_err(odd)? })
    }

    /// A row of such a table.
    pub fn row(of: &Of, key: &VendorKey) -> Row {
        let mut value = serde_json::to_value(key).unwrap_or_default();
        value["of"] = serde_json::to_value(of).unwrap_or_default();
        Row {
            value,
            cells: vec![key.path.to_string(), key.shown(), key.comment.clone()],
            suggested: key.gap,
            ..Row::default()
        }
    }

    /// Those somebody has to say something about.
    pub fn gaps(&self) -> impl Iterator<Item = &VendorKey> {
        self.keys.iter().filter(|key| key.gap)
    }

    /// A key by its path.
    pub fn key(&self, path: &KeyPath) -> Option<&VendorKey> {
        self.keys.iter().find(|key| key.path == *path)
    }
}
