//! Each problem that a guide knows is told, with its fix, in at least one of its scenarios; and those scenarios end as they say.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use landfall::guides;
use landfall_core::guide::LoadedGuide;
use serde_json::Value;

use crate::rehearsed::rehearse_with;

const SPEED: &str = "120";
/// For what lasts so short a time in the scenario that a fast clock passes it by.
const SLOWLY: &str = "30";
/// As many worlds as a small machine follows at this speed.
const AT_ONCE: usize = 2;

fn all() -> Vec<LoadedGuide> {
    guides::embedded().into_iter().map(|folder| LoadedGuide::read(folder).unwrap()).collect()
}

/// The codes of a guide's own problems.
fn codes(loaded: &LoadedGuide) -> Vec<String> {
    let guide = &loaded.guide;
    let code = |id: &str| format!("{}-{}", guide.code_prefix, id.to_uppercase().replace('_', "-"));
    guide.problems.iter().map(|problem| code(&problem.id)).collect()
}

/// What a scenario's end has to say.
fn says(loaded: &LoadedGuide, scenario: &str) -> Vec<String> {
    let tree = loaded.folder.scenario(scenario).unwrap();
    let says = tree["ends"]["says"].as_array().cloned().unwrap_or_default();
    says.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[test]
fn every_problem_a_guide_knows_is_told_in_some_scenario() {
    let mut wrong = Vec::new();
    for loaded in all() {
        let told: Vec<String> =
            loaded.folder.scenarios().into_iter().flat_map(|scenario| says(&loaded, scenario)).collect();
        wrong.extend(codes(&loaded).into_iter().filter(|code| !told.contains(code)));
    }
    assert!(wrong.is_empty(), "no scenario's end says: {}", wrong.join(", "));
}

/// How a scenario went otherwise than it says, if it did.
fn otherwise(loaded: &LoadedGuide, scenario: &str, codes: &[String]) -> Option<String> {
    otherwise_at(SPEED, loaded, scenario, codes).and_then(|_| otherwise_at(SLOWLY, loaded, scenario, codes))
}

fn otherwise_at(speed: &str, loaded: &LoadedGuide, scenario: &str, codes: &[String]) -> Option<String> {
    let id = &loaded.guide.id;
    // Longer than any person of these scenarios takes who comes at all.
    let run = rehearse_with(id, scenario, speed, &["--wait-person", "90m"]);
    let code = loaded.folder.scenario(scenario).unwrap()["ends"]["exit_code"].as_i64();
    let ended = run.said.code.map(i64::from);
    if ended != code {
        return Some(format!("{id} {scenario} ends with {ended:?}, not {code:?}\n{}", run.said.err));
    }
    let recognised: Vec<Value> = run.said.events().into_iter().filter(|event| event["event"] == "recognised").collect();
    says(loaded, scenario).iter().find_map(|said| {
        let with_fix = |event: &Value| {
            event["problem"]["code"] == said.as_str()
                && event["problem"]["fix"].as_str().is_some_and(|fix| !fix.is_empty())
        };
        let told = if codes.contains(said) { recognised.iter().any(with_fix) } else { run.said.out.contains(said) };
        (!told).then(|| format!("{id} {scenario} does not say {said}"))
    })
}

/// Also the other scenarios of the guide that no test of its own runs through.
#[test]
fn the_scenarios_that_tell_a_problem_end_as_they_say_and_show_its_fix() {
    let guides = all();
    let own = |loaded: &LoadedGuide| loaded.guide.id == "arthur-platform";
    let mut todo = Vec::new();
    for loaded in &guides {
        let codes = codes(loaded);
        for scenario in loaded.folder.scenarios() {
            if own(loaded) || says(loaded, scenario).iter().any(|said| codes.contains(said)) {
                todo.push((loaded, scenario, codes.clone()));
            }
        }
    }
    assert!(todo.len() > 20, "{}", todo.len());
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((loaded, scenario, codes)) = todo.get(next.fetch_add(1, Ordering::SeqCst)) {
                    wrong.lock().unwrap().extend(otherwise(loaded, scenario, codes));
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
