//! Do the real parts behave as the other tests rely on?
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "common/emulator.rs"]
mod emulator;
#[path = "common/keyring.rs"]
mod keyring;
#[path = "common/testbed.rs"]
mod testbed;

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use emulator::Emulator;
use keyring::Keyring;
use testbed::{Cluster, Postgres, Testbed, succeed, until};

const VALUES: &str = "
auth: { host: auth.example.com }
shield: { host: shield.example.com }
database: { host: db.example.com }
";

fn pods(cluster: &Cluster, namespace: &str, field: &str) -> String {
    cluster.kubectl(&["get", "pods", "-n", namespace, "-o", &format!("jsonpath={{.items[*]{field}}}")])
}

/// As the vendor's guide names them, with the key that is read.
const SECRETS: [&str; 8] = [
    "arthur-repository-credentials",
    "auth-admin-console-secret password",
    "postgres-secret password",
    "postgres-secret username",
    "shield-app-secret-key key",
    "shield-auth-client-secret secret",
    "shield-secret-api-key key",
    "shield-secret-open-ai-gpt-model-names-endpoints-keys keys",
];

fn secrets_of(cluster: &Cluster) -> Vec<String> {
    let mut found = BTreeSet::new();
    for workload in cluster.get(&["daemonsets,deployments", "-n", "shield"])["items"].as_array().unwrap() {
        let pod = &workload["spec"]["template"]["spec"];
        for env in pod["containers"][0]["env"].as_array().unwrap() {
            let source = &env["valueFrom"]["secretKeyRef"];
            if let (Some(name), Some(key)) = (source["name"].as_str(), source["key"].as_str()) {
                found.insert(format!("{name} {key}"));
            }
        }
        found.insert(pod["imagePullSecrets"][0]["name"].as_str().unwrap().to_owned());
    }
    found.into_iter().collect()
}

fn installs_with(helm: &str) {
    let Some(program) = Testbed::require(helm) else { return };
    let Some(cluster) = Cluster::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let Some(charts) = Testbed::charts(folder.path(), None) else { return };
    let values = folder.path().join("values.yaml");
    std::fs::write(&values, VALUES).unwrap();
    cluster.gpu_node("gpu-1", &[]);

    let mut command = Command::new(program);
    command
        .arg("--kubeconfig")
        .arg(cluster.kubeconfig())
        .args(["upgrade", "--install", "arthur-shield"])
        .arg(&charts[0]);
    let said = succeed(command.args(["-n", "shield", "--create-namespace", "-f"]).arg(values));
    assert!(said.contains("STATUS: deployed"), "{said}");

    cluster.kubectl(&["rollout", "status", "-n", "shield", "daemonset/arthur-shield", "--timeout=60s"]);
    assert_eq!(secrets_of(&cluster), SECRETS);
    let unplaced = cluster.get(&["pods", "-n", "shield", "-l", "app.kubernetes.io/name=arthur-auth"]);
    assert_eq!(unplaced["items"][0]["status"]["phase"], "Pending", "no node is labelled capability=cpu yet");
    cluster.kubectl(&["label", "nodes", "-l", "eks.amazonaws.com/nodegroup=cpu-1", "capability=cpu"]);
    cluster.kubectl(&["rollout", "status", "-n", "shield", "deployment/arthur-auth", "--timeout=60s"]);
    assert_eq!(cluster.ingress_addresses().len(), 2);

    let log = cluster.kubectl(&["logs", "-n", "shield", "daemonset/arthur-shield"]);
    let marker = |text: &str| log.find(text).unwrap_or_else(|| panic!("no {text:?} in {log}"));
    assert!(marker("==> Validating environment variables") < marker("==> Running database migration"));
    assert!(marker("==> Running database migration") < marker("==> Starting the GenAI Engine server"));
    cluster.log("arthur-shield", "one request served");
    until("the new line is in the log", || {
        cluster.kubectl(&["logs", "-n", "shield", "daemonset/arthur-shield"]).contains("one request served")
    });
}

#[test]
fn helm_3_installs_the_stand_in_chart() {
    installs_with("helm3");
}

#[test]
fn helm_4_installs_the_stand_in_chart() {
    installs_with("helm4");
}

#[test]
fn pods_fail_as_their_label_says() {
    let Some(cluster) = Cluster::start() else { return };
    for (label, reason) in
        [("crash-loop", "CrashLoopBackOff"), ("oom-killed", "CrashLoopBackOff"), ("image-pull", "ImagePullBackOff")]
    {
        cluster.kubectl(&["run", label, "--image=none", "--labels", &format!("landfall.test/pod={label}")]);
        until(label, || {
            let pod = cluster.get(&["pod", label]);
            pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == reason
        });
    }
    cluster.kubectl(&["run", "never-ready", "--image=none", "--labels", "landfall.test/pod=never-ready"]);
    until("it runs, but is not ready", || {
        let pod = cluster.get(&["pod", "never-ready"]);
        pod["status"]["phase"] == "Running" && pod["status"]["containerStatuses"][0]["ready"] == false
    });
    cluster.kubectl(&["create", "job", "probe", "--image=none"]);
    cluster.kubectl(&["wait", "--for=condition=complete", "job/probe", "--timeout=60s"]);
    until("the failures are told as events", || {
        pods(&cluster, "default", ".metadata.name").contains("crash-loop") && {
            let events = cluster.kubectl(&["get", "events", "-o", "jsonpath={.items[*].reason}"]);
            events.contains("BackOff") && events.contains("Failed")
        }
    });
}

#[test]
fn two_clusters_stand_side_by_side_and_the_viewer_may_look_at_nothing() {
    if Testbed::require("cluster").is_none() {
        return;
    }
    let (first, second) = std::thread::scope(|scope| {
        let both = [scope.spawn(Cluster::start), scope.spawn(Cluster::start)].map(|start| start.join().unwrap());
        let [first, second] = both;
        (first, second)
    });
    let (Some(first), Some(second)) = (first, second) else { return };
    first.kubectl(&["create", "namespace", "only-here"]);
    assert!(!second.kubectl(&["get", "namespaces"]).contains("only-here"));

    let Some(kubectl) = Testbed::require("kubectl") else { return };
    let denied = Command::new(kubectl)
        .arg("--kubeconfig")
        .arg(first.viewer_kubeconfig())
        .args(["get", "pods"])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&denied.stderr).contains("Forbidden"), "{denied:?}");
}

#[test]
fn usage_is_measured_unless_there_is_no_metrics_server() {
    let Some(cluster) = Cluster::start() else { return };
    assert_eq!(cluster.kubectl(&["top", "nodes", "--no-headers"]).lines().count(), 2);
    assert!(cluster.kubectl(&["top", "pods", "-A"]).contains("ingress-nginx-controller"));
    drop(cluster);
    let Some(bare) = Cluster::start_with(&["--no-metrics", "--no-ingress-class"]) else { return };
    assert!(!bare.kubectl(&["api-versions"]).contains("metrics.k8s.io"));
    assert_eq!(bare.kubectl(&["get", "ingressclasses", "-o", "name"]), "");
}

#[test]
fn a_node_without_device_plugin_offers_no_gpu() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.gpu_node("bare", &["--no-gpu", "--node-group", "gpu-2"]);
    cluster.gpu_node("ready", &[]);
    assert!(cluster.get(&["node", "bare"])["status"]["allocatable"].get("nvidia.com/gpu").is_none());
    assert_eq!(cluster.get(&["node", "bare"])["metadata"]["labels"]["eks.amazonaws.com/nodegroup"], "gpu-2");
    assert_eq!(cluster.get(&["node", "ready"])["status"]["allocatable"]["nvidia.com/gpu"], "1");
}

#[test]
fn postgres_makes_the_vector_extension() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.sql("postgres", "CREATE DATABASE arthur_shield;");
    postgres.sql("arthur_shield", "CREATE EXTENSION IF NOT EXISTS vector;");
    assert_eq!(postgres.sql("arthur_shield", "SELECT '[1,2]'::vector <-> '[1,2]'::vector;").trim(), "0");
}

#[test]
fn debians_postgres_has_no_vector_extension() {
    let Some(postgres) = Postgres::start_without_vector() else { return };
    let found = postgres.sql("postgres", "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector';");
    assert_eq!(found.trim(), "0");
    assert!(postgres.certificate().is_file());
    assert_eq!(postgres.sql("postgres", "SHOW ssl;").trim(), "on");
}

#[test]
fn the_secret_service_keeps_a_secret_until_it_is_locked() {
    let Some(keyring) = Keyring::start() else { return };
    let mut store = Command::new("secret-tool");
    store.args(["store", "--label=test", "install", "1"]).envs(keyring.env()).stdin(Stdio::piped());
    let mut child = store.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"canary").unwrap();
    assert!(child.wait().unwrap().success());
    let look_up = || Command::new("secret-tool").args(["lookup", "install", "1"]).envs(keyring.env()).output().unwrap();
    assert_eq!(look_up().stdout, b"canary");
    keyring.lock();
    assert_ne!(look_up().stdout, b"canary");
}

#[test]
fn two_emulators_know_who_asks() {
    for emulator in [Emulator::moto(), Emulator::ministack()] {
        let Some(emulator) = emulator else { continue };
        let Some(identity) = emulator.aws(&["sts", "get-caller-identity"]) else { return };
        assert_eq!(identity["Account"].as_str().map(str::len), Some(12), "{identity}");
    }
}
