//! An answer that changes after the install is reviewed and agreed to before anything is done about it.

use std::fs;

use crate::rehearsed::{Said, Served, aws};

const INSTALL: [&str; 6] = ["install", "arthur-shield", "--yes", "--output", "ndjson", "--answers"];

fn install(served: &Served, name: &str, inputs: &str, agreed: &str) -> Said {
    let answers = served.answers().replace("\"inputs\": {", &format!("{agreed}\"inputs\": {{ {inputs}"));
    let path = served.file(name, &answers);
    served.landfall(&[&INSTALL[..], &[path.to_str().unwrap()]].concat())
}

fn approve(said: &str) -> String {
    format!("\"approve\": [{{ {said}, \"name\": \"Change board\", \"reason\": \"CHG-77\" }}],\n  ")
}

fn problem(said: &Said, code: &str) -> serde_json::Value {
    let found = said.events().into_iter().find(|event| event["problem"]["code"] == code && event["type"] == "problem");
    found.unwrap_or_else(|| panic!("{code}: {}", said.out.lines().last().unwrap_or_default()))["problem"].clone()
}

#[test]
fn a_changed_answer_and_a_changed_secret_are_agreed_to_and_then_changed_in_place() {
    let served = Served::start("smooth");
    served.landfall(&INSTALL[..5]).ends_with(0);
    let before = served.journal().matches("\"record\":\"intent\"").count();

    // Nothing runs before somebody agrees; --yes is no agreement.
    fs::write(served.world().join("secrets/admin-console-password"), "another-console-password").unwrap();
    let asked = install(&served, "changed.yaml", "\"gpu_max\": 6,", "");
    asked.ends_with(5);
    let changed = problem(&asked, "PLAN-CHANGED");
    let why = changed["why"].as_str().unwrap();
    assert!(why.contains("change steps/gpu_node_group: the answer gpu_max changed from 4 to 6 (scaling)"), "{why}");
    assert!(why.contains("change steps/auth_admin_secret: the secret auth_admin.password is another"), "{why}");
    assert_eq!(why.lines().count(), 2, "{why}");
    assert_eq!(served.journal().matches("\"record\":\"intent\"").count(), before, "nothing was begun");
    let plan = asked.events().into_iter().find(|event| event["type"] == "plan").unwrap()["plan"].clone();
    assert!(plan["unchanged"].as_u64().unwrap() > 15, "{}", plan["unchanged"]);

    // Agreeing to another plan is no agreement either.
    let digest = plan["review_digest"].as_str().unwrap();
    let other = approve("\"task\": \"plan\", \"choice\": \"000000000000\"");
    install(&served, "other.yaml", "\"gpu_max\": 6,", &other).ends_with(5);

    let agreed = approve(&format!("\"task\": \"plan\", \"choice\": \"{digest}\""));
    install(&served, "agreed.yaml", "\"gpu_max\": 6,", &agreed).ends_with(0);
    assert!(served.journal().contains("\"name\":\"Change board\""));
    let again = install(&served, "again.yaml", "\"gpu_max\": 6,", "");
    again.ends_with(0);
    let left = served.end();
    let group = &left["aws"]["node_groups"]["pay-1/arthur-shield-eks-gpu"];
    assert!(group.to_string().contains("\"maxSize\":6"), "{group}");
    let secret = &left["kubernetes"]["secrets"]["shield"]["auth-admin-console-secret"]["data"];
    assert!(secret.to_string().contains("YW5vdGhlci1jb25zb2xlLXBhc3N3b3Jk"), "the new password is there");
}

#[test]
fn what_a_finished_step_was_made_with_is_locked_and_what_is_not_wanted_goes_where_somebody_says_so() {
    let served = Served::start("smooth");
    served.landfall(&INSTALL[..5]).ends_with(0);
    let locked = install(&served, "locked.yaml", "\"gpu_node_group_name\": \"other-gpu\",", "");
    locked.ends_with(2);
    let refused = problem(&locked, "ANSWER-LOCKED");
    assert!(refused["what"].as_str().unwrap().contains("gpu_node_group_name cannot change any more: "), "{refused}");

    let answers = served.answers().replace("\"step_policies\"", "\"nobody\"");
    let agreed = "\"approve\": [{ \"task\": \"plan\", \"name\": \"Change board\", \"reason\": \"CHG-78\" },\n    \
                  { \"task\": \"steps/cpu_scale_out_alarm\", \"choice\": \"take_away\", \"name\": \"Change board\", \"reason\": \"CHG-78\" }],\n  ";
    let path = served.file("nobody.yaml", &answers.replace("\"inputs\": {", &format!("{agreed}\"inputs\": {{")));
    let said = served.landfall(&[&INSTALL[..], &[path.to_str().unwrap()]].concat());
    said.ends_with(0);
    let plan = said.events().into_iter().find(|event| event["type"] == "plan").unwrap()["plan"].clone();
    let unwanted: Vec<&str> = plan["review"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["what"] == "unwanted")
        .filter_map(|line| line["path"].as_str())
        .collect();
    assert!(unwanted.contains(&"steps/cpu_scale_out_alarm") && unwanted.len() == 4, "{unwanted:?}");
    let left = served.end();
    assert_eq!(aws(&left, "alarms"), ["arthur-shield-eks-gpu-pay-1-gpu-utilization-scale-out"], "the rest is left");
}

/// What the plan does about each step, by its path.
fn review(said: &Said) -> std::collections::BTreeMap<String, String> {
    let plan = said.events().into_iter().find(|event| event["type"] == "plan").unwrap()["plan"].clone();
    let lines = plan["review"].as_array().cloned().unwrap_or_default();
    let text = |line: &serde_json::Value, part: &str| line[part].as_str().unwrap_or_default().to_owned();
    lines.iter().map(|line| (text(line, "path"), text(line, "what"))).collect()
}

const OTHER_TYPE: &str = "\"gpu_type\": \"g5.2xlarge\",";

#[test]
fn what_cannot_change_in_place_is_made_anew_once_somebody_agreed_and_a_killed_run_goes_on_with_it() {
    let served = Served::start("smooth");
    served.landfall(&INSTALL[..5]).ends_with(0);
    let asked = install(&served, "other-type.yaml", OTHER_TYPE, "");
    asked.ends_with(5);
    let why = problem(&asked, "PLAN-CHANGED")["why"].as_str().unwrap().to_owned();
    let replaced =
        "replace steps/gpu_node_group: the answer gpu_type changed from g4dn.2xlarge to g5.2xlarge (instance_types)";
    assert!(why.contains(replaced), "{why}");
    assert_eq!(review(&asked)["steps/gpu_node_group"], "replace");
    assert_eq!(served.journal().matches("\"record\":\"undoing\"").count(), 0, "nothing was taken away");

    // Agreed to, and killed once the old one is gone.
    let agreed = approve("\"task\": \"plan\"");
    let answers = served.answers().replace("\"inputs\": {", &format!("{agreed}\"inputs\": {{ {OTHER_TYPE}"));
    let path = served.file("agreed.yaml", &answers);
    served.install_until_killed_with(path.to_str().unwrap(), r#""record":"undone","path":"steps/gpu_node_group""#);
    let again = install(&served, "again.yaml", OTHER_TYPE, "");
    again.ends_with(0);
    let journal = served.journal();
    let of =
        |record: &str| journal.matches(&format!("\"record\":\"{record}\",\"path\":\"steps/gpu_node_group\"")).count();
    assert_eq!((of("undone"), of("intent")), (1, 2), "taken away once, made once more");
    // What was proven of the old nodes is proven of the new ones.
    assert!(journal.matches("\"record\":\"looked\",\"path\":\"verify/gpu_allocatable\"").count() > 1);
    install(&served, "once-more.yaml", OTHER_TYPE, "").ends_with(0);
    let left = served.end();
    assert_eq!(aws(&left, "node_groups"), ["pay-1/arthur-shield-eks-gpu", "pay-1/cpu-1"]);
    let group = left["aws"]["node_groups"]["pay-1/arthur-shield-eks-gpu"].to_string();
    assert!(group.contains("g5.2xlarge") && !group.contains("g4dn"), "{group}");
    let policies = left["aws"]["scaling_policies"].to_string();
    assert!(policies.contains("gpu-utilization-scale-out-policy"), "those of the old group went with it: {policies}");
}

/// A guide of its own, in which a look-up names what holds data.
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guides/data");

#[test]
fn what_holds_data_is_only_made_anew_where_its_own_name_is_said() {
    let served = Served::start_with(DATA, &["--scenario", "smooth", "--speed", "120"], None);
    let install = ["install", DATA, "--yes", "--output", "ndjson", "--answers"];
    let with = |name: &str, version: &str, approve: &str| {
        let text = format!(
            "guide: data\ntarget: {{ profile: corp-prod, region: us-east-2, cluster: pay-1, namespace: data }}\ninputs: {{ version: \"{version}\" }}\n{approve}"
        );
        let path = served.file(name, &text);
        served.landfall(&[&install[..], &[path.to_str().unwrap()]].concat())
    };
    with("first.yaml", "1.31", "").ends_with(0);
    let plan = "approve:\n- { task: plan, name: Board, reason: CHG-1 }\n";
    let data = "- { task: steps/bucket, choice: replace, name: Board, reason: CHG-1 }\n";
    let asked = with("plan.yaml", "1.32", plan);
    asked.ends_with(5);
    assert_eq!(review(&asked)["steps/bucket"], "replace");
    assert_eq!(review(&asked)["steps/policy"], "replace", "it cannot stay without its bucket");
    let question = asked.of("steps/bucket").into_iter().find(|event| event["event"] == "asked").expect("asked");
    assert_eq!(question["question"]["choices"][1]["typed"], "bucket", "{question}");
    assert!(!served.journal().contains("\"record\":\"undoing\""), "nothing was taken away");
    with("both.yaml", "1.32", &format!("{plan}{data}")).ends_with(0);
    let journal = served.journal();
    let undone: Vec<&str> = journal.lines().filter(|line| line.contains("\"record\":\"undone\"")).collect();
    assert!(
        undone.len() == 2 && undone[0].contains("steps/policy") && undone[1].contains("steps/bucket"),
        "{undone:?}"
    );
    let left = served.end();
    let buckets = aws(&left, "buckets");
    assert!(buckets.len() == 1 && buckets[0].contains("1.32"), "{buckets:?}");
}
