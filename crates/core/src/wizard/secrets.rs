//! Secrets: what goes into the vault. Values pass through to it; only length and findings stay here.

use super::{ErratumShown, Line, StoreOffer};
use crate::{guide::Generate, value::SecretRef};

/// The fourth screen.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// Every wanted secret, in the guide's order.
    pub groups: Vec<SecretGroup>,
    /// Where secrets can be kept.
    pub stores: Vec<StoreOffer>,
    /// The selected row, as in [`Secrets::rows`].
    pub at: usize,
    /// What is being done with it.
    pub editing: Option<SecretEditing>,
    /// A look is under way.
    pub looking: bool,
}

/// One secret of the guide.
#[derive(Clone, Debug)]
pub struct SecretGroup {
    /// The guide's id.
    pub id: String,
    /// For people.
    pub label: String,
    /// What it is and who has it.
    pub help: String,
    /// `namespace/name` of the Kubernetes Secret it becomes, rendered.
    pub kubernetes: Option<String>,
    /// Its condition holds.
    pub wanted: bool,
    /// Fields, or the cells of all rows, one row after the other.
    pub fields: Vec<SecretField>,
    /// For rows: how many columns a row has, how they are joined and how few will do.
    pub rows: Option<RowShape>,
    /// What the vendor's text has wrong here.
    pub errata: Vec<ErratumShown>,
    /// Where in the vendor's document it comes from.
    pub from: Option<String>,
}

/// How repeating rows become one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowShape {
    /// Columns of a row.
    pub columns: usize,
    /// Between columns.
    pub join_columns: String,
    /// Between rows.
    pub join_rows: String,
    /// Fewest rows.
    pub at_least: usize,
}

/// One field, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretField {
    /// What the vault knows it as.
    pub reference: SecretRef,
    /// For people.
    pub label: String,
    /// How it can be made up.
    pub generate: Option<Generate>,
    /// Adopted where it exists, never made anew.
    pub keep: bool,
    /// May be left empty.
    pub optional: bool,
    /// Several lines.
    pub multiline: bool,
    /// Not secret in itself.
    pub visible: bool,
    /// Shortest length.
    pub at_least: Option<usize>,
    /// A regular expression it has to match.
    pub pattern: Option<String>,
    /// Key inside the Kubernetes Secret.
    pub key: String,
    /// Length in characters, once there is a value.
    pub length: Option<usize>,
    /// Stray space or a newline at an end.
    pub stray_space: bool,
    /// Its text, where it is visible.
    pub shown: Option<String>,
    /// Whether it equals the Secret in the cluster.
    pub equals_cluster: Option<bool>,
    /// Why the last wish failed, or why the value does not fit.
    pub refusal: Option<String>,
    /// A wish is under way.
    pub busy: bool,
}

/// What is being done on the Secrets screen.
#[derive(Clone, Debug)]
pub enum SecretEditing {
    /// A value is typed or pasted.
    Value(Line),
    /// A source is chosen; the selected one of [`SecretField::sources`].
    Source(usize),
    /// A source's name is typed (path, variable, command, secret's name).
    Name(Source, Line),
    /// A store's passphrase is typed.
    Passphrase(String, Line),
}

/// How a secret can be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// By typing or pasting.
    Type,
    /// From a file.
    File,
    /// From an environment variable.
    Environment,
    /// From a command's output.
    Command,
    /// From AWS Secrets Manager.
    SecretsManager,
    /// Made up.
    Generate,
    /// From the Secret in the cluster.
    Existing,
}

/// One row of the Secrets screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretRow {
    /// A store to keep them in.
    Store(usize),
    /// A field: group and field.
    Field(usize, usize),
    /// Add a row to this group.
    AddRow(usize),
}
