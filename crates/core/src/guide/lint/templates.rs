//! Do the texts of templates read outputs that exist, and only below tasks that come after the steps they read?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Found, tasks, texts};
use crate::{
    catalogue::Catalogue,
    event::Section,
    guide::{LoadedGuide, Task},
    value::{Position, references},
};

pub(super) fn look(loaded: &LoadedGuide, catalogue: &Catalogue, found: &mut Found<'_>) {
    let after = tasks::comes_after(loaded);
    for (path, text) in loaded.templates() {
        // A text that cannot be read is told with its names.
        let Ok(read) = references(&Value::String(text.to_owned())) else { continue };
        for name in read.names.iter().filter(|name| name.starts_with("steps.")) {
            if let Some((rule, message)) = tasks::wrong_output(catalogue, loaded, &name["steps.".len()..]) {
                found.in_template(loaded, path, name, rule, &message);
            }
        }
        let known = |id: &&str| loaded.guide.steps.iter().any(|step| step.id == **id);
        let steps: BTreeSet<&str> = read.steps().filter(known).collect();
        for (section, index, task) in named_by(loaded, path) {
            for step in &steps {
                if let Some(message) = too_early(section, task, step, path, &after) {
                    found.add(&format!("/{section}/{index}/with"), "late", message);
                }
            }
        }
    }
}

/// Every task whose parameters name a template.
pub(super) fn named_by<'a>(
    loaded: &'a LoadedGuide,
    path: &'a str,
) -> impl Iterator<Item = (Section, usize, &'a Task)> + 'a {
    let all = tasks::sections(loaded)
        .into_iter()
        .flat_map(|(section, _, tasks)| tasks.iter().enumerate().map(move |(index, task)| (section, index, task)));
    all.filter(move |(.., task)| {
        let mut names = false;
        let until = task.until.iter().map(|until| &until.with);
        for with in std::iter::once(&task.with).chain(until) {
            texts(with, "", &mut |_, text| names |= text.contains(path));
        }
        names
    })
}

/// Where a template reads a name.
pub(super) fn place(loaded: &LoadedGuide, path: &str, name: &str) -> Position {
    let start = loaded.template_position(path);
    let text = loaded.folder.file(path).unwrap_or_default();
    let last = name.rsplit('.').next().unwrap_or(name);
    let found = [name, last]
        .iter()
        .find_map(|word| text.lines().enumerate().find_map(|(line, text)| Some((line, text.find(word)?))));
    let Some((line, column)) = found else { return start };
    // In a guide of one file the text begins on the line after its name, further in than it says itself.
    match loaded.guide.templates.contains_key(path) {
        true => Position { line: start.line + line + 1, ..start },
        false => Position { line: line + 1, column: column + 1, ..start },
    }
}

fn too_early(
    section: Section,
    task: &Task,
    step: &str,
    path: &str,
    after: &BTreeMap<String, BTreeSet<String>>,
) -> Option<String> {
    if section == Section::Checks {
        return Some(format!("{path} reads what {step} will bring; a check looks before anything is done"));
    }
    let wanted = format!("steps/{step}");
    let mut ways = vec![format!("{section}/{}", task.id)];
    let mut seen = BTreeSet::new();
    while let Some(at) = ways.pop() {
        for next in after.get(&at).into_iter().flatten() {
            if *next == wanted {
                return None;
            }
            if seen.insert(next.clone()) {
                ways.push(next.clone());
            }
        }
    }
    Some(format!("{path} reads what {step} brings, but {} does not come after it; add after: [{step}]", task.id))
}
