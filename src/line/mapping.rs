//! A vendor's values file, key by key: what is suggested is taken with one Enter, everything else is chosen or typed.

use landfall_core::{
    mapping::{Decision, KeyPath, State, VendorKey, read_typed, suggested, written},
    wizard::{Field, Input, MapRow},
};

use super::{
    ask::{Offer, Prompt, Said},
    talk::{Leave, Talk},
};

/// Goes through the open keys, then offers the rest; false where the person went back.
pub(super) fn fill(talk: &mut Talk, name: &str) -> Result<bool, Leave> {
    // Keys put off; they stay open, and are told again the next time.
    let mut later: Vec<KeyPath> = Vec::new();
    loop {
        let wizard = talk.wizard();
        let Some(field) = wizard.inputs.named(name) else { return Ok(true) };
        let open = field.mapped.iter().find(|row| row.is_open() && !later.contains(&row.path));
        if let Some(row) = open.cloned() {
            match decide(talk, name, &row)? {
                Then::Next => {}
                Then::Later => later.push(row.path.clone()),
                Then::Back => return Ok(false),
            }
            continue;
        }
        show(talk, field)?;
        let mut offers = vec![Offer::new("done", "That is right: go on")];
        offers.extend(field.mapped.iter().map(|row| Offer::new(row.path.to_string(), format!("Change {}", row.path))));
        offers.push(Offer::new("more", "Another key of the file, or one of your own"));
        let words: Vec<String> = offers.iter().map(|offer| offer.word.clone()).collect();
        let prompt = Prompt::Choose { title: field.label(), offers, at: Some(0), own: None };
        let Said::Chosen(index) = talk.ask(&prompt, std::slice::from_ref(&field.asked.help))? else { return Ok(false) };
        match words.get(index).map_or("done", String::as_str) {
            "done" => return Ok(true),
            "more" => further(talk, name)?,
            word => {
                if let Some(row) = field.mapped.iter().find(|row| row.path.to_string() == word).cloned() {
                    decide(talk, name, &row)?;
                }
            }
        }
    }
}

enum Then {
    Next,
    Later,
    Back,
}

fn show(talk: &mut Talk, field: &Field) -> Result<(), Leave> {
    for row in &field.mapped {
        let line = match &row.state {
            State::Set(value) if written(value) == row.becomes => format!("{}: {}", row.path, row.becomes),
            State::Set(value) => format!("{}: {} = {}", row.path, written(value), row.becomes),
            State::Left(reason) => format!("{}: stays {} ({reason})", row.path, now(row)),
            State::Dangling(name) => format!("{}: open, {name} has no value here", row.path),
            State::Open | State::Changed(_) => format!("{}: open, now {}", row.path, now(row)),
        };
        let line = talk.wrapped(&line, "    ", "      ");
        talk.say(&line)?;
    }
    Ok(())
}

fn now(row: &MapRow) -> String {
    row.key.as_ref().map(VendorKey::shown).unwrap_or_default()
}

/// One key.
fn decide(talk: &mut Talk, name: &str, row: &MapRow) -> Result<Then, Leave> {
    if let Some(key) = &row.key {
        talk.para(&format!("{}, line {}: {}. {}", row.path, key.line, key.shown(), key.comment))?;
    }
    match &row.state {
        State::Changed(seen) => {
            talk.para(&format!("The vendor changed it since; it was {} {}", written(&seen.now), seen.says))?;
        }
        State::Dangling(name) => talk.para(&format!("It points to {name}, which has no value here."))?,
        _ => {}
    }
    let best = suggested(&row.candidates);
    let mut offers: Vec<Offer> = row
        .candidates
        .iter()
        .take(3)
        .map(|one| Offer::new(&one.expression, format!("{} = {} ({})", one.expression, one.shown, one.why)))
        .collect();
    let candidates = offers.len();
    offers.push(Offer::new("value", "Type a value, or {{ name }} of an answer"));
    offers.push(Offer::new("point", "Point to an answer or a secret"));
    if row.key.is_some() {
        offers.push(Offer::new("leave", "Leave it as the vendor has it, with a reason"));
    }
    if matches!(row.state, State::Set(_) | State::Left(_) | State::Dangling(_)) {
        offers.push(Offer::new("undo", "Nothing was decided after all"));
    }
    offers.push(Offer::new("later", "Later"));
    let words: Vec<String> = offers.iter().map(|offer| offer.word.clone()).collect();
    let title = format!("{} becomes", row.path);
    let prompt = Prompt::Choose { title, offers, at: best.map(|_| 0), own: None };
    let Said::Chosen(index) = talk.ask(&prompt, &[])? else { return Ok(Then::Back) };
    let decision = match words.get(index).map_or("later", String::as_str) {
        _ if index < candidates => row.candidates.get(index).map(|one| Decision::Set(one.value())),
        "value" => value(talk, row)?,
        "point" => point(talk, row)?,
        "leave" => {
            let prompt = Prompt::Text { title: "Why it stays as it is".into(), given: String::new() };
            match talk.ask(&prompt, &[])? {
                Said::Text(reason) if !reason.trim().is_empty() => Some(Decision::Leave(reason.trim().to_owned())),
                _ => None,
            }
        }
        "undo" => Some(Decision::Undo),
        _ => return Ok(Then::Later),
    };
    // Whoever thought better of it is asked again.
    if let Some(decision) = decision {
        talk.send(Input::Map { field: name.to_owned(), path: row.path.clone(), decision })?;
    }
    Ok(Then::Next)
}

fn value(talk: &mut Talk, row: &MapRow) -> Result<Option<Decision>, Leave> {
    let given = match &row.state {
        State::Set(value) => written(value),
        _ => String::new(),
    };
    let help = ["YAML: a text, 5432, true, [a, b]; or {{ name }} of an answer. \"5432\" is a text.".to_owned()];
    loop {
        let Said::Text(text) = talk.ask(&Prompt::Text { title: "Value".into(), given: given.clone() }, &help)? else {
            return Ok(None);
        };
        match read_typed(&text) {
            Ok(value) => return Ok(Some(Decision::Set(value))),
            Err(why) => talk.para(&why)?,
        }
    }
}

fn point(talk: &mut Talk, row: &MapRow) -> Result<Option<Decision>, Leave> {
    let first = |expression: &str| row.candidates.iter().position(|one| one.expression == expression);
    let mut all = talk.wizard().pointable();
    all.sort_by_key(|known| first(&known.expression).unwrap_or(usize::MAX));
    let offers = all
        .iter()
        .map(|known| Offer::new(&known.expression, format!("{} = {} ({})", known.expression, known.shown, known.label)))
        .collect();
    let prompt = Prompt::Choose { title: "Which one".into(), offers, at: None, own: None };
    let Said::Chosen(index) = talk.ask(&prompt, &[])? else { return Ok(None) };
    Ok(all.get(index).map(|known| Decision::Set(known.expression.as_str().into())))
}

/// A key that is no gap: one of the file, or one of the person's own.
fn further(talk: &mut Talk, name: &str) -> Result<(), Leave> {
    let wizard = talk.wizard();
    let Some(file) = wizard.inputs.named(name).and_then(Field::vendor) else { return Ok(()) };
    let offers = file
        .keys
        .iter()
        .map(|key| Offer::new(key.path.to_string(), format!("{} = {} {}", key.path, key.shown(), key.comment)))
        .collect();
    let prompt = Prompt::Choose { title: "Which key".into(), offers, at: None, own: Some(String::new()) };
    let path = match talk.ask(&prompt, &["Or type the path of a key of your own, such as auth.host.".to_owned()])? {
        Said::Chosen(index) => file.keys.get(index).map(|key| key.path.clone()),
        Said::Text(text) => match text.parse::<KeyPath>() {
            Ok(path) => Some(path),
            Err(why) => {
                talk.para(&why.to_string())?;
                None
            }
        },
        _ => None,
    };
    let Some(path) = path else { return Ok(()) };
    let key = file.key(&path).cloned();
    let row = MapRow { path, key, state: State::Open, becomes: String::new(), candidates: Vec::new() };
    decide(talk, name, &row).map(drop)
}
