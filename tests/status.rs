//! `status --watch` beside a cluster that changes: full screen, and line by line.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![cfg(unix)]

#[path = "common/rehearsed.rs"]
mod rehearsed;
#[path = "common/relay.rs"]
mod relay;
#[path = "common/watched.rs"]
mod watched;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use landfall::report::Line;
use landfall_core::journal::Record;
use rehearsed::Served;
use relay::Relay;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use watched::{Cluster, INSTALL, begun, failed, record};

/// Nothing takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// `status --watch`, and what it has said.
struct Watching {
    program: Child,
    lines: UnboundedReceiver<String>,
    said: Vec<String>,
}

impl Watching {
    fn start(served: &Served, kubeconfig: &Path, arguments: &[&str]) -> Self {
        let mut command = served.command(&[&["status", INSTALL, "--watch"][..], arguments].concat());
        let mut program =
            command.env("KUBECONFIG", kubeconfig).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(program.stdout.take().unwrap());
        let (sender, lines) = unbounded_channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { program, lines, said: Vec::new() }
    }

    /// Waits for a line; those before it are kept.
    async fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let found = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = self.lines.recv().await {
                self.said.push(line.clone());
                if wanted(&line) {
                    return Some(line);
                }
            }
            None
        });
        match found.await {
            Ok(Some(line)) => line,
            _ => panic!("{what} was not said:\n{}", self.said.join("\n")),
        }
    }

    /// Waits for an event of `--output ndjson`.
    async fn event(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let line = self.until(what, |line| serde_json::from_str(line).is_ok_and(|event| wanted(&event))).await;
        serde_json::from_str(&line).unwrap()
    }

    /// Stops it; its exit code.
    fn stop(&mut self) -> Option<i32> {
        let stopped = Command::new("kill").args(["-TERM", &self.program.id().to_string()]).status().unwrap();
        assert!(stopped.success());
        self.program.wait().unwrap().code()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

fn is_ready(event: &Value, name: &str) -> bool {
    event["what"] == "pod"
        && event["name"].as_str().is_some_and(|pod| pod.starts_with(name))
        && event["ready"] == event["containers"]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_connection_is_said_and_mended_and_nothing_is_lost_or_doubled() {
    let served = Served::start("smooth");
    let folder = begun(&served);
    let cluster = Cluster::of(&served);
    let mut relay = Relay::to(&cluster.server).await;
    let kubeconfig = cluster.kubeconfig_through(&served, relay.address);
    let mut watching = Watching::start(&served, &kubeconfig, &["--output", "ndjson"]);
    watching.event("the install", |event| event["what"] == "install" && event["install"] == INSTALL).await;
    watching.event("that there is no namespace", |event| event["what"] == "namespace" && event["there"] == false).await;
    cluster.namespace().await;
    watching.event("that there is one", |event| event["what"] == "namespace" && event["there"] == true).await;
    cluster.deployment("arthur-auth", 1).await;
    watching.event("a ready pod", |event| is_ready(event, "arthur-auth")).await;
    watching.event("its log", |event| event["what"] == "log" && event["line"].to_string().contains("Listening")).await;

    relay.cut().await;
    let lost =
        watching.event("the loss", |event| event["what"] == "connection" && event["state"] == "reconnecting").await;
    assert!(lost["why"].as_str().is_some_and(|why| !why.is_empty()), "{lost}");
    // What happens meanwhile is seen afterwards.
    cluster.deployment("other", 2).await;
    cluster.delete("/apis/apps/v1/namespaces/shield/deployments/arthur-auth").await;
    record(&folder, failed("steps/release"));
    watching.event("the journal needs no connection", |event| event["problem"] == "HELM-FAILED").await;
    relay.mend().await;
    watching.event("that it is back", |event| event["what"] == "connection" && event["state"] == "live").await;
    let ready = |said: &[String]| {
        let pods: BTreeSet<String> = said
            .iter()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|event| is_ready(event, "other"))
            .map(|event| event["name"].to_string())
            .collect();
        pods.len()
    };
    while ready(&watching.said) < 2 {
        watching.event("two ready pods", |event| is_ready(event, "other")).await;
    }
    if !watching.said.iter().any(|line| line.contains(r#""what":"gone","kind":"pod""#)) {
        watching.event("that one is gone", |event| event["what"] == "gone" && event["kind"] == "pod").await;
    }

    // The rows that are left are the cluster's, each told once a state; each log line once.
    let events: Vec<Value> = watching.said.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut pods: BTreeMap<String, Value> = BTreeMap::new();
    let mut lines: BTreeSet<String> = BTreeSet::new();
    for event in &events {
        let mut row = event.clone();
        row.as_object_mut().unwrap().remove("at");
        match event["what"].as_str() {
            Some("pod") => {
                let before = pods.insert(event["name"].as_str().unwrap().to_owned(), row.clone());
                assert_ne!(before.as_ref(), Some(&row), "told twice");
            }
            Some("gone") => drop(pods.remove(event["name"].as_str().unwrap())),
            Some("log") => assert!(lines.insert(format!("{} {}", event["pod"], event["line"])), "said twice: {event}"),
            _ => {}
        }
    }
    let mut there = cluster.names("/api/v1/namespaces/shield/pods").await;
    there.sort();
    assert_eq!(pods.keys().cloned().collect::<Vec<_>>(), there);
    assert_eq!(lines.len(), 2, "both lines of the first pod: {lines:?}");

    let schema = serde_json::to_value(schemars::schema_for!(Line)).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    for event in &events {
        let wrong: Vec<String> = schema.iter_errors(event).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty() && event["v"] == 1, "{event}: {wrong:?}");
    }
    let pod = events.iter().find(|event| event["what"] == "pod").unwrap();
    assert!(pod["code"].as_str().is_some_and(|code| code.starts_with("P-")), "{pod}");
    assert_eq!(watching.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_each_change_is_a_row_with_its_code() {
    let served = Served::start("smooth");
    begun(&served);
    let cluster = Cluster::of(&served);
    cluster.namespace().await;
    let kubeconfig = served.setting("KUBECONFIG");
    let mut watching = Watching::start(&served, Path::new(&kubeconfig), &[]);
    watching.until("a step with its code", |line| line.contains("EKS-") && line.contains("made")).await;
    watching.until("the connection", |line| line.contains("connection: live")).await;
    cluster.deployment("arthur-auth", 1).await;
    let row = watching.until("a pod", |line| line.contains("pod arthur-auth") && line.contains("Running 1/1")).await;
    assert!(row.split_whitespace().nth(1).is_some_and(|code| code.starts_with("P-")), "{row}");
    assert!(watching.said.iter().all(|line| !line.contains('\u{1b}')), "a pipe gets no terminal sequences");
    assert_eq!(watching.stop(), Some(0));
}

#[test]
fn an_install_that_is_not_there_is_refused() {
    let served = Served::start("smooth");
    let said = served.landfall(&["status", "nobody", "--watch"]);
    said.ends_with(2);
    assert!(said.out.contains("INSTALL-UNKNOWN"), "{}", said.out);
    served.landfall(&["status", "--watch", "--output", "junit"]).ends_with(2);
}

/// `status`, with these words behind it; what it says, in one line.
fn status(served: &Served, words: &[&str]) -> String {
    let said = served.landfall(&[&["status"][..], words].concat());
    said.ends_with(0);
    said.out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_install_that_somebody_runs_goes_on_and_says_whose_it_is_and_whom_it_waits_for() {
    let served = Served::start("smooth");
    let folder = begun(&served);
    let instruction = "Make an A record of shield.mycompany.example";
    record(&folder, Record::Person { path: "steps/dns".parse().unwrap(), instruction: instruction.into() });
    let lock = |process: u32| {
        std::fs::write(folder.join("lock"), format!("process {process} since 2026-11-20T08:50:00Z by ada\n")).unwrap();
    };
    lock(std::process::id());
    let who = format!("process {} (ada, since 2026-11-20 08:50Z)", std::process::id());
    let going_on = format!("going on: 1 of 3 steps done, {who} has it open");
    assert!(status(&served, &[]).contains(&going_on), "{}", status(&served, &[]));
    let told = status(&served, &[INSTALL]);
    assert!(told.contains(&going_on) && !told.contains("unfinished"), "{told}");
    let waits = told.split("steps/dns").nth(1).unwrap();
    assert!(waits.trim_start_matches([')', ':', ' ']).starts_with("waits for a person, told "), "{told}");
    assert!(waits.contains(instruction), "{told}");
    let json: Value = serde_json::from_str(&status(&served, &[INSTALL, "--output", "json"])).unwrap();
    assert_eq!(json["held_by"]["process"], std::process::id(), "{json}");
    assert_eq!(json["held_by"]["since"], "2026-11-20T08:50:00Z", "{json}");
    let dns = json["steps"].as_array().unwrap().iter().find(|step| step["task"] == "steps/dns").unwrap();
    assert_eq!(dns["person"]["instruction"], instruction, "{json}");

    // Who watches is told the same.
    let kubeconfig = served.setting("KUBECONFIG");
    let mut watching = Watching::start(&served, Path::new(&kubeconfig), &["--output", "ndjson"]);
    let seen = watching.event("the install", |event| event["what"] == "install").await;
    assert_eq!((seen["state"].as_str(), seen["held_by"].as_str()), (json["state"].as_str(), Some(who.as_str())));
    watching.stop();

    // Whoever was killed has it open no longer.
    let mut gone = Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    lock(gone.id());
    let told = status(&served, &[INSTALL]);
    assert!(told.contains("unfinished: 1 of 3 steps done") && !told.contains("has it open"), "{told}");
}

#[test]
fn what_only_a_person_can_do_is_told_from_the_journal_alone() {
    let served = Served::start("smooth");
    served.install_until_killed(r#""record":"person""#);
    let told = status(&served, &["arthur-shield"]);
    assert!(told.contains(": waits for a person, told "), "{told}");
    assert!(!told.contains("has it open"), "{told}");
}
