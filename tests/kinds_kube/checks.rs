//! Checks: an outcome for every state of the cluster.

use std::sync::Arc;

use landfall::cloud::{Cloud, Endpoints};
use landfall_core::event::{Outcome, Permissions};
use serde_json::json;

use super::place::Place;

#[tokio::test]
async fn an_ordinary_cluster_passes() {
    let place = Place::simulated("kubernetes: { metrics_server: true }").await;
    place.until("kube.ingress_class", json!({"class": "nginx"}), "pass").await;
    assert_eq!(place.code("kube.metrics", json!({})).await, "pass");
    assert_eq!(
        place.code("kube.device_plugin", json!({"resource": "nvidia.com/gpu", "expect": "absent"})).await,
        "pass"
    );
    assert_eq!(place.code("tool.version", json!({"tool": "helm", "at_least": "3.12", "below": "5"})).await, "pass");
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let place = Place::simulated("kubernetes: { metrics_server: false, ingress_nginx: false, auto_mode: true }").await;
    let outcome = place.check("kube.ingress_class", json!({"class": "nginx"})).await;
    let problem = outcome.problem().unwrap();
    assert_eq!(problem.code, "K8S-INGRESS-CLASS");
    assert!(problem.why.contains("alb"), "{problem:?}");
    assert_eq!(place.code("kube.metrics", json!({})).await, "K8S-METRICS-MISSING");
    let present = json!({"resource": "nvidia.com/gpu", "expect": "present"});
    assert_eq!(place.code("kube.device_plugin", present).await, "K8S-DEVICE-PLUGIN-MISSING");
    assert_eq!(place.code("tool.version", json!({"tool": "helm", "at_least": "9"})).await, "TOOL-OLD");
    assert_eq!(place.code("tool.version", json!({"tool": "no-such-tool", "at_least": "1"})).await, "TOOL-MISSING");
    assert_eq!(place.code("helm.release", json!({"name": "web"})).await, "HELM-RELEASE-MISSING");
}

#[tokio::test]
async fn the_version_of_any_cluster_is_compared() {
    let place = Place::simulated("kubernetes: { version: v1.31.4 }").await;
    let code = |parameters| place.code("kube.version", parameters);
    assert_eq!(code(json!({"at_least": "1.27", "below": "1.32"})).await, "pass");
    assert_eq!(code(json!({})).await, "pass");
    assert_eq!(code(json!({"at_least": "1.32"})).await, "K8S-VERSION-OLD");
    assert_eq!(code(json!({"below": "1.31"})).await, "K8S-VERSION-NEW");
}

#[tokio::test]
async fn permissions_that_are_missing_are_listed() {
    let mut place =
        Place::simulated("kubernetes: { denied: [{ verb: create, group: '', resource: secrets, namespace: shield }] }")
            .await;
    place.needs.permissions = Permissions::default().rbac(Some("shield"), "", "secrets", &["get", "create"]).rbac(
        None,
        "",
        "namespaces",
        &["create"],
    );
    let outcome = place.check("kube.permissions", json!({})).await;
    let problem = outcome.problem().unwrap();
    assert_eq!(problem.code, "K8S-NOT-ALLOWED");
    assert_eq!(problem.why, "create secrets in shield");
    assert!(problem.fix.contains("--verb create --resource secrets"), "{problem:?}");
}

#[tokio::test]
async fn objects_and_secrets_are_looked_for() {
    let place = Place::simulated(
        "
kubernetes:
  objects:
    - { apiVersion: v1, kind: Namespace, metadata: { name: shield } }
    - { apiVersion: v1, kind: Secret, metadata: { name: postgres-secret, namespace: shield }, type: Opaque, stringData: { username: ann, password: \"x\\n\" } }
",
    )
    .await;
    let object = |name: &str| json!({"api_version": "v1", "resource_kind": "Namespace", "name": name});
    assert_eq!(place.code("kube.resource_exists", object("shield")).await, "pass");
    assert_eq!(place.code("kube.resource_exists", object("other")).await, "K8S-OBJECT-MISSING");
    let unknown = json!({"api_version": "example.com/v1", "resource_kind": "Widget", "name": "w"});
    assert_eq!(place.code("kube.resource_exists", unknown).await, "K8S-KIND-MISSING");
    let secret = |name: &str, keys: &[&str]| json!({"name": name, "keys": keys});
    assert_eq!(place.code("kube.secret", secret("postgres-secret", &["username"])).await, "pass");
    assert_eq!(place.code("kube.secret", secret("postgres-secret", &["password"])).await, "SEC-NEWLINE");
    assert_eq!(place.code("kube.secret", secret("postgres-secret", &["host"])).await, "SEC-KEYS");
    assert_eq!(place.code("kube.secret", secret("none", &["key"])).await, "SEC-MISSING");
}

const PODS: &str = "
kubernetes:
  gpu: operator
  nodes:
    - { name: gpu-1, labels: { capability: gpu }, gpus: 1 }
  pods:
    - { name: auth, logs: [\"==> Validating\", \"==> Starting\"] }
    - { name: worker, image_pull_failure: { reason: manifest unknown, times: 99 } }
    - { name: landfall-nvidia-smi, logs: [\"| NVIDIA-SMI 580.95 |\"] }
  objects:
    - { apiVersion: v1, kind: Namespace, metadata: { name: shield } }
    - apiVersion: v1
      kind: Pod
      metadata: { name: auth-0, namespace: shield, labels: { app: auth } }
      spec: { containers: [{ name: auth, image: auth }] }
    - apiVersion: v1
      kind: Pod
      metadata: { name: worker-0, namespace: shield }
      spec: { containers: [{ name: worker, image: worker }] }
";

#[tokio::test]
async fn pods_logs_and_nodes_are_waited_for() {
    let place = Place::simulated(PODS).await;
    place.until("kube.pods", json!({"selector": "app=auth"}), "pass").await;
    place.until("kube.pods", json!({"name_prefix": "worker"}), "K8S-POD-IMAGE").await;
    assert_eq!(place.code("kube.pods", json!({"name_prefix": "none"})).await, "K8S-PODS-MISSING");
    let logs = json!({"name_prefix": "auth", "markers": ["==> Validating", "==> Starting"]});
    place.until("kube.logs", logs, "pass").await;
    let missing = json!({"name_prefix": "auth", "markers": ["==> Serving"]});
    assert_eq!(place.code("kube.logs", missing).await, "K8S-LOG-MARKER");
    let fatal = json!({"name_prefix": "auth", "fatal": ["==> Start.*"]});
    assert_eq!(place.code("kube.logs", fatal).await, "K8S-LOG-FATAL");
    let nobody = |may_be_absent: bool| json!({"name_prefix": "none", "may_be_absent": may_be_absent});
    assert_eq!(place.code("kube.logs", nobody(false)).await, "K8S-PODS-MISSING");
    assert!(matches!(place.check("kube.logs", nobody(true)).await, Outcome::Skip { .. }));
    let gpu = |least: u32| json!({"resource": "nvidia.com/gpu", "each_at_least": least, "nodes": "capability=gpu"});
    place.until("kube.allocatable", gpu(1), "pass").await;
    assert_eq!(place.code("kube.allocatable", gpu(2)).await, "K8S-NOT-ALLOCATABLE");
    let nodes = json!({"resource": "cpu", "each_at_least": 1, "nodes": "capability=none"});
    assert_eq!(place.code("kube.allocatable", nodes).await, "K8S-NO-NODES");
}

#[tokio::test]
async fn a_load_balancer_that_finds_no_subnets_says_so_until_one_is_tagged_for_it() {
    let place = Place::simulated(
        "
aws:
  subnets: [{ id: subnet-0a, zone: us-east-2a, cidr: 10.0.1.0/24 }]
  later:
    - service: ec2
      operation: CreateTags
      input: { Resources: [subnet-0a], Tags: [{ Key: kubernetes.io/role/elb, Value: \"1\" }] }
      after: 10m
kubernetes:
  objects:
    - apiVersion: v1
      kind: Service
      metadata: { name: gateway, namespace: shield }
      spec: { type: LoadBalancer, ports: [{ port: 443 }] }
outside:
  dns: [{ name: gateway.example, type: CNAME, ingress: shield/gateway }]
",
    )
    .await;
    let dns = place.rehearsal.as_ref().unwrap().environment()["LANDFALL_DNS"].parse().unwrap();
    let endpoints = Endpoints { dns: Some(dns), ..place.cloud.endpoints.clone() };
    let place = Place { cloud: Arc::new(Cloud::new(endpoints)), ..place };
    let name = json!({"name": "gateway.example", "service": "shield/gateway"});
    let outcome = place.until("dns.name", name.clone(), "K8S-LOAD-BALANCER-MISSING").await;
    let why = || outcome.problem().map(|problem| problem.why.clone()).unwrap_or_default();
    assert!(why().contains("could not find any suitable subnets"), "{outcome:?}");
    place.until("dns.name", name, "pass").await;
}

#[tokio::test]
async fn a_probe_runs_answers_and_is_removed() {
    let place = Place::simulated(PODS).await;
    let gpu = json!({"resource": "nvidia.com/gpu", "each_at_least": 1, "nodes": "capability=gpu"});
    place.until("kube.allocatable", gpu, "pass").await;
    let probe = json!({"name": "landfall-nvidia-smi", "image": "cuda", "command": ["nvidia-smi"],
        "resources": {"nvidia.com/gpu": "1"}, "node_selector": {"capability": "gpu"}, "expect": "NVIDIA-SMI",
        "skip_when_taken": "nvidia.com/gpu"});
    let outcome = place.until("kube.job", probe, "pass").await;
    assert_eq!(outcome, Outcome::pass("NVIDIA-SMI 580.95"));
    let jobs: kube::Api<k8s_openapi::api::batch::v1::Job> = kube::Api::namespaced(place.client().await, "shield");
    assert!(jobs.get_opt("landfall-nvidia-smi").await.unwrap().is_none());
}

#[tokio::test]
async fn who_may_not_look_is_told_so() {
    let place = Place::simulated("kubernetes: { denied: [{ verb: list, group: '', resource: nodes }] }").await;
    let nodes = json!({"resource": "cpu", "each_at_least": 1, "nodes": "a=b"});
    assert_eq!(place.code("kube.allocatable", nodes).await, "DENIED");
}
