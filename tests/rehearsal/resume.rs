//! Killed in the middle and started again, it continues; what somebody else changed meanwhile is shown.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::PathBuf,
};

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

/// An install that was begun, and that somebody else has open; its folder, and the lock.
fn held(served: &Served) -> (PathBuf, File) {
    served.install_until_killed(r#""record":"intent","path":"steps/gpu_node_group""#);
    let folder = served.journal_path().unwrap().parent().unwrap().to_owned();
    let mut lock = OpenOptions::new().write(true).truncate(true).open(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    writeln!(lock, "process {} since 2026-11-20T09:00:00Z by ada", std::process::id()).unwrap();
    (folder, lock)
}

#[test]
fn what_only_reads_goes_on_while_somebody_else_has_the_install_open() {
    let served = Served::start("smooth");
    let (folder, _lock) = held(&served);
    let install = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let before = fs::read_to_string(folder.join("journal.jsonl")).unwrap();
    let says = |words: &str| {
        let said = served.landfall(&words.split(' ').collect::<Vec<_>>());
        said.ends_with(0);
        assert!(!said.out.contains("JOURNAL-HELD"), "{words}: {}", said.out);
        said.out
    };
    assert!(says("secrets list arthur-shield").contains("postgres.password: 27 characters"));
    assert!(says(&format!("secrets list {install}")).contains("postgres.password: 27 characters"));
    assert!(says("plan arthur-shield").contains("GPU node group"));
    assert!(says("plan arthur-shield --hosts").contains("docker.arthur.ai:443"));
    assert!(says("plan arthur-shield --permissions").contains("eks:CreateNodegroup"));
    assert!(says("plan arthur-shield --commands").contains("aws eks create-nodegroup"));
    assert!(says("status").contains(&install));
    assert!(says(&format!("status {install}")).contains("GPU node group (steps/gpu_node_group): begun"));
    assert!(says("answers arthur-shield").contains("shield_host: "));
    let file = served.file("delivered", "");
    fs::remove_file(&file).unwrap();
    says(&format!("secrets deliver arthur-shield postgres.password {}", file.display()));
    let now = fs::read_to_string(folder.join("journal.jsonl")).unwrap();
    assert_eq!(before, now, "who reads writes nothing down");
}

#[test]
fn what_would_write_is_told_who_has_the_install_open_and_what_can_be_done() {
    let served = Served::start("smooth");
    let (folder, _lock) = held(&served);
    let install = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let frozen = served.file("plan.json", "");
    for words in [
        "install arthur-shield --yes".to_owned(),
        "check arthur-shield".to_owned(),
        format!("undo {install} --yes"),
        "secrets rm arthur-shield app_key.key".to_owned(),
        format!("plan arthur-shield --out {}", frozen.display()),
    ] {
        let said = served.landfall(&words.split(' ').collect::<Vec<_>>());
        said.ends_with(1);
        let holder = format!("process {} since 2026-11-20T09:00:00Z by ada", std::process::id());
        let (watch, stop) = (format!("landfall status {install} --watch"), format!("kill {}", std::process::id()));
        // Wrapped or not.
        let told = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
        for wanted in ["JOURNAL-HELD", &holder, &watch, &stop] {
            assert!(told.contains(wanted), "{words}: no {wanted} in\n{}", said.out);
        }
    }
}
