//! Checks and Verify: what was looked at, and what a person does about what is not right.

use landfall_core::{
    event::{Outcome, TaskPath},
    wizard::{Input, Sign, Stage, TaskRow, TaskState, VouchAs},
};

use super::{
    ask::{Offer, Prompt, Said},
    more::{menu, next},
    rows,
    talk::{Leave, Talk},
};

pub(super) fn look(talk: &mut Talk, stage: Stage) -> Result<(), Leave> {
    let looked = talk.follow(|wizard| wizard.stage != stage || wizard.tasks().is_none_or(|tasks| !tasks.running))?;
    let wizard = talk.wizard();
    let Some(tasks) = wizard.tasks().filter(|_| wizard.stage == stage) else { return Ok(()) };
    talk.para(&wizard.progress())?;
    let mut offers = Vec::new();
    if !looked {
        offers.push(Offer::new("wait", "Go on looking"));
    }
    match wizard.open() {
        None => offers.push(Offer::new("go", "Go on")),
        Some(why) => talk.para(&plainly(&why))?,
    }
    // What stands in the way comes first.
    let mut wrong: Vec<&TaskRow> = tasks.rows.iter().filter(|row| row.is_over() && notable(row)).collect();
    wrong.sort_by_key(|row| !row.stops());
    offers.extend(wrong.iter().map(|row| {
        Offer::new(row.path.to_string(), format!("{} {}: {}", row.code, row.title, row.line(wizard.now, |_| None)))
    }));
    offers.push(Offer::new("one", "Look closer at any of them"));
    offers.push(Offer::new("again", "Look again at all"));
    match menu(talk, stage.title(), offers, Some(0))?.as_deref() {
        None | Some("wait") => Ok(()),
        Some("go") => next(talk),
        Some("again") => {
            talk.tell_again(None);
            talk.send(Input::Rerun(None))
        }
        Some("one") => match which(talk, &tasks.rows)? {
            Some(path) => about(talk, &path),
            None => Ok(()),
        },
        Some(path) => match tasks.rows.iter().find(|row| row.path.to_string() == path) {
            Some(row) => about(talk, &row.path),
            None => Ok(()),
        },
    }
}

/// Keys are the full screen's; here everything is in the menu.
fn plainly(why: &str) -> String {
    match why.split_once(" in the way: ") {
        Some((what, _)) => format!("{what} in the way: choose it to look again, to waive it or to answer for it."),
        None => why.to_owned(),
    }
}

fn notable(row: &TaskRow) -> bool {
    matches!(row.sign(), Sign::Fail | Sign::Unknown | Sign::Warn)
}

/// Any task of a list.
pub(super) fn which(talk: &mut Talk, all: &[TaskRow]) -> Result<Option<TaskPath>, Leave> {
    let now = talk.wizard().now;
    let title = |path: &TaskPath| all.iter().find(|row| row.path == *path).map(|row| row.title.clone());
    let offers = all
        .iter()
        .map(|row| Offer::new(row.path.to_string(), format!("{} {}: {}", row.code, row.title, row.line(now, title))))
        .collect();
    let prompt = Prompt::Choose { title: "Which one".into(), offers, at: None, own: None };
    match talk.ask(&prompt, &[])? {
        Said::Chosen(index) => Ok(all.get(index).map(|row| row.path.clone())),
        _ => Ok(None),
    }
}

/// One task: its story, and what can be done about it.
pub(super) fn about(talk: &mut Talk, path: &TaskPath) -> Result<(), Leave> {
    loop {
        let wizard = talk.wizard();
        let Some(row) = wizard.tasks().and_then(|tasks| tasks.row(path)) else { return Ok(()) };
        let expires = wizard.target.seen.as_ref().and_then(|seen| seen.expires);
        talk.para(&format!("{} {}", row.code, row.title))?;
        for line in rows::told(row, wizard.now, expires) {
            talk.say(&line)?;
        }
        let looks = wizard.stage != Stage::Install;
        let mut offers = Vec::new();
        let failed = matches!(row.state, TaskState::Looked(Outcome::Fail { .. } | Outcome::NotYet { .. }));
        let unknown = matches!(row.state, TaskState::Looked(Outcome::Unknown { .. }));
        if looks && unknown && row.vouched.is_none() {
            offers.push(Offer::new("attest", "Answer for it, with your name and reason"));
        }
        if looks {
            offers.push(Offer::new("again", "Look again"));
        }
        if looks && failed {
            offers.push(Offer::new("waive", "Go on in spite of it, with your name and reason"));
        }
        let handed = wizard.is_handed_over(path);
        if !looks && (handed || wizard.cannot_hand_over(path).is_none()) {
            let label = if handed { "Take it back: it is ours again" } else { "Hand it over: somebody else does it" };
            offers.push(Offer::new("hand", label));
        }
        if row.problem().is_some_and(|problem| !rows::commands(&problem.fix).is_empty()) {
            offers.push(Offer::new("fix", "Print the commands of the fix alone, to copy them"));
        }
        offers.push(Offer::new("explain", "Explain it: what it does, with which parameters, where it comes from"));
        offers.push(Offer::new("back", "Back to the list"));
        let words: Vec<String> = offers.iter().map(|offer| offer.word.clone()).collect();
        let prompt = Prompt::Choose { title: row.title.clone(), offers, at: Some(0), own: None };
        let Said::Chosen(index) = talk.ask(&prompt, &wizard.explained(row))? else { return Ok(()) };
        match words.get(index).map_or("back", String::as_str) {
            "hand" => return super::plan::hand(talk, path, &row.title.clone()),
            "attest" => return vouch(talk, row, VouchAs::Attestation),
            "waive" => return vouch(talk, row, VouchAs::Waiver),
            "again" => {
                talk.tell_again(Some(path));
                return talk.send(Input::Rerun(Some(path.clone())));
            }
            "fix" => {
                let fix = row.problem().map(|problem| problem.fix.clone()).unwrap_or_default();
                talk.say(&rows::commands(&fix).join("\n"))?;
            }
            "explain" => {
                for line in wizard.explained(row).iter().filter(|line| !line.is_empty()) {
                    talk.para(line)?;
                }
            }
            _ => return Ok(()),
        }
    }
}

/// A person's word: who, and why.
fn vouch(talk: &mut Talk, row: &TaskRow, how: VouchAs) -> Result<(), Leave> {
    let (meaning, reason) = match how {
        VouchAs::Waiver => {
            ("You go on although it is not as it should be. What needs it will fail later.".to_owned(), "Reason")
        }
        VouchAs::Attestation => {
            let statement = row.attest.clone().unwrap_or_else(|| format!("{} is as it should be", row.title));
            (format!("You answer for this: {statement}."), "Ticket or reason")
        }
    };
    talk.para(&format!("{meaning} It stands in the record with your name."))?;
    let who = talk.wizard().who.clone();
    let Said::Text(name) = talk.ask(&Prompt::Text { title: "Your name".into(), given: who }, &[])? else {
        return Ok(());
    };
    let Said::Text(reason) = talk.ask(&Prompt::Text { title: reason.into(), given: String::new() }, &[])? else {
        return Ok(());
    };
    let path = row.path.clone();
    talk.send(match how {
        VouchAs::Waiver => Input::Waive { path, name, reason },
        VouchAs::Attestation => Input::Attest { path, name, reason },
    })
}
