//! What may happen in a rehearsal is listed, with how each ends; the README's list is the same.

use std::collections::BTreeMap;

use landfall::guides;
use serde_json::Value;

use crate::rehearsed::{Said, landfall, run};

fn listed(guide: &str, more: &[&str]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    run(landfall(folder.path()).args(["rehearse", guide, "--scenarios"]).args(more))
}

#[test]
fn every_scenario_has_its_line_with_the_exit_code_and_the_smooth_one_is_first() {
    for folder in guides::embedded() {
        let id = folder.name.rsplit('/').next().unwrap();
        let said = listed(id, &[]);
        said.ends_with(0);
        let lines: Vec<Vec<&str>> = said.out.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[0][..2], ["smooth", "0"], "{id}");
        for scenario in folder.scenarios() {
            let line = lines.iter().find(|line| line.first() == Some(&scenario)).unwrap();
            assert!(line[1].parse::<i32>().is_ok() && line.len() > 2, "{id}: {line:?}");
        }
        assert!(said.out.contains("The number is the exit code: 0 done"), "{}", said.out);
    }
}

#[test]
fn machines_read_the_same_and_of_a_guide_in_one_file() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/examples/lantern-board.yaml");
    let said = listed(example, &["--output", "json"]);
    said.ends_with(0);
    let all: Vec<Value> = serde_json::from_str(&said.out).unwrap();
    let of = |id: &str| all.iter().find(|scenario| scenario["id"] == id).unwrap();
    assert_eq!((&all[0]["id"], &of("smooth")["exit_code"]), (&"smooth".into(), &0.into()));
    assert!(of("ingress")["title"].is_string() && of("smooth")["says"].as_array().unwrap().len() == 2, "{all:?}");
}

const README: &str = include_str!("../../README.md");

#[test]
fn the_readme_has_every_scenario_of_shield_under_the_exit_code_it_ends_with() {
    let rows = README.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(", "));
    let rows = rows.filter_map(|(code, row)| Some((code.parse::<i64>().ok()?, row)));
    let names = rows.flat_map(|(code, row)| row.split('`').skip(1).step_by(2).map(move |name| (name.to_owned(), code)));
    let told: BTreeMap<String, i64> = names.collect();
    let folder = guides::folder("arthur-shield").unwrap();
    let ends = |id: &str| folder.scenario(id).unwrap()["ends"]["exit_code"].as_i64().unwrap();
    let there: BTreeMap<String, i64> = folder.scenarios().iter().map(|id| ((*id).to_owned(), ends(id))).collect();
    assert_eq!(told, there);
}

#[test]
fn the_readme_sets_all_up_with_two_commands() {
    let blocks = README.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let lines = blocks.flat_map(|(block, _)| block.lines());
    let set_up: Vec<&str> = lines.filter(|line| line.starts_with("cargo ") || line.starts_with("./")).collect();
    assert_eq!(set_up.len(), 2, "{set_up:?}");
    assert!(set_up[0].starts_with("cargo run -- rehearse arthur-shield ") && set_up[1].starts_with("./test "));
}

#[test]
fn a_list_of_no_guide_is_a_wrong_command_line_and_a_wrong_name_leads_to_the_list() {
    let folder = tempfile::tempdir().unwrap();
    run(landfall(folder.path()).args(["rehearse", "--scenarios"])).ends_with(2);
    let said = run(landfall(folder.path()).args(["rehearse", "arthur-shield", "--scenario", "rough"]));
    said.ends_with(2);
    assert!(said.err.contains("--scenarios"), "{}", said.err);
}
