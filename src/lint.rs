//! Is a guide right? Its own shape is judged by the core; here come the kinds, which know their parameters, and the
//! scenarios, which the rehearsal knows.

mod ends;

use landfall_core::{
    catalogue::Room,
    guide::{Folder, LoadedGuide, lint as core},
    plan::{Answers, nearest},
    value::Document,
};
use landfall_rehearsal::Scenario;
use regex::Regex;
use serde_json::Value;

pub use landfall_core::guide::lint::LintMessage;

use crate::{kinds::Kinds, problems};

/// Everything that is wrong with a guide's files, in the order of the files; nothing where it is right.
///
/// `source_text` is the vendor's document, where it is at hand: then the passages' hashes are compared, too.
pub fn lint(folder: &Folder, kinds: &Kinds, source_text: Option<&str>) -> Vec<LintMessage> {
    if folder.file("guide.yaml").is_none() {
        let place = Document::of(&folder.name, Value::Null).position("");
        return vec![LintMessage::at(&place, "unreadable", "there is no guide.yaml here")];
    }
    let loaded = match LoadedGuide::read(folder.clone()) {
        Ok(loaded) => loaded,
        Err(fault) => return vec![LintMessage::unreadable(&fault)],
    };
    let fits = |room: Room, name: &str, parameters: &Value| {
        let misfit = match room {
            Room::Check => kinds.checks.get(name).map(|kind| kind.fits(parameters)),
            Room::Step => kinds.steps.get(name).map(|kind| kind.fits(parameters)),
            Room::Lookup => kinds.lookups.get(name).map(|kind| kind.fits(parameters)),
        };
        misfit.unwrap_or(Ok(())).map_err(|misfit| (misfit.pointer, misfit.message))
    };
    let mut messages = core::lint(&loaded, &kinds.catalogue(), &fits, source_text);
    messages.extend(unknown_problems(&loaded));
    for id in loaded.folder.scenarios() {
        messages.extend(scenario(&loaded, kinds, id));
    }
    messages.sort();
    messages.dedup();
    messages
}

/// Known failures that are recognised by another problem's code, where no problem has such a code. Ours are capitals; a service's
/// own (`StorageQuotaExceeded`) are as the service writes them, and not listed anywhere.
fn unknown_problems(loaded: &LoadedGuide) -> Vec<LintMessage> {
    let own = loaded.guide.problems.iter().enumerate();
    let told = own.filter_map(|(index, problem)| Some((index, problem.when.problem.as_ref()?)));
    let ours = told.filter(|(_, pattern)| !pattern.contains(char::is_lowercase));
    let unknown = ours.filter(|(_, pattern)| match Regex::new(pattern) {
        Ok(pattern) => !problems::codes().any(|code| pattern.is_match(code)),
        Err(_) => true,
    });
    let message = |(index, pattern): (usize, &String)| {
        let hint = nearest(pattern.trim_matches(['^', '$']), problems::codes());
        let position = loaded.document.position(&format!("/problems/{index}/when/problem"));
        LintMessage::at(&position, "unknown-problem", format!("no problem's code matches {pattern:?}{hint}"))
    };
    unknown.map(message).collect()
}

/// What is wrong with one scenario and its sample answers.
fn scenario(loaded: &LoadedGuide, kinds: &Kinds, id: &str) -> Vec<LintMessage> {
    let path = format!("scenarios/{id}.yaml");
    let document = match loaded.scenario_document(id) {
        Ok(document) => document,
        Err(fault) => return vec![LintMessage::unreadable(&fault)],
    };
    let at = |pointer: &str, message: String| LintMessage::at(&document.position(pointer), "scenario", message);
    let tree = match loaded.folder.scenario(id) {
        Ok(tree) => tree,
        Err(fault) => return vec![at("/based_on", fault.to_string())],
    };
    let scenario: Scenario = match document.decode_value("", tree) {
        Ok(scenario) => scenario,
        Err(fault) => return vec![LintMessage::unreadable(&fault)],
    };
    let mut messages = Vec::new();
    if scenario.id != id {
        messages.push(at("/id", format!("the scenario in {path} calls itself {:?}", scenario.id)));
    }
    messages.extend(ends::impossible(loaded, kinds, &scenario.ends).into_iter().map(|(place, why)| at(&place, why)));
    let answers = document.with_value("/answers", in_a_folder(scenario.answers.clone()));
    match Answers::read(&answers, &loaded.guide) {
        Ok(answers) => {
            let said = [
                ("attest", &answers.attest),
                ("waive", &answers.waive),
                ("approve", &answers.approve),
                ("adopt", &answers.adopt),
            ];
            for (list, said) in said {
                for (index, said) in said.iter().enumerate() {
                    if let Some(hint) = unknown_task(loaded, &said.task) {
                        let message = format!("the guide has no task {}{hint}", said.task);
                        messages.push(at(&format!("/answers/{list}/{index}"), message));
                    }
                }
            }
        }
        Err(faults) => messages
            .extend(faults.iter().map(|fault| LintMessage::at(&fault.position, "scenario", fault.message.clone()))),
    }
    messages
}

/// The answers as they are handed out: a rehearsal has a folder.
fn in_a_folder(answers: Value) -> Value {
    match answers {
        Value::String(text) => Value::String(text.replace("{{ rehearsal }}", "/rehearsal")),
        Value::Array(items) => items.into_iter().map(in_a_folder).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, item)| (key, in_a_folder(item))).collect(),
        other => other,
    }
}

/// Nothing where the path names a task of the guide; a hint otherwise.
fn unknown_task(loaded: &LoadedGuide, path: &str) -> Option<String> {
    let guide = &loaded.guide;
    let sections = [("checks", &guide.checks), ("steps", &guide.steps), ("verify", &guide.verify)];
    let paths: Vec<String> = sections
        .iter()
        .flat_map(|(section, tasks)| tasks.iter().map(move |task| format!("{section}/{}", task.id)))
        .collect();
    let bare = path.split('[').next().unwrap_or(path);
    (!paths.iter().any(|known| known == bare)).then(|| nearest(bare, paths.iter().map(String::as_str)))
}
