//! The install itself: what is there when it has ended.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Once},
    time::Duration,
};

use landfall::{
    cloud::{Cloud, Endpoints},
    watch::Watch,
};

use super::{
    given::Given,
    processes::{Lookout, Seen, Stopped},
    secrets,
};
use crate::rehearsed::{self, Said};

fn is_ready(pod: &serde_json::Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    conditions.is_some_and(|all| all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True"))
}

fn pods_are_ready(given: &Given) {
    let count = |name: &str| {
        let label = format!("app.kubernetes.io/name={name}");
        let found = given.cluster.get(&["pods", "--namespace", "shield", "--selector", &label]);
        let pods = found["items"].as_array().unwrap().clone();
        assert!(pods.iter().all(is_ready), "{pods:#?}");
        pods.len()
    };
    assert_eq!((count("arthur-shield"), count("arthur-auth")), (2, 1), "Shield on each GPU node, Auth once");
}

fn release_is_deployed(given: &Given) {
    let list = given.helm(&["list", "--namespace", "shield"]);
    assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
    assert_eq!((&list[0]["name"], &list[0]["status"]), (&"arthur-shield".into(), &"deployed".into()));
    assert_eq!(list[0]["chart"], "arthur-shield-3.2.1");
    assert_eq!(list[0]["revision"], "1");
    let status = given.helm(&["status", "arthur-shield", "--namespace", "shield"]);
    assert_eq!(status["info"]["status"], "deployed", "{status}");
}

/// What the panel with the logs is fed with shows a line that a container writes now.
fn logs_are_followed(given: &Given) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let kubeconfig = Some(given.served.world().join("kube/config"));
        let cloud = Cloud::new(Endpoints { kubeconfig, ..Endpoints::default() });
        let watch = Watch::start(Arc::new(cloud), "shield", Arc::default());
        let mut pictures = watch.pictures();
        let shows = |pod: &'static str, line: &'static str| {
            move |picture: &Arc<landfall_core::why::Snapshot>| {
                picture.logs.iter().any(|log| log.pod.starts_with(pod) && log.line.contains(line))
            }
        };
        let mut until = async |pod, line| {
            let seen = tokio::time::timeout(Duration::from_secs(60), pictures.wait_for(shows(pod, line))).await;
            assert!(seen.is_ok(), "{line} of {pod} was not shown: {:?}", watch.pictures().borrow().logs);
        };
        until("arthur-shield-", "==> Starting the GenAI Engine server").await;
        until("arthur-auth-", "connecting to database arthur_auth").await;
        given.cluster.log("arthur-shield", "one request was served just now");
        until("arthur-shield-", "one request was served just now").await;
    });
}

/// The install by `--answers`, as its own process.
fn install(given: &Given, home: &Path) -> Command {
    let answers = given.served.world().join("answers.yaml");
    let arguments = ["install", "arthur-shield", "--answers", answers.to_str().unwrap(), "--yes", "--output", "ndjson"];
    let mut command = given.served.command(&arguments);
    command.env("TMPDIR", home.join("tmp")).env_remove("LANDFALL_ANSWERS");
    command
}

/// Kills it without any warning while helm is in the middle of its work, and starts it again; helm gets on with it when the
/// second one says that it waits for it.
fn killed_and_started_again(given: &Given, home: &Path) -> Said {
    let first = install(given, home).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let helm = Stopped::kill_before(first, home);

    let mut second = install(given, home).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(second.stdout.take().unwrap()).lines();
    let mut out = String::new();
    let waits = |line: &str| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let on = event["why"]["on"].as_str().unwrap_or_default();
        event["path"] == "steps/release" && event["event"] == "waiting" && on.ends_with("helm is at work")
    };
    loop {
        let line = lines.next().unwrap_or_else(|| panic!("it did not wait for helm:\n{out}")).unwrap();
        out += &format!("{line}\n");
        if waits(&line) {
            break;
        }
    }
    drop(helm);
    for line in lines {
        out += &(line.unwrap() + "\n");
    }
    let rest = second.wait_with_output().unwrap();
    Said { code: rest.status.code(), out, err: String::from_utf8(rest.stderr).unwrap() }
}

fn installs(helm: &str, how: fn(&Given, &Path) -> Said) {
    let Some(given) = Given::with(helm) else { return };
    let home = given.served.world().parent().unwrap().to_owned();
    std::fs::create_dir(home.join("tmp")).unwrap();
    let lookout = Lookout::begin(secrets::passwords(&given), home.clone());
    let said = how(&given, &home);
    let Seen { told, helms } = lookout.end();
    said.ends_with(0);

    release_is_deployed(&given);
    pods_are_ready(&given);
    secrets::hold_what_was_given(&given);
    logs_are_followed(&given);

    assert_eq!(helms.len(), 1, "one helm alone changed the release");
    assert!(told.is_empty(), "{told:#?}");
    secrets::are_in_no_record(&given);
    secrets::are_in_no_file(&given, &home);
    for secret in secrets::passwords(&given) {
        assert!(!said.out.contains(&secret) && !said.err.contains(&secret), "{secret} was printed");
    }
}

#[test]
fn helm_3_installs_shield_on_a_real_cluster() {
    installs("helm3", |given, home| rehearsed::run(&mut install(given, home)));
}

#[test]
fn helm_4_installs_shield_on_a_real_cluster_though_we_are_killed_meanwhile() {
    installs("helm4", killed_and_started_again);
}
