//! Inputs: what is answered is shown and taken with one Enter; what is open is asked.

use landfall_core::wizard::{AnsweredBy, Field, Suggestions, Wizard};

use super::{
    ask::{Offer, Prompt, Said},
    field,
    more::{menu, next},
    talk::{Leave, Talk},
};

pub(super) fn answer(talk: &mut Talk) -> Result<(), Leave> {
    // Suggestions become answers, so they are waited for; Ctrl-C goes on without them.
    talk.wait("Looking up what can be chosen", |wizard| {
        !wizard.inputs.wanted().any(|(_, field)| field.suggestions == Suggestions::Asked)
    })?;
    let wizard = talk.wizard();
    show(talk, &wizard)?;
    let open: Vec<String> = wizard.inputs.open().map(|field| field.name.clone()).collect();
    let mut offers = match open.len() {
        0 => vec![Offer::new("go", "Take all answers and go on")],
        1 => vec![Offer::new("open", "Answer the one that is open")],
        many => vec![Offer::new("open", format!("Answer the {many} that are open"))],
    };
    offers.push(Offer::new("all", "Go through all of them"));
    offers.push(Offer::new("one", "Change one"));
    match menu(talk, "Answers", offers, Some(0))?.as_deref() {
        Some("go") => next(talk),
        Some("open") => through(talk, |wizard, done| {
            wizard.inputs.open().map(|field| &field.name).find(|name| !done.contains(*name)).cloned()
        }),
        Some("all") => through(talk, |wizard, done| {
            wizard.inputs.wanted().map(|(_, field)| &field.name).find(|name| !done.contains(*name)).cloned()
        }),
        Some("one") => one(talk, &wizard),
        _ => Ok(()),
    }
}

fn show(talk: &mut Talk, wizard: &Wizard) -> Result<(), Leave> {
    let mut group: Option<&str> = None;
    for (_, field) in wizard.inputs.wanted() {
        if field.asked.group.as_deref() != group {
            group = field.asked.group.as_deref();
            talk.para(group.unwrap_or_default())?;
        }
        let line = talk.wrapped(&line(field), "    ", "      ");
        talk.say(&line)?;
    }
    Ok(())
}

fn line(field: &Field) -> String {
    let by = match field.by {
        AnsweredBy::Nobody => "",
        AnsweredBy::Default => " (the guide's default)",
        AnsweredBy::Suggestion => " (suggested)",
        AnsweredBy::Person => "",
    };
    let answer = match field.shown() {
        shown if !shown.is_empty() => format!("{shown}{by}"),
        _ if field.asked.optional => "empty".into(),
        _ => "open".into(),
    };
    let refusal = field.refusal.as_ref().map(|why| format!(". {why}")).unwrap_or_default();
    format!("{}: {answer}{refusal}", field.label())
}

/// Asks one after the other; questions come and go with the answers before them.
fn through(talk: &mut Talk, which: impl Fn(&Wizard, &[String]) -> Option<String>) -> Result<(), Leave> {
    let mut done = Vec::new();
    while let Some(name) = which(&talk.wizard(), &done) {
        if !field::answer(talk, &name)? {
            return Ok(());
        }
        done.push(name);
    }
    Ok(())
}

fn one(talk: &mut Talk, wizard: &Wizard) -> Result<(), Leave> {
    let names: Vec<&str> = wizard.inputs.wanted().map(|(_, field)| field.name.as_str()).collect();
    let offers = wizard.inputs.wanted().map(|(_, field)| Offer::new(&field.name, line(field))).collect();
    let prompt = Prompt::Choose { title: "Which one".into(), offers, at: None, own: None };
    let Said::Chosen(index) = talk.ask(&prompt, &[])? else { return Ok(()) };
    match names.get(index) {
        Some(name) => field::answer(talk, name).map(drop),
        None => Ok(()),
    }
}
