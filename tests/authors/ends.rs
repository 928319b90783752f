//! What a scenario expects is compared with how its rehearsal ends; what can never come is refused before.

use std::{fs, path::Path};

use landfall::{guides, kinds::Kinds, lint::lint};

use crate::rehearsed::{Said, landfall, run};

const ENDS: &str = "ends: { exit_code: 0, says: [steps/board, verify/board_ready] }";

/// The example, its first scenario with other ends.
fn guide(folder: &Path, ends: &str) -> String {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/lantern-board.yaml");
    let text = fs::read_to_string(example).unwrap();
    assert!(text.contains(ENDS));
    let path = folder.join("lantern-board.yaml");
    fs::write(&path, text.replacen(ENDS, ends, 1)).unwrap();
    path.display().to_string()
}

fn rehearse(ends: &str, more: &[&str]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let path = guide(folder.path(), ends);
    run(landfall(folder.path()).args(["rehearse", &path, "--yes", "--speed", "200"]).args(more))
}

#[test]
fn another_exit_code_or_a_code_that_never_came_is_told_and_fails() {
    rehearse(ENDS, &[]).ends_with(0);
    for (ends, why) in [
        ("ends: { exit_code: 3 }", "The exit code is 0; `ends` says 3."),
        ("ends: { exit_code: 0, says: [steps/board, LANTERN-SIGN-IN] }", "Nothing said LANTERN-SIGN-IN."),
    ] {
        let said = rehearse(ends, &["--output", "ndjson"]);
        said.ends_with(1);
        let words = said.err.split_whitespace().collect::<Vec<_>>().join(" ");
        for wanted in ["REHEARSAL-ENDS", "smooth did not end as its scenario says", why, "ends: {"] {
            assert!(words.contains(wanted), "{wanted} is not in\n{words}");
        }
    }
}

#[test]
fn with_other_answers_nothing_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    let path = guide(folder.path(), "ends: { exit_code: 3 }");
    let answers = folder.path().join("answers.yaml");
    fs::write(
        &answers,
        "guide: lantern-board\ntarget: { namespace: lantern }\ninputs: { sign_in_url: \"https://a.example\" }\nsecrets: { admin.password: { generate: password } }\n",
    )
    .unwrap();
    let said =
        run(landfall(folder.path()).args(["rehearse", &path, "--yes", "--speed", "200", "--answers"]).arg(&answers));
    said.ends_with(0);
}

#[test]
fn ends_that_can_never_come_are_refused_with_their_line() {
    let told = |ends: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = guide(folder.path(), ends);
        let line = fs::read_to_string(&path).unwrap().lines().position(|line| line.contains(ends)).unwrap() + 1;
        let messages = lint(&guides::folder(&path).unwrap(), &Kinds::all(), None);
        // Those that are based on it say what they take over, at their own line.
        assert!(messages.iter().all(|message| message.line >= line), "line {line}: {messages:?}");
        assert!(messages.first().is_none_or(|message| message.line == line), "line {line}: {messages:?}");
        messages.into_iter().map(|message| message.message).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(told(ENDS), "");
    for (ends, words) in [
        ("ends: { exit_kode: 0 }", "unknown field `exit_kode`"),
        ("ends: { exit_code: 9 }", "no rehearsal ends with 9"),
        ("ends: { says: [LANTERN-SING-IN] }", "did you mean LANTERN-SIGN-IN?"),
        ("ends: { says: [NO-SUCH-CODE] }", "nothing has the code NO-SUCH-CODE"),
        ("ends: { says: [steps/bord] }", "the guide has no task steps/bord"),
        // Whatever else is told, and a ticket.
        ("ends: { says: [CP-77, a word, K8S-CLASS-NO-DEFAULT, LANTERN-01, K8S-09] }", ""),
    ] {
        let told = told(ends);
        assert!(if words.is_empty() { told.is_empty() } else { told.contains(words) }, "{ends}: {told}");
    }
}
