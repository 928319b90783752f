//! The disk is full in the middle of an install: what runs is finished, nothing more is begun, and with room again it goes on.
#![cfg(target_os = "linux")]

use std::process::Command;

use crate::rehearsed::{Served, aws, run};

const INSTALL: [&str; 5] = ["install", "arthur-shield", "--yes", "--output", "ndjson"];

/// The program, unable to make any file longer than this; told so by an error, as on a full disk, not by a signal.
fn with_room_for(served: &Served, bytes: u64, arguments: &[&str]) -> Command {
    let program = served.command(arguments);
    let mut command = Command::new("sh");
    command.args(["-c", r#"trap '' XFSZ; exec prlimit --fsize="$@""#, "sh"]).arg(bytes.to_string());
    command.arg(program.get_program()).args(program.get_args()).env_clear();
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(std::process::Stdio::null());
    command
}

#[test]
fn a_full_disk_loses_nothing_and_is_no_end() {
    let served = Served::start("smooth");
    served.install_until_killed(r#""record":"result","path":"steps/namespace""#);
    let written = served.journal().len() as u64;

    let stopped = run(&mut with_room_for(&served, written + 1500, &INSTALL));
    stopped.ends_with(1);
    let told = stopped.events();
    let problem = told.iter().map(|event| &event["problem"]).find(|problem| problem["code"] == "JOURNAL-DISK");
    let problem = problem.unwrap_or_else(|| panic!("{}", stopped.out));
    for (field, words) in [("what", "journal.jsonl"), ("why", "written down first"), ("fix", "Make room")] {
        assert!(problem[field].as_str().is_some_and(|text| text.contains(words)), "{problem}");
    }

    let status = served.landfall(&["status"]);
    status.ends_with(0);
    assert!(status.out.contains("unfinished"), "{}", status.out);
    served.landfall(&INSTALL).ends_with(0);

    let left = served.end();
    assert_eq!(aws(&left, "node_groups"), ["pay-1/arthur-shield-eks-gpu", "pay-1/cpu-1"]);
    let versions = &left["aws"]["launch_templates"]["arthur-shield-eks-gpu-pay-1"]["versions"];
    assert_eq!(versions.as_object().map(serde_json::Map::len), Some(1));
}

#[test]
fn a_disk_that_is_full_from_the_start_is_said_before_anything_is_made() {
    let served = Served::start("smooth");
    let said = run(&mut with_room_for(&served, 0, &INSTALL));
    said.ends_with(1);
    assert!(said.out.contains("JOURNAL-DISK"), "{}{}", said.out, said.err);
    assert_eq!(aws(&served.end(), "launch_templates"), Vec::<String>::new());
}
