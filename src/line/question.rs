//! A question outside any conversation: a text, one of several, or yes and no. The same voice as in a conversation.

use std::io::{self, IsTerminal};

use inquire::InquireError;

use super::{
    ask::{Offer, Prompt, Said},
    voice,
};

/// Gives the terminal back as it was before a question, where one stands and nobody will answer it any more.
pub fn give_back() {
    let _ = crossterm::terminal::disable_raw_mode();
    if io::stderr().is_terminal() {
        let _ = crossterm::execute!(io::stderr(), crossterm::cursor::Show);
    }
}

/// Asks for a text; Enter takes what is given. None where the person left, or nobody is there.
pub fn text(title: &str, help: &str, given: &str) -> io::Result<Option<String>> {
    let prompt = Prompt::Text { title: title.to_owned(), given: given.to_owned() };
    Ok(match asked(&prompt, help)? {
        Some(Said::Text(text)) => Some(text.trim().to_owned()),
        _ => None,
    })
}

/// Asks for one of several, each a word and what it means; gives the word.
pub fn one_of(title: &str, help: &str, offers: &[(&str, &str)], at: usize) -> io::Result<Option<String>> {
    let prompt = Prompt::Choose {
        title: title.to_owned(),
        offers: offers.iter().map(|(word, label)| Offer::new(*word, *label)).collect(),
        at: Some(at),
        own: None,
    };
    Ok(match asked(&prompt, help)? {
        Some(Said::Chosen(index)) => offers.get(index).map(|(word, _)| (*word).to_owned()),
        _ => None,
    })
}

/// Asks for yes or no; Enter takes what is given. None where the person left, or nobody is there.
pub fn yes(title: &str, help: &str, given: bool) -> io::Result<Option<bool>> {
    let prompt = Prompt::Confirm { title: title.to_owned(), given };
    Ok(match asked(&prompt, help)? {
        Some(Said::Yes(yes)) => Some(yes),
        _ => None,
    })
}

fn asked(prompt: &Prompt, help: &str) -> io::Result<Option<Said>> {
    loop {
        match voice::ask(prompt.clone()) {
            Ok(Some(Said::Help | Said::Shell)) => voice::say(help)?,
            Ok(Some(Said::Back)) | Ok(None) => return Ok(None),
            Ok(said) => return Ok(said),
            Err(InquireError::OperationCanceled | InquireError::OperationInterrupted) => return Ok(None),
            Err(InquireError::IO(error)) => return Err(error),
            Err(error) => return Err(io::Error::other(error.to_string())),
        }
    }
}
