//! A line per cause.

use std::sync::Arc;

use super::*;
use crate::event::{Problem, Waiting};

fn now() -> Timestamp {
    Timestamp::from_second(1_000).unwrap()
}

fn pod(wait: PodWait) -> Snapshot {
    let status = wait.containers.first().map_or("Pending", |container| container.reason.as_str()).into();
    let pod = PodRow { name: "auth-0".into(), status, containers: 1, waits: Some(Box::new(wait)), ..PodRow::default() };
    Snapshot { pods: vec![Arc::new(pod)], nodes: vec![node("n-1", |_| ())], classes_known: true, ..Snapshot::default() }
}

fn unschedulable(said: &str) -> PodWait {
    PodWait { unschedulable: Some(said.into()), ..PodWait::default() }
}

fn container(reason: &str, message: &str) -> PodWait {
    let container = Container {
        name: "main".into(),
        image: "docker.arthur.ai/shield:1".into(),
        reason: reason.into(),
        message: message.into(),
        ..Container::default()
    };
    PodWait { containers: vec![container], ..PodWait::default() }
}

fn node(name: &str, change: impl FnOnce(&mut NodeRow)) -> Arc<NodeRow> {
    let mut node = NodeRow { name: name.into(), ready: true, ..NodeRow::default() };
    change(&mut node);
    Arc::new(node)
}

fn event(about: &str, reason: &str, message: &str) -> Arc<EventRow> {
    Arc::new(EventRow {
        warning: true,
        about: about.into(),
        reason: reason.into(),
        message: message.into(),
        count: 1,
        ..EventRow::default()
    })
}

fn log(line: &str) -> Arc<LogLine> {
    Arc::new(LogLine { pod: "auth-0".into(), line: line.into() })
}

fn asks_gpu(snapshot: &mut Snapshot) {
    let mut pod = (*snapshot.pods[0]).clone();
    pod.requests = [("nvidia.com/gpu".into(), 1)].into();
    snapshot.pods[0] = Arc::new(pod);
}

fn line(snapshot: &Snapshot) -> String {
    let chains = why(snapshot, now(), &[]);
    assert_eq!(chains.len(), 1, "{chains:#?}");
    chains[0].line()
}

fn code(snapshot: &Snapshot) -> &'static str {
    why(snapshot, now(), &[])[0].to_do().unwrap().code
}

#[test]
fn the_whole_way_from_a_pod_to_the_capacity_of_a_zone() {
    let mut snapshot = pod(unschedulable("0/1 nodes are available: 1 Insufficient nvidia.com/gpu."));
    asks_gpu(&mut snapshot);
    let problem =
        Problem::new("AsgInstanceLaunchFailures", "InsufficientInstanceCapacity in us-east-2a", "Offer another zone.");
    let waiting = Waiting { on: "CREATING".into(), problem: Some(problem), ..Waiting::default() };
    let running = Running { title: "node group", since: Timestamp::from_second(1_000 - 360).ok(), why: &waiting };
    let chains = why(&snapshot, now(), &[running]);
    assert_eq!(
        chains[0].line(),
        "auth-0 Pending ← no node offers nvidia.com/gpu ← node group CREATING 6 min ← AsgInstanceLaunchFailures: InsufficientInstanceCapacity in us-east-2a"
    );
    assert_eq!(chains[0].to_do().unwrap().fix, "Offer another zone.");
    assert_eq!(chains.len(), 1, "the node group is told already");
}

#[test]
fn gpu_nodes_without_a_device_plugin() {
    let mut snapshot = pod(unschedulable("Insufficient nvidia.com/gpu"));
    asks_gpu(&mut snapshot);
    snapshot.nodes.push(node("gpu-1", |node| node.instance_type = Some("g4dn.2xlarge".into())));
    assert_eq!(line(&snapshot), "auth-0 Pending ← no node offers nvidia.com/gpu although 1 have GPUs");
    assert_eq!(code(&snapshot), "K8S-NO-DEVICE-PLUGIN");
}

#[test]
fn gpus_that_are_all_taken() {
    let mut snapshot = pod(unschedulable("Insufficient nvidia.com/gpu"));
    asks_gpu(&mut snapshot);
    snapshot.nodes.push(node("gpu-1", |node| node.allocatable = [("nvidia.com/gpu".into(), 1)].into()));
    let taker = PodRow {
        name: "other".into(),
        status: "Running".into(),
        ready: 1,
        containers: 1,
        node: Some("gpu-1".into()),
        requests: [("nvidia.com/gpu".into(), 1)].into(),
        ..PodRow::default()
    };
    snapshot.pods.push(Arc::new(taker));
    assert_eq!(line(&snapshot), "auth-0 Pending ← all 1 nvidia.com/gpu are taken");
}

#[test]
fn a_label_no_node_has() {
    let snapshot = pod(PodWait {
        node_selector: [("capability".into(), "cpu".into())].into(),
        ..unschedulable("node(s) didn't match")
    });
    assert_eq!(line(&snapshot), "auth-0 Pending ← no node has the label capability=cpu");
}

#[test]
fn a_taint_it_does_not_tolerate() {
    let mut snapshot = pod(unschedulable("untolerated taint"));
    let taint = Taint { key: "dedicated".into(), value: "gpu".into(), effect: "NoSchedule".into() };
    snapshot.nodes = vec![node("n-1", |node| node.taints.push(taint.clone()))];
    assert!(line(&snapshot).contains("have the taint dedicated=gpu:NoSchedule"));
    let tolerated = Toleration { key: "dedicated".into(), value: None, effect: String::new() };
    let mut tolerant = pod(PodWait { tolerations: vec![tolerated], ..unschedulable("Insufficient cpu") });
    tolerant.nodes = snapshot.nodes;
    assert_eq!(line(&tolerant), "auth-0 Pending ← no node has enough CPU left");
}

#[test]
fn an_affinity_no_node_fits() {
    let snapshot = pod(PodWait {
        affinity: vec!["topology.kubernetes.io/zone in us-east-2d".into()],
        ..unschedulable("didn't match Pod's node affinity/selector")
    });
    assert!(line(&snapshot).contains("no node fits its affinity: topology.kubernetes.io/zone in us-east-2d"));
}

#[test]
fn no_default_storage_class() {
    let mut snapshot = pod(PodWait {
        claims: vec!["data".into()],
        ..unschedulable("pod has unbound immediate PersistentVolumeClaims")
    });
    snapshot.claims = vec![Arc::new(ClaimRow { name: "data".into(), phase: "Pending".into(), ..ClaimRow::default() })];
    assert_eq!(line(&snapshot), "auth-0 Pending ← claim data Pending ← there is no default StorageClass");
    snapshot.default_classes = vec!["gp3".into()];
    assert_eq!(line(&snapshot), "auth-0 Pending ← claim data Pending ← its volume is being made");
    snapshot.events = vec![event(
        "PersistentVolumeClaim/data",
        "ProvisioningFailed",
        "could not create volume: UnauthorizedOperation",
    )];
    assert!(line(&snapshot).ends_with("← ProvisioningFailed: could not create volume: UnauthorizedOperation"));
}

#[test]
fn a_volume_in_another_zone() {
    assert_eq!(code(&pod(unschedulable("1 node(s) had volume node affinity conflict"))), "K8S-VOLUME-ZONE");
}

#[test]
fn images_that_cannot_be_pulled() {
    for (message, expected) in [
        ("failed to authorize: 401 Unauthorized", "REG-CREDENTIALS"),
        ("no match for platform in manifest", "REG-ARCHITECTURE"),
        ("docker.arthur.ai/shield:1: not found", "REG-NOT-FOUND"),
        ("dial tcp: lookup docker.arthur.ai: no such host", "REG-UNREACHABLE"),
        ("toomanyrequests: rate limit", "REG-RATE"),
        ("x509: certificate signed by unknown authority", "REG-TLS"),
    ] {
        assert_eq!(code(&pod(container("ErrImagePull", message))), expected, "{message}");
    }
    // The back-off says nothing; the event does.
    let mut snapshot = pod(container("ImagePullBackOff", "Back-off pulling image"));
    snapshot.events = vec![event("Pod/auth-0", "Failed", "pull access denied")];
    assert_eq!(code(&snapshot), "REG-CREDENTIALS");
}

#[test]
fn a_crash_loop_shows_the_logs_last_error() {
    let mut wait = container("CrashLoopBackOff", "back-off 40s");
    wait.containers[0].last_exit = Some((1, "Error".into()));
    wait.containers[0].restarts = 3;
    let mut snapshot = pod(wait);
    snapshot.logs = vec![log("INFO starting"), log("ERROR password authentication failed for user shield"), log("bye")];
    assert_eq!(
        line(&snapshot),
        "auth-0 CrashLoopBackOff ← main ended with 1 (3 restarts) ← log: ERROR password authentication failed for user shield"
    );
}

#[test]
fn too_little_memory() {
    let mut wait = container("CrashLoopBackOff", "");
    wait.containers[0].last_exit = Some((137, "OOMKilled".into()));
    assert_eq!(code(&pod(wait)), "K8S-OOM");
}

#[test]
fn a_secret_that_does_not_exist() {
    let snapshot = pod(container("CreateContainerConfigError", "secret \"postgres-secret\" not found"));
    assert!(line(&snapshot).ends_with("← Secret postgres-secret does not exist"));
}

#[test]
fn a_probe_that_fails() {
    let mut snapshot = pod(container("", ""));
    snapshot.events =
        vec![event("Pod/auth-0", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")];
    assert!(line(&snapshot).starts_with("auth-0 not ready ← Readiness probe failed"));
}

#[test]
fn a_name_that_does_not_resolve() {
    for said in [
        "Error: getaddrinfo ENOTFOUND shield-auth.corp.example",
        "dial tcp: lookup shield-auth.corp.example: no such host",
        "requests.exceptions: HTTPSConnectionPool(host='shield-auth.corp.example', port=443): Name or service not known",
    ] {
        let mut snapshot = pod(container("", ""));
        snapshot.logs = vec![log(said)];
        assert_eq!(line(&snapshot), "auth-0 not ready ← shield-auth.corp.example does not resolve", "{said}");
    }
}

#[test]
fn an_ingress_without_an_address() {
    let ingress = IngressRow {
        name: "shield".into(),
        class: Some("nginx".into()),
        since: Timestamp::from_second(900).ok(),
        ..IngressRow::default()
    };
    let snapshot = Snapshot { ingresses: vec![Arc::new(ingress)], ..Snapshot::default() };
    assert_eq!(line(&snapshot), "ingress shield: no address ← no controller has taken class nginx");
}

#[test]
fn pods_that_wait_for_the_same_are_one_line() {
    let mut snapshot = pod(unschedulable("Insufficient cpu"));
    let mut second = (*snapshot.pods[0]).clone();
    second.name = "auth-1".into();
    snapshot.pods.push(Arc::new(second));
    assert_eq!(line(&snapshot), "auth-0 and 1 more Pending ← no node has enough CPU left");
}

#[test]
fn what_is_ready_waits_for_nothing() {
    let ready = PodRow { name: "a".into(), status: "Running".into(), ready: 1, containers: 1, ..PodRow::default() };
    let snapshot = Snapshot { pods: vec![Arc::new(ready)], ..Snapshot::default() };
    assert_eq!(why(&snapshot, now(), &[]), []);
}
