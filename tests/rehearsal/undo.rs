//! Undo takes away what an install made, and nothing else.

use std::{io::Write, process::Stdio};

use crate::rehearsed::{Said, Served};

#[test]
fn undo_leaves_the_world_as_it_was() {
    let before = Served::start("smooth").end();
    let served = Served::start("smooth");
    served.landfall(&["install", "arthur-shield", "--yes", "--output", "ndjson"]).ends_with(0);
    let shown = served.landfall(&["undo", "arthur-shield"]);
    shown.ends_with(5);
    assert!(shown.out.contains("deletes the Secret postgres-secret"), "{}", shown.out);
    for said in ["UNDO-NOT-AGREED", "undo arthur-shield --yes", "--lose steps/namespace"] {
        assert!(shown.out.contains(said), "no {said} in {}", shown.out);
    }
    served
        .landfall(&["undo", "arthur-shield", "--yes", "--lose", "steps/namespace", "--output", "ndjson"])
        .ends_with(0);
    let left = served.end();
    for half in ["aws", "kubernetes"] {
        for (sort, was) in before[half].as_object().unwrap() {
            assert_eq!(was, &left[half][sort], "{half} {sort}");
        }
    }
}

/// Answers the questions of `undo --line` through a pipe, a line each.
fn answered(served: &Served, lines: &str) -> Said {
    let mut command = served.command(&["undo", "arthur-shield", "--line"]);
    let mut program = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    program.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let ended = program.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: ended.status.code(), out: text(ended.stdout), err: text(ended.stderr) }
}

#[test]
fn nothing_goes_before_somebody_said_so_and_what_holds_data_goes_by_its_name_alone() {
    let served = Served::start("smooth");
    served.landfall(&["install", "arthur-shield", "--yes", "--output", "ndjson"]).ends_with(0);
    let undone = |text: &str| text.matches(r#""record":"undoing""#).count();

    // Enter is no; and whoever leaves at the second question has agreed to nothing.
    let (asked, left) = (answered(&served, "\n"), answered(&served, "yes\n"));
    for said in [&asked, &left] {
        said.ends_with(5);
        assert!(said.out.contains("Nothing was taken away."), "{}", said.out);
    }
    assert_eq!(undone(&served.journal()), 0);
    let place = |text: &str| asked.out.find(text).unwrap_or_else(|| panic!("no {text} in {}", asked.out));
    assert!(place("Goes, last first:") < place("steps/namespace: "));
    assert!(place("(holds data;") < place("Stays:") && place("Stays:") < place("did it"));
    assert!(place("did it") < place("away? [no]"));

    // Another name than its own is none.
    let kept = answered(&served, "yes\nyes\n\n");
    kept.ends_with(4);
    assert!(kept.out.contains("That is not its name."), "{}", kept.out);
    let gone = answered(&served, "yes\nnamespace\n");
    gone.ends_with(0);
}
