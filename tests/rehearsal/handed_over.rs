//! A step that somebody else does is written down for them, watched, and never taken away.

use std::fs;

use crate::rehearsed::{Said, Served, aws, rehearse};

const HAND_OVER: &str = "\"hand_over\": [{ \"task\": \"steps/node_role_metrics\", \"to\": \"IAM team\", \"reason\": \"IAM-311\" }],\n  \"inputs\": {";

const POLICY: &str = "Action=PutRolePolicy&Version=2010-05-08&RoleName=pay-1-nodes&PolicyName=arthur-shield-gpu-metrics-pay-1\
     &PolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Sid%22%3A%22WriteAgentMetrics%22%2C\
     %22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22cloudwatch%3APutMetricData%22%2C%22Resource%22%3A%22%2A%22%2C\
     %22Condition%22%3A%7B%22StringEquals%22%3A%7B%22cloudwatch%3Anamespace%22%3A%22CWAgent%22%7D%7D%7D%2C%7B%22Sid%22%3A\
     %22ListMetrics%22%2C%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22cloudwatch%3AListMetrics%22%2C%22Resource%22%3A\
     %22%2A%22%7D%5D%7D";

fn asked(said: &Said, path: &str) -> serde_json::Value {
    said.of(path)
        .into_iter()
        .find(|event| event["event"] == "handed_over")
        .unwrap_or_else(|| panic!("{path}: {}", said.err))
}

#[test]
fn a_house_rule_hands_every_role_over_and_the_install_ends_once_somebody_made_them() {
    let run = rehearse("handed-over");
    run.said.ends_with(0);
    let made = run.said.made();
    for title in
        ["Let the nodes write GPU metrics", "The cluster's identity provider in IAM", "Role of the usage tracker"]
    {
        assert!(made.contains(&format!("done by IAM team: {title}")), "{title}: {made:?}");
    }
    let first = asked(&run.said, "steps/node_role_metrics");
    assert_eq!(first["handed"]["to"], "IAM team");
    let file = first["handed"]["file"].as_str().unwrap();
    let page = fs::read_to_string(file).unwrap();
    for part in
        ["aws iam put-role-policy", "resource \"aws_iam_role_policy\"", "IAM-311", "pay-1-nodes", "123456789012"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // The provider's ARN was known once somebody had made it: the role's page names it in the end.
    let role = asked(&run.said, "steps/usage_role")["handed"]["file"].as_str().unwrap().to_owned();
    assert!(fs::read_to_string(role).unwrap().contains("oidc-provider/oidc.eks."));
    let allowed = run.said.outcome("checks/permissions");
    assert_eq!(allowed, "pass", "what is handed over needs no permission of ours");
}

#[test]
fn nobody_is_asked_twice_and_undo_leaves_what_somebody_else_made() {
    let served = Served::start("smooth");
    let answers = served.file("answers.yaml", &served.answers().replace("\"inputs\": {", HAND_OVER));
    let answers = answers.to_str().unwrap();
    let install =
        ["install", "arthur-shield", "--yes", "--output", "ndjson", "--answers", answers, "--wait-person", "60s"];
    let first = served.landfall(&install);
    first.ends_with(5);
    assert_eq!(asked(&first, "steps/node_role_metrics")["until"], "");
    assert_eq!(first.of("steps/gpu_node_group").pop().unwrap()["event"], "skipped", "what comes after it waits");
    assert_eq!(first.of("steps/namespace").pop().unwrap()["event"], "finished", "the rest goes on");
    let status = served.landfall(&["status", "arthur-shield"]).out;
    assert!(
        status.contains("Let the nodes write GPU metrics (steps/node_role_metrics): handed over to IAM team, "),
        "{status}"
    );
    assert!(served.landfall(&["status"]).out.contains("waits for IAM team (steps/node_role_metrics)"));

    served.landfall(&install).ends_with(5);
    let records = served.journal().matches(r#""record":"handed_over""#).count();
    assert_eq!(records, 1, "starting again asks nobody anew");

    served.aws("iam", POLICY);
    // The DNS team's records take longer than a minute.
    let last = served.landfall(&install[..install.len() - 2]);
    last.ends_with(0);
    let finished = last.of("steps/node_role_metrics").pop().unwrap();
    assert_eq!((finished["event"].as_str(), finished["how"].as_str()), (Some("finished"), Some("handed_over")));

    let undone =
        served.landfall(&["undo", "arthur-shield", "--yes", "--lose", "steps/namespace", "--output", "ndjson"]);
    undone.ends_with(0);
    assert!(undone.of("steps/node_role_metrics").is_empty());
    let left = served.end();
    assert_eq!(aws(&left, "node_groups"), ["pay-1/cpu-1"]);
    assert!(
        left["aws"]["roles"]["pay-1-nodes"].to_string().contains("arthur-shield-gpu-metrics-pay-1"),
        "{}",
        left["aws"]["roles"]
    );
}
