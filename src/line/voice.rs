//! Asks on a thread of its own, because asking blocks: with inquire at a terminal, by plain lines everywhere else.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
};

use inquire::{
    Confirm, InquireError, MultiSelect, Password, PasswordDisplayMode, Select, Text, set_global_render_config,
    ui::RenderConfig,
};
use landfall_core::value::Plain;

use super::{
    ask::{Heard, Offer, Prompt, Said},
    wake::Woke,
};

/// What stands behind each question at a terminal.
const KEYS: &str = "Enter takes it, Esc goes back, ? explains";
const CHOOSING: &str = "Up and Down move, typing filters, Enter chooses, Esc goes back";
const TICKING: &str = "Up and Down move, Space ticks, typing filters, Enter takes what is ticked, Esc goes back";
/// Rows of a list that are shown at once; the smallest terminal has room for them and the question.
const ROWS: usize = 12;

/// Starts the voice; questions go in, answers come out as [`Woke::Heard`].
pub(super) fn begin(woke: Sender<Woke>, color: bool) -> Sender<Prompt> {
    let (questions, asked) = channel();
    let terminal = at_a_terminal();
    if terminal {
        set_global_render_config(if color { RenderConfig::default_colored() } else { RenderConfig::empty() });
    }
    thread::spawn(move || speak(&asked, &woke, terminal));
    questions
}

fn at_a_terminal() -> bool {
    io::stdin().is_terminal()
        && io::stderr().is_terminal()
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// One question, asked at once.
pub(super) fn ask(prompt: Prompt) -> Result<Option<Said>, InquireError> {
    if at_a_terminal() { at_terminal(prompt) } else { by_line(prompt) }
}

/// A line between questions.
pub(super) fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "  {line}")
}

fn speak(asked: &Receiver<Prompt>, woke: &Sender<Woke>, terminal: bool) {
    for prompt in asked {
        let heard = match if terminal { at_terminal(prompt) } else { by_line(prompt) } {
            Ok(Some(said)) => Heard::Said(said),
            Ok(None) => Heard::Ended,
            Err(InquireError::OperationCanceled) => Heard::Said(Said::Back),
            Err(InquireError::OperationInterrupted) => Heard::Interrupted,
            Err(InquireError::IO(error)) => Heard::Failed(error),
            Err(error) => Heard::Failed(io::Error::other(error.to_string())),
        };
        if woke.send(Woke::Heard(heard)).is_err() {
            return;
        }
    }
}

fn at_terminal(prompt: Prompt) -> Result<Option<Said>, InquireError> {
    let said = match prompt {
        Prompt::Choose { title, offers, at, own } => {
            let mut offers = offers;
            let last = offers.len();
            if own.is_some() {
                offers.push(Offer::new("own", "an answer of your own"));
            }
            let at = at.or_else(|| own.as_ref().filter(|own| !own.is_empty()).map(|_| last)).unwrap_or(0);
            let chosen = Select::new(&title, offers)
                .with_starting_cursor(at)
                .with_page_size(ROWS)
                .with_scorer(&fits)
                .with_help_message(CHOOSING)
                .raw_prompt()?
                .index;
            match own {
                Some(own) if chosen == last => return at_terminal(Prompt::Text { title, given: own }),
                _ => Said::Chosen(chosen),
            }
        }
        Prompt::Several { title, offers, ticked } => {
            let chosen = MultiSelect::new(&title, offers)
                .with_default(&ticked)
                .with_page_size(ROWS)
                .with_scorer(&fits)
                .with_help_message(TICKING)
                .raw_prompt()?;
            Said::Ticked(chosen.into_iter().map(|option| option.index).collect())
        }
        Prompt::Text { title, given } => {
            let text = Text::new(&title).with_help_message(KEYS);
            let text = if given.is_empty() { text } else { text.with_default(&given) };
            words(text.prompt()?)
        }
        Prompt::Confirm { title, given } => Said::Yes(Confirm::new(&title).with_default(given).prompt()?),
        Prompt::Secret { title } => Said::Secret(hidden(&title)?),
    };
    Ok(Some(said))
}

/// Which offers a filter lets through: by word or by any part of the label.
fn fits(typed: &str, offer: &Offer, label: &str, _index: usize) -> Option<i64> {
    let typed = typed.to_lowercase();
    (label.to_lowercase().contains(&typed) || offer.word.to_lowercase().contains(&typed)).then_some(0)
}

/// Asks for a secret that is not shown while it is typed.
pub(super) fn hidden(title: &str) -> Result<Plain, InquireError> {
    let typed = Password::new(title).with_display_mode(PasswordDisplayMode::Hidden).without_confirmation().prompt()?;
    Ok(Plain::new(typed))
}

/// Words that mean the same at every question.
fn words(text: String) -> Said {
    match text.trim() {
        "?" => Said::Help,
        "!" => Said::Shell,
        "<" => Said::Back,
        _ => Said::Text(text),
    }
}

/// Each line of standard input answers one question; none where it ended.
fn by_line(prompt: Prompt) -> Result<Option<Said>, InquireError> {
    let mut out = io::stdout();
    if let Prompt::Secret { title } = &prompt {
        if io::stdin().is_terminal() {
            return hidden(title).map(|plain| Some(Said::Secret(plain)));
        }
        write!(out, "? {title}: ")?;
        out.flush()?;
        let line = read()?;
        writeln!(out, "{}", if line.is_some() { "(hidden)" } else { "" })?;
        return Ok(line.map(|line| Said::Secret(Plain::new(line))));
    }
    offers(&prompt, &mut out)?;
    loop {
        write!(out, "? {}: ", question(&prompt))?;
        out.flush()?;
        let line = read()?;
        // A terminal has shown what was typed; a log should, too.
        if !io::stdin().is_terminal() {
            writeln!(out, "{}", line.as_deref().unwrap_or_default())?;
        }
        let Some(line) = line else { return Ok(None) };
        match understood(&prompt, line.trim_end()) {
            Ok(said) => return Ok(Some(said)),
            Err(why) => writeln!(out, "  {why}")?,
        }
    }
}

fn read() -> io::Result<Option<String>> {
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        return Ok(None);
    }
    if line.ends_with('\n') {
        line.pop();
        if line.ends_with('\r') {
            line.pop();
        }
    }
    Ok(Some(line))
}

fn offers(prompt: &Prompt, out: &mut impl Write) -> io::Result<()> {
    let (Prompt::Choose { offers, .. } | Prompt::Several { offers, .. }) = prompt else { return Ok(()) };
    let width = offers.len().to_string().len();
    for (index, offer) in offers.iter().enumerate() {
        writeln!(out, "  {:>width$}. {}", index + 1, offer.label)?;
    }
    Ok(())
}

fn question(prompt: &Prompt) -> String {
    let numbers = |ticked: &[usize]| ticked.iter().map(|at| (at + 1).to_string()).collect::<Vec<_>>().join(", ");
    let (title, given) = match prompt {
        Prompt::Choose { title, at, own, .. } => {
            (title, at.map(|at| (at + 1).to_string()).or_else(|| own.clone()).unwrap_or_default())
        }
        Prompt::Several { title, ticked, .. } => (title, numbers(ticked)),
        Prompt::Text { title, given } => (title, given.clone()),
        Prompt::Confirm { title, given } => (title, if *given { "yes" } else { "no" }.to_owned()),
        Prompt::Secret { title } => (title, String::new()),
    };
    if given.is_empty() { title.clone() } else { format!("{title} [{given}]") }
}

/// What a line means as the answer to this question, or why it means nothing.
fn understood(prompt: &Prompt, line: &str) -> Result<Said, String> {
    match line.trim() {
        "?" => return Ok(Said::Help),
        "!" => return Ok(Said::Shell),
        "<" => return Ok(Said::Back),
        _ => {}
    }
    match prompt {
        Prompt::Choose { offers, at, own, .. } => match (line.trim(), at, own) {
            ("", Some(at), _) => Ok(Said::Chosen(*at)),
            ("", None, Some(own)) => Ok(Said::Text(own.clone())),
            ("", None, None) => Err("one of these has to be chosen".into()),
            (typed, _, own) => match (offer(offers, typed), own) {
                (Ok(index), _) => Ok(Said::Chosen(index)),
                (Err(_), Some(_)) => Ok(Said::Text(typed.to_owned())),
                (Err(why), None) => Err(why),
            },
        },
        Prompt::Several { offers, ticked, .. } => {
            if line.trim().is_empty() {
                return Ok(Said::Ticked(ticked.clone()));
            }
            let words = line.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty());
            let chosen: Result<Vec<usize>, String> = words.map(|word| offer(offers, word)).collect();
            // What is not in the table may be typed all the same.
            Ok(chosen.map_or_else(|_| Said::Text(line.trim().to_owned()), Said::Ticked))
        }
        Prompt::Text { given, .. } if line.trim().is_empty() => Ok(Said::Text(given.clone())),
        Prompt::Text { .. } => Ok(Said::Text(line.to_owned())),
        Prompt::Confirm { given, .. } => match line.trim().to_lowercase().as_str() {
            "" => Ok(Said::Yes(*given)),
            "y" | "yes" => Ok(Said::Yes(true)),
            "n" | "no" => Ok(Said::Yes(false)),
            _ => Err("the answer is yes or no".into()),
        },
        Prompt::Secret { .. } => Ok(Said::Secret(Plain::new(line.to_owned()))),
    }
}

/// The offer with this number, word or label; or the only one that begins so.
fn offer(offers: &[Offer], typed: &str) -> Result<usize, String> {
    if let Some(number) = typed.parse::<usize>().ok().filter(|number| (1..=offers.len()).contains(number)) {
        return Ok(number - 1);
    }
    let wanted = typed.to_lowercase();
    if let Some(index) = offers.iter().position(|offer| offer.word == typed || offer.label.to_lowercase() == wanted) {
        return Ok(index);
    }
    // Two letters are a slip more often than a beginning.
    let long = typed.chars().count() > 2;
    let begins = |text: &str| long && text.to_lowercase().starts_with(&wanted);
    let mut begins = offers.iter().enumerate().filter(|(_, offer)| begins(&offer.word) || begins(&offer.label));
    match (begins.next(), begins.next()) {
        (Some((index, _)), None) => Ok(index),
        (Some(_), Some(_)) => Err(format!("{typed} could mean several of these; its number says which")),
        _ => Err(format!("{typed} is none of these; a number or the beginning of a line chooses")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn menu() -> Prompt {
        let offers = vec![Offer::new("go", "Go on"), Offer::new("change", "Change one"), Offer::new("more", "More")];
        Prompt::Choose { title: "Next".into(), offers, at: Some(0), own: None }
    }

    fn chosen(line: &str) -> Result<usize, String> {
        match understood(&menu(), line)? {
            Said::Chosen(index) => Ok(index),
            said => Err(format!("{said:?}")),
        }
    }

    #[test]
    fn a_line_chooses_by_number_word_or_beginning_and_enter_takes_the_default() {
        assert_eq!(chosen(""), Ok(0));
        assert_eq!(chosen("2"), Ok(1));
        assert_eq!(chosen("change"), Ok(1));
        assert_eq!(chosen("mor"), Ok(2));
        assert!(chosen("ch").is_err());
        assert!(chosen("9").unwrap_err().contains("none of these"));
    }

    #[test]
    fn subnets_are_chosen_by_number_or_typed() {
        let offers = vec![Offer::new("subnet-1", "a"), Offer::new("subnet-2", "b")];
        let prompt = Prompt::Several { title: "Subnets".into(), offers, ticked: vec![1] };
        assert!(matches!(understood(&prompt, ""), Ok(Said::Ticked(at)) if at == [1]));
        assert!(matches!(understood(&prompt, "1, subnet-2"), Ok(Said::Ticked(at)) if at == [0, 1]));
        assert!(matches!(understood(&prompt, "subnet-9"), Ok(Said::Text(text)) if text == "subnet-9"));
    }

    #[test]
    fn words_mean_the_same_at_every_question() {
        assert!(matches!(understood(&menu(), "?"), Ok(Said::Help)));
        assert!(matches!(understood(&menu(), "!"), Ok(Said::Shell)));
        let text = Prompt::Text { title: "Host".into(), given: "a.example".into() };
        assert!(matches!(understood(&text, "<"), Ok(Said::Back)));
        assert!(matches!(understood(&text, ""), Ok(Said::Text(text)) if text == "a.example"));
    }
}
