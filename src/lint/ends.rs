//! Can what a scenario's `ends` expects be said at all?

use landfall_core::{guide::LoadedGuide, plan::nearest};
use landfall_rehearsal::Ends;
use regex::Regex;

use super::unknown_task;
use crate::{kinds::Kinds, problems};

/// What can never come: where inside `ends`, and why. Other words than codes and paths may be anything that is told.
pub(super) fn impossible(loaded: &LoadedGuide, kinds: &Kinds, ends: &Ends) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    if let Some(code) = ends.exit_code.filter(|code| !(0..=5).contains(code)) {
        let codes = "0 done, 1 failed, 2 something given is wrong, 3 a check says stop, 4 with warnings (--strict), 5 waits for a person";
        wrong.push(("/ends/exit_code".into(), format!("no rehearsal ends with {code}: {codes}")));
    }
    let known = codes(loaded, kinds);
    for (index, said) in ends.says.iter().enumerate() {
        let why = match said.split_once('/') {
            Some(("checks" | "steps" | "verify", _)) => {
                unknown_task(loaded, said).map(|hint| format!("the guide has no task {said}{hint}"))
            }
            _ if looks_like_a_code(said) && !known.contains(said) => {
                let hint = nearest(said, known.iter().map(String::as_str));
                Some(format!(
                    "nothing has the code {said}: it is no problem of the guide, and no page explains it{hint}"
                ))
            }
            _ => None,
        };
        wrong.extend(why.map(|why| (format!("/ends/says/{index}"), why)));
    }
    wrong
}

/// A code is words in capitals, at least two; a ticket or a quota (`CP-77`, `L-DB2E81BA`) is not shaped like one.
fn looks_like_a_code(said: &str) -> bool {
    Regex::new("^[A-Z][A-Z0-9]+(-[A-Z][A-Z0-9]*)+$").is_ok_and(|shape| shape.is_match(said))
}

fn codes(loaded: &LoadedGuide, kinds: &Kinds) -> Vec<String> {
    let guide = &loaded.guide;
    let own = guide
        .problems
        .iter()
        .map(|problem| format!("{}-{}", guide.code_prefix, problem.id.to_uppercase().replace('_', "-")));
    let errata = guide.errata.iter().map(|erratum| erratum.id.clone());
    let catalogue = kinds.catalogue();
    let rooms = [landfall_core::catalogue::Room::Check, landfall_core::catalogue::Room::Step];
    let of_kinds: Vec<String> =
        rooms.into_iter().flat_map(|room| catalogue.room(room)).map(|kind| kind.code.clone()).collect();
    own.chain(errata).chain(problems::codes().map(str::to_owned)).chain(of_kinds).collect()
}
