//! Secrets: what goes into the vault. Values pass through to it; only length and findings stay here.

use regex::Regex;

use super::{Action, Effect, ErratumShown, Key, Line, Look, Origin, StoreOffer, Vault, VaultSaid, Wizard};
use crate::{
    guide::Generate,
    value::{Plain, SecretRef},
};

/// More rows than this are a mistake in an answers file.
const MOST_ROWS: usize = 999;

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
    fn refuses(&self, secret: &Plain) -> Option<String> {
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

    fn field_mut(&mut self, reference: &SecretRef) -> Option<&mut SecretField> {
        self.groups.iter_mut().flat_map(|group| &mut group.fields).find(|field| field.reference == *reference)
    }
}

/// What a cell of a rows secret is called in the vault.
fn cell(secret: &str, column: &str, row: usize) -> SecretRef {
    SecretRef(format!("{secret}.{}.{column}", row - 1))
}

fn field(reference: SecretRef, of: &crate::guide::Field) -> SecretField {
    SecretField {
        reference,
        label: of.label.clone().unwrap_or_else(|| of.id.replace('_', " ")),
        generate: of.generate,
        keep: of.keep,
        optional: of.optional,
        multiline: of.multiline,
        visible: of.visible,
        at_least: of.at_least,
        pattern: of.pattern.clone(),
        key: of.key.clone().unwrap_or_else(|| of.id.clone()),
        length: None,
        stray_space: false,
        shown: None,
        in_cluster: None,
        equals_cluster: None,
        refusal: None,
        busy: false,
    }
}

impl Wizard {
    /// The guide's secrets, nothing entered.
    pub(super) fn lay_out_secrets(&mut self) {
        let Some(loaded) = self.loaded.clone() else { return };
        let groups = loaded.guide.secrets.iter().map(|secret| {
            let row = |number: usize| {
                let columns = secret.rows.iter().flat_map(|rows| &rows.columns);
                columns.map(move |column| field(cell(&secret.id, &column.id, number), column))
            };
            let fields = match &secret.rows {
                Some(rows) => (1..=rows.at_least.max(1)).flat_map(row).collect(),
                None => secret.fields.iter().map(|of| field(SecretRef::field(&secret.id, &of.id), of)).collect(),
            };
            SecretGroup {
                id: secret.id.clone(),
                label: secret.label.clone(),
                help: secret.help.clone(),
                kubernetes: None,
                wanted: true,
                fields,
                rows: secret.rows.as_ref().map(|rows| RowShape {
                    columns: rows.columns.len(),
                    join_columns: rows.join_columns.clone(),
                    join_rows: rows.join_rows.clone(),
                    at_least: rows.at_least,
                }),
                joined: None,
                errata: self.errata_at(&secret.id),
                from: loaded.place(&secret.from),
            }
        });
        self.secrets.groups = groups.collect();
    }

    /// Decides which secrets are wanted, and asks the vault about each.
    pub(super) fn enter_secrets(&mut self) -> Vec<Effect> {
        let Some(loaded) = self.loaded.clone() else { return Vec::new() };
        let scope = self.scope();
        let mut effects = vec![Effect::Look(Look::Stores)];
        for (group, secret) in self.secrets.groups.iter_mut().zip(&loaded.guide.secrets) {
            group.wanted = secret.when.as_deref().is_none_or(|condition| scope.holds(condition).unwrap_or(true));
            group.kubernetes = secret
                .kubernetes
                .as_deref()
                .and_then(|name| scope.render_text(name).ok().and_then(|name| name.as_str().map(str::to_owned)));
            if group.wanted {
                let whole = group.rows.is_some().then(|| SecretRef::field(&group.id, "value"));
                let key = secret.fields.first().and_then(|field| field.key.clone());
                effects.extend(whole.map(|reference| {
                    Effect::Vault(Vault::Compare { reference, kubernetes: group.kubernetes.clone().zip(key) })
                }));
                effects.extend(
                    group.fields.iter().map(|field| {
                        compare(group.rows.is_none().then_some(group.kubernetes.as_ref()).flatten(), field)
                    }),
                );
            }
        }
        self.secrets.at = self.secrets.at.min(self.secrets.rows().len().saturating_sub(1));
        effects
    }

    pub(super) fn vault_said(&mut self, said: VaultSaid) -> Vec<Effect> {
        for group in &mut self.secrets.groups {
            if group.rows.is_some() && SecretRef::field(&group.id, "value") == said.reference {
                group.joined = said.length;
                return Vec::new();
            }
        }
        let Some(field) = self.secrets.field_mut(&said.reference) else { return Vec::new() };
        field.busy = false;
        field.length = said.length;
        field.stray_space = said.stray_space;
        field.shown = said.shown;
        field.in_cluster = said.in_cluster;
        field.equals_cluster = said.equals_cluster;
        field.refusal = said.problem.map(|problem| problem.what).or_else(|| {
            let least = field.at_least?;
            let length = said.length.filter(|length| *length < least)?;
            Some(format!("{} has at least {least} characters, this has {length}", field.label))
        });
        // What exists is adopted: data encrypted with it would be lost otherwise.
        if field.keep && field.length.is_none() && field.in_cluster == Some(true) && field.refusal.is_none() {
            let reference = said.reference;
            return self.take_secret(&reference, Source::Existing, "");
        }
        self.join_rows(&said.reference)
    }

    /// Joins a rows secret once all its cells are there.
    fn join_rows(&self, changed: &SecretRef) -> Vec<Effect> {
        let group =
            self.secrets.groups.iter().find(|group| group.fields.iter().any(|field| field.reference == *changed));
        let Some((group, shape)) = group.and_then(|group| Some((group, group.rows.as_ref()?))) else {
            return Vec::new();
        };
        if !group.fields.iter().all(SecretField::settled) {
            return Vec::new();
        }
        let rows = group.fields.chunks(shape.columns.max(1));
        vec![Effect::Vault(Vault::Join {
            into: SecretRef::field(&group.id, "value"),
            rows: rows.map(|row| row.iter().map(|field| field.reference.clone()).collect()).collect(),
            join_columns: shape.join_columns.clone(),
            join_rows: shape.join_rows.clone(),
        })]
    }

    /// Keeps a secret's text, if it fits.
    pub(super) fn put_secret(&mut self, reference: &SecretRef, secret: Plain) -> Vec<Effect> {
        let Some(field) = self.secrets.field_mut(reference) else {
            self.notice = Some(format!("this guide has no secret {reference}"));
            return Vec::new();
        };
        field.refusal = field.refuses(&secret);
        if field.refusal.is_some() {
            return Vec::new();
        }
        field.busy = true;
        vec![Effect::Vault(Vault::Put { reference: reference.clone(), secret })]
    }

    fn take_secret(&mut self, reference: &SecretRef, source: Source, name: &str) -> Vec<Effect> {
        let group =
            self.secrets.groups.iter().find(|group| group.fields.iter().any(|field| field.reference == *reference));
        let kubernetes = group.and_then(|group| group.kubernetes.clone());
        let Some(field) = self.secrets.field_mut(reference) else { return Vec::new() };
        let from = match source {
            Source::File => Origin::File(name.to_owned()),
            Source::Environment => Origin::Environment(name.to_owned()),
            Source::Command => Origin::Command(name.to_owned()),
            Source::SecretsManager => Origin::SecretsManager(name.to_owned()),
            Source::Existing => match kubernetes {
                Some(secret) => Origin::Existing { secret, key: field.key.clone() },
                None => return Vec::new(),
            },
            Source::Generate => match field.generate {
                Some(how) => Origin::Generated(how),
                None => return Vec::new(),
            },
            Source::Type => return Vec::new(),
        };
        self.take(reference.clone(), from)
    }

    /// Fetches a secret from somewhere.
    pub(super) fn take(&mut self, reference: SecretRef, from: Origin) -> Vec<Effect> {
        self.make_room(&reference);
        if let Some(field) = self.secrets.field_mut(&reference) {
            field.busy = true;
            field.refusal = None;
        }
        vec![Effect::Vault(match from {
            Origin::Generated(how) => Vault::Generate { reference, how },
            from => Vault::Take { reference, from },
        })]
    }

    pub(super) fn secrets_act(&mut self, action: Action) -> Vec<Effect> {
        if let Some(editing) = self.secrets.editing.take() {
            return self.secrets_edit(editing, action);
        }
        let field = self.secrets.selected_field().cloned();
        match (action, field) {
            (Action::Open, Some(_)) => self.secrets.editing = Some(SecretEditing::Value(Line::default())),
            (Action::Open, None) => return self.open_secret_row(),
            (Action::From, Some(_)) => self.secrets.editing = Some(SecretEditing::Source(0)),
            (Action::Generate, Some(field)) => {
                if field.sources().contains(&Source::Generate) {
                    return self.take_secret(&field.reference, Source::Generate, "");
                }
                self.notice = Some(match field.generate {
                    Some(_) => "it exists in the cluster and is kept; it is never made anew".into(),
                    None => format!("{} cannot be made up", field.label),
                });
            }
            (Action::Trim, Some(field)) if field.stray_space => {
                return vec![Effect::Vault(Vault::Trim(field.reference))];
            }
            (Action::Forget, Some(field)) => return self.forget_secret(&field.reference),
            (Action::AgainAll, _) => return self.enter_secrets(),
            _ => self.secrets.at = super::guide::moved(self.secrets.at, self.secrets.rows().len(), action),
        }
        Vec::new()
    }

    fn open_secret_row(&mut self) -> Vec<Effect> {
        match self.secrets.selected() {
            Some(SecretRow::Store(index)) => {
                let Some(store) = self.secrets.stores.get(index).cloned() else { return Vec::new() };
                match store.unavailable {
                    Some(why) => self.notice = Some(format!("{}: {why}", store.label)),
                    None if store.passphrase => {
                        self.secrets.editing = Some(SecretEditing::Passphrase(store.id, Line::default()));
                    }
                    None => return vec![Effect::Vault(Vault::Store { store: store.id, passphrase: None })],
                }
            }
            Some(SecretRow::AddRow(index)) => {
                if let Some(id) = self.secrets.groups.get(index).map(|group| group.id.clone()) {
                    self.add_secret_row(&id);
                }
            }
            _ => {}
        }
        Vec::new()
    }

    /// One row more.
    pub(super) fn add_secret_row(&mut self, id: &str) {
        let Some(loaded) = self.loaded.clone() else { return };
        let secret = loaded.guide.secrets.iter().find(|secret| secret.id == id);
        let group = self.secrets.groups.iter_mut().find(|group| group.id == id);
        if let (Some(group), Some((secret, rows))) = (group, secret.and_then(|it| Some((it, it.rows.as_ref()?)))) {
            let number = group.fields.len() / rows.columns.len().max(1) + 1;
            group.fields.extend(rows.columns.iter().map(|of| field(cell(&secret.id, &of.id, number), of)));
            group.joined = None;
        }
    }

    /// Adds rows until there is the one an answers file names as `secret.<row>.<column>`.
    fn make_room(&mut self, reference: &SecretRef) {
        let parts: Vec<&str> = reference.0.split('.').collect();
        let &[id, row, _] = parts.as_slice() else { return };
        let Ok(row) = row.parse::<usize>() else { return };
        let id = id.to_owned();
        while self.secrets.groups.iter().any(|group| {
            let columns = group.rows.as_ref().map_or(0, |shape| shape.columns);
            group.id == id && columns > 0 && group.fields.len() / columns <= row.min(MOST_ROWS)
        }) {
            self.add_secret_row(&id);
        }
    }

    /// Removes a value; in rows beyond the fewest, the last row.
    pub(super) fn forget_secret(&mut self, reference: &SecretRef) -> Vec<Effect> {
        let group =
            self.secrets.groups.iter_mut().find(|group| group.fields.iter().any(|field| field.reference == *reference));
        let Some(group) = group else { return Vec::new() };
        let mut gone = vec![reference.clone()];
        if let Some(shape) = &group.rows {
            group.joined = None;
            let least = shape.at_least.max(1) * shape.columns;
            let last_row = group.fields.len().saturating_sub(shape.columns);
            let at = group.fields.iter().position(|field| field.reference == *reference).unwrap_or(0);
            if group.fields.len() > least && at >= last_row {
                gone = group.fields.drain(last_row..).map(|field| field.reference).collect();
            }
            gone.push(SecretRef::field(&group.id, "value"));
        }
        for field in &mut group.fields {
            if field.reference == *reference {
                (field.length, field.shown, field.stray_space, field.refusal) = (None, None, false, None);
                field.equals_cluster = None;
            }
        }
        self.secrets.at = self.secrets.at.min(self.secrets.rows().len().saturating_sub(1));
        gone.into_iter().map(|reference| Effect::Vault(Vault::Forget(reference))).collect()
    }

    fn secrets_edit(&mut self, editing: SecretEditing, action: Action) -> Vec<Effect> {
        if action == Action::Cancel {
            return Vec::new();
        }
        let field = self.secrets.selected_field().cloned();
        match (editing, action, field) {
            (SecretEditing::Value(line), Action::Accept, Some(field)) => {
                let effects = self.put_secret(&field.reference, line.plain());
                if !effects.is_empty() {
                    self.secrets.at = super::guide::moved(self.secrets.at, self.secrets.rows().len(), Action::Down);
                }
                effects
            }
            (SecretEditing::Source(at), Action::Accept, Some(field)) => match field.sources().get(at) {
                Some(Source::Type) => {
                    self.secrets.editing = Some(SecretEditing::Value(Line::default()));
                    Vec::new()
                }
                Some(source @ (Source::Generate | Source::Existing)) => self.take_secret(&field.reference, *source, ""),
                Some(source) => {
                    self.secrets.editing = Some(SecretEditing::Name(*source, Line::default()));
                    Vec::new()
                }
                None => Vec::new(),
            },
            (SecretEditing::Source(at), action, Some(field)) => {
                let at = super::guide::moved(at, field.sources().len(), action);
                self.secrets.editing = Some(SecretEditing::Source(at));
                Vec::new()
            }
            (SecretEditing::Name(source, line), Action::Accept, Some(field)) => {
                self.take_secret(&field.reference, source, line.text())
            }
            (SecretEditing::Passphrase(store, line), Action::Accept, _) => {
                vec![Effect::Vault(Vault::Store { store, passphrase: Some(line.plain()) })]
            }
            (editing, ..) => {
                self.secrets.editing = Some(editing);
                Vec::new()
            }
        }
    }

    pub(super) fn secrets_text(&mut self, key: &Key) {
        let multiline = self.secrets.selected_field().is_some_and(|field| field.multiline);
        match &mut self.secrets.editing {
            // A secret is taken exactly as it was pasted, newline and all; the field then says so.
            Some(SecretEditing::Value(line)) => match key {
                Key::Paste(typed) => line.insert(typed),
                Key::Letter(typed) if multiline || typed.letter() != Some('\n') => line.insert(typed),
                key => line.press(key),
            },
            Some(SecretEditing::Name(_, line) | SecretEditing::Passphrase(_, line)) => line.press(key),
            _ => {}
        }
    }
}

fn compare(kubernetes: Option<&String>, field: &SecretField) -> Effect {
    Effect::Vault(Vault::Compare {
        reference: field.reference.clone(),
        kubernetes: kubernetes.map(|name| (name.clone(), field.key.clone())),
    })
}
