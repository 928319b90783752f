//! The gateway guide: each scenario ends as it says, and leaves what it should.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::rehearsed::{Rehearsed, Served, aws, objects, rehearse_guide};

const GUIDE: &str = "apheris-gateway";
const SPEED: &str = "120";
/// What is told nobody.
const CANARIES: [&str; 2] = ["rehearsed-client-secret", "rehearsed-helm-password"];

/// Runs a scenario and holds it to its own `ends`.
fn rehearse(scenario: &str) -> Rehearsed {
    let run = rehearse_guide(GUIDE, scenario, SPEED);
    let ends = ends(scenario);
    run.said.ends_with(i32::try_from(ends["exit_code"].as_i64().unwrap()).unwrap());
    for said in ends["says"].as_array().unwrap() {
        assert!(run.said.out.contains(said.as_str().unwrap()), "{scenario} does not say {said}");
    }
    run
}

fn scenarios() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assets/guides/{GUIDE}/scenarios"));
    let names = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap());
    names.map(|name| name.trim_end_matches(".yaml").to_owned()).collect()
}

fn ends(scenario: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assets/guides/{GUIDE}/scenarios/{scenario}.yaml"));
    let text: Value = serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    text["ends"].clone()
}

fn served(scenario: &str) -> Served {
    Served::start_with(GUIDE, &["--scenario", scenario, "--speed", SPEED], None)
}

fn file(run: &Rehearsed, name: &str) -> String {
    fs::read_to_string(run.world.join("deployment").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn is_installed(run: &Rehearsed) {
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
    is_installed(&run);
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
    assert_eq!(run.said.outcome("verify/agent_version"), "pass");
    assert_eq!(run.said.outcome("checks/admins"), "warn");
    assert!(file(&run, "terraform.tfstate").contains("rehearsed-client-secret"), "that is what was announced");
}

#[test]
fn a_vpc_of_ones_own_is_used_and_its_subnets_are_looked_at() {
    let run = rehearse("own-vpc");
    is_installed(&run);
    assert!(file(&run, "gateway.tf").contains("create_vpc      = false"));
    let said: String = run.said.out;
    assert!(!said.contains("aws_vpc.this: Creating"), "no VPC is made");
    let refused = rehearse("subnets-full");
    assert_eq!(refused.said.of("checks/subnets").pop().unwrap()["problem"]["code"], "EC2-NO-ADDRESSES");
}

#[test]
fn buckets_of_others_get_a_statement_with_the_role_that_was_made() {
    let run = rehearse("external-buckets");
    is_installed(&run);
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
    is_installed(&run);
    let gateway = file(&run, "gateway.tf");
    assert!(gateway.contains("nvidia.com/gpu") && gateway.contains("nodePoolMapping"), "{gateway}");
    assert!(gateway.contains("/values.yaml\")"), "{gateway}");
}

#[test]
fn an_update_unpacks_beside_the_old_version_and_changes_the_release_in_place() {
    let run = rehearse("update");
    is_installed(&run);
    let asked = run.said.of("steps/gateway").into_iter().find(|event| event["event"] == "finished").unwrap();
    assert_eq!(asked["how"], "changed", "it was there before: {asked}");
    let calls = fs::read_to_string(run.world.join("terraform-calls.jsonl")).unwrap();
    assert!(calls.contains("-upgrade"));
}

#[test]
fn a_name_in_use_is_taken_into_the_state_and_nothing_is_uninstalled() {
    let run = rehearse("terraform-name-in-use");
    is_installed(&run);
    assert!(run.said.out.contains("state does not know it"), "who owns it is told");
    let calls = fs::read_to_string(run.world.join("terraform-calls.jsonl")).unwrap();
    assert!(calls.contains("\"import\"") && calls.contains("apheris/apheris-gateway"), "{calls}");
    assert!(!fs::read_to_string(run.world.join("helm-calls.jsonl")).unwrap().contains("uninstall"));
}

#[test]
fn a_name_that_another_manager_keeps_is_left_to_it() {
    let run = rehearse("name-kept-by-flux");
    run.said.ends_with(1);
    let failed = run.said.of("steps/gateway").into_iter().find(|event| event["event"] == "failed").unwrap();
    assert!(failed["problem"]["why"].as_str().unwrap().contains("it was made by Flux"), "{failed}");
    assert!(failed["problem"]["fix"].as_str().unwrap().starts_with("Have Flux let go of it"), "{failed}");
    let calls = fs::read_to_string(run.world.join("terraform-calls.jsonl")).unwrap();
    assert!(!calls.contains("\"import\"") && !calls.contains("\"apply\""), "{calls}");
    assert!(!objects(&run.left, "secrets", "apheris").is_empty(), "its record is still there");
}

#[test]
fn a_lock_of_another_run_is_told_and_waited_for() {
    let run = rehearse("lock-held");
    is_installed(&run);
    let told = run.said.of("steps/gateway");
    assert!(
        told.iter().any(|event| event["why"]["on"].as_str().is_some_and(|on| on.contains("kim@laptop-12"))),
        "{told:?}"
    );
}

#[test]
fn the_lock_may_be_a_table_and_the_tool_may_be_opentofu() {
    let run = rehearse("dynamodb-lock");
    is_installed(&run);
    assert!(file(&run, "terraform_backend.tf").contains(r#"dynamodb_table = "terraform-locks""#));
    is_installed(&rehearse("opentofu"));
}

#[test]
fn a_gateway_tf_that_was_brought_is_used_unless_a_secret_is_in_it() {
    let run = rehearse("brought-gateway-tf");
    is_installed(&run);
    assert!(file(&run, "gateway.tf").contains("var.orchestrator_client_secret"));
    assert!(file(&run, "values.yaml").contains("tokenLifetime"), "it was called plain");
    assert!(run.world.join("arrived/values.yaml").exists(), "it was to stay");
    let refused = rehearse("plain-password");
    assert!(!refused.said.out.contains(CANARIES[1]), "the password is not shown");
    assert!(!refused.world.join("deployment").exists(), "nothing was written");
    assert!(!rehearse("more-secrets").said.out.contains("rehearsed-proxy-password"));
}

#[test]
fn a_zip_of_another_digest_than_the_announced_one_is_not_unpacked() {
    let run = rehearse("other-zip");
    assert!(!run.world.join("deployment").exists(), "nothing was written");
}

#[test]
fn a_vpc_is_let_go_of_only_after_a_copy_of_the_state_and_nothing_is_lost() {
    let run = rehearse("vpc-released");
    is_installed(&run);
    let copy = file(&run, "state-before-vpc.json");
    assert!(copy.contains("module.gateway.module.vpc.aws_vpc.this"), "{copy}");
    let calls = fs::read_to_string(run.world.join("terraform-calls.jsonl")).unwrap();
    let at = |words: &str| {
        calls.lines().position(|line| line.contains(words)).unwrap_or_else(|| panic!("{words} in {calls}"))
    };
    assert!(at(r#""state","pull""#) < at(r#""state","rm""#));
    assert!(!calls.contains("vpc_endpoints"));
    let lost = rehearse("vpc-lost");
    let told: Vec<String> =
        lost.said.of("steps/gateway").iter().filter_map(|event| event["line"].as_str().map(str::to_owned)).collect();
    let first = told.iter().position(|line| line.contains("2 to destroy")).expect("the plan is told") + 1;
    assert!(
        told[first].ends_with(": DESTROY") && told[first + 1].ends_with(": DESTROY"),
        "what is lost stands on top: {told:?}"
    );
    let calls = fs::read_to_string(lost.world.join("terraform-calls.jsonl")).unwrap();
    assert!(!calls.contains("\"apply\""), "{calls}");
}

#[test]
fn the_vendors_failures_are_recognised_where_they_happen() {
    for scenario in ["no-addresses", "unreachable", "root", "no-state-bucket", "name-uninstalled", "computations"] {
        rehearse(scenario);
    }
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assets/guides/{GUIDE}/guide.yaml")));
    let guide: Value = serde_yaml::from_str(&text.unwrap()).unwrap();
    let said: Vec<String> = scenarios().iter().map(|scenario| ends(scenario)["says"].to_string()).collect();
    for problem in guide["problems"].as_array().unwrap() {
        let code = format!("APHERIS-{}", problem["id"].as_str().unwrap().to_uppercase().replace('_', "-"));
        assert!(said.iter().any(|said| said.contains(&code)), "no scenario shows {code}");
    }
}

#[test]
fn a_pipeline_plans_and_applies_and_nothing_is_applied_from_here() {
    let run = rehearse("pipeline");
    is_installed(&run);
    let asked = run.said.of("steps/plan_reviewed").into_iter().find(|event| event["event"] == "finished").unwrap();
    assert_eq!(asked["how"], "made");
    let gateway = run.said.of("steps/gateway").into_iter().find(|event| event["event"] == "finished").unwrap();
    assert_eq!(gateway["how"], "handed_over", "{gateway}");
    let calls = fs::read_to_string(run.world.join("terraform-calls.jsonl")).unwrap();
    let applied: Vec<&str> = calls.lines().filter(|line| line.contains("\"apply\"")).collect();
    assert_eq!(applied.len(), 1, "{calls}");
    assert!(calls.lines().any(|line| line.contains("-lock=false")), "a look is in nobody's way: {calls}");
    assert!(!calls.lines().any(|line| line.contains("terraform-gateway.plan")), "no plan was saved here: {calls}");
    assert!(file(&run, "plan.json").contains("module.gateway"));
}

#[test]
fn without_the_pipelines_plan_it_waits_for_a_person_and_says_what_is_to_be_done() {
    let served = served("smooth");
    let answers =
        served.answers().replacen("\"mode\": \"install\"", "\"mode\": \"install\", \"apply_by\": \"pipeline\"", 1);
    let answers = served.file("answers.yaml", &answers);
    let install = ["install", GUIDE, "--yes", "--output", "ndjson", "--wait-person", "1m"];
    let said = served.landfall_with("LANDFALL_ANSWERS", &answers, &install);
    said.ends_with(5);
    let asked = said.of("steps/pipeline_plans").into_iter().find(|event| event["event"] == "person").unwrap();
    assert!(asked["instruction"].as_str().unwrap().contains("show -json reviewed.plan > plan.json"), "{asked}");
    assert!(served.world().join("deployment/gateway.tf").exists(), "the folder is written");
    assert!(aws(&served.end(), "cluster_tags").is_empty());
}

#[test]
fn installed_here_then_updated_here_with_what_was_kept() {
    let served = served("smooth");
    served.landfall(&["install", GUIDE, "--yes", "--output", "ndjson"]).ends_with(0);
    let answers = served
        .answers()
        .replace("\"mode\": \"install\"", "\"mode\": \"update\"")
        .replace("gateway-0.8.1.zip", "gateway-0.8.2.zip")
        .replace("\"0.8.1\"", "\"0.8.2\"")
        .replace("\"0.16.19\"", "\"0.16.20\"")
        .replace("\"values_from\": \"arrived\"", "\"values_from\": \"kept\"")
        .replace(
            "\"approve\": [",
            "\"approve\": [{ \"task\": \"plan\", \"name\": \"Test\", \"reason\": \"the update\" },",
        );
    let answers = served.file("answers.yaml", &answers);
    let said = served.landfall_with("LANDFALL_ANSWERS", &answers, &["install", GUIDE, "--yes", "--output", "ndjson"]);
    said.ends_with(0);
    assert!(served.world().join("deployment/gateway-0.8.1/main.tf").exists(), "the one before stays");
    assert!(served.world().join("deployment/gateway-0.8.2/main.tf").exists());
    let gateway = said.of("steps/gateway").into_iter().find(|event| event["event"] == "finished").unwrap();
    assert_eq!(gateway["how"], "changed", "{gateway}");
    let calls = fs::read_to_string(served.world().join("terraform-calls.jsonl")).unwrap();
    assert!(calls.contains("-upgrade"));
    let shown = served.landfall(&["undo", GUIDE]);
    assert!(shown.out.contains("7 to destroy"), "what it made is still its own: {}", shown.out);
}

#[test]
fn killed_in_the_middle_of_the_apply_it_goes_on_and_makes_nothing_twice() {
    let served = served("smooth");
    let mut running = served.install_until(r#""record":"intent","path":"steps/gateway""#);
    let state = served.world().join("s3/mycompany-terraform-states/apheris/gateway/terraform.tfstate");
    let deadline = Instant::now() + Duration::from_secs(60);
    while !fs::read_to_string(&state).unwrap_or_default().contains("aws_subnet.nodes") {
        assert!(Instant::now() < deadline && running.try_wait().unwrap().is_none(), "it never came so far");
        std::thread::yield_now();
    }
    running.kill().unwrap();
    running.wait().unwrap();
    let said = served.landfall(&["install", GUIDE, "--yes", "--output", "ndjson"]);
    said.ends_with(0);
    let calls = fs::read_to_string(served.world().join("terraform-calls.jsonl")).unwrap();
    let left = served.end();
    assert_eq!(aws(&left, "cluster_tags"), ["gateway"]);
    assert_eq!(calls.lines().filter(|line| line.contains("\"apply\"")).count(), 1, "it went on meanwhile: {calls}");
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
    assert!(!served.world().join("deployment").exists(), "nothing is left of the folder");
    let arrived = fs::read_to_string(served.world().join("arrived/values.yaml")).unwrap();
    assert!(CANARIES.iter().all(|canary| arrived.contains(canary)), "what can be read only once is together again");
    let left = served.end();
    assert!(aws(&left, "cluster_tags").is_empty());
}

#[test]
fn what_was_not_agreed_to_keeps_its_configuration_until_it_is_destroyed() {
    let served = served("smooth");
    served.landfall(&["install", GUIDE, "--yes", "--output", "ndjson"]).ends_with(0);
    served.landfall(&["undo", GUIDE, "--yes", "--output", "ndjson"]).ends_with(4);
    let folder = served.world().join("deployment");
    assert!(folder.join("gateway.tf").exists() && folder.join("gateway-0.8.1/main.tf").exists());
    served
        .landfall(&["undo", GUIDE, "--yes", "--lose", "steps/gateway", "--lose", "steps/values", "--output", "ndjson"])
        .ends_with(0);
    assert!(!folder.exists(), "nothing is left of the folder");
    let left = served.end();
    assert!(aws(&left, "cluster_tags").is_empty(), "the cluster is destroyed");
}
