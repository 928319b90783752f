//! The gateway guide: each scenario ends as it says, and leaves what it should.

use std::{fs, path::Path};

use serde_json::Value;

use crate::rehearsed::{Rehearsed, Served, aws, objects, rehearse_guide};

const GUIDE: &str = "apheris-gateway";
const SPEED: &str = "120";
/// What is told nobody.
const CANARIES: [&str; 2] = ["rehearsed-client-secret", "rehearsed-helm-password"];

fn rehearse(scenario: &str) -> Rehearsed {
    rehearse_guide(GUIDE, scenario, SPEED)
}

fn served(scenario: &str) -> Served {
    Served::start_with(GUIDE, &["--scenario", scenario, "--speed", SPEED], None)
}

fn file(run: &Rehearsed, name: &str) -> String {
    fs::read_to_string(run.world.join("deployment").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn is_installed(run: &Rehearsed, code: i32) {
    run.said.ends_with(code);
    assert_eq!(aws(&run.left, "cluster_tags"), ["gateway"]);
    assert_eq!(objects(&run.left, "deployments.apps", "apheris"), ["apheris-gateway-agent"]);
    assert_eq!(run.said.outcome("verify/connectivity"), "pass");
    assert_eq!(run.said.outcome("verify/agent_version"), "pass");
}

fn every_file(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { every_file(&path, found) } else { found.push(path) }
    }
}

#[test]
fn smooth_goes_from_a_zip_and_a_values_file_to_a_verified_gateway() {
    let run = rehearse("smooth");
    is_installed(&run, 0);
    for name in [
        "gateway.tf",
        "providers.tf",
        "terraform_backend.tf",
        "secrets.tf",
        "outputs.tf",
        "kubeconfig.yaml",
        "gateway-0.8.1/main.tf",
    ] {
        assert!(!file(&run, name).is_empty(), "{name}");
    }
    let values = file(&run, "values.yaml");
    assert!(values.contains("tenant") && values.contains("clientId") && !values.contains("clientSecret"), "{values}");
    assert!(!run.world.join("arrived/values.yaml").exists(), "what arrived is gone");
    let told = run.said.of("steps/gateway");
    assert!(told.iter().any(|event| event["line"].as_str().is_some_and(|line| line.contains("aws_eks_cluster.this"))));
}

#[test]
fn the_plan_is_asked_for_and_nothing_is_applied_alone() {
    let served = served("smooth");
    let answers = served.answers().replace("\"choice\": \"apply\"", "\"choice\": \"stop\"");
    let answers = served.file("answers.yaml", &answers);
    let said = served.landfall_with("LANDFALL_ANSWERS", &answers, &["install", GUIDE, "--yes", "--output", "ndjson"]);
    said.ends_with(1);
    let failed = said.of("steps/gateway").pop().unwrap();
    assert_eq!(failed["problem"]["code"], "STEP-NOT-APPROVED", "{failed}");
    let left = served.end();
    assert!(aws(&left, "cluster_tags").is_empty(), "nothing was made");
}

#[test]
fn no_secret_is_in_what_is_said_written_or_typed_but_in_the_state() {
    let run = rehearse("smooth");
    run.said.ends_with(0);
    let mut files = Vec::new();
    every_file(&run.world.join("deployment"), &mut files);
    every_file(&run.world.join("state"), &mut files);
    files.push(run.world.join("terraform-calls.jsonl"));
    for canary in CANARIES {
        assert!(!run.said.out.contains(canary) && !run.said.err.contains(canary), "{canary} was said");
        for path in &files {
            let bytes = fs::read(path).unwrap();
            assert!(
                !bytes.windows(canary.len()).any(|window| window == canary.as_bytes()),
                "{} holds {canary}",
                path.display()
            );
        }
    }
    let calls = fs::read_to_string(run.world.join("terraform-calls.jsonl")).unwrap();
    for word in ["init", "plan", "show", "apply", "output"] {
        assert!(calls.contains(&format!("\"{word}\"")), "{word} in {calls}");
    }
    assert!(!files.iter().any(|path| path.to_string_lossy().ends_with(".plan")), "saved plans are removed");
}

#[test]
fn a_local_state_is_told_to_hold_secrets() {
    let run = rehearse("local-backend");
    is_installed(&run, 4);
    assert_eq!(run.said.outcome("checks/admins"), "warn");
    assert!(file(&run, "terraform.tfstate").contains("rehearsed-client-secret"), "that is what was announced");
}

#[test]
fn a_vpc_of_ones_own_is_used_and_its_subnets_are_looked_at() {
    let run = rehearse("own-vpc");
    is_installed(&run, 0);
    assert!(file(&run, "gateway.tf").contains("create_vpc      = false"));
    let said: String = run.said.out;
    assert!(!said.contains("aws_vpc.this: Creating"), "no VPC is made");
    let refused = rehearse("subnets-full");
    refused.said.ends_with(3);
    assert_eq!(refused.said.of("checks/subnets").pop().unwrap()["problem"]["code"], "EC2-NO-ADDRESSES");
}

#[test]
fn buckets_of_others_get_a_statement_with_the_role_that_was_made() {
    let run = rehearse("external-buckets");
    is_installed(&run, 0);
    assert!(file(&run, "gateway.tf").contains(r#"additional_data_buckets = ["research-data", "own-data"]"#));
    let asked: Vec<Value> = run.said.of("steps/bucket_owner[research-data]");
    let asked =
        asked.iter().find(|event| event["event"] == "person").unwrap()["instruction"].as_str().unwrap().to_owned();
    let statement: Value =
        asked.lines().find_map(|line| serde_json::from_str(line).ok()).expect("a statement that is JSON");
    assert_eq!(statement["Principal"]["AWS"], "arn:aws:iam::123456789012:role/gateway-dal");
    let policy = run.left["aws"]["buckets"]["own-data"].to_string();
    assert!(policy.contains("ComputeGatewayReads") && policy.contains("role/gateway-dal"), "{policy}");
}

#[test]
fn gpu_pools_get_their_taint_and_the_mapping_keeps_the_values() {
    let run = rehearse("node-pools");
    is_installed(&run, 4);
    let gateway = file(&run, "gateway.tf");
    assert!(gateway.contains("nvidia.com/gpu") && gateway.contains("nodePoolMapping"), "{gateway}");
    assert!(gateway.contains("/values.yaml\")"), "{gateway}");
}

#[test]
fn an_update_unpacks_beside_the_old_version_and_changes_the_release_in_place() {
    let run = rehearse("update");
    is_installed(&run, 0);
    let asked = run.said.of("steps/gateway").into_iter().find(|event| event["event"] == "finished").unwrap();
    assert_eq!(asked["how"], "changed", "it was there before: {asked}");
    let calls = fs::read_to_string(run.world.join("terraform-calls.jsonl")).unwrap();
    assert!(calls.contains("-upgrade"));
}

#[test]
fn a_name_in_use_is_taken_into_the_state_and_nothing_is_uninstalled() {
    let run = rehearse("terraform-name-in-use");
    is_installed(&run, 0);
    let told = run.said.out.clone();
    assert!(told.contains("TF-NAME-IN-USE") || told.contains("its state does not know it"), "who owns it is told");
    let calls = fs::read_to_string(run.world.join("terraform-calls.jsonl")).unwrap();
    assert!(calls.contains("\"import\"") && calls.contains("apheris/apheris-gateway"), "{calls}");
    assert!(!fs::read_to_string(run.world.join("helm-calls.jsonl")).unwrap().contains("uninstall"));
}

#[test]
fn a_lock_of_another_run_is_told_and_waited_for() {
    let run = rehearse("interrupted");
    is_installed(&run, 0);
    let told = run.said.of("steps/gateway");
    assert!(
        told.iter().any(|event| event["why"]["on"].as_str().is_some_and(|on| on.contains("kim@laptop-12"))),
        "{told:?}"
    );
}

#[test]
fn killed_in_the_middle_of_the_apply_it_goes_on_and_makes_nothing_twice() {
    let served = served("smooth");
    served.install_until_killed(r#""record":"intent","path":"steps/gateway""#);
    served.landfall(&["install", GUIDE, "--yes", "--output", "ndjson"]).ends_with(0);
    let calls = fs::read_to_string(served.world().join("terraform-calls.jsonl")).unwrap();
    let left = served.end();
    assert_eq!(aws(&left, "cluster_tags"), ["gateway"]);
    assert!(calls.lines().filter(|line| line.contains("\"apply\"")).count() <= 2, "{calls}");
}

#[test]
fn undo_shows_the_destroy_plan_and_leaves_the_account_as_it_was() {
    let served = served("smooth");
    served.landfall(&["install", GUIDE, "--yes", "--output", "ndjson"]).ends_with(0);
    let shown = served.landfall(&["undo", GUIDE]);
    shown.ends_with(5);
    assert!(shown.out.contains("7 to destroy") && shown.out.contains("aws_eks_cluster.this  DESTROY"), "{}", shown.out);
    served
        .landfall(&["undo", GUIDE, "--yes", "--lose", "steps/gateway", "--lose", "steps/values", "--output", "ndjson"])
        .ends_with(0);
    assert!(!served.world().join("deployment/gateway.tf").exists());
    let left = served.end();
    assert!(aws(&left, "cluster_tags").is_empty());
}
