//! A stage's menu, and what can be done from every stage: another stage, a shell, help, leaving.

use landfall_core::wizard::{Input, Stage};

use super::{
    ask::{Offer, Prompt, Said},
    talk::{Leave, Talk},
};
use crate::driver::End;

/// Asks what to do on this stage; none where something else was done instead.
pub(super) fn menu(
    talk: &mut Talk,
    title: &str,
    mut offers: Vec<Offer>,
    at: Option<usize>,
) -> Result<Option<String>, Leave> {
    offers.push(Offer::new("more", "Something else: another stage, a shell, help, leave"));
    let words: Vec<String> = offers.iter().map(|offer| offer.word.clone()).collect();
    let last = words.len() - 1;
    let prompt = Prompt::Choose { title: title.to_owned(), offers, at, own: None };
    match talk.ask(&prompt, &[])? {
        Said::Chosen(index) if index != last => Ok(words.into_iter().nth(index)),
        _ => more(talk).map(|()| None),
    }
}

fn more(talk: &mut Talk) -> Result<(), Leave> {
    let wizard = talk.wizard();
    let mut offers = vec![Offer::new("stay", format!("Stay at {}", wizard.stage.title()))];
    let stages = Stage::ALL.into_iter().filter(|stage| *stage <= wizard.reached && *stage != wizard.stage);
    offers.extend(stages.map(|stage| {
        let word = stage.title().to_lowercase();
        Offer::new(word, format!("Go to {}", stage.title()))
    }));
    offers.push(Offer::new("shell", "Open your shell, with this context, namespace, profile and region"));
    offers.push(Offer::new("help", "What can be answered everywhere"));
    let left = match (&wizard.temporary, wizard.secrets_go()) {
        (Some(_), _) => "Leave; nothing of it stays",
        (None, true) => "Leave; everything so far is kept, but the secrets",
        (None, false) => "Leave; everything so far is kept",
    };
    offers.push(Offer::new("leave", left));
    let words: Vec<String> = offers.iter().map(|offer| offer.word.clone()).collect();
    let prompt = Prompt::Choose { title: "What else".into(), offers, at: Some(0), own: None };
    let Said::Chosen(index) = talk.ask(&prompt, &[])? else { return Ok(()) };
    match words.get(index).map_or("stay", String::as_str) {
        "stay" => Ok(()),
        "shell" => talk.shell(),
        "help" => talk.help(),
        "leave" => Err(Leave::End(End::Quit)),
        word => {
            let stage = Stage::ALL.into_iter().find(|stage| stage.title().to_lowercase() == word);
            talk.strayed();
            stage.map_or(Ok(()), |stage| talk.send(Input::Go(stage)))
        }
    }
}

/// On to the next stage; what is in the way is said.
pub(super) fn next(talk: &mut Talk) -> Result<(), Leave> {
    talk.send(Input::Next)
}
