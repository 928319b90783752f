//! Keys on the Secrets screen.

use super::{
    Action, Effect, Key, Line, SecretEditing, SecretRow, Source, Vault, Wizard,
    vault::{cell, field},
};
use crate::value::SecretRef;

/// More rows than this are a mistake in an answers file.
const MOST_ROWS: usize = 999;

impl Wizard {
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
            (Action::Trim, Some(field)) => {
                self.notice = Some(format!("{}: there is no stray space at its ends", field.label))
            }
            (Action::From | Action::Generate | Action::Trim | Action::Forget, None) => {
                self.notice = Some("that is for a secret: choose one below".into());
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
    pub(super) fn make_room(&mut self, reference: &SecretRef) {
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
