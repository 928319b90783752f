//! `status`: where installs stand, from their journals.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use landfall_core::{
    clock::ago,
    event::{How, Problem, Section, TaskPath},
    guide::LoadedGuide,
    journal::{Asked, Story, ToldPerson},
};

use serde_json::{Value, json};

use super::{Common, Exit, say::say};
use crate::{
    engine::{Holder, holder, installs, standing},
    guides,
    report::{Format, explained},
};

/// Says what is wrong, and gives the exit.
pub(super) fn refuse(common: &Common, problem: &Problem, exit: Exit) -> Exit {
    say!("{}", explained(problem, common.look()));
    exit
}

/// The guide and story of an install, by id; the guide is the copy kept beside the journal.
pub fn known_install(common: &Common, install: &str) -> Result<(String, Story), Exit> {
    let (folder, story) = found(common, install)?;
    Ok((kept_guide(&folder, &story), story))
}

/// The guide's copy beside the journal, or its name.
fn kept_guide(folder: &Path, story: &Story) -> String {
    let copy = folder.join("guide").join("guide.yaml");
    if copy.is_file() { copy.display().to_string() } else { story.guide.clone() }
}

/// The folder and story of an install, by its id or its guide's.
pub(super) fn found(common: &Common, install: &str) -> Result<(PathBuf, Story), Exit> {
    let endpoints = common.endpoints().map_err(|trouble| refuse(common, &trouble.problem(), Exit::Usage))?;
    let all = installs(&endpoints.state);
    let found = all.iter().find(|(folder, story)| {
        folder.file_name().is_some_and(|name| name == install)
            || story.as_ref().is_ok_and(|story| story.guide == install)
    });
    match found {
        Some((folder, Ok(story))) => Ok((folder.clone(), story.clone())),
        Some((_, Err(fault))) => Err(refuse(
            common,
            &Problem::new("JOURNAL-BROKEN", fault.to_string(), "Keep a copy of the file, then follow the message."),
            Exit::Failed,
        )),
        None => {
            let ids: Vec<String> =
                all.iter().filter_map(|(folder, _)| folder.file_name()?.to_str().map(str::to_owned)).collect();
            let there =
                if ids.is_empty() { "there are none here".into() } else { format!("there are: {}", ids.join(", ")) };
            Err(refuse(
                common,
                &Problem::new(
                    "INSTALL-UNKNOWN",
                    format!("no install is called {install}; {there}"),
                    "See them:\n$ landfall status",
                ),
                Exit::Usage,
            ))
        }
    }
}

/// Says where installs stand.
pub fn status(common: &Common, install: Option<&str>) -> i32 {
    let Some(install) = install else { return all(common) };
    let (folder, story) = match found(common, install) {
        Ok(found) => found,
        Err(exit) => return exit.code(),
    };
    let held_by = holder(&folder);
    let now = common.endpoints().map_or(story.last.unwrap_or_default(), |endpoints| endpoints.clock.now());
    // Also where it was named by its guide.
    let id = story.install.as_ref().map_or(install, |install| install.as_str());
    if common.output != Format::Text {
        machine(common.output, &whole(id, &story, held_by.as_ref()));
        return Exit::Done.code();
    }
    say!("{} {id}: {}, {}", story.guide, place(&story), stands(&story, held_by.as_ref()));
    let guide = guides::find(&kept_guide(&folder, &story)).ok();
    for (path, step) in &story.steps {
        let asked = step.handed_over.as_ref();
        let state = match (&step.failed, step.undone, step.how, step.open) {
            (Some(problem), ..) => format!("failed: {} {}", problem.code, problem.what),
            (.., None, _) if step.person.is_some() => {
                step.person.as_ref().map(|told| waits(told, now)).unwrap_or_default()
            }
            (.., None, _) if asked.is_some() => asked.map(|asked| handed(asked, now)).unwrap_or_default(),
            (_, true, ..) => "taken away".into(),
            (.., Some(How::Made), _) => "made".into(),
            (.., Some(How::Changed), _) => "changed".into(),
            (.., Some(How::Adopted), _) => "there already".into(),
            (.., Some(How::HandedOver), _) => {
                format!("done by {}", asked.map_or("a person", |asked| asked.what.to.as_str()))
            }
            (.., true) => "begun, no result yet".into(),
            _ => "not begun".into(),
        };
        say!("  {}: {state}", named(guide.as_ref(), path));
    }
    for (path, outcome) in &story.looked {
        if let Some(problem) = outcome.problem() {
            say!("  {}: {} {}", named(guide.as_ref(), path), problem.code, problem.what);
        }
    }
    Exit::Done.code()
}

/// A task by its title, and by the path that answers and options name it with.
fn named(guide: Option<&LoadedGuide>, path: &TaskPath) -> String {
    let tasks = guide.map(|loaded| match path.section {
        Section::Checks => &loaded.guide.checks,
        Section::Steps => &loaded.guide.steps,
        Section::Verify => &loaded.guide.verify,
    });
    let task = tasks.into_iter().flatten().find(|task| task.id == path.id);
    // What a title reads is not known here.
    let title = task.and_then(|task| task.title.as_deref()).filter(|title| !title.contains("{{"));
    title.map_or_else(|| path.to_string(), |title| format!("{title} ({path})"))
}

fn all(common: &Common) -> i32 {
    let endpoints = match common.endpoints() {
        Ok(endpoints) => endpoints,
        Err(trouble) => {
            say!("{}", explained(&trouble.problem(), common.look()));
            return Exit::Usage.code();
        }
    };
    let found = installs(&endpoints.state);
    if common.output != Format::Text {
        let rows: Vec<Value> = found.iter().map(|(folder, story)| listed(folder, story.as_ref())).collect();
        if common.output == Format::Ndjson {
            rows.iter().for_each(|row| machine(common.output, row));
        } else {
            machine(common.output, &Value::Array(rows));
        }
        return Exit::Done.code();
    }
    if found.is_empty() {
        say!("No installs here ({}).", endpoints.state.display());
    }
    for (folder, story) in found {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        match story {
            Ok(story) => {
                let state = stands(&story, holder(&folder).as_ref());
                say!("{name}  {}  {}  {state}", story.guide, place(&story));
            }
            Err(fault) => say!("{name}  cannot be read: {fault}"),
        }
    }
    Exit::Done.code()
}

/// One install of several, for machines.
fn listed(folder: &Path, story: Result<&Story, impl std::fmt::Display>) -> Value {
    let install = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match story {
        Ok(story) => head(install, story, holder(folder).as_ref()),
        Err(fault) => json!({ "install": install, "unreadable": fault.to_string() }),
    }
}

fn head(install: &str, story: &Story, held_by: Option<&Holder>) -> Value {
    json!({
        "install": install,
        "guide": story.guide,
        "target": story.target,
        "state": standing(story, held_by),
        "held_by": held_by,
        "steps_done": story.steps_done(),
        "exit": story.closed,
        "last": story.last.map(|at| at.to_string()),
    })
}

/// An install with its steps and what its checks found, for machines.
fn whole(install: &str, story: &Story, held_by: Option<&Holder>) -> Value {
    let steps = story.steps.iter().map(|(path, step)| {
        json!({
            "task": path.to_string(),
            "how": step.how,
            "open": step.open,
            "undone": step.undone,
            "person": step.person.as_ref().map(|told| json!({ "instruction": told.instruction, "since": told.at.to_string() })),
            "handed_over": step.handed_over.as_ref().map(|asked| asked.what.to.as_str()),
            "failed": step.failed,
        })
    });
    let looked = story.looked.iter().map(|(path, outcome)| json!({ "task": path.to_string(), "outcome": outcome }));
    let mut all = head(install, story, held_by);
    all["steps"] = steps.collect();
    all["looked"] = looked.collect();
    all
}

fn machine(format: Format, value: &Value) {
    if format == Format::Ndjson {
        say!("{value}");
    } else {
        say!("{}", serde_json::to_string_pretty(value).unwrap_or_default());
    }
}

/// Where it stands, and who is at it.
fn stands(story: &Story, held_by: Option<&Holder>) -> String {
    let state = standing(story, held_by);
    held_by.map_or_else(|| state.clone(), |who| format!("{state}, {who} has it open"))
}

fn waits(told: &ToldPerson, now: Timestamp) -> String {
    format!("waits for a person, told {}: {}", ago(told.at, now), told.instruction.trim().replace('\n', "\n      "))
}

fn handed(asked: &Asked, now: Timestamp) -> String {
    format!("handed over to {}, {}; what to do: {}", asked.what.to, ago(asked.at, now), asked.file)
}

fn place(story: &Story) -> String {
    let field = |name: &str| story.target[name].as_str().unwrap_or_default().to_owned();
    format!("{} {} {}/{}", field("account"), field("region"), field("cluster"), field("namespace"))
}
