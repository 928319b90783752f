//! What is kept in the vault? A guide's secrets, their fields, and how one can be made up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Lines, When};

/// A secret with its fields.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Snake-case name; a field is read as `{{ secrets.<id>.<field> }}`.
    pub id: String,
    /// For people.
    pub label: String,
    /// What it is and who has it.
    #[serde(default)]
    pub help: String,
    /// Its fields, in order.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// Repeating rows joined into one field `value`, instead of fields.
    #[serde(default)]
    pub rows: Option<RowSecret>,
    /// Whether it is asked for at all.
    #[serde(default)]
    pub when: When,
    /// The Kubernetes Secret it becomes, so that an existing one is found: `namespace/name`, a template.
    #[serde(default)]
    pub kubernetes: Option<String>,
    /// Lines of the source.
    #[serde(default)]
    pub from: Vec<Lines>,
}

impl Secret {
    /// The names its fields are read by; repeating rows are joined into one.
    pub fn field_ids(&self) -> Vec<&str> {
        match &self.rows {
            Some(_) => vec!["value"],
            None => self.fields.iter().map(|field| field.id.as_str()).collect(),
        }
    }
}

/// One field of a secret.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Snake-case name.
    pub id: String,
    /// For people.
    #[serde(default)]
    pub label: Option<String>,
    /// How it can be made up.
    #[serde(default)]
    pub generate: Option<Generate>,
    /// Adopted where the Secret or the release exists; never made anew then.
    #[serde(default)]
    pub keep: bool,
    /// May be left empty.
    #[serde(default)]
    pub optional: bool,
    /// Several lines (a private key).
    #[serde(default)]
    pub multiline: bool,
    /// Not secret in itself (a user name): shown as typed.
    #[serde(default)]
    pub visible: bool,
    /// A regular expression it has to match.
    #[serde(default)]
    pub pattern: Option<String>,
    /// Shortest length that is accepted.
    #[serde(default)]
    pub at_least: Option<usize>,
    /// The file it arrives in, and its dotted key there: `FILE#auth.clientSecret`, a template. It is taken from there
    /// where nothing else was said and the file is there.
    #[serde(default)]
    pub arrives: Option<String>,
    /// Key inside the existing Kubernetes Secret; the field's id where left out.
    #[serde(default)]
    pub key: Option<String>,
}

/// How a secret can be made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Generate {
    /// A random UUID.
    Uuid,
    /// Twenty-four random letters, digits and a few signs; as many as the field's `at_least` asks for, where that is more.
    Password,
}

/// A secret of repeating rows, joined into `{{ secrets.<id>.value }}`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowSecret {
    /// Columns, in order.
    pub columns: Vec<Field>,
    /// Between the columns of a row.
    pub join_columns: String,
    /// Between rows.
    pub join_rows: String,
    /// Fewest rows.
    #[serde(default = "one")]
    pub at_least: usize,
}

fn one() -> usize {
    1
}
