//! Secrets and the vault: laying them out, asking about them, taking in what the vault says.

use super::{Effect, Look, Origin, RowShape, SecretField, SecretGroup, Source, Vault, VaultSaid, Wizard};
use crate::value::{Plain, SecretRef};

/// What a cell of a rows secret is called in the vault.
pub(super) fn cell(secret: &str, column: &str, row: usize) -> SecretRef {
    SecretRef(format!("{secret}.{}.{column}", row - 1))
}

pub(super) fn field(reference: SecretRef, of: &crate::guide::Field) -> SecretField {
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
        pending: 0,
        known: false,
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
                changed: false,
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
                // An earlier session may have kept more rows than are laid out.
                effects.extend(next_row(group, secret).into_iter().map(|field| compare(None, &field)));
            }
        }
        self.secrets.at = self.secrets.at.min(self.secrets.rows().len().saturating_sub(1));
        effects
    }

    /// Notes what the vault was asked: a field is busy until every wish about it is answered, whichever was first.
    pub(super) fn count_wishes(&mut self, effects: &[Effect]) {
        for effect in effects {
            let Effect::Vault(wish) = effect else { continue };
            let (Vault::Put { reference, .. }
            | Vault::Take { reference, .. }
            | Vault::Generate { reference, .. }
            | Vault::Compare { reference, .. }
            | Vault::Trim(reference)
            | Vault::Forget(reference)) = wish
            else {
                continue;
            };
            if let Some(field) = self.secrets.field_mut(reference) {
                field.pending += 1;
            }
            if !matches!(wish, Vault::Compare { .. })
                && let Some(group) = self.secrets.group_of_mut(reference)
            {
                group.changed = true;
            }
        }
    }

    pub(super) fn vault_said(&mut self, said: VaultSaid) -> Vec<Effect> {
        for group in &mut self.secrets.groups {
            if group.rows.is_some() && SecretRef::field(&group.id, "value") == said.reference {
                group.joined = said.length;
                return Vec::new();
            }
        }
        if self.secrets.field_mut(&said.reference).is_none() {
            return if said.length.is_some() { self.found_row(&said.reference) } else { Vec::new() };
        }
        let Some(field) = self.secrets.field_mut(&said.reference) else { return Vec::new() };
        let came = said.reference.clone();
        field.pending = field.pending.saturating_sub(1);
        field.known = true;
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
        let mut effects = self.join_rows(&said.reference);
        effects.extend(self.secret_came(&came));
        effects
    }

    /// The vault has a row that is not laid out yet: it is laid out, looked up, and so is the one after it.
    fn found_row(&mut self, reference: &SecretRef) -> Vec<Effect> {
        let Some(loaded) = self.loaded.clone() else { return Vec::new() };
        let Some((secret, _)) = reference.0.split_once('.') else { return Vec::new() };
        let Some(secret) = loaded.guide.secrets.iter().find(|known| known.id == secret) else { return Vec::new() };
        let group = |wizard: &Self| wizard.secrets.groups.iter().find(|group| group.id == secret.id).cloned();
        let Some(before) = group(self) else { return Vec::new() };
        self.make_room(reference);
        let Some(now) = group(self) else { return Vec::new() };
        // It was kept with its rows: finding them changes nothing of it.
        if let Some(group) = self.secrets.groups.iter_mut().find(|group| group.id == secret.id) {
            group.joined = before.joined;
        }
        let fresh = now.fields.iter().skip(before.fields.len()).cloned();
        let next = next_row(&now, secret).filter(|_| now.fields.len() > before.fields.len());
        fresh.chain(next).map(|field| compare(None, &field)).collect()
    }

    /// Joins a rows secret once all its cells are there. One that is kept already is joined anew only where a cell was
    /// changed: looking up its cells changes nothing.
    fn join_rows(&self, changed: &SecretRef) -> Vec<Effect> {
        let group =
            self.secrets.groups.iter().find(|group| group.fields.iter().any(|field| field.reference == *changed));
        let Some((group, shape)) = group.and_then(|group| Some((group, group.rows.as_ref()?))) else {
            return Vec::new();
        };
        if !group.fields.iter().all(SecretField::settled) || (group.joined.is_some() && !group.changed) {
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
        vec![Effect::Vault(Vault::Put { reference: reference.clone(), secret })]
    }

    pub(super) fn take_secret(&mut self, reference: &SecretRef, source: Source, name: &str) -> Vec<Effect> {
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
            field.refusal = None;
        }
        vec![Effect::Vault(match from {
            Origin::Generated(how) => Vault::Generate { reference, how },
            from => Vault::Take { reference, from },
        })]
    }
}

/// The first cell of the row after the last one that is laid out.
fn next_row(group: &SecretGroup, secret: &crate::guide::Secret) -> Option<SecretField> {
    let first = secret.rows.as_ref()?.columns.first()?;
    let columns = group.rows.as_ref()?.columns.max(1);
    Some(field(cell(&secret.id, &first.id, group.fields.len() / columns + 1), first))
}

fn compare(kubernetes: Option<&String>, field: &SecretField) -> Effect {
    Effect::Vault(Vault::Compare {
        reference: field.reference.clone(),
        kubernetes: kubernetes.map(|name| (name.clone(), field.key.clone())),
    })
}
