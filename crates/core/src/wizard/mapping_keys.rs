//! Keys while a values file is being filled in.

use super::{
    Action, Editing, Effect, Fields, Key, Line, Wizard,
    guide::moved,
    mapping::{Doing, Keys, MapRow},
};
use crate::mapping::{Decision, KeyPath, Known, VendorKey, read_typed, suggested, written};

impl Fields {
    /// The values file being filled in.
    pub fn keys(&self) -> Option<&Keys> {
        match &self.editing {
            Some(Editing::Keys(keys)) => Some(keys),
            _ => None,
        }
    }

    fn keys_mut(&mut self) -> Option<&mut Keys> {
        match &mut self.editing {
            Some(Editing::Keys(keys)) => Some(keys),
            _ => None,
        }
    }
}

impl Wizard {
    /// A key's action in the table of a values file.
    pub(super) fn mapping_act(&mut self, action: Action) -> Vec<Effect> {
        let rows = self.inputs.selected().map(|field| field.mapped.len()).unwrap_or_default();
        let row = self.map_row().cloned();
        let Some(keys) = self.inputs.keys_mut() else { return Vec::new() };
        keys.refusal = None;
        if let Some(doing) = keys.doing.take() {
            return self.mapping_done(doing, action);
        }
        match (action, row) {
            (Action::Cancel, _) => self.inputs.editing = None,
            (Action::Accept, Some(row)) => match suggested(&row.candidates) {
                Some(best) if row.is_open() => {
                    let value = best.value();
                    return self.decided(&row.path, Decision::Set(value));
                }
                _ => keys.doing = Some(Doing::Typing(typing(&row))),
            },
            (Action::TypeInstead, Some(row)) => keys.doing = Some(Doing::Typing(typing(&row))),
            (Action::Point, Some(_)) => keys.doing = Some(Doing::Pointing(0, String::new())),
            (Action::LeaveAs, Some(_)) => keys.doing = Some(Doing::Leaving(Line::default())),
            (Action::MoreKeys, _) => keys.doing = Some(Doing::Adding(0, String::new())),
            (Action::Forget, Some(row)) => return self.decided(&row.path, Decision::Undo),
            (action, _) => keys.at = moved(keys.at, rows, action),
        }
        Vec::new()
    }

    fn mapping_done(&mut self, doing: Doing, action: Action) -> Vec<Effect> {
        let path = self.map_row().map(|row| row.path.clone());
        match (doing, action, path) {
            (_, Action::Cancel, _) => {}
            (Doing::Typing(line), Action::Accept, Some(path)) => match read_typed(line.text()) {
                Ok(value) => return self.decided_or(&path, Decision::Set(value), Doing::Typing(line)),
                Err(why) => self.doing(Doing::Typing(line), Some(why)),
            },
            (Doing::Leaving(line), Action::Accept, _) if line.text().trim().is_empty() => {
                self.doing(Doing::Leaving(line), Some("say why, for whoever reads it later".into()));
            }
            (Doing::Leaving(line), Action::Accept, Some(path)) => {
                let reason = line.text().trim().to_owned();
                return self.decided_or(&path, Decision::Leave(reason), Doing::Leaving(line));
            }
            (Doing::Naming(line), Action::Accept, _) => match line.text().parse::<KeyPath>() {
                Ok(path) => self.own_key(path),
                Err(why) => self.doing(Doing::Naming(line), Some(why.to_string())),
            },
            (Doing::Pointing(..), Action::TypeInstead, _) => {
                let line = self.map_row().map(typing).unwrap_or_default();
                self.doing(Doing::Typing(line), None);
            }
            (Doing::Adding(..), Action::TypeInstead, _) => self.doing(Doing::Naming(Line::default()), None),
            (Doing::Pointing(at, filter), action, path) => {
                let shown = self.pointed(&filter);
                match (action, shown.get(at), path) {
                    (Action::Accept, Some(known), Some(path)) => {
                        let value = known.expression.as_str().into();
                        return self.decided_or(&path, Decision::Set(value), Doing::Pointing(at, filter));
                    }
                    (action, ..) => self.doing(Doing::Pointing(moved(at, shown.len(), action), filter), None),
                }
            }
            (Doing::Adding(at, filter), action, _) => {
                let shown = self.addable(&filter);
                match (action, shown.get(at)) {
                    (Action::Accept, Some(key)) => self.own_key(key.path.clone()),
                    (action, _) => self.doing(Doing::Adding(moved(at, shown.len(), action), filter), None),
                }
            }
            (doing, ..) => self.doing(doing, None),
        }
        Vec::new()
    }

    /// What is typed while something is done with a key.
    pub(super) fn mapping_text(&mut self, key: &Key) {
        let Some(keys) = self.inputs.keys_mut() else { return };
        match &mut keys.doing {
            Some(Doing::Typing(line) | Doing::Leaving(line) | Doing::Naming(line)) => line.press(key),
            Some(Doing::Pointing(at, filter) | Doing::Adding(at, filter)) => {
                match key {
                    Key::Letter(typed) | Key::Paste(typed) => filter.push_str(typed.reveal()),
                    Key::Backspace => drop(filter.pop()),
                    _ => return,
                }
                *at = 0;
            }
            None => {}
        }
    }

    /// What can be pointed to and fits the filter; what may belong to the selected key first.
    pub fn pointed(&self, filter: &str) -> Vec<Known> {
        let wanted = filter.to_lowercase();
        let first: Vec<String> = self
            .map_row()
            .map(|row| row.candidates.iter().map(|candidate| candidate.expression.clone()).collect())
            .unwrap_or_default();
        let mut all: Vec<Known> = self
            .pointable()
            .into_iter()
            .filter(|known| {
                [&known.expression, &known.label, &known.shown].iter().any(|text| text.to_lowercase().contains(&wanted))
            })
            .collect();
        all.sort_by_key(|known| first.iter().position(|one| *one == known.expression).unwrap_or(usize::MAX));
        all
    }

    /// Further keys of the file that fit the filter.
    pub fn addable(&self, filter: &str) -> Vec<VendorKey> {
        let wanted = filter.to_lowercase();
        let Some(field) = self.inputs.selected() else { return Vec::new() };
        let keys = field.vendor().map(|file| file.keys.as_slice()).unwrap_or_default();
        keys.iter()
            .filter(|key| !field.mapped.iter().any(|row| row.path == key.path))
            .filter(|key| {
                [key.path.to_string(), key.comment.clone()].iter().any(|text| text.to_lowercase().contains(&wanted))
            })
            .cloned()
            .collect()
    }

    /// A further key: it becomes a row, and its value is typed next.
    fn own_key(&mut self, path: KeyPath) {
        let Some(field) = self.inputs.all.get_mut(self.inputs.at) else { return };
        let at = field.mapped.iter().position(|row| row.path == path).unwrap_or_else(|| {
            let key = field.vendor().and_then(|file| file.key(&path)).cloned();
            let row = MapRow {
                path,
                key,
                state: crate::mapping::State::Open,
                becomes: String::new(),
                candidates: Vec::new(),
            };
            field.mapped.push(row);
            field.mapped.len() - 1
        });
        let line = field.mapped.get(at).map(typing).unwrap_or_default();
        if let Some(keys) = self.inputs.keys_mut() {
            keys.at = at;
            keys.doing = Some(Doing::Typing(line));
        }
    }

    fn doing(&mut self, doing: Doing, refusal: Option<String>) {
        if let Some(keys) = self.inputs.keys_mut() {
            (keys.doing, keys.refusal) = (Some(doing), refusal);
        }
    }

    fn decided(&mut self, path: &KeyPath, decision: Decision) -> Vec<Effect> {
        let name = self.inputs.selected().map(|field| field.name.clone()).unwrap_or_default();
        let undone = decision == Decision::Undo;
        match self.map_key(&name, path, decision) {
            Err(why) => {
                if let Some(keys) = self.inputs.keys_mut() {
                    keys.refusal = Some(why);
                }
                Vec::new()
            }
            Ok(effects) => {
                self.select_key(path, undone);
                effects
            }
        }
    }

    fn decided_or(&mut self, path: &KeyPath, decision: Decision, doing: Doing) -> Vec<Effect> {
        let effects = self.decided(path, decision);
        if let Some(keys) = self.inputs.keys_mut().filter(|keys| keys.refusal.is_some()) {
            keys.doing = Some(doing);
        }
        effects
    }

    /// On to the next open key; stays where it was undone.
    fn select_key(&mut self, path: &KeyPath, stay: bool) {
        let Some(field) = self.inputs.all.get(self.inputs.at) else { return };
        let here = field.mapped.iter().position(|row| row.path == *path);
        let open = |from: usize| field.mapped.iter().skip(from).position(MapRow::is_open).map(|index| index + from);
        let next = here.and_then(open).or_else(|| open(0)).filter(|_| !stay);
        let at = next.or(here).unwrap_or_default().min(field.mapped.len().saturating_sub(1));
        if let Some(keys) = self.inputs.keys_mut() {
            keys.at = at;
        }
    }
}

/// What stands there already, to be changed.
fn typing(row: &MapRow) -> Line {
    match &row.state {
        crate::mapping::State::Set(value) => Line::of(&written(value)),
        _ => Line::default(),
    }
}
