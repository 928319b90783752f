//! A guide of one's own in one file has every right: its passages, templates and scenarios are in it, or beside it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use landfall::{guides, kinds::Kinds, lint::lint};

use crate::rehearsed::{Said, Served, landfall, objects, run};

fn example() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/lantern-board.yaml")).unwrap()
}

/// The example with some of its text changed, in a folder of its own.
fn guide(changes: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let mut text = example();
    for (from, to) in changes {
        assert!(text.contains(from), "{from} is not in the example");
        text = text.replacen(from, to, 1);
    }
    let path = folder.path().join("lantern-board.yaml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn told(path: &Path) -> Vec<String> {
    let folder = guides::folder(path.to_str().unwrap()).unwrap();
    lint(&folder, &Kinds::all(), None).iter().map(ToString::to_string).collect()
}

fn rehearse(path: &Path, scenario: &str) -> Said {
    let mut command = landfall(path.parent().unwrap());
    command.args(["rehearse"]).arg(path).args([
        "--scenario",
        scenario,
        "--yes",
        "--speed",
        "200",
        "--output",
        "ndjson",
    ]);
    run(&mut command)
}

#[test]
fn it_is_planned_installed_verified_and_taken_away_by_its_path() {
    let (_folder, path) = guide(&[]);
    let path = path.to_str().unwrap();
    let served = Served::start_with(path, &["--scenario", "ingress", "--speed", "120"], None);
    let planned = served.landfall(&["plan", path, "--yes", "--output", "ndjson"]);
    planned.ends_with(0);
    for step in ["steps/namespace", "steps/board", "steps/ingress"] {
        assert!(planned.out.contains(step), "{step} is not in the plan");
    }
    served.landfall(&["install", path, "--yes", "--output", "ndjson"]).ends_with(0);
    served.landfall(&["verify", path, "--yes", "--output", "ndjson"]).ends_with(0);
    // From here on the copy beside the journal is enough.
    served
        .landfall(&["undo", "lantern-board", "--yes", "--lose", "steps/namespace", "--output", "ndjson"])
        .ends_with(0);
    let left = served.end();
    assert!(objects(&left, "namespaces", "").iter().all(|name| name != "lantern"));
}

#[test]
fn its_templates_may_stand_beside_it_and_nothing_else_there_is_its_own() {
    let text = example();
    let (templates, board) = (text.find("\ntemplates:\n").unwrap(), text.find("\nscenarios:\n").unwrap());
    let inline = &text[templates..board];
    let body: String = inline
        .lines()
        .skip_while(|line| !line.contains("board.j2: |"))
        .skip(1)
        .map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line)))
        .collect();
    for place in ["", "templates"] {
        let (folder, path) = guide(&[(inline, "\n")]);
        assert!(
            told(&path).iter().any(|line| line.contains("board.j2 is not among the guide's files")),
            "{:?}",
            told(&path)
        );
        fs::create_dir_all(folder.path().join(place)).unwrap();
        fs::write(folder.path().join(place).join("board.j2"), &body).unwrap();
        fs::write(folder.path().join("another.j2"), "{{ not_ours }}").unwrap();
        fs::write(folder.path().join("source.yaml"), "not: ours").unwrap();
        assert_eq!(told(&path), [""; 0]);
        rehearse(&path, "smooth").ends_with(0);
    }
}

#[test]
fn a_mistake_anywhere_in_the_file_is_told_at_its_line() {
    for (from, to, words) in [
        ("lines: 5-8,", "lines: 6-8,", "line 5 comes next"),
        ("value: \"{{ sign_in_url }}\"", "value: \"{{ sign_in_adress }}\"", "nothing is called sign_in_adress"),
        ("reach: ingress,", "reach: ingres,", "one of inside, ingress"),
        (
            "      pods:\n        - { name: board-, logs: [board started] }",
            "      pod:\n        - { name: board-, logs: [board started] }",
            "unknown field `pod`",
        ),
        ("based_on: smooth\n    answers", "based_on: smoth\n    answers", "no scenario \"smoth\""),
        ("from: [5-8]", "from: [5-99]", "outside the document"),
        ("board.j2: |", "bord.j2: |", "no task names the template"),
    ] {
        let (_folder, path) = guide(&[(from, to)]);
        let text = fs::read_to_string(&path).unwrap();
        let folder = guides::folder(path.to_str().unwrap()).unwrap();
        let messages = lint(&folder, &Kinds::all(), None);
        let message = messages.iter().find(|message| message.message.contains(words));
        let message = message.unwrap_or_else(|| panic!("{to}: {messages:?}"));
        assert_eq!(message.file, path.display().to_string());
        let near = text.lines().skip(message.line.saturating_sub(2)).take(4).collect::<Vec<_>>().join("\n");
        let changed = to.lines().next().unwrap().trim();
        assert!(near.contains(changed), "{changed} is not near line {} of\n{near}", message.line);
    }
}

#[test]
fn what_stands_in_the_file_and_beside_it_is_refused() {
    let (folder, path) = guide(&[]);
    let own = folder.path().join("own");
    fs::create_dir_all(own.join("scenarios")).unwrap();
    fs::copy(&path, own.join("guide.yaml")).unwrap();
    assert_eq!(told(&own), [""; 0]);
    fs::write(own.join("source.yaml"), "document: x\nlines: 1\npassages: []\n").unwrap();
    assert!(told(&own)[0].contains("there is a source.yaml, too"), "{:?}", told(&own));
    fs::remove_file(own.join("source.yaml")).unwrap();
    fs::write(own.join("scenarios/smooth.yaml"), "id: smooth\n").unwrap();
    assert!(told(&own)[0].contains("scenarios/smooth.yaml is there, too"), "{:?}", told(&own));
}

#[test]
fn in_the_persons_own_folder_it_is_listed_shown_and_rehearsed_by_its_id() {
    let home = tempfile::tempdir().unwrap();
    let place = home.path().join(".config/landfall/guides");
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("lantern-board.yaml"), example()).unwrap();
    let said = |arguments: &[&str]| run(landfall(home.path()).args(arguments));
    let listed = said(&["guide", "list"]);
    let own = listed.out.split("lantern-board  Lantern Board").nth(1).unwrap();
    for words in
        ["takes 5 minutes", "needs of Whoever runs your sign-in page", "1 day", "Password of the administrator"]
    {
        assert!(own.contains(words), "{words}\n{own}");
    }
    let shown = said(&["guide", "show", "lantern-board"]);
    for words in [
        "# Lantern Board",
        "## What is asked",
        "- `ingress`: Everybody, by an ingress: An ingress controller has to be there.",
        "kind `kube.manifest`: a Kubernetes object. (only when `reach == 'ingress'`)",
        "LANTERN-SIGN-IN",
        "**LANTERN-01** (Install, passage 3; Install, passage 4): The command names no namespace",
        "Instead: The Secret is made in the board's namespace.",
        "From: Install, passage 5; Install, passage 6",
        // The whole of what a template says, and how long something is asked again.
        "The template `board.j2`:",
        "- { name: SIGN_IN_URL, value: \"{{ sign_in_url }}\" }",
        "Asked again for up to 5m.",
    ] {
        assert!(shown.out.contains(words), "{words}\n{}", shown.out);
    }
    said(&["rehearse", "lantern-board", "--yes", "--speed", "200", "--output", "ndjson"]).ends_with(0);
}

#[test]
fn a_kind_is_explained_as_a_check_a_step_and_a_look_up_and_an_unknown_code_by_its_neighbours() {
    let home = tempfile::tempdir().unwrap();
    let said = |code: &str| run(landfall(home.path()).args(["explain", code]));
    let both = said("kube.secret");
    both.ends_with(0);
    for words in
        ["(the check kube.secret)", "(kube.secret, a step)", "  keys", "  data", "  type", "  resource_version"]
    {
        assert!(both.out.contains(words), "{words}\n{}", both.out);
    }
    assert!(said("aws.regions").out.contains("(aws.regions, a look-up)"));
    let unknown = said("K8S-CLAS-NO-DEFAULT");
    unknown.ends_with(2);
    assert!(unknown.err.contains("K8S-CLASS-NO-DEFAULT") && unknown.err.lines().count() < 8, "{}", unknown.err);
}

/// A problem's words read what a need's message reads: the target in a run, what is left to say elsewhere.
#[test]
fn a_problems_words_are_filled_in_where_it_is_told_and_where_it_is_shown() {
    let (_folder, path) = guide(&[
        ("$ kubectl -n lantern logs", "$ kubectl -n {{ namespace }} logs"),
        (
            "what: The board does not reach your sign-in page.",
            "what: \"The board in {{ namespace }} does not reach {{ sign_in_url }}.\"",
        ),
    ]);
    assert_eq!(told(&path), [""; 0]);
    let said = rehearse(&path, "sign-in-down");
    said.ends_with(0);
    assert!(
        said.out.contains("The board in lantern does not reach https://sign-in.mycompany.example."),
        "{}",
        said.out
    );
    assert!(said.out.contains("$ kubectl -n lantern logs") && !said.out.contains("{{"), "{}", said.out);
    let mut command = landfall(path.parent().unwrap());
    let shown = run(command.args(["guide", "show"]).arg(&path));
    assert!(shown.out.contains("does not reach <Address of your sign-in page>."), "{}", shown.out);
}

#[test]
fn what_other_people_bring_is_there_for_machines_too() {
    let (folder, path) = guide(&[]);
    let mut command = landfall(folder.path());
    let said = run(command.args(["guide", "needs"]).arg(&path).args(["--output", "json"]));
    let needs: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(needs[0]["ask"], "Whoever runs your sign-in page");
    assert_eq!(needs[0]["takes"], "1 day");
    assert!(needs[0]["message"].as_str().unwrap().contains("namespace lantern"), "{needs}");
    let said = run(landfall(folder.path()).args(["guide", "list", "--output", "json"]));
    let all: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    for guide in all.as_array().unwrap() {
        let has = |key: &str| guide[key].as_array().is_some_and(|list| !list.is_empty());
        assert!(has("inputs") && has("needs") && has("scenarios"), "{}", guide["id"]);
        assert!(guide["takes"].is_string(), "nobody says how long {} takes", guide["id"]);
        for need in guide["needs"].as_array().unwrap() {
            assert!(need["ask"].is_string() && need["title"].is_string(), "{need}");
        }
    }
}
