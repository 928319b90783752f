//! `guide new`: what it writes lints and rehearses at once, names what is honestly to do, and overwrites nothing.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::rehearsed::{Said, landfall, run};

const DOCUMENT: &str = "# Acme Search\n\nYou need two nodes.\n\n## Install\n\n```sh\nkubectl create namespace search\n```\n\n\
                        Option A: your own database.\n\n    helm install search ./chart\n";

fn here(place: &Path, arguments: &[&str]) -> Command {
    let mut command = landfall(place);
    command.current_dir(place).args(arguments);
    command
}

fn landfall_in(place: &Path, arguments: &[&str]) -> Said {
    run(&mut here(place, arguments))
}

fn rehearses(place: &Path, guide: &str) {
    landfall_in(place, &["rehearse", guide, "--yes", "--speed", "200", "--output", "ndjson"]).ends_with(0);
}

/// What lint says, for machines.
fn messages(place: &Path, arguments: &[&str]) -> Vec<Value> {
    let said = landfall_in(place, &[&["guide", "lint", "--output", "json"][..], arguments].concat());
    let messages: Vec<Value> = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err));
    assert_eq!(said.code, Some(if messages.is_empty() { 0 } else { 2 }));
    messages
}

#[test]
fn a_guide_begun_for_any_target_is_clean_and_rehearses_at_once() {
    let place = tempfile::tempdir().unwrap();
    for cluster in ["kubernetes", "eks", "none"] {
        for name in [format!("{cluster}.yaml"), format!("{cluster}-folder")] {
            let new = ["guide", "new", &name, "--title", "Acme: \"Search\" & more", "--cluster", cluster, "--yes"];
            landfall_in(place.path(), &new).ends_with(0);
            let path = format!("./{name}");
            let told = messages(place.path(), &[&path]);
            assert!(told.is_empty(), "{name}: {told:?}");
            rehearses(place.path(), &path);
        }
    }
    assert!(place.path().join("eks-folder/scenarios/smooth.yaml").is_file());
}

#[test]
fn each_passage_of_a_document_is_a_to_do_and_nothing_else_is_wrong() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("install.md"), DOCUMENT).unwrap();
    for guide in ["./search.yaml", "./search"] {
        landfall_in(place.path(), &["guide", "new", guide, "--from", "install.md", "--yes"]).ends_with(0);
        let told = messages(place.path(), &[guide, "--source", "install.md"]);
        let codes: Vec<&str> = told.iter().filter_map(|message| message["code"].as_str()).collect();
        assert_eq!(codes, ["uncited"; 4], "{told:?}");
        for message in &told {
            let file = message["file"].as_str().unwrap();
            let line = usize::try_from(message["line"].as_u64().unwrap()).unwrap();
            let text = fs::read_to_string(place.path().join(file)).unwrap();
            assert!(text.lines().nth(line - 1).unwrap().contains("sha256"), "{message}");
            assert!(message["column"].as_u64().unwrap() > 1 && message["message"].is_string(), "{message}");
        }
        rehearses(place.path(), guide);
    }
    let written = fs::read_to_string(place.path().join("search.yaml")).unwrap();
    for said in [
        "#   lines 5-10 (snippet): a step, perhaps kube.namespace (a namespace)",
        "#     kubectl create namespace search",
        "#   lines 11-12 (choice): an input of type choice",
        "#   lines 13 (snippet): a step, perhaps helm.release",
        "title: Acme Search",
    ] {
        assert!(written.contains(said), "{said}\n{written}");
    }
    fs::write(place.path().join("install.md"), DOCUMENT.replace("two nodes", "three nodes")).unwrap();
    let told = messages(place.path(), &["./search.yaml", "--source", "install.md"]);
    assert_eq!(told.iter().filter(|message| message["code"] == "source-changed").count(), 1, "{told:?}");
}

/// What a command only looks at is a verification, and a line that begins with a command in backticks says something.
#[test]
fn a_look_at_the_cluster_is_a_verification_and_no_excerpt_is_empty() {
    let place = tempfile::tempdir().unwrap();
    let document = "# Ferry\n\n## Check\n\n```sh\nkubectl -n ferry get pods\n```\n\n## Removing it\n\n`kubectl delete ns ferry` removes everything.\n";
    fs::write(place.path().join("ferry.md"), document).unwrap();
    landfall_in(place.path(), &["guide", "new", "./ferry.yaml", "--from", "ferry.md", "--yes"]).ends_with(0);
    let written = fs::read_to_string(place.path().join("ferry.yaml")).unwrap();
    for said in [
        "(snippet): a verification, perhaps kube.pods (pods are ready)",
        "#     `kubectl delete ns ferry` removes everything.",
    ] {
        assert!(written.contains(said), "{said}\n{written}");
    }
    assert!(!written.contains("kube.default_storage_class"), "{written}");
}

#[test]
fn what_is_there_is_never_overwritten() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("mine.yaml"), "mine").unwrap();
    fs::create_dir(place.path().join("folder")).unwrap();
    fs::write(place.path().join("folder/notes"), "mine").unwrap();
    for path in ["mine.yaml", "folder"] {
        let said = landfall_in(place.path(), &["guide", "new", path, "--title", "Acme", "--yes"]);
        assert_eq!(said.code, Some(2));
        assert!(said.err.contains("is there already") && said.err.contains("never overwritten"), "{}", said.err);
    }
    assert_eq!(fs::read_to_string(place.path().join("mine.yaml")).unwrap(), "mine");
    assert_eq!(fs::read_dir(place.path().join("folder")).unwrap().count(), 1);
}

#[test]
fn what_cannot_stand_in_a_guide_is_refused_with_the_flag_and_nothing_is_written() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("picture"), b"\x89PNG\0\xff\xfe").unwrap();
    fs::write(place.path().join("empty.md"), "\n \n").unwrap();
    let refused: [(&[&str], &str); 6] = [
        (&["--title", "Acme", "--id", "Acme Search"], "--id \"Acme Search\" does not fit"),
        (&["--title", "Acme", "--code-prefix", "acme"], "--code-prefix \"acme\" does not fit"),
        (&["--title", "Acme", "--namespace", "A_b"], "--namespace \"A_b\" does not fit"),
        (&["--from", "missing.md"], "missing.md cannot be taken apart"),
        (&["--from", "picture"], "picture cannot be taken apart"),
        (&["--from", "empty.md"], "empty.md cannot be taken apart"),
    ];
    for (arguments, words) in refused {
        let said = landfall_in(place.path(), &[&["guide", "new", "acme.yaml", "--yes"][..], arguments].concat());
        assert_eq!(said.code, Some(2), "{arguments:?}");
        assert!(said.err.contains(words) && said.err.contains("fix"), "{arguments:?}: {}", said.err);
        assert!(!place.path().join("acme.yaml").exists());
    }
    let said = landfall_in(place.path(), &["guide", "new", "--yes"]);
    assert!(said.code == Some(2) && said.err.contains("--title is missing"), "{}", said.err);
}

#[test]
fn it_asks_what_no_flag_says_and_asks_again_what_does_not_fit() {
    let place = tempfile::tempdir().unwrap();
    let mut command = here(place.path(), &["guide", "new"]);
    let mut asking = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Title, id (one that does not fit, help, then what Enter takes), prefix, cluster, namespace, document, place.
    asking.stdin.take().unwrap().write_all(b"Acme Search\nAcme!\n?\n\n\neks\nfind\n\n./one.yaml\n").unwrap();
    let output = asking.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    assert!(err.contains("\"Acme!\" does not fit") && out.contains("what people type after"), "{out}{err}");
    let written = fs::read_to_string(place.path().join("one.yaml")).unwrap();
    for said in ["id: acme-search", "code_prefix: ACME", "cluster: eks, namespace: find", "Acme Search: installation"] {
        assert!(written.contains(said), "{said}\n{written}");
    }
    assert!(messages(place.path(), &["./one.yaml"]).is_empty());
}

#[test]
fn questions_that_are_left_write_nothing() {
    let place = tempfile::tempdir().unwrap();
    let mut command = here(place.path(), &["guide", "new", "acme.yaml"]);
    let mut asking = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    asking.stdin.take().unwrap().write_all(b"Acme\n<\n").unwrap();
    let output = asking.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!place.path().join("acme.yaml").exists());
}
