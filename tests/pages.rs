//! Every problem the program can name has a page for `landfall explain`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use landfall::kinds::Kinds;
use landfall_core::catalogue::Room;
use regex::Regex;

/// What looks like a problem's code and is none: quotas of AWS, and a placeholder of the command line.
const NONE: [&str; 2] = ["L-", "TASK-PATH"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { sources(&path, found) } else { found.push(path) }
    }
}

/// The codes with the file that names them. A kind's own code ends in a number; a problem's is words.
fn codes(root: &Path) -> BTreeMap<String, PathBuf> {
    let patterns = [r#""([A-Z][A-Z0-9]*(?:-[A-Z][A-Z0-9]*)+)""#, r#"Problem::new\(\s*"([A-Z]+)""#];
    let patterns = patterns.map(|pattern| Regex::new(pattern).unwrap());
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    let mut codes = BTreeMap::new();
    for file in files.into_iter().filter(|file| file.extension().is_some_and(|ending| ending == "rs")) {
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        for found in patterns.iter().flat_map(|pattern| pattern.captures_iter(text)) {
            codes.insert(found[1].to_owned(), file.clone());
        }
    }
    codes.retain(|code, _| !NONE.iter().any(|none| code.starts_with(none)));
    codes
}

#[test]
fn every_problem_has_a_page_that_says_what_to_do() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let codes = codes(root);
    assert!(codes.len() > 200, "{codes:?}");
    let mut wrong = Vec::new();
    for (code, file) in codes {
        let text = fs::read_to_string(root.join(format!("assets/problems/{code}.md"))).unwrap_or_default();
        let whole = text.starts_with(&format!("# {code}: ")) && text.contains("**What.**") && text.contains("**Fix.**");
        if !whole {
            wrong.push(format!("{code} of {}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "no page, or one without title, what or fix:\n{}", wrong.join("\n"));
}

#[test]
fn no_two_kinds_of_one_room_share_a_code() {
    let catalogue = Kinds::all().catalogue();
    for room in [Room::Check, Room::Step, Room::Lookup] {
        let mut known: BTreeMap<&str, &str> = BTreeMap::new();
        for kind in catalogue.room(room).filter(|kind| !kind.code.is_empty()) {
            let other = known.insert(&kind.code, &kind.name);
            assert!(other.is_none(), "{} and {} are both {}", other.unwrap(), kind.name, kind.code);
        }
    }
}
