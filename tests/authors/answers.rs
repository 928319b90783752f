//! `answers`: out of a finished install a file comes that another cluster is installed with; it holds references, no secrets.

use std::{fs, path::Path};

use serde_json::Value;

use crate::rehearsed::Served;

const CANARY: &str = "canary-7341-of-the-board";

fn example() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/lantern-board.yaml").display().to_string()
}

/// An install by this guide that is over, in a world of its own.
fn installed(guide: &str, scenario: &str, answers: Option<&str>) -> Served {
    let served = Served::start_with(guide, &["--scenario", scenario, "--speed", "120"], None);
    let mut arguments = vec!["install", guide, "--yes", "--output", "ndjson"];
    arguments.extend(answers.iter().flat_map(|answers| ["--answers", answers]));
    served.landfall(&arguments).ends_with(0);
    served
}

/// What the file holds, as it is read; it follows the guide's schema.
fn read(served: &Served, guide: &str, text: &str) -> Value {
    let tree: Value = serde_yaml::from_str(text).unwrap();
    let schema = served.landfall(&["guide", "schema", guide]);
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema.out).unwrap()).unwrap();
    let wrong: Vec<String> = schema.iter_errors(&tree).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{}\n{text}", wrong.join("\n"));
    tree
}

#[test]
fn the_answers_of_a_finished_install_do_for_another_one_and_hold_no_secret() {
    let guide = example();
    let first = Served::start_with(&guide, &["--scenario", "ingress", "--speed", "120"], None);
    let password = first.file("password", CANARY);
    let given = format!(
        "guide: lantern-board\ntarget: {{ namespace: lantern }}\ninputs: {{ sign_in_url: \"https://a.example\", reach: ingress, \
         board_host: board.mycompany.example }}\nsecrets: {{ admin.password: {{ file: {} }} }}\n",
        password.display()
    );
    let given = first.file("given.yaml", &given);
    let install = ["install", &guide, "--yes", "--answers", given.to_str().unwrap(), "--output", "ndjson"];
    first.landfall(&install).ends_with(0);

    let out = first.world().join("again.yaml");
    first.landfall(&["answers", "lantern-board", "--same", "--out", out.to_str().unwrap()]).ends_with(0);
    let text = fs::read_to_string(&out).unwrap();
    assert!(!text.contains(CANARY), "{text}");
    let tree = read(&first, &guide, &text);
    assert_eq!(tree["inputs"]["board_host"], "board.mycompany.example");
    assert_eq!(tree["secrets"]["admin.password"]["file"], password.display().to_string());

    let second = installed(&guide, "ingress", Some(out.to_str().unwrap()));
    let host =
        second.end()["kubernetes"]["ingresses.networking.k8s.io"]["lantern"]["board"]["spec"]["rules"][0]["host"]
            .clone();
    assert_eq!(host, "board.mycompany.example");

    let again = first.landfall(&["answers", "lantern-board", "--out", out.to_str().unwrap()]);
    assert!(again.code == Some(1) && again.err.contains("never overwritten"), "{}", again.err);
}

#[test]
fn for_another_cluster_what_belongs_to_the_first_one_is_a_comment() {
    let first = installed("arthur-platform", "cross-account-ses", None);
    let text = first.landfall(&["answers", "arthur-platform"]).out;
    let tree = read(&first, "arthur-platform", &text);
    assert_eq!(tree["target"], serde_json::json!({}));
    assert_eq!(tree["inputs"]["ses_account"], "999999999999");
    assert!(tree["inputs"].get("csi_driver").is_none(), "what a look-up of the cluster offered is asked anew: {text}");
    assert!(tree.get("attest").is_none() && tree.get("approve").is_none(), "{text}");
    for comment in ["#   cluster: pay-1", "#   csi_driver: addon", "# attest:", "#   - task: checks/ses_elsewhere"] {
        assert!(text.contains(comment), "{comment}\n{text}");
    }
    // Whoever installs the next one says anew what persons answer for, and where it goes.
    let anew: String = text
        .lines()
        .map(|line| {
            let said = line.strip_prefix("# ").filter(|said| said.starts_with(' ') || said.ends_with(':'));
            format!(
                "{}\n",
                said.filter(|said| !said.starts_with("Their") && !said.starts_with("Asked")).unwrap_or(line)
            )
        })
        .map(|line| line.replace("target: {}", "target:"))
        .collect();
    let next = first.file("next.yaml", &anew);
    read(&first, "arthur-platform", &anew);
    installed("arthur-platform", "cross-account-ses", Some(next.to_str().unwrap())).end();
}

#[test]
fn every_answer_is_written_so_that_it_is_read_as_it_was() {
    // The guide with a values mapping, rows, files and people who do steps.
    let served = installed("inference-model-manager", "self-managed", None);
    let given: Value = serde_yaml::from_str(&served.answers()).unwrap();
    let written: Value = read(
        &served,
        "inference-model-manager",
        &served.landfall(&["answers", "inference-model-manager", "--same"]).out,
    );
    for section in ["inputs", "secrets"] {
        for (key, value) in given[section].as_object().unwrap() {
            assert_eq!(&written[section][key], value, "{section} {key}");
        }
    }
}
