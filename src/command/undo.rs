//! `undo`: take away what an install made, last first, and nothing else.

use landfall_core::{event::TaskPath, journal::Record};

use super::{Common, Exit, Opened, Use, open::stop_on_signals, status::known_install};

/// Shows what would be taken away; with `--yes`, does it. `lose` names steps whose data may be lost.
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
    let exit = match undone(&mut opened, lose).await {
        Ok(exit) | Err(exit) => exit,
    };
    let words = match exit {
        Exit::Failed => "Not everything was taken away: see above. Running undo again goes on.",
        Exit::Warned => {
            "Taken away, but what holds data was left, and what it stands on: agree to it step by step with --lose."
        }
        Exit::Person => "Nothing was taken away.",
        Exit::Interrupted => "Interrupted. Running undo again goes on.",
        // The other ends are not of an install that would go on.
        _ => exit.words(false),
    };
    opened.end_saying(exit, words, None)
}

async fn undone(opened: &mut Opened, lose: &[String]) -> Result<Exit, Exit> {
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
    for line in &lines {
        let data = if line.keeps_data { " (holds data; agree with --lose)" } else { "" };
        opened.reporter.notice(format!("{}: {}{data}", line.path, line.line));
        match engine.undo_preview(&line.path).await {
            Ok(shown) => shown.lines().for_each(|line| opened.reporter.notice(format!("  {line}"))),
            // What cannot be shown keeps nothing else from being taken away; its own undo will say why.
            Err(trouble) => opened.reporter.notice(format!("  cannot be previewed: {}", trouble.problem().what)),
        }
    }
    if !opened.common.yes {
        opened.reporter.notice("Nothing was taken away yet. Run it again with --yes.");
        return Ok(Exit::Person);
    }
    let agreed: Vec<TaskPath> = lines
        .iter()
        .filter(|line| lose.iter().any(|pattern| line.path.matches(pattern)))
        .map(|line| line.path.clone())
        .collect();
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
