//! Fields being answered: choosing, typing, ticking, filling rows. Target and Inputs share this.

use serde_json::Value;

use super::{Action, AnsweredBy, Editing, Field, Fields, Key, Line, Suggestions};
use crate::{
    event::{Row, Table},
    guide::InputType,
    value::Document,
};

/// What came of a key in a field.
#[derive(Debug, PartialEq)]
pub(super) enum Edited {
    /// Nothing anybody else must know.
    Nothing,
    /// The field of this name was answered.
    Answered(String, Value),
}

impl Field {
    /// Whether it keeps the stage from being finished no longer.
    pub fn settled(&self) -> bool {
        self.refusal.is_none() && (!self.answer.is_null() || self.asked.optional)
    }

    /// Whether several rows can be chosen.
    pub fn takes_several(&self) -> bool {
        matches!(self.asked.kind, InputType::List | InputType::Subnets)
    }

    /// For people.
    pub fn label(&self) -> String {
        self.asked.label()
    }

    /// The answer for people: what a chosen row showed, else the value itself.
    pub fn shown(&self) -> String {
        if self.answer.is_null() {
            return String::new();
        }
        let row = self.rows().into_iter().find(|row| row.value == self.answer);
        match row {
            Some(row) => row.cells.join("  "),
            None => plain(&self.answer),
        }
    }

    /// The answer as a person would type it.
    pub fn text(&self) -> String {
        plain(&self.answer)
    }

    /// What was typed, as a value; a tree is typed as YAML on one line, and what is not YAML is refused.
    pub fn read(&self, text: &str) -> Result<Value, String> {
        match self.asked.kind {
            InputType::Tree | InputType::Ami if text.trim_start().starts_with(['{', '[']) => {
                Document::parse("answer", text)
                    .map(|document| document.value().clone())
                    .map_err(|fault| fault.message)
            }
            _ => Ok(Value::String(text.to_owned())),
        }
    }

    /// What can be chosen: choices, yes and no, or the look-up's rows.
    pub fn rows(&self) -> Vec<Row> {
        let row = |value: Value, cells: Vec<String>| Row { value, cells, ..Row::default() };
        match (&self.asked.kind, &self.suggestions) {
            (InputType::Choice, _) => self
                .asked
                .choices
                .iter()
                .map(|choice| {
                    let cells = [choice.label(), choice.help()].iter().map(|cell| (*cell).to_owned()).collect();
                    row(choice.id().into(), cells)
                })
                .collect(),
            (InputType::Boolean, _) => {
                vec![row(true.into(), vec!["yes".into()]), row(false.into(), vec!["no".into()])]
            }
            (_, Suggestions::Table(table)) => table.rows.clone(),
            _ => Vec::new(),
        }
    }

    /// Column titles of [`Field::rows`].
    pub fn columns(&self) -> &[String] {
        match &self.suggestions {
            Suggestions::Table(table) => &table.columns,
            _ => &[],
        }
    }

    /// Takes a look-up's table: what it suggests becomes the answer where nobody gave one.
    pub(super) fn suggest(&mut self, table: Table) -> bool {
        let suggested: Vec<Value> = table
            .rows
            .iter()
            .filter(|row| row.suggested && row.rejected.is_none())
            .map(|row| row.value.clone())
            .collect();
        let several = self.takes_several();
        self.suggestions = Suggestions::Table(table);
        let free = matches!(self.by, AnsweredBy::Nobody | AnsweredBy::Suggestion)
            || (self.by == AnsweredBy::Default && self.answer.is_null());
        if !free || suggested.is_empty() {
            return false;
        }
        let value = if several { Value::Array(suggested) } else { suggested.into_iter().next().unwrap_or_default() };
        let changed = self.given != value;
        self.given = value;
        self.by = AnsweredBy::Suggestion;
        changed
    }

    /// Why this answer cannot be taken, where the table rejects it.
    pub(super) fn rejected(&self, value: &Value) -> Option<String> {
        self.rows().into_iter().find(|row| row.value == *value).and_then(|row| row.rejected)
    }
}

impl Fields {
    /// The selected field.
    pub fn selected(&self) -> Option<&Field> {
        self.all.get(self.at).filter(|field| field.wanted)
    }

    /// Wanted fields with their index.
    pub fn wanted(&self) -> impl Iterator<Item = (usize, &Field)> {
        self.all.iter().enumerate().filter(|(_, field)| field.wanted)
    }

    /// Wanted fields that keep the stage from being finished.
    pub fn open(&self) -> impl Iterator<Item = &Field> {
        self.wanted().map(|(_, field)| field).filter(|field| !field.settled())
    }

    /// A field by its name.
    pub fn named(&self, name: &str) -> Option<&Field> {
        self.all.iter().find(|field| field.name == name)
    }

    /// A field by its name, to change it.
    pub(super) fn named_mut(&mut self, name: &str) -> Option<&mut Field> {
        self.all.iter_mut().find(|field| field.name == name)
    }

    /// Selects the field of this name.
    pub(super) fn select(&mut self, name: &str) {
        if let Some(index) = self.all.iter().position(|field| field.name == name && field.wanted) {
            self.at = index;
            self.editing = None;
        }
    }

    /// Moves the selection among wanted fields.
    pub(super) fn move_by(&mut self, by: isize) {
        let wanted: Vec<usize> = self.wanted().map(|(index, _)| index).collect();
        let here = wanted.iter().position(|index| *index >= self.at).unwrap_or(0);
        let there = here.saturating_add_signed(by).min(wanted.len().saturating_sub(1));
        self.at = wanted.get(there).copied().unwrap_or(0);
    }

    /// Begins to answer the selected field.
    pub(super) fn open_selected(&mut self) {
        let Some(field) = self.selected() else { return };
        let rows = field.rows();
        self.editing = Some(if field.asked.kind == InputType::Rows {
            cells(field)
        } else if rows.is_empty() {
            Editing::Line(Line::of(&plain(&field.answer)))
        } else {
            let chosen = |row: &Row| match &field.answer {
                Value::Array(items) => items.contains(&row.value),
                answer => row.value == *answer,
            };
            let ticked: Vec<usize> =
                rows.iter().enumerate().filter(|(_, row)| chosen(row)).map(|(index, _)| index).collect();
            let first = rows.iter().position(|row| row.suggested || row.rejected.is_none()).unwrap_or(0);
            let at = ticked.first().copied().unwrap_or(first);
            Editing::Pick { at, ticked, filter: String::new() }
        });
    }

    /// Rows of the list being chosen from that the filter lets through, with their index.
    pub fn picks(&self) -> Vec<(usize, Row)> {
        let Some(Editing::Pick { filter, .. }) = &self.editing else { return Vec::new() };
        let wanted = filter.to_lowercase();
        let rows = self.selected().map(Field::rows).unwrap_or_default();
        rows.into_iter()
            .enumerate()
            .filter(|(_, row)| row.cells.iter().any(|cell| cell.to_lowercase().contains(&wanted)))
            .collect()
    }

    /// A key's action while a field is being answered.
    pub(super) fn act(&mut self, action: Action) -> Edited {
        match (&mut self.editing, action) {
            (_, Action::Cancel) => self.editing = None,
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
            None => {}
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
            Key::Left => self.move_by(-1),
            Key::Right => self.move_by(1),
            Key::Home => self.home(),
            Key::End => self.end(),
            _ => {}
        }
    }
}

/// A value as a person would type it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Array(items) if items.iter().all(Value::is_object) && !items.is_empty() => {
            let rows = if items.len() == 1 { "row" } else { "rows" };
            format!("{} {rows}", items.len())
        }
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn cells(field: &Field) -> Editing {
    let names: Vec<&str> = field.asked.columns.iter().map(|column| column.id.as_str()).collect();
    let mut rows: Vec<Vec<Line>> = field
        .answer
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| names.iter().map(|name| Line::of(&plain(row.get(*name).unwrap_or(&Value::Null)))).collect())
        .collect();
    rows.push(vec![Line::default(); names.len().max(1)]);
    Editing::Cells { rows, row: 0, column: 0 }
}
