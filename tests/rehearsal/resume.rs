//! Killed in the middle and started again, it continues; what somebody else changed meanwhile is shown.

use std::{fs::OpenOptions, io::Write};

use crate::rehearsed::{Served, aws};

const INSTALL: [&str; 5] = ["install", "arthur-shield", "--yes", "--output", "ndjson"];

#[test]
fn killed_in_the_middle_of_the_node_group_it_continues_and_makes_nothing_twice() {
    let served = Served::start("smooth");
    served.install_until_killed(r#""record":"intent","path":"steps/gpu_node_group""#);
    let status = served.landfall(&["status"]);
    assert!(status.out.contains("unfinished"), "{}{}", status.out, status.err);

    // Power was lost while a record was written.
    let mut journal = OpenOptions::new().append(true).open(served.journal_path().unwrap()).unwrap();
    journal.write_all(br#"{"v":1,"at":"2026-11-20T09:1"#).unwrap();
    served.landfall(&INSTALL).ends_with(0);

    // Somebody takes a permission away by hand.
    served.aws(
        "iam",
        "Action=DeleteRolePolicy&Version=2010-05-08&RoleName=pay-1-nodes&PolicyName=arthur-shield-gpu-metrics-pay-1",
    );
    served.aws(
        "iam",
        "Action=PutRolePolicy&Version=2010-05-08&RoleName=arthur-shield-usage-pay-1&PolicyName=arthur-shield-usage-pay-1\
         &PolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Deny%22%2C%22Action%22\
         %3A%22sqs%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D",
    );
    let again = served.landfall(&INSTALL);
    again.ends_with(5);
    let asked = again.of("steps/usage_role").into_iter().find(|event| event["event"] == "asked");
    let asked = asked.expect("the change is shown");
    assert_eq!(asked["question"]["about"], "drift", "{asked}");

    let left = served.end();
    assert_eq!(aws(&left, "node_groups"), ["pay-1/arthur-shield-eks-gpu", "pay-1/cpu-1"]);
    assert_eq!(aws(&left, "launch_templates"), ["arthur-shield-eks-gpu-pay-1"]);
    let versions = &left["aws"]["launch_templates"]["arthur-shield-eks-gpu-pay-1"]["versions"];
    assert_eq!(versions.as_object().map(serde_json::Map::len), Some(1));
}

#[test]
fn a_second_run_is_told_who_holds_the_install() {
    let served = Served::start("smooth");
    let first = served.install_until(r#""record":"intent","path":"steps/gpu_node_group""#);
    let second = served.landfall(&INSTALL);
    second.ends_with(1);
    let problem = second.events().into_iter().find(|event| event["type"] == "problem").expect("why not");
    assert_eq!(problem["problem"]["code"], "JOURNAL-HELD", "{problem}");
    let holder = format!("process {} since 2026-11-20T", first.id());
    assert!(problem["problem"]["what"].as_str().unwrap().contains(&holder), "{problem}");
    let end = second.events().pop().unwrap_or_default();
    assert!(end["outcome"].as_str().unwrap().starts_with("Nothing was done: another Landfall"), "{end}");
    // Who only looks is not kept away.
    served.landfall(&["status"]).ends_with(0);
    let first = first.wait_with_output().unwrap();
    assert_eq!(first.status.code(), Some(0), "it went on undisturbed");
    let left = served.end();
    assert_eq!(aws(&left, "node_groups"), ["pay-1/arthur-shield-eks-gpu", "pay-1/cpu-1"]);
}
