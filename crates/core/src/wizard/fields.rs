//! Fields: what can be chosen, which is selected, what is open. Target and Inputs share this.

use crate::value::Document;
use serde_json::Value;

use super::{AnsweredBy, Editing, Field, Fields, Keys, Line, MapRow, Suggestions};
use crate::{
    event::{Row, Table},
    guide::InputType,
};

impl Field {
    /// Whether it keeps the stage from being finished no longer.
    pub fn settled(&self) -> bool {
        self.refusal.is_none()
            && match (&self.asked.kind, &self.suggestions) {
                (InputType::Mapping, Suggestions::Vendor(_)) => !self.mapped.iter().any(MapRow::is_open),
                // The file can only be read once the secret is there: it comes up again at the next stage.
                (InputType::Mapping, Suggestions::Needs(..) | Suggestions::None) => true,
                (InputType::Mapping, Suggestions::Failed(_)) => !self.mapping().is_empty(),
                (InputType::Mapping, _) => false,
                _ => !self.answer.is_null() || self.asked.optional,
            }
    }

    /// Whether several rows can be chosen.
    pub fn takes_several(&self) -> bool {
        matches!(self.asked.kind, InputType::List | InputType::Subnets)
    }

    /// For people.
    pub fn label(&self) -> String {
        self.asked.label()
    }

    /// What is still missing of it, for people.
    pub(super) fn missing(&self) -> String {
        match (&self.suggestions, self.mapped_of()) {
            (Suggestions::Vendor(_), (done, all)) if all - done == 1 => format!("{} (1 key)", self.label()),
            (Suggestions::Vendor(_), (done, all)) => format!("{} ({} keys)", self.label(), all - done),
            _ => self.label(),
        }
    }

    /// The answer for people: what a chosen row showed, else the value itself.
    pub fn shown(&self) -> String {
        if self.asked.kind == InputType::Mapping {
            return self.shown_mapping();
        }
        if self.answer.is_null() {
            return String::new();
        }
        let Some(row) = self.chosen() else {
            return match &self.answer {
                Value::Object(fields) => fields.values().map(plain).collect::<Vec<_>>().join("  "),
                answer => plain(answer),
            };
        };
        if self.asked.kind == InputType::Choice {
            return row.cells.into_iter().next().unwrap_or_default();
        }
        // A cell that says what another said already is left out.
        let mut cells: Vec<String> = Vec::new();
        for cell in row.cells.into_iter().filter(|cell| !cell.is_empty()) {
            if !cells.contains(&cell) {
                cells.push(cell);
            }
        }
        cells.join("  ")
    }

    /// The row that stands for the answer. An answers file need not name everything a row holds.
    fn chosen(&self) -> Option<Row> {
        let same = |row: &Value| match (&self.answer, row) {
            (Value::Object(answer), Value::Object(row)) => {
                answer.iter().all(|(key, value)| row.get(key) == Some(value))
            }
            (answer, row) => answer == row,
        };
        self.rows().into_iter().find(|row| same(&row.value))
    }

    /// What the chosen one of several choices means.
    pub fn means(&self) -> Option<String> {
        let row = self.chosen().filter(|_| self.asked.kind == InputType::Choice)?;
        row.cells.into_iter().nth(1).filter(|help| !help.is_empty())
    }

    /// The answer as a person would type it.
    pub fn text(&self) -> String {
        plain(&self.answer)
    }

    /// What was typed, as a value; a tree is typed as YAML on one line, and what is not YAML is refused.
    pub fn read(&self, text: &str) -> Result<Value, String> {
        match self.asked.kind {
            InputType::Tree | InputType::Ami if text.trim_start().starts_with(['{', '[']) => {
                Document::parse("answer", text).map(|document| document.value().clone()).map_err(|fault| fault.message)
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
            Editing::Cells { rows: cells(field), row: 0, column: 0 }
        } else if field.asked.kind == InputType::Mapping {
            let at = field.mapped.iter().position(MapRow::is_open).unwrap_or_default();
            Editing::Keys(Keys { at, ..Keys::default() })
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

/// The rows that are there, to be typed in; one more of them empty.
pub(super) fn cells(field: &Field) -> Vec<Vec<Line>> {
    let names: Vec<&str> = field.asked.columns.iter().map(|column| column.id.as_str()).collect();
    let mut rows: Vec<Vec<Line>> = field
        .answer
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| names.iter().map(|name| Line::of(&plain(row.get(*name).unwrap_or(&Value::Null)))).collect())
        .collect();
    rows.push(vec![Line::default(); names.len().max(1)]);
    rows
}
