//! What somebody agrees to is all that is done: texts of templates, where it goes, secrets; and nothing that nobody said.

use serde_json::Value;

use crate::rehearsed::{Said, Served, aws, objects};

const RELAY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guides/relay");

fn relay(scenario: &str) -> Served {
    Served::start_with(RELAY, &["--scenario", scenario, "--speed", "120"], None)
}

/// Runs a command with an answers file: its inputs, more secrets, and what else stands in it.
fn with(served: &Served, command: &str, inputs: &str, secrets: &str, more: &str) -> Said {
    let token = served.world().join("token");
    let text = format!(
        "guide: relay\ntarget: {{ namespace: relay }}\ninputs: {{ {inputs} }}\nsecrets:\n  keys.token: {{ file: {} }}\n{secrets}{more}",
        token.display()
    );
    let path = served.file("answers-of-the-test.yaml", &text);
    served.landfall(&[command, RELAY, "--yes", "--output", "ndjson", "--answers", path.to_str().unwrap()])
}

fn install(served: &Served, inputs: &str, more: &str) -> Said {
    with(served, "install", inputs, "", more)
}

fn agree(digest: &str) -> String {
    format!("approve:\n- {{ task: plan, choice: {digest}, name: Board, reason: CHG-1 }}\n")
}

fn plan(said: &Said) -> Value {
    let shown = said.events().into_iter().find(|event| event["type"] == "plan");
    shown.unwrap_or_else(|| panic!("no plan: {}", said.out))["plan"].clone()
}

fn digest(said: &Said) -> String {
    plan(said)["digest"].as_str().unwrap().to_owned()
}

fn problem(said: &Said, code: &str) -> Value {
    let found = said.events().into_iter().find(|event| event["problem"]["code"] == code);
    found.unwrap_or_else(|| panic!("no {code}: {}", said.out))["problem"].clone()
}

fn notices(said: &Said) -> String {
    let all = said.events().into_iter().filter(|event| event["type"] == "notice");
    all.map(|event| event.to_string() + "\n").collect()
}

fn retries(left: &Value) -> String {
    left["kubernetes"]["configmaps"]["relay"]["settings"]["data"]["retries"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn an_agreement_covers_what_a_template_makes_of_an_answer_and_names_the_digest_that_is_shown() {
    let served = relay("smooth");
    install(&served, "retries: 12", "").ends_with(0);
    let asked = install(&served, "retries: 15", "");
    asked.ends_with(5);
    let changed = problem(&asked, "PLAN-CHANGED");
    let why = changed["why"].as_str().unwrap();
    assert_eq!(why, "change steps/settings: the answer retries changed from 12 to 15 (template)");
    let shown = digest(&asked);
    assert!(changed["fix"].as_str().unwrap().contains(&format!("choice: {shown},")), "{changed}");
    assert_eq!(plan(&asked)["unchanged"], 5, "the other steps");
    let other = digest(&install(&served, "retries: 16", ""));
    assert_ne!(shown, other);
    install(&served, "retries: 16", &agree(&shown)).ends_with(5);
    install(&served, "retries: 16", &agree(&other)).ends_with(0);
    assert_eq!(retries(&served.end()), "16");
}

#[test]
fn another_target_and_another_secret_make_another_digest_and_its_fingerprint_restarts_pods() {
    let served = relay("smooth");
    install(&served, "", "").ends_with(0);
    let here = digest(&with(&served, "plan", "", "", ""));
    std::fs::write(served.world().join("token"), "tok-2").unwrap();
    let asked = install(&served, "", "");
    asked.ends_with(5);
    assert_ne!(here, digest(&asked));
    let why =
        "change steps/keys: the secret keys.token is another\nchange steps/queue: the secret keys.token is another";
    assert_eq!(problem(&asked, "PLAN-CHANGED")["why"], why);
    let sent = |journal: &str| journal.matches("\"record\":\"intent\",\"path\":\"steps/queue\"").count();
    assert_eq!(sent(&served.journal()), 1);
    install(&served, "", &agree(&digest(&asked))).ends_with(0);
    let journal = served.journal();
    assert_eq!(sent(&journal), 2, "its pods start anew");
    assert!(!journal.contains("tok-2"));
    let text = "guide: relay\ntarget: { namespace: elsewhere }\n";
    let path = served.file("elsewhere.yaml", text);
    let elsewhere = served.landfall(&["plan", RELAY, "--output", "ndjson", "--answers", path.to_str().unwrap()]);
    assert_ne!(digest(&with(&served, "plan", "", "", "")), digest(&elsewhere));
    let left = served.end();
    let pods = &left["kubernetes"]["statefulsets.apps"]["relay"]["queue"]["spec"]["template"]["metadata"];
    let keys = pods["annotations"]["keys"].as_str().unwrap();
    assert!(keys.len() == 32 && keys.chars().all(|c| c.is_ascii_hexdigit()), "{keys}");
}

#[test]
fn what_holds_data_is_told_and_left_until_it_is_named() {
    let served = relay("smooth");
    let first = install(&served, "", "");
    first.ends_with(0);
    let holds: Vec<String> = plan(&first)["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|task| task["keeps_data"] == true)
        .map(|task| task["path"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(holds, ["steps/namespace", "steps/archive", "steps/notes"]);
    let undone = served.landfall(&["undo", "relay", "--yes", "--output", "ndjson"]);
    undone.ends_with(4);
    let left =
        |journal: &str, step: &str| !journal.contains(&format!("\"record\":\"undone\",\"path\":\"steps/{step}\""));
    let journal = served.journal();
    assert!(left(&journal, "archive") && left(&journal, "notes") && !left(&journal, "settings"));
    served.landfall(&["undo", "relay", "--yes", "--lose", "steps/archive"]).ends_with(4);
    let journal = served.journal();
    assert!(!left(&journal, "archive") && left(&journal, "notes"));
    assert_eq!(objects(&served.end(), "persistentvolumeclaims", "relay").len(), 1, "the queue's own claim");
}

#[test]
fn what_a_file_leaves_out_never_comes_from_what_nobody_agreed_to() {
    let served = relay("smooth");
    // Refused before anything stands: nothing of it is remembered.
    let short = served.world().join("short");
    let refused = format!("  keys.signing: {{ file: {} }}\n", short.display());
    with(&served, "install", "retries: 99", &refused, "").ends_with(2);
    let first = install(&served, "", "");
    first.ends_with(0);
    assert_eq!(notices(&first).matches("as in the plan that was agreed to").count(), 0, "{}", notices(&first));
    // Shown and not agreed to.
    install(&served, "retries: 16", "").ends_with(5);
    install(&served, "", "").ends_with(0);
    // Agreed to: it stands, and is told.
    let asked = install(&served, "retries: 20", "");
    install(&served, "retries: 20", &agree(&digest(&asked))).ends_with(0);
    let again = install(&served, "", "");
    again.ends_with(0);
    assert!(notices(&again).contains("retries: 20, as in the plan that was agreed to"), "{}", notices(&again));
    assert_eq!(retries(&served.end()), "20");
}

/// A guide of the tests in which an answer names a bucket.
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guides/data");

#[test]
fn what_was_taken_away_altogether_begins_anew() {
    let served = Served::start_with(DATA, &["--scenario", "smooth", "--speed", "120"], None);
    let target = "guide: data\ntarget: { profile: corp-prod, region: us-east-2, cluster: pay-1, namespace: data }\n";
    let install = |inputs: &str| {
        let path = served.file("answers-of-the-test.yaml", &format!("{target}{inputs}"));
        served.landfall(&["install", DATA, "--yes", "--output", "ndjson", "--answers", path.to_str().unwrap()])
    };
    install("inputs: { version: \"1.32\" }\n").ends_with(0);
    let again = install("");
    again.ends_with(0);
    assert!(notices(&again).contains("version: 1.32, as in the plan that was agreed to"), "{}", notices(&again));
    served.landfall(&["undo", "data", "--yes", "--lose", "steps/bucket"]).ends_with(0);
    let anew = install("");
    anew.ends_with(0);
    assert!(!notices(&anew).contains("version"), "{}", notices(&anew));
    let buckets = aws(&served.end(), "buckets");
    assert!(buckets.len() == 1 && buckets[0].contains("1.31"), "{buckets:?}");
}

/// The signing key in the cluster, as the API holds it.
fn signing(left: &Value) -> String {
    left["kubernetes"]["secrets"]["relay"]["relay-keys"]["data"]["signing"].as_str().unwrap_or_default().to_owned()
}

const OLD: &str = "b2xkLXNpZ25pbmcta2V5LXRoYXQtaXMtbG9uZy1lbm91Z2gtZm9yLXVz";
const GIVEN: &str = "YS1zaWduaW5nLWtleS1vZi1tb3JlLXRoYW4tdGhpcnR5LXR3by1sZXR0ZXJz";

#[test]
fn a_secret_that_was_given_by_name_is_a_change_to_agree_to_and_one_that_was_made_up_is_not() {
    let served = relay("there-already");
    let queue = "approve:\n- { task: steps/queue, choice: use_as_is, name: Board, reason: CHG-1 }\n";
    // Made up: the one that exists is kept.
    with(&served, "install", "", "  keys.signing: { generate: password }\n", queue).ends_with(0);
    // Too short: refused, whatever is kept.
    let file = |name: &str| format!("  keys.signing: {{ file: {} }}\n", served.world().join(name).display());
    with(&served, "install", "", &file("short"), queue).ends_with(2);
    // Given: told, and not done before somebody agrees.
    let asked = with(&served, "install", "", &file("key"), queue);
    asked.ends_with(5);
    let why = problem(&asked, "PLAN-CHANGED")["why"].as_str().unwrap().to_owned();
    assert!(why.contains("steps/keys: the secret keys.signing is another"), "{why}");
    let agreed = format!(
        "{queue}- {{ task: plan, choice: {}, name: Board, reason: CHG-1 }}\n- {{ task: steps/keys, choice: change, name: Board, reason: CHG-1 }}\n",
        digest(&asked)
    );
    with(&served, "install", "", &file("key"), &agreed).ends_with(0);
    // It stays, also where it is in the vault already.
    with(&served, "install", "", "  keys.signing: { vault: true }\n", queue).ends_with(0);
    assert_eq!(signing(&served.end()), GIVEN);
}

#[test]
fn a_secret_that_was_made_up_leaves_the_one_that_exists() {
    let served = relay("there-already");
    let queue = "approve:\n- { task: steps/queue, choice: use_as_is, name: Board, reason: CHG-1 }\n";
    install(&served, "", queue).ends_with(0);
    assert_eq!(signing(&served.end()), OLD);
}

#[test]
fn a_field_that_kubernetes_keeps_is_told_before_anybody_agrees() {
    let served = relay("smooth");
    install(&served, "queue_gib: 10", "").ends_with(0);
    let asked = install(&served, "queue_gib: 50", "");
    asked.ends_with(5);
    let why = problem(&asked, "PLAN-CHANGED")["why"].as_str().unwrap().to_owned();
    assert!(why.starts_with("replace steps/queue: the answer queue_gib changed from 10 to 50 (template); "), "{why}");
    assert!(
        why.ends_with("spec.volumeClaimTemplates[0].spec.resources.requests.storage cannot change in place"),
        "{why}"
    );
    assert!(!served.journal().contains("\"record\":\"undoing\""), "nothing was taken away");
    install(&served, "queue_gib: 50", &agree(&digest(&asked))).ends_with(0);
    let left = served.end();
    let claim = &left["kubernetes"]["statefulsets.apps"]["relay"]["queue"]["spec"]["volumeClaimTemplates"][0];
    assert_eq!(claim["spec"]["resources"]["requests"]["storage"], "50Gi");
}

#[test]
fn what_somebody_else_made_and_cannot_change_is_refused_with_a_way_out() {
    let served = relay("there-already");
    let queue = "approve:\n- { task: steps/queue, choice: use_as_is, name: Board, reason: CHG-1 }\n";
    install(&served, "queue_gib: 10", queue).ends_with(0);
    let refused = install(&served, "queue_gib: 50", queue);
    refused.ends_with(2);
    let locked = problem(&refused, "ANSWER-LOCKED");
    assert!(locked["why"].as_str().unwrap().contains("the answer queue_gib changed from 10 to 50"), "{locked}");
}
