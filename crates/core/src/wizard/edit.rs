//! Keys in a field: choosing, typing, ticking, filling rows. Target and Inputs share this.

use serde_json::Value;

use super::{Action, Editing, Fields, Key, Line, fields::plain};

/// What came of a key in a field.
#[derive(Debug, PartialEq)]
pub(super) enum Edited {
    /// Nothing anybody else must know.
    Nothing,
    /// The field of this name was answered.
    Answered(String, Value),
}

impl Fields {
    /// A key's action while a field is being answered.
    pub(super) fn act(&mut self, action: Action) -> Edited {
        match (&mut self.editing, action) {
            (_, Action::Cancel) => {
                self.editing = None;
                self.judge_again();
            }
            (Some(Editing::Line(line)), Action::Accept) => {
                let text = line.text().to_owned();
                return self.typed(&text);
            }
            (Some(Editing::Pick { .. }), Action::Accept) => return self.picked(),
            (Some(Editing::Pick { .. }), Action::TypeInstead) => {
                let text = self.selected().map(|field| plain(&field.answer)).unwrap_or_default();
                self.editing = Some(Editing::Line(Line::of(&text)));
            }
            (Some(Editing::Pick { at, ticked, .. }), Action::Tick) => {
                match ticked.iter().position(|index| index == at) {
                    Some(index) => drop(ticked.remove(index)),
                    None => ticked.push(*at),
                }
            }
            (
                Some(Editing::Pick { .. }),
                Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last,
            ) => {
                self.move_pick(action);
            }
            (Some(Editing::Cells { .. }), action) => return self.cell(action),
            _ => {}
        }
        Edited::Nothing
    }

    /// A key that is no action: it is typed.
    pub(super) fn text(&mut self, key: &Key) {
        match &mut self.editing {
            Some(Editing::Line(line)) => line.press(key),
            Some(Editing::Cells { rows, row, column }) => {
                if let Some(line) = rows.get_mut(*row).and_then(|cells| cells.get_mut(*column)) {
                    line.press(key);
                }
            }
            Some(Editing::Pick { filter, .. }) => {
                match key {
                    Key::Letter(typed) | Key::Paste(typed) => filter.push_str(typed.reveal()),
                    Key::Backspace => drop(filter.pop()),
                    Key::DeleteLine => filter.clear(),
                    _ => return,
                }
                let shown = self.picks();
                if let Some(Editing::Pick { at, .. }) = &mut self.editing
                    && !shown.iter().any(|(index, _)| index == at)
                    && let Some((first, _)) = shown.first()
                {
                    *at = *first;
                }
            }
            // A values file has keys of its own.
            Some(Editing::Keys(_)) | None => {}
        }
    }

    fn move_pick(&mut self, action: Action) {
        let shown: Vec<usize> = self.picks().into_iter().map(|(index, _)| index).collect();
        let Some(Editing::Pick { at, .. }) = &mut self.editing else { return };
        let here = shown.iter().position(|index| index == at).unwrap_or(0);
        let last = shown.len().saturating_sub(1);
        let there = match action {
            Action::Up => here.saturating_sub(1),
            Action::Down => (here + 1).min(last),
            Action::PageUp => here.saturating_sub(8),
            Action::PageDown => (here + 8).min(last),
            Action::First => 0,
            _ => last,
        };
        if let Some(index) = shown.get(there) {
            *at = *index;
        }
    }

    fn picked(&mut self) -> Edited {
        let (Some(Editing::Pick { at, ticked, .. }), Some(field)) = (&self.editing, self.selected()) else {
            return Edited::Nothing;
        };
        let rows = field.rows();
        let value = if field.takes_several() {
            let mut chosen = ticked.clone();
            if chosen.is_empty() {
                chosen.push(*at);
            }
            chosen.sort_unstable();
            Value::Array(chosen.iter().filter_map(|index| rows.get(*index)).map(|row| row.value.clone()).collect())
        } else {
            match rows.get(*at) {
                Some(row) => row.value.clone(),
                None => return Edited::Nothing,
            }
        };
        self.answered(value)
    }

    /// What was typed and refused is gone: only the answer that stands is judged.
    fn judge_again(&mut self) {
        let Some(field) = self.all.get_mut(self.at).filter(|field| !field.answer.is_null()) else { return };
        field.refusal = match field.asked.accept(&field.answer) {
            Err(refused) => Some(refused.0),
            Ok(value) => field.rejected(&value),
        };
    }

    fn typed(&mut self, text: &str) -> Edited {
        let Some(field) = self.selected() else { return Edited::Nothing };
        match field.read(text) {
            Ok(value) => self.answered(value),
            Err(why) => {
                if let Some(field) = self.all.get_mut(self.at) {
                    field.refusal = Some(why);
                }
                Edited::Nothing
            }
        }
    }

    /// Takes the answer if the field accepts it; the field stays open with the reason otherwise.
    fn answered(&mut self, value: Value) -> Edited {
        let Some(field) = self.all.get_mut(self.at) else { return Edited::Nothing };
        let refusal = match field.asked.accept(&value) {
            Err(refused) => Some(refused.0),
            Ok(value) => field.rejected(&value),
        };
        if refusal.is_some() {
            field.refusal = refusal;
            return Edited::Nothing;
        }
        self.editing = None;
        Edited::Answered(field.name.clone(), value)
    }

    fn cell(&mut self, action: Action) -> Edited {
        let Some(Editing::Cells { rows, row, column }) = &mut self.editing else { return Edited::Nothing };
        let columns = rows.first().map_or(1, Vec::len);
        let empty = rows.get(*row).is_none_or(|cells| cells.iter().all(Line::is_empty));
        match action {
            Action::Accept if empty && *row + 1 == rows.len() => {
                let typed: Vec<Vec<String>> = rows
                    .iter()
                    .filter(|cells| !cells.iter().all(Line::is_empty))
                    .map(|cells| cells.iter().map(|cell| cell.text().to_owned()).collect())
                    .collect();
                let names: Vec<String> = self
                    .selected()
                    .map(|field| field.asked.columns.iter().map(|column| column.id.clone()).collect())
                    .unwrap_or_default();
                let value = typed
                    .into_iter()
                    .map(|cells| {
                        Value::Object(names.iter().cloned().zip(cells.into_iter().map(Value::String)).collect())
                    })
                    .collect();
                return self.answered(Value::Array(value));
            }
            Action::Accept | Action::TabOn => {
                if *column + 1 < columns {
                    *column += 1;
                } else {
                    if *row + 1 == rows.len() {
                        rows.push(vec![Line::default(); columns]);
                    }
                    *row += 1;
                    *column = 0;
                }
            }
            Action::TabBack => match column.checked_sub(1) {
                Some(before) => *column = before,
                None if *row > 0 => {
                    *row -= 1;
                    *column = columns - 1;
                }
                None => {}
            },
            Action::Up => *row = row.saturating_sub(1),
            Action::Down => *row = (*row + 1).min(rows.len() - 1),
            _ => {}
        }
        Edited::Nothing
    }
}

impl Line {
    /// A key while this line is being typed.
    pub(super) fn press(&mut self, key: &Key) {
        match key {
            Key::Letter(typed) => self.insert(typed),
            // A pasted newline at the end of a one-line field is the clipboard's, not the person's.
            Key::Paste(typed) => self.insert(&super::Typed::new(typed.reveal().trim_end_matches(['\r', '\n']))),
            Key::Backspace => self.backspace(),
            Key::Delete => self.delete(),
            Key::DeleteWord => self.delete_word(),
            Key::DeleteLine => self.clear(),
            Key::Left => self.move_by(-1),
            Key::Right => self.move_by(1),
            Key::Home => self.home(),
            Key::End => self.end(),
            _ => {}
        }
    }
}
