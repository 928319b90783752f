//! Install: what goes on is told; questions are asked as they come; Ctrl-C pauses, and it can go on.

use landfall_core::{
    event::{Question, TaskPath},
    wizard::{Ended, Input, Sign, Stage, TaskState, Wizard},
};

use super::{
    ask::{Offer, Prompt, Said},
    more::{menu, next},
    talk::{Leave, Talk},
    tasks,
};
use crate::driver::End;

pub(super) fn follow(talk: &mut Talk) -> Result<(), Leave> {
    let undisturbed = talk.follow(|wizard| {
        wizard.stage != Stage::Install || !wizard.install.tasks.running || question(wizard).is_some()
    })?;
    if !undisturbed {
        return pause(talk);
    }
    let wizard = talk.wizard();
    if wizard.stage != Stage::Install {
        return Ok(());
    }
    if let Some((path, question)) = question(&wizard) {
        return answer(talk, &path, &question);
    }
    match &wizard.install.ended {
        Some(Ended::Done) => {
            talk.para(&wizard.progress())?;
            next(talk)
        }
        ended => stopped(talk, &wizard, ended.as_ref()),
    }
}

/// Ctrl-C while it runs: it stops at the next safe point; again leaves at once.
fn pause(talk: &mut Talk) -> Result<(), Leave> {
    if talk.wizard().pausing {
        return Err(Leave::End(End::Interrupted));
    }
    talk.para("It stops at the next safe point, and can go on from there; Ctrl-C again leaves at once.")?;
    talk.send(Input::Pause)
}

fn question(wizard: &Wizard) -> Option<(TaskPath, Question)> {
    wizard.install.tasks.rows.iter().find_map(|row| match &row.state {
        TaskState::Asked(question) => Some((row.path.clone(), question.clone())),
        _ => None,
    })
}

/// A decision only a person can take; the first choice is the careful one.
fn answer(talk: &mut Talk, path: &TaskPath, question: &Question) -> Result<(), Leave> {
    let offers = question.choices.iter().map(|choice| Offer::new(&choice.id, &choice.label)).collect();
    let list = question.differences.iter().map(|difference| difference.line("wanted"));
    let help: Vec<String> = list.chain([question.text.clone()]).collect();
    for difference in &question.differences {
        talk.para(&difference.line("wanted"))?;
    }
    let title = talk.wizard().install.tasks.row(path).map(|row| row.title.clone()).unwrap_or_default();
    let prompt = Prompt::Choose { title: format!("{title}: {}", question.text), offers, at: Some(0), own: None };
    let Said::Chosen(index) = talk.ask(&prompt, &help)? else { return elsewhere(talk) };
    let Some(choice) = question.choices.get(index) else { return Ok(()) };
    let mut typed = None;
    if let Some(word) = &choice.typed {
        let prompt = Prompt::Text { title: format!("Type {word} to choose this"), given: String::new() };
        let Said::Text(text) = talk.ask(&prompt, &help)? else { return Ok(()) };
        typed = Some(text.trim().to_owned());
    }
    let reason = match talk.ask(&Prompt::Text { title: "Why (may stay empty)".into(), given: String::new() }, &help)? {
        Said::Text(reason) => reason.trim().to_owned(),
        _ => return Ok(()),
    };
    let name = talk.wizard().who.clone();
    let (question, choice) = (path.clone(), choice.id.clone());
    talk.send(Input::Choose { question, choice, typed, name, reason })
}

/// Back from a question: what can be done meanwhile.
fn elsewhere(talk: &mut Talk) -> Result<(), Leave> {
    let offers = vec![
        Offer::new("question", "Back to the question"),
        Offer::new("one", "Look closer at a step"),
        Offer::new("pause", "Pause at the next safe point"),
    ];
    match menu(talk, "A question is open", offers, Some(0))?.as_deref() {
        Some("one") => closer(talk),
        Some("pause") => {
            talk.send(Input::Pause)?;
            talk.follow(|wizard| !wizard.install.tasks.running).map(drop)
        }
        _ => Ok(()),
    }
}

/// It does not run: it failed, waits for a person, or was paused.
fn stopped(talk: &mut Talk, wizard: &Wizard, ended: Option<&Ended>) -> Result<(), Leave> {
    talk.para(&wizard.progress())?;
    let failed = wizard.install.tasks.rows.iter().filter(|row| row.sign() == Sign::Fail);
    let (title, go) = match ended {
        Some(Ended::Failed) => ("Not everything is done", "Try again what failed, and go on"),
        Some(Ended::WaitsForPerson) => ("It waits for a person", "Go on waiting"),
        _ => ("It is paused", "Go on"),
    };
    let mut offers = vec![Offer::new("go", go)];
    offers.extend(failed.map(|row| {
        Offer::new(row.path.to_string(), format!("{} {}: {}", row.code, row.title, row.line(wizard.now, |_| None)))
    }));
    offers.push(Offer::new("one", "Look closer at any step"));
    match menu(talk, title, offers, Some(0))?.as_deref() {
        Some("go") => talk.send(Input::Rerun(None)),
        Some("one") => closer(talk),
        Some(word) => match word.parse() {
            Ok(path) => tasks::about(talk, &path),
            Err(_) => Ok(()),
        },
        None => Ok(()),
    }
}

fn closer(talk: &mut Talk) -> Result<(), Leave> {
    let wizard = talk.wizard();
    match tasks::which(talk, &wizard.install.tasks.rows)? {
        Some(path) => tasks::about(talk, &path),
        None => Ok(()),
    }
}
