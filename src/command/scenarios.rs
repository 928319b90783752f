//! `rehearse GUIDE --scenarios`: what may happen in a rehearsal of a guide, and how each ends.

use std::collections::BTreeMap;

use landfall_core::{event::Problem, guide::LoadedGuide};
use landfall_rehearsal::Scenario;
use serde_json::{Value, json};

use super::{Common, Exit, guide::refuse, say::say};
use crate::report::Format;

/// The scenario that is rehearsed where none is named; it comes first in the list.
pub(super) const SMOOTH: &str = "smooth";

/// A guide's scenario, whole.
pub(super) fn scenario(loaded: &LoadedGuide, id: &str) -> Result<Scenario, Problem> {
    let tree = loaded.folder.scenario(id).map_err(|fault| {
        Problem::new("REHEARSAL", fault.to_string(), "Choose one with --scenario; --scenarios says how each ends.")
    })?;
    serde_path_to_error::deserialize(tree)
        .map_err(|error| Problem::new("REHEARSAL", format!("scenario {id}: {error}"), "Correct the scenario."))
}

/// Lists them: name, exit code and what happens. `guide` is what the person calls it.
pub(super) fn scenarios(common: &Common, guide: &str, loaded: &LoadedGuide) -> i32 {
    let mut all: Vec<Scenario> = Vec::new();
    for id in loaded.folder.scenarios() {
        match scenario(loaded, id) {
            Ok(read) => all.push(Scenario { id: id.to_owned(), ..read }),
            Err(problem) => return refuse(common, &problem),
        }
    }
    all.sort_by_key(|scenario| scenario.id != SMOOTH);
    if common.output == Format::Text {
        listed(guide, &all);
    } else {
        let all: Vec<Value> = all.iter().map(summary).collect();
        say!("{}", serde_json::to_string_pretty(&all).unwrap_or_default());
    }
    Exit::Done.code()
}

fn listed(guide: &str, all: &[Scenario]) {
    let width = all.iter().map(|scenario| scenario.id.len()).max().unwrap_or_default();
    let mut codes = BTreeMap::new();
    for scenario in all {
        let code = scenario.ends.exit_code;
        codes.extend(code.map(|code| (code, means(code))));
        let code = code.map_or_else(|| "-".to_owned(), |code| code.to_string());
        say!("{:<width$}  {code:>3}  {}", scenario.id, scenario.title);
    }
    let codes: Vec<String> = codes.iter().map(|(code, means)| format!("{code} {means}")).collect();
    say!("\nThe number is the exit code: {}.", codes.join(", "));
    say!("Rehearse one: landfall rehearse {guide} --scenario NAME");
}

/// The same for machines.
fn summary(scenario: &Scenario) -> Value {
    json!({
        "id": scenario.id,
        "title": scenario.title,
        "about": scenario.about.trim(),
        "exit_code": scenario.ends.exit_code,
        "says": scenario.ends.says,
    })
}

fn means(code: i32) -> &'static str {
    match code {
        0 => "done",
        1 => "something failed",
        2 => "something given to it is wrong",
        3 => "a check says stop",
        4 => "done with warnings",
        5 => "waits for a person",
        _ => "interrupted",
    }
}
