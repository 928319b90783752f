//! The guide that prepares an account for a product: each scenario ends as it says, and leaves what it should.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::rehearsed::{Rehearsed, Served, aws, objects, rehearse_guide};

const GUIDE: &str = "deeploy-aws";
const SPEED: &str = "60";
const INSTALL: [&str; 5] = ["install", GUIDE, "--yes", "--output", "ndjson"];
/// What is told nobody.
const CANARIES: [&str; 3] = ["rehearsed-admin-password", "rehearsed-user-password", "rehearsed-licence-key"];

fn rehearse(scenario: &str) -> Rehearsed {
    rehearse_guide(GUIDE, scenario, SPEED)
}

fn served(scenario: &str) -> Served {
    Served::start_with(GUIDE, &["--scenario", scenario, "--speed", SPEED], None)
}

/// One of the files that are handed over.
fn handed(run: &Rehearsed, name: &str) -> Value {
    let path = run.world.join("deeploy").join(name);
    serde_yaml::from_str(&fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"))).unwrap()
}

fn is_prepared(run: &Rehearsed, cluster: &str) {
    run.said.ends_with(0);
    let database = &run.left["aws"]["databases"][cluster];
    assert!(!database.is_null(), "{}", run.left["aws"]["databases"]);
    for name in ["deeploy", "deeploy_kratos"] {
        assert_eq!(run.said.outcome(&format!("verify/inside[{name}]")), "pass");
    }
    let failed: Vec<Value> = run.said.events().into_iter().filter(|event| event["outcome"] == "fail").collect();
    assert!(failed.is_empty(), "{failed:?}");
    let values = handed(run, "values.yaml");
    assert_eq!(values["database"]["username"], "deeploy");
    assert!(!values["database"]["host"].as_str().unwrap_or_default().is_empty());
    assert!(!handed(run, "secret-values.yaml")["database"]["password"].as_str().unwrap_or_default().is_empty());
}

fn every_file(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { every_file(&path, found) } else { found.push(path) }
    }
}

#[test]
fn smooth_prepares_everything_and_tries_it_from_inside_the_cluster() {
    let run = rehearse("smooth");
    is_prepared(&run, "deeploy-prod");
    for path in
        ["verify/bucket_inside", "verify/key_inside", "verify/images", "verify/names[deeploy.mycompany.example]"]
    {
        assert_eq!(run.said.outcome(path), "pass", "{path}");
    }
    assert_eq!(aws(&run.left, "buckets"), ["deeploy-prod-123456789012"]);
    let inline = run.left["aws"]["roles"]["deeploy-prod"]["inline"].to_string();
    assert!(inline.contains("s3:GetObject") && !inline.contains("s3:*"), "{inline}");
    assert!(aws(&run.left, "users").is_empty(), "a role needs no user");
    let account = &run.left["kubernetes"]["serviceaccounts"]["deeploy"]["deeploy-deployment"];
    assert_eq!(account["metadata"]["annotations"]["meta.helm.sh/release-name"], "deeploy");
}

#[test]
fn keys_are_a_users_and_stand_in_a_file_of_their_own() {
    let run = rehearse("keys");
    is_prepared(&run, "deeploy-prod");
    assert_eq!(run.left["aws"]["users"]["deeploy-prod"]["keys"], serde_json::json!(["Active"]));
    assert!(aws(&run.left, "roles").iter().all(|name| name != "deeploy-prod"), "a user needs no role");
    let secrets = handed(&run, "secret-values.yaml");
    let key = secrets["remoteBlobStorage"]["aws"]["s3SecretKey"].as_str().unwrap();
    assert_eq!(secrets["security"]["keyManagement"]["aws"]["secretKey"], key);
    assert_eq!(secrets["license"]["deeployLicenseKey"], "rehearsed-licence-key");
    assert!(!run.said.out.contains(key) && !run.said.err.contains(key));
    assert!(!fs::read_to_string(run.world.join("deeploy/values.yaml")).unwrap().contains(key));
}

#[cfg(unix)]
#[test]
fn the_file_with_secrets_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let run = rehearse("smooth");
    run.said.ends_with(0);
    let mode = |name: &str| fs::metadata(run.world.join("deeploy").join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("secret-values.yaml"), 0o600);
    let mut files = Vec::new();
    every_file(&run.world.join("state"), &mut files);
    files.extend(["values.yaml", "kubeconfig.yaml"].map(|name| run.world.join("deeploy").join(name)));
    files.push(run.world.join("vault.age"));
    for canary in CANARIES {
        assert!(!run.said.out.contains(canary) && !run.said.err.contains(canary), "{canary} was said");
        for path in &files {
            let bytes = fs::read(path).unwrap();
            assert!(
                !bytes.windows(canary.len()).any(|part| part == canary.as_bytes()),
                "{} holds {canary}",
                path.display()
            );
        }
    }
}

#[test]
fn eksctl_makes_cluster_and_vpc_and_the_rest_follows() {
    let run = rehearse("eksctl");
    is_prepared(&run, "deeploy-prod");
    assert_eq!(aws(&run.left, "cluster_tags"), ["deeploy-prod"]);
    assert_eq!(aws(&run.left, "node_groups"), ["deeploy-prod/deeploy"]);
}

#[test]
fn an_environment_towards_the_internet_has_its_alarm_on_credits() {
    let run = rehearse("internet");
    is_prepared(&run, "deeploy-test");
    assert!(aws(&run.left, "alarms").iter().any(|name| name == "deeploy-test-node-credits"));
    let service = &run.left["kubernetes"]["services"]["istio-system"]["istio-ingressgateway"];
    let annotations = service["metadata"]["annotations"].to_string();
    assert!(annotations.contains("internet-facing"), "{annotations}");
}

#[test]
fn a_development_environment_is_small_and_unprotected() {
    let run = rehearse("dev");
    is_prepared(&run, "deeploy-dev");
    let database = &run.left["aws"]["databases"]["deeploy-dev"];
    assert!(database.to_string().contains("db.t4g.medium"), "{database}");
    assert!(objects(&run.left, "deployments.apps", "kube-system").iter().all(|name| !name.contains("autoscaler")));
}

#[test]
fn what_a_platform_team_runs_is_used_and_left_as_it_is() {
    let run = rehearse("istio-there");
    is_prepared(&run, "deeploy-prod");
    assert_eq!(aws(&run.left, "buckets"), ["mycompany-models"]);
    assert!(objects(&run.left, "deployments.apps", "istio-system").iter().all(|name| name != "istiod"));
}

/// How a scenario that stops says so: the task, its problem's code, the guide's own.
fn stops(scenario: &str, code: i32, path: &str, problem: &str, recognised: &str) -> Rehearsed {
    let run = rehearse(scenario);
    run.said.ends_with(code);
    let told = run.said.of(path);
    assert!(told.iter().any(|event| event.to_string().contains(problem)), "{problem} in {told:?}");
    assert!(told.iter().any(|event| event["problem"]["code"] == recognised), "{recognised} in {told:?}");
    run
}

#[test]
fn without_a_subscription_nothing_that_costs_money_is_made() {
    let run = stops("no-subscription", 1, "verify/images", "K8S-POD-IMAGE", "DEEPLOY-NO-SUBSCRIPTION");
    assert!(aws(&run.left, "databases").is_empty(), "no database");
}

#[test]
fn a_bucket_or_key_of_somebody_else_is_found_before_anything_is_made() {
    let run = stops("bucket-taken", 3, "checks/bucket", "S3-NAME-TAKEN", "DEEPLOY-BUCKET-TAKEN");
    assert!(aws(&run.left, "databases").is_empty());
    let run = stops("key-closed", 3, "checks/key", "KMS-KEY-CLOSED", "DEEPLOY-KEY-REFUSED");
    assert!(aws(&run.left, "databases").is_empty());
}

#[test]
fn a_class_that_cannot_be_ordered_and_a_quota_that_is_used_up_are_named() {
    stops("class-not-orderable", 3, "checks/db_class", "RDS-NOT-OFFERED", "DEEPLOY-NOT-ORDERABLE");
    stops("no-quota", 1, "steps/database", "StorageQuotaExceeded", "DEEPLOY-NO-QUOTA");
}

#[test]
fn a_database_that_pods_do_not_reach_or_that_has_another_password_is_named() {
    stops("rule-missing", 1, "steps/db_user", "PG-UNREACHABLE", "DEEPLOY-DATABASE-UNREACHABLE");
    stops("wrong-password", 1, "steps/db_user", "PG-LOGIN", "DEEPLOY-WRONG-PASSWORD");
}

#[test]
fn lost_answers_make_nothing_twice() {
    let run = rehearse("lost-answer");
    is_prepared(&run, "deeploy-prod");
    assert_eq!(aws(&run.left, "databases").len(), 1);
    assert_eq!(run.left["aws"]["keys"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_session_that_ends_meanwhile_is_renewed() {
    let run = rehearse("expired-credentials");
    is_prepared(&run, "deeploy-prod");
    assert!(run.said.out.contains("AWS-EXPIRED"), "no session ended: {}", run.said.out);
}

#[test]
fn a_token_that_is_refused_in_the_middle_of_a_step_parks_it() {
    let run = rehearse("token-refused");
    is_prepared(&run, "deeploy-prod");
    let parked = |event: &Value| event["event"] == "waiting" && event.to_string().contains("KUBE-EXPIRED");
    assert!(run.said.of("steps/db_user").iter().any(parked), "{:?}", run.said.of("steps/db_user"));
}

#[test]
fn what_somebody_began_is_taken_over() {
    let run = rehearse("half-installed");
    is_prepared(&run, "deeploy-prod");
    let made = run.said.made();
    for thing in ["S3 bucket", "Deeploy's namespace", "Istio's namespace", "The cluster's identity provider in IAM"] {
        assert!(made.iter().any(|line| *line == format!("found there: {thing}")), "{thing}: {made:?}");
    }
}

#[test]
fn killed_while_rds_makes_the_database_it_continues_and_makes_nothing_twice() {
    let served = served("smooth");
    served.install_until_killed(r#""record":"intent","path":"steps/database""#);
    served.landfall(&INSTALL).ends_with(0);
    let left = served.end();
    assert_eq!(aws(&left, "databases"), ["deeploy-prod"]);
    assert_eq!(aws(&left, "buckets"), ["deeploy-prod-123456789012"]);
}

#[test]
fn another_password_of_the_administrator_is_agreed_to_and_given_to_rds() {
    let served = served("smooth");
    served.landfall(&INSTALL).ends_with(0);
    fs::write(served.world().join("secrets/db-admin"), "another-admin-password").unwrap();
    let asked = served.landfall(&INSTALL);
    asked.ends_with(5);
    assert!(asked.out.contains("change steps/database: the secret db_admin.password is another"), "{}", asked.out);
    let agreed = "\"approve\": [\n    { \"task\": \"plan\", \"name\": \"Change board\", \"reason\": \"CHG-79\" },";
    let answers = served.file("agreed.yaml", &served.answers().replace("\"approve\": [", agreed));
    served.landfall(&[&INSTALL[..], &["--answers", answers.to_str().unwrap()]].concat()).ends_with(0);
    // Once is enough.
    served.landfall(&INSTALL).ends_with(0);
    let left = served.end();
    assert_eq!(left["aws"]["databases"]["deeploy-prod"]["passwords"], 1);
    assert!(!left.to_string().contains("another-admin-password"));
}

#[test]
fn undo_asks_for_what_holds_data_by_name_and_leaves_the_account_as_it_was() {
    let before = served("smooth").end();
    let served = served("smooth");
    served.landfall(&INSTALL).ends_with(0);
    let shown = served.landfall(&["undo", GUIDE]);
    shown.ends_with(5);
    for path in ["steps/database", "steps/bucket", "steps/key"] {
        let line = shown.out.lines().find(|line| line.starts_with(&format!("{path}: "))).unwrap_or_default();
        assert!(line.contains("agree with --lose"), "{path} in {}", shown.out);
    }
    // What holds data is kept, and what it stands on with it: a person decides, and nothing failed.
    let kept = served.landfall(&["undo", GUIDE, "--yes", "--output", "ndjson"]);
    kept.ends_with(4);
    for path in ["steps/db_subnets", "steps/db_group", "steps/role"] {
        assert!(kept.of(path).iter().any(|event| event["event"] == "skipped"), "{path}: {:?}", kept.of(path));
    }
    let lose = [
        "steps/db[deeploy]",
        "steps/db[deeploy_kratos]",
        "steps/database",
        "steps/bucket",
        "steps/key",
        "steps/namespace",
        "steps/istio_namespace",
    ];
    let lose = lose.iter().flat_map(|path| ["--lose", *path]);
    let words: Vec<&str> = ["undo", GUIDE, "--yes", "--output", "ndjson"].into_iter().chain(lose).collect();
    served.landfall(&words).ends_with(0);
    assert!(!served.world().join("deeploy/secret-values.yaml").exists());
    let left = served.end();
    for (sort, was) in before["aws"].as_object().unwrap() {
        // A key is only scheduled to go; a database leaves its last snapshot.
        if !["keys", "aliases", "snapshots"].contains(&sort.as_str()) {
            assert_eq!(was, &left["aws"][sort], "aws {sort}");
        }
    }
    for (sort, space) in
        [("deployments.apps", "istio-system"), ("serviceaccounts", "deeploy"), ("secrets", "istio-system")]
    {
        assert_eq!(objects(&before, sort, space), objects(&left, sort, space), "{sort}");
    }
}
