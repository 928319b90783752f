//! One field of Target or Inputs: chosen, ticked, typed or filled in row by row.

use landfall_core::{
    guide::{Input as Asked, InputType},
    wizard::{Field, Input, Suggestions, Wizard},
};
use serde_json::Value;

use super::{
    ask::{Offer, Prompt, Said},
    mapping,
    talk::{Leave, Talk},
};

/// A field by its name.
fn find<'a>(wizard: &'a Wizard, name: &str) -> Option<&'a Field> {
    let fields = if name.starts_with("target.") { &wizard.target.fields } else { &wizard.inputs };
    fields.named(name)
}

/// Asks until the answer is taken; false where the person went back.
pub(super) fn answer(talk: &mut Talk, name: &str) -> Result<bool, Leave> {
    let label = find(&talk.wizard(), name).map(Field::label).unwrap_or_default();
    let mut refused = false;
    loop {
        // Its table may still be on its way; Ctrl-C goes on without it.
        talk.wait(&format!("{label}: looking up what can be chosen"), |wizard| {
            find(wizard, name).is_none_or(|field| field.suggestions != Suggestions::Asked)
        })?;
        let wizard = talk.wizard();
        let Some(field) = find(&wizard, name).filter(|field| field.wanted) else { return Ok(true) };
        if let Some(why) = &field.locked {
            talk.para(&format!("{label} cannot change any more: {why}"))?;
            return Ok(true);
        }
        if let Some(what) = &field.replaces {
            talk.para(&format!("Know: {what}."))?;
        }
        match &field.suggestions {
            Suggestions::Needs(_, label) if field.asked.kind == InputType::Mapping => {
                talk.para(&format!("{label} is entered at the next stage; then the file can be read."))?;
                return Ok(true);
            }
            Suggestions::Failed(problem) if field.asked.kind == InputType::Mapping => {
                talk.para(&format!("The file could not be read: {}", problem.what))?;
            }
            Suggestions::Failed(problem) => {
                talk.para(&format!("The look-up failed, so it has to be typed: {}", problem.what))?;
            }
            Suggestions::Table(table) if !table.note.is_empty() => talk.para(&table.note)?,
            _ => {}
        }
        for erratum in &field.errata {
            talk.para(&format!("{}: {} Instead: {}", erratum.id, erratum.wrong, erratum.instead))?;
        }
        if field.asked.kind == InputType::Mapping {
            return mapping::fill(talk, name);
        }
        let given = match ask(talk, field)? {
            Given::Back if refused => {
                // What was there before still holds.
                talk.send(Input::Set { field: name.to_owned(), value: field.given.clone() })?;
                return Ok(false);
            }
            Given::Back => return Ok(false),
            Given::Kept if field.refusal.is_none() => return Ok(true),
            Given::Kept => field.answer.clone(),
            Given::Unreadable(why) => {
                talk.para(&why)?;
                continue;
            }
            Given::Value(value) => value,
        };
        talk.send(Input::Set { field: name.to_owned(), value: given })?;
        match find(&talk.wizard(), name).and_then(|field| field.refusal.clone()) {
            Some(why) => {
                refused = true;
                talk.para(&why)?;
            }
            None => return Ok(true),
        }
    }
}

/// What a person gave.
enum Given {
    Value(Value),
    /// The answer stays as it is.
    Kept,
    Back,
    Unreadable(String),
}

fn ask(talk: &mut Talk, field: &Field) -> Result<Given, Leave> {
    let help = help(field);
    let title = field.label();
    let rows = field.rows();
    if field.asked.kind == InputType::Rows {
        return table(talk, field, &help);
    }
    if rows.is_empty() {
        let given = field.text();
        let said = talk.ask(&Prompt::Text { title, given: given.clone() }, &help)?;
        return Ok(typed(field, said, &given));
    }
    let columns = field.columns();
    let offers: Vec<Offer> = rows
        .iter()
        .map(|row| {
            let word = row.value.as_str().map_or_else(|| row.value.to_string(), str::to_owned);
            let mut label: Vec<String> = match columns {
                [] => row.cells.iter().filter(|cell| !cell.is_empty()).cloned().collect(),
                columns => row
                    .cells
                    .iter()
                    .enumerate()
                    .filter(|(_, cell)| !cell.is_empty())
                    .map(|(index, cell)| match (index, columns.get(index)) {
                        (0, _) | (_, None) => cell.clone(),
                        (_, Some(column)) => format!("{column} {cell}"),
                    })
                    .collect(),
            };
            if row.suggested {
                label.push("suggested".into());
            }
            label.extend(row.rejected.as_ref().map(|why| format!("cannot be chosen: {why}")));
            Offer::new(word, label.join(", "))
        })
        .collect();
    let answered = |value: &Value| match &field.answer {
        Value::Array(items) if field.takes_several() => items.contains(value),
        answer => answer == value,
    };
    let ticked: Vec<usize> =
        rows.iter().enumerate().filter(|(_, row)| answered(&row.value)).map(|(index, _)| index).collect();
    if field.takes_several() {
        let said = talk.ask(&Prompt::Several { title, offers, ticked: ticked.clone() }, &help)?;
        return Ok(match said {
            Said::Ticked(chosen) if chosen == ticked && !field.answer.is_null() => Given::Kept,
            Said::Ticked(chosen) => Given::Value(Value::Array(
                chosen.iter().filter_map(|index| rows.get(*index)).map(|row| row.value.clone()).collect(),
            )),
            said => typed(field, said, ""),
        });
    }
    let fixed = matches!(field.asked.kind, InputType::Choice | InputType::Boolean);
    let suggested = || {
        let usable = |row: &&landfall_core::event::Row| row.rejected.is_none();
        rows.iter().position(|row| row.suggested && usable(&row)).or_else(|| rows.iter().position(|row| usable(&row)))
    };
    let at = ticked.first().copied().or_else(|| if field.answer.is_null() { suggested() } else { None });
    let own = (!fixed).then(|| if at.is_some() { String::new() } else { field.text() });
    let said = talk.ask(&Prompt::Choose { title, offers, at, own: own.clone() }, &help)?;
    Ok(match said {
        Said::Chosen(index) => match rows.get(index) {
            Some(row) if row.value == field.answer => Given::Kept,
            Some(row) => Given::Value(row.value.clone()),
            None => Given::Kept,
        },
        said => typed(field, said, &own.unwrap_or_default()),
    })
}

/// What a typed line gives; `given` is what Enter took.
fn typed(field: &Field, said: Said, given: &str) -> Given {
    let Said::Text(text) = said else { return Given::Back };
    let text = text.trim();
    if text == given {
        return if field.answer.is_null() && !field.asked.optional {
            Given::Unreadable(format!("{} has no answer yet", field.label()))
        } else {
            Given::Kept
        };
    }
    if text == "-" {
        return Given::Value(Value::Null);
    }
    match field.read(text) {
        Ok(value) => Given::Value(value),
        Err(why) => Given::Unreadable(why),
    }
}

/// What there is to know before answering.
fn help(field: &Field) -> Vec<String> {
    let mut lines = vec![field.asked.help.clone()];
    if field.asked.optional {
        lines.push("It may stay empty: - empties it.".into());
    }
    if matches!(field.asked.kind, InputType::Tree | InputType::Ami) {
        lines.push("Typed as YAML on one line, e.g. { host: a.example, port: 443 }.".into());
    }
    if field.takes_several() {
        lines.push("Several, with commas between them.".into());
    }
    lines.extend(field.from.as_ref().map(|from| format!("From the vendor's guide: {from}")));
    lines.push(format!("In an answers file: {}", field.name));
    lines.retain(|line| !line.is_empty());
    lines
}

/// Rows of columns, one after the other.
fn table(talk: &mut Talk, field: &Field, help: &[String]) -> Result<Given, Leave> {
    let before: Vec<Value> = field.answer.as_array().cloned().unwrap_or_default();
    let mut rows = before.clone();
    loop {
        for (index, row) in rows.iter().enumerate() {
            let cells =
                field.asked.columns.iter().map(|column| format!("{} {}", column.label(), text(&row[&column.id])));
            talk.para(&format!("row {}: {}", index + 1, cells.collect::<Vec<_>>().join(", ")))?;
        }
        let mut offers = vec![Offer::new("add", "Add a row")];
        if !rows.is_empty() {
            offers.insert(0, Offer::new("take", "Take these rows"));
            offers.push(Offer::new("drop", "Drop the last row"));
        }
        let words: Vec<String> = offers.iter().map(|offer| offer.word.clone()).collect();
        let prompt = Prompt::Choose { title: field.label(), offers, at: Some(0), own: None };
        let Said::Chosen(index) = talk.ask(&prompt, help)? else { return Ok(Given::Back) };
        match words.get(index).map_or("take", String::as_str) {
            "add" => rows.extend(row(talk, &field.asked.columns)?),
            "drop" => drop(rows.pop()),
            _ if rows == before => return Ok(Given::Kept),
            _ => return Ok(Given::Value(Value::Array(rows))),
        }
    }
}

/// One row; none where the person went back.
fn row(talk: &mut Talk, columns: &[Asked]) -> Result<Option<Value>, Leave> {
    let mut cells = serde_json::Map::new();
    for column in columns {
        loop {
            let prompt = Prompt::Text { title: column.label(), given: text(&column.default) };
            let Said::Text(typed) = talk.ask(&prompt, std::slice::from_ref(&column.help))? else { return Ok(None) };
            match column.accept(&Value::String(typed)) {
                Ok(value) => {
                    cells.insert(column.id.clone(), value);
                    break;
                }
                Err(refused) => talk.para(&refused.0)?,
            }
        }
    }
    Ok(Some(Value::Object(cells)))
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
