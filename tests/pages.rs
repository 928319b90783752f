//! Every problem the program can name has a page for `landfall explain`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
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

/// What looks like a problem's code in a check's file, without its list of them.
fn found_by(text: &str) -> BTreeMap<String, ()> {
    let list = Regex::new(r"(?s)const PROBLEMS.*?\];").unwrap();
    let text = list.replace(text.split("#[cfg(test)]").next().unwrap(), "").into_owned();
    let (code, of_kind) = (r#""([A-Z][A-Z0-9]*(?:-[A-Z][A-Z0-9]*)+)""#, Regex::new(r"^[A-Z0-9]+-[0-9]+$").unwrap());
    let codes = Regex::new(code).unwrap();
    let codes = codes.captures_iter(&text).map(|found| found[1].to_owned());
    codes
        .filter(|code| !of_kind.is_match(code) && !NONE.iter().any(|none| code.starts_with(none)))
        .map(|code| (code, ()))
        .collect()
}

#[test]
fn every_check_says_what_it_is_for_and_which_problems_it_finds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src/check"), &mut files);
    let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let mut wrong = Vec::new();
    for (name, kind) in &Kinds::all().checks {
        let text = texts.iter().find(|text| text.contains(&format!("name: \"{name}\""))).unwrap();
        let (there, told) = (found_by(text), kind.problems());
        if !there.keys().map(String::as_str).eq(told.iter().copied()) {
            wrong.push(format!("{name}: its PROBLEMS are {:?}", there.keys()));
        }
        let about = kind.describe().parameters["description"].as_str().unwrap_or_default().to_owned();
        if about.len() < 60 {
            wrong.push(format!("{name}: its docstring says nothing for whoever sees its row: {about:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_checks_code_is_explained_to_whoever_sees_its_row_before_its_parameters() {
    let home = tempfile::tempdir().unwrap();
    let explain = |code: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        let output = command.env_clear().env("HOME", home.path()).args(["explain", code]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{code}");
        String::from_utf8(output.stdout).unwrap()
    };
    let quota = explain("AWS-04");
    let at = |words: &str| quota.find(words).unwrap_or_else(|| panic!("no {words} in\n{quota}"));
    let order = [
        at("AWS-04: room in the vCPU quota"),
        at("EC2 refuses whatever goes beyond"),
        at("AWS-QUOTA-LOW: The vCPU quota is too low"),
        at("Ask AWS for more"),
        at("arthur-shield, checks/gpu_quota"),
        at("For authors of guides"),
        at("instance_type"),
    ];
    assert!(order.is_sorted(), "{quota}");
    // A row of which there are several is called by its task, too.
    let one = explain("AWS-03/node_role_policies");
    assert!(one.contains("arthur-shield, checks/node_role_policies"), "{one}");
    assert_eq!(one.matches("\n  arthur-shield, ").count(), 1, "{one}");
}
