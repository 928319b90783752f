//! Secrets: what goes into the vault. Values pass through to it; only length and findings stay here.

use regex::Regex;

use super::{ErratumShown, Line, StoreOffer};
use crate::{
    guide::Generate,
    value::{Plain, SecretRef},
};

/// The fourth screen.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// Every secret, in the guide's order.
    pub groups: Vec<SecretGroup>,
    /// Where secrets can be kept.
    pub stores: Vec<StoreOffer>,
    /// The selected row, as in [`Secrets::rows`].
    pub at: usize,
    /// What is being done with it.
    pub editing: Option<SecretEditing>,
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
    /// For rows: length of the joined text, once there is one.
    pub joined: Option<usize>,
    /// For rows: a cell was changed here, so that the joined text follows.
    pub changed: bool,
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
    /// Whether the Secret in the cluster has this key.
    pub in_cluster: Option<bool>,
    /// Whether it equals the Secret in the cluster.
    pub equals_cluster: Option<bool>,
    /// Why the last wish failed, or why the value does not fit.
    pub refusal: Option<String>,
    /// Wishes that the vault has not answered yet.
    pub pending: usize,
    /// The vault has answered about it before.
    pub known: bool,
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

impl Source {
    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Type => "type or paste it",
            Self::File => "a file's content",
            Self::Environment => "an environment variable",
            Self::Command => "a command's output",
            Self::SecretsManager => "AWS Secrets Manager",
            Self::Generate => "make it up",
            Self::Existing => "the Secret already in the cluster",
        }
    }

    /// What has to be named for it.
    pub fn asks(self) -> &'static str {
        match self {
            Self::File => "path",
            Self::Environment => "variable",
            Self::Command => "command",
            Self::SecretsManager => "name or ARN, with #key for one key of a JSON secret",
            _ => "",
        }
    }
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

impl SecretField {
    /// What may be shown of it, in one line: a user name as it is, a certificate by its size.
    pub fn shown_in_short(&self) -> Option<String> {
        let shown = self.shown.as_ref()?;
        let lines = shown.trim_end().lines().count();
        Some(if lines > 1 { format!("{lines} lines, {} characters", shown.chars().count()) } else { shown.clone() })
    }

    /// Whether the vault has still to answer.
    pub fn is_busy(&self) -> bool {
        self.pending > 0
    }

    /// Whether it keeps the stage from being finished no longer.
    pub fn settled(&self) -> bool {
        self.refusal.is_none() && (self.length.is_some() || self.optional)
    }

    /// How it can be entered.
    pub fn sources(&self) -> Vec<Source> {
        let mut sources =
            vec![Source::Type, Source::File, Source::Environment, Source::Command, Source::SecretsManager];
        if self.generate.is_some() && !(self.keep && self.in_cluster == Some(true)) {
            sources.push(Source::Generate);
        }
        if self.in_cluster == Some(true) {
            sources.push(Source::Existing);
        }
        sources
    }

    /// Why this text does not fit.
    pub(super) fn refuses(&self, secret: &Plain) -> Option<String> {
        if secret.is_empty() {
            return (!self.optional).then(|| format!("{} cannot be empty", self.label));
        }
        if let Some(least) = self.at_least.filter(|least| secret.len() < *least) {
            return Some(format!("{} has at least {least} characters, this has {}", self.label, secret.len()));
        }
        let pattern = self.pattern.as_deref().and_then(|pattern| Regex::new(pattern).ok())?;
        (!pattern.is_match(secret.trimmed().reveal()))
            .then(|| format!("{} has to match {}", self.label, pattern.as_str()))
    }
}

impl SecretGroup {
    /// Whether it keeps the stage from being finished no longer.
    pub fn settled(&self) -> bool {
        self.joined.is_some() || self.fields.iter().all(SecretField::settled)
    }
}

impl Secrets {
    /// All rows of the screen: stores, then every wanted secret's fields.
    pub fn rows(&self) -> Vec<SecretRow> {
        let stores = (0..self.stores.len()).map(SecretRow::Store);
        let groups = self.groups.iter().enumerate().filter(|(_, group)| group.wanted).flat_map(|(index, group)| {
            let add = group.rows.is_some().then_some(SecretRow::AddRow(index));
            (0..group.fields.len()).map(move |field| SecretRow::Field(index, field)).chain(add)
        });
        stores.chain(groups).collect()
    }

    /// The selected row.
    pub fn selected(&self) -> Option<SecretRow> {
        self.rows().get(self.at).copied()
    }

    /// The selected field.
    pub fn selected_field(&self) -> Option<&SecretField> {
        match self.selected()? {
            SecretRow::Field(group, field) => self.groups.get(group)?.fields.get(field),
            _ => None,
        }
    }

    /// The selected field's secret.
    pub fn selected_group(&self) -> Option<&SecretGroup> {
        match self.selected()? {
            SecretRow::Field(group, _) | SecretRow::AddRow(group) => self.groups.get(group),
            SecretRow::Store(_) => None,
        }
    }

    /// Fields of wanted secrets; of rows that came joined, none.
    pub fn wanted_fields(&self) -> impl Iterator<Item = &SecretField> {
        self.groups
            .iter()
            .filter(|group| {
                group.wanted && (group.joined.is_none() || group.fields.iter().any(|field| field.length.is_some()))
            })
            .flat_map(|group| &group.fields)
    }

    /// Selects the first field that is still missing.
    pub(super) fn select_open(&mut self) {
        let open = self.rows().into_iter().position(|row| match row {
            SecretRow::Field(group, field) => self
                .groups
                .get(group)
                .is_some_and(|group| !group.settled() && group.fields.get(field).is_some_and(|field| !field.settled())),
            _ => false,
        });
        self.at = open.unwrap_or(self.at);
    }

    /// What is kept already, and what the cluster has, is still being looked up; none once that is known.
    pub(super) fn looked_up(&self) -> Option<String> {
        let all = self.wanted_fields().count();
        let busy = self.wanted_fields().filter(|field| field.is_busy() && !field.settled()).count();
        (busy > 0).then(|| format!("still looking up what is kept already: {} of {all}", all - busy))
    }

    /// Labels of what is still missing.
    pub fn open(&self) -> Vec<String> {
        self.groups
            .iter()
            .filter(|group| group.wanted && !group.settled())
            .flat_map(|group| {
                let open = group.fields.iter().filter(|field| !field.settled());
                open.map(|field| format!("{}: {}", group.label, field.label))
            })
            .collect()
    }

    pub(super) fn group_of_mut(&mut self, reference: &SecretRef) -> Option<&mut SecretGroup> {
        self.groups.iter_mut().find(|group| group.fields.iter().any(|field| field.reference == *reference))
    }

    pub(super) fn field_mut(&mut self, reference: &SecretRef) -> Option<&mut SecretField> {
        self.groups.iter_mut().flat_map(|group| &mut group.fields).find(|field| field.reference == *reference)
    }
}
