//! `undo`: take away what an install made, last first, and nothing else.

use std::io::{self, IsTerminal};

use landfall_core::{
    event::{How, Problem, TaskPath},
    journal::{Record, Story},
};

use super::{Common, Exit, Opened, Use, open::stop_on_signals, status::known_install};
use crate::{engine::UndoLine, line::question, report::Format};

/// Shows what goes, what may hold data, and what stays; asks, unless `--yes` says so already; takes it away. `lose` names steps
/// whose data may be lost.
pub async fn undo(common: &Common, install: &str, lose: &[String]) -> i32 {
    let (guide, story) = match known_install(common, install) {
        Ok(found) => found,
        Err(exit) => return exit.code(),
    };
    let mut common = common.clone();
    common.answers = None;
    let mut opened = match Opened::guide(&common, &guide) {
        Ok(opened) => opened,
        Err(exit) => return exit.code(),
    };
    stop_on_signals(opened.session.cancel.clone());
    opened.session.answers = story.answers.clone();
    let exit = match undone(&mut opened, install, lose).await {
        Ok(exit) | Err(exit) => exit,
    };
    let words = match exit {
        Exit::Failed => "Not everything was taken away: see above. Running undo again goes on.",
        Exit::Warned => {
            "Taken away, but what holds data was left, and what it stands on: agree to it step by step with --lose."
        }
        Exit::Person => "Nothing was taken away.",
        Exit::Interrupted => "Interrupted. Running undo again takes away what is left.",
        // The other ends are not of an install that would go on.
        _ => exit.words(false),
    };
    opened.end_saying(exit, words, None)
}

async fn undone(opened: &mut Opened, install: &str, lose: &[String]) -> Result<Exit, Exit> {
    opened.ready(Use::Writes).await?;
    let plan = opened.session.resolve().unwrap_or_default();
    opened.reporter.learn(&plan, &opened.session.house.kinds);
    let engine = opened.session.engine(&plan).map_err(|trouble| opened.refuse(trouble.problem()))?;
    let lines = engine.undo_plan(&opened.session.story());
    opened.reporter.stage("Undo");
    if lines.is_empty() {
        opened.reporter.notice("This install made nothing that is still there.");
        return Ok(Exit::Done);
    }
    opened.reporter.notice("Goes, last first:");
    for line in &lines {
        let data = if line.keeps_data { " (holds data; agree with --lose)" } else { "" };
        opened.reporter.notice(format!("{}: {}{data}", line.path, line.line));
        match engine.undo_preview(&line.path).await {
            Ok(shown) => shown.lines().for_each(|line| opened.reporter.notice(format!("  {line}"))),
            // What cannot be shown keeps nothing else from being taken away; its own undo will say why.
            Err(trouble) => opened.reporter.notice(format!("  cannot be previewed: {}", trouble.problem().what)),
        }
    }
    let staying = stays(&opened.session.story());
    if !staying.is_empty() {
        opened.reporter.notice("Stays:");
        staying.into_iter().for_each(|line| opened.reporter.notice(line));
    }
    let mut agreed: Vec<TaskPath> = lines
        .iter()
        .filter(|line| lose.iter().any(|pattern| line.path.matches(pattern)))
        .map(|line| line.path.clone())
        .collect();
    if !opened.common.yes {
        if !asks(&opened.common) {
            opened.reporter.problem(nobody_to_ask(install, &lines, &agreed));
            return Ok(Exit::Person);
        }
        let (all, named) = (lines.clone(), agreed.clone());
        let cancel = opened.session.cancel.clone();
        // Asking blocks: a signal, or a terminal that hung up, ends it all the same.
        let asking = tokio::task::spawn_blocking(move || asked(&all, named));
        let said = tokio::select! {
            said = asking => said.unwrap_or_else(|error| Err(io::Error::other(error))),
            () = cancel.cancelled() => {
                question::give_back();
                return Ok(Exit::Interrupted);
            }
        };
        match said {
            Ok(Some(named)) => agreed = named,
            Ok(None) => return Ok(Exit::Person),
            Err(error) => {
                let fix = format!("Say it on the command line:\n$ landfall undo {install} --yes");
                opened.reporter.problem(Problem::new("TERMINAL", error.to_string(), fix));
                return Ok(Exit::Person);
            }
        }
    }
    let left =
        opened.reporter.during(engine.undo(&agreed)).await.map_err(|trouble| opened.refuse(trouble.problem()))?;
    let exit = match (left.is_empty(), left.failed.is_empty()) {
        (true, _) => Exit::Done,
        // Nothing went wrong: a person has not agreed to what would be lost.
        (false, true) => Exit::Warned,
        _ => Exit::Failed,
    };
    // Where nothing went, the install stands as it did.
    let untouched = left.failed.is_empty() && left.kept.len() == lines.len();
    if !untouched && let Ok(bound) = opened.session.bound() {
        let _ = bound.journal.write(Record::Closed { code: exit.code() }).await;
    }
    Ok(exit)
}

/// Whether there is somebody to ask: at a terminal, or one question after the other.
fn asks(common: &Common) -> bool {
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    common.output == Format::Text && (terminal || common.line)
}

/// Asks whether it shall go, and for what holds data by its name; gives what is agreed to lose. None where nothing shall go.
fn asked(lines: &[UndoLine], mut agreed: Vec<TaskPath>) -> io::Result<Option<Vec<TaskPath>>> {
    let title = match lines.len() {
        1 => "Take it away?".to_owned(),
        count => format!("Take these {count} away?"),
    };
    let help = "What is listed is taken away, last first. What holds data is asked for by its name first.";
    if question::yes(&title, help, false)? != Some(true) {
        return Ok(None);
    }
    for line in lines.iter().filter(|line| line.keeps_data) {
        if agreed.contains(&line.path) {
            continue;
        }
        let path = line.path.to_string();
        let name = path.strip_prefix("steps/").unwrap_or(&path);
        let help = "Its data cannot be brought back. What is left keeps what it stands on, too.";
        let mut title = format!("{path} may hold data. Type {name} to lose it, Enter leaves it:");
        loop {
            match question::text(&title, help, "")?.as_deref() {
                None => return Ok(None),
                Some("") => break,
                Some(typed) if typed == name || typed == path => {
                    agreed.push(line.path.clone());
                    break;
                }
                Some(_) => title = format!("That is not its name. Type {name} to lose its data, Enter leaves it:"),
            }
        }
    }
    Ok(Some(agreed))
}

/// Nobody agreed, and nobody is there.
fn nobody_to_ask(install: &str, lines: &[UndoLine], agreed: &[TaskPath]) -> Problem {
    let named: String =
        agreed.iter().map(|path| format!(" --lose {}", shell_words::quote(&path.to_string()))).collect();
    let mut fix = format!("Agree to what is listed:\n$ landfall undo {install} --yes{named}");
    let data = lines.iter().filter(|line| line.keeps_data && !agreed.contains(&line.path));
    let data: String = data.map(|line| format!(" --lose {}", shell_words::quote(&line.path.to_string()))).collect();
    if !data.is_empty() {
        fix.push_str(&format!("\nAnd, for what holds data, to lose it:\n$ landfall undo {install} --yes{named}{data}"));
    }
    Problem::new("UNDO-NOT-AGREED", "nobody has agreed to take it away", fix)
        .why("There is no terminal to ask on, and --yes was not given.")
}

/// What an install used and did not make.
fn stays(story: &Story) -> Vec<String> {
    let steps = story.steps.iter().filter(|(_, step)| !step.undone);
    let why = |how: Option<How>, who: Option<&str>| match (how, who) {
        (Some(How::Adopted), _) => Some("it was there before".to_owned()),
        (Some(How::HandedOver), Some(who)) => Some(format!("{who} did it")),
        (Some(How::HandedOver), None) => Some("somebody else did it".to_owned()),
        (None, Some(who)) => Some(format!("{who} was asked for it")),
        _ => None,
    };
    steps
        .filter_map(|(path, step)| {
            let who = step.handed_over.as_ref().map(|asked| asked.what.to.as_str());
            Some(format!("{path}: {}", why(step.how, who)?))
        })
        .collect()
}
