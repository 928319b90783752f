//! What controllers, scheduler and kubelets make of what clients ask for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod kube_common;

use std::time::Instant;

use base64::{Engine, engine::general_purpose::STANDARD};
use kube_common::Cluster;
use landfall_rehearsal::{
    Clock,
    kube::{Setup, Store},
    world::{Happening, NodeSpec},
};
use serde_json::{Value, json};

const NODES: &str = "nodes: [{ name: cpu, count: 2 }]\n";

fn pods_of(app: &str) -> String {
    format!("/api/v1/namespaces/default/pods?labelSelector=app%3D{app}")
}

fn workload(kind: &str, name: &str, more: Value, spec: Value) -> Value {
    let mut all = json!({
        "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name },
        "spec": { "selector": { "matchLabels": { "app": name } }, "template": { "metadata": { "labels": { "app": name } }, "spec": spec } },
    });
    all["spec"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

fn one(image: &str) -> Value {
    json!({ "containers": [{ "name": "main", "image": image }] })
}

#[tokio::test]
async fn a_wrong_registry_password_shows_as_image_pull_back_off_until_it_is_right() {
    let setup = format!("{NODES}registries: {{ docker.example.com: {{ username: u, password: right }} }}");
    let cluster = Cluster::start(&setup).await;
    let secret = |password: &str| {
        let config = json!({ "auths": { "docker.example.com": { "auth": STANDARD.encode(format!("u:{password}")) } } });
        json!({ "metadata": { "name": "pull" }, "type": "kubernetes.io/dockerconfigjson", "data": { ".dockerconfigjson": STANDARD.encode(config.to_string()) } })
    };
    cluster.post("/api/v1/namespaces/default/secrets", &secret("wrong")).await;
    let mut spec = one("docker.example.com/shield:1");
    spec["imagePullSecrets"] = json!([{ "name": "pull" }]);
    cluster.post("/apis/apps/v1/namespaces/default/deployments", &workload("Deployment", "a", json!({}), spec)).await;
    let state = "/items/0/status/containerStatuses/0/state/waiting";
    let failing = cluster
        .until(&pods_of("a"), |list| list.pointer(state).is_some_and(|waiting| waiting["reason"] == "ErrImagePull"))
        .await;
    assert!(failing.pointer(state).unwrap()["message"].as_str().unwrap().contains("401 Unauthorized"));
    cluster
        .send(
            "PATCH",
            "/api/v1/namespaces/default/secrets/pull",
            "application/merge-patch+json",
            &json!({ "data": secret("right")["data"] }),
        )
        .await;
    cluster.until(&pods_of("a"), |list| list["items"][0]["status"]["phase"] == "Running").await;
}

#[tokio::test]
async fn a_stateful_set_gets_its_volumes_and_pods_one_after_the_other() {
    let cluster = Cluster::start(NODES).await;
    let mut spec = one("db:1");
    spec["containers"][0]["volumeMounts"] = json!([{ "name": "data", "mountPath": "/data" }]);
    let claims = json!({
        "replicas": 2, "serviceName": "db",
        "volumeClaimTemplates": [{ "metadata": { "name": "data" }, "spec": { "accessModes": ["ReadWriteOnce"], "storageClassName": "gp2", "resources": { "requests": { "storage": "1Gi" } } } }],
    });
    cluster.post("/apis/apps/v1/namespaces/default/statefulsets", &workload("StatefulSet", "db", claims, spec)).await;
    cluster.until("/apis/apps/v1/namespaces/default/statefulsets/db", |set| set["status"]["readyReplicas"] == 2).await;
    let (_, claim) = cluster.get("/api/v1/namespaces/default/persistentvolumeclaims/data-db-1").await;
    assert_eq!(claim["status"]["phase"], "Bound");
}

#[tokio::test]
async fn a_claim_without_a_default_class_keeps_its_pod_pending_and_says_why() {
    let cluster = Cluster::start(NODES).await;
    let claim = json!({ "metadata": { "name": "data" }, "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } } });
    cluster.post("/api/v1/namespaces/default/persistentvolumeclaims", &claim).await;
    let mut pod = json!({ "metadata": { "name": "p", "labels": { "app": "p" } }, "spec": one("a:1") });
    pod["spec"]["volumes"] = json!([{ "name": "data", "persistentVolumeClaim": { "claimName": "data" } }]);
    cluster.post("/api/v1/namespaces/default/pods", &pod).await;
    let events = "/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Dp,type%3DWarning";
    let told = cluster.until(events, |events| events["items"][0]["reason"] == "FailedScheduling").await;
    assert!(told["items"][0]["message"].as_str().unwrap().contains("unbound immediate PersistentVolumeClaims"));
}

#[tokio::test]
async fn a_job_that_fails_reaches_its_backoff_limit() {
    let cluster = Cluster::start(&format!("{NODES}pods: [{{ name: bad-, exit_code: 3, logs: [oops] }}]")).await;
    let job = json!({ "metadata": { "name": "bad" }, "spec": { "backoffLimit": 1, "template": { "spec": { "restartPolicy": "Never", "containers": [{ "name": "main", "image": "a:1" }] } } } });
    cluster.post("/apis/batch/v1/namespaces/default/jobs", &job).await;
    let failed = cluster
        .until("/apis/batch/v1/namespaces/default/jobs/bad", |job| {
            job["status"]["conditions"].as_array().is_some_and(|all| all.iter().any(|one| one["type"] == "Failed"))
        })
        .await;
    assert_eq!(failed["status"]["failed"], 2);
}

#[tokio::test]
async fn an_ingress_gets_the_controllers_address_and_the_world_hears_of_it() {
    let cluster = Cluster::start(NODES).await;
    let ingress = json!({ "metadata": { "name": "shield" }, "spec": { "ingressClassName": "nginx", "rules": [{ "host": "shield.example.com" }] } });
    cluster.post("/apis/networking.k8s.io/v1/namespaces/default/ingresses", &ingress).await;
    let path = "/apis/networking.k8s.io/v1/namespaces/default/ingresses/shield";
    let made =
        cluster.until(path, |ingress| ingress.pointer("/status/loadBalancer/ingress/0/hostname").is_some()).await;
    let (_, service) = cluster.get("/api/v1/namespaces/ingress-nginx/services/ingress-nginx").await;
    assert_eq!(made["status"]["loadBalancer"], service["status"]["loadBalancer"]);
}

#[tokio::test]
async fn a_deployment_whose_service_account_is_missing_says_so() {
    let cluster = Cluster::start(NODES).await;
    let mut spec = one("a:1");
    spec["serviceAccountName"] = "usage".into();
    cluster.post("/apis/apps/v1/namespaces/default/deployments", &workload("Deployment", "a", json!({}), spec)).await;
    let events = "/api/v1/namespaces/default/events?fieldSelector=reason%3DFailedCreate";
    let told = cluster.until(events, |events| !events["items"].as_array().unwrap().is_empty()).await;
    assert!(told["items"][0]["message"].as_str().unwrap().contains("serviceaccount \"usage\" not found"));
    cluster.post("/api/v1/namespaces/default/serviceaccounts", &json!({ "metadata": { "name": "usage" } })).await;
    cluster.until("/apis/apps/v1/namespaces/default/deployments/a", |a| a["status"]["availableReplicas"] == 1).await;
}

#[tokio::test]
async fn a_service_knows_its_ready_pods() {
    let cluster = Cluster::start(NODES).await;
    cluster
        .post(
            "/apis/apps/v1/namespaces/default/deployments",
            &workload("Deployment", "a", json!({ "replicas": 2 }), one("a:1")),
        )
        .await;
    let service =
        json!({ "metadata": { "name": "a" }, "spec": { "selector": { "app": "a" }, "ports": [{ "port": 80 }] } });
    cluster.post("/api/v1/namespaces/default/services", &service).await;
    let slices =
        "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Da";
    let ready = |slice: &Value| {
        slice["endpoints"]
            .as_array()
            .is_some_and(|all| all.len() == 2 && all.iter().all(|one| one["conditions"]["ready"] == true))
    };
    cluster.until(slices, |slices| ready(&slices["items"][0])).await;
}

#[tokio::test]
async fn a_custom_resource_is_served_once_it_is_defined() {
    let cluster = Cluster::start("cert_manager: true\nnodes: [{}]").await;
    let certificate = json!({ "apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": { "name": "c" }, "spec": { "secretName": "c-tls", "dnsNames": ["shield.example.com"] } });
    let path = "/apis/cert-manager.io/v1/namespaces/default/certificates";
    let (code, answer) = cluster.post(path, &certificate).await;
    assert_eq!(code, 201, "{answer}");
    cluster.until("/api/v1/namespaces/default/secrets/c-tls", |secret| secret["type"] == "kubernetes.io/tls").await;
    cluster.delete("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/certificates.cert-manager.io").await;
    assert_eq!(cluster.get(path).await.0, 404);
}

#[test]
fn a_node_that_leaves_takes_its_pods_and_one_that_joins_gets_them() {
    let clock = Clock::starting_at("2026-11-20T09:00:00Z".parse().unwrap(), 1.0);
    let store = Store::new(&Setup::default(), clock);
    let node = |name: &str| NodeSpec {
        name: name.into(),
        instance_type: "m7i.large".into(),
        architecture: "amd64".into(),
        zone: "us-east-2a".into(),
        cpu: 4,
        memory_gib: 16,
        ..NodeSpec::default()
    };
    let start = clock.now();
    let after = |seconds: i64| start + jiff::SignedDuration::from_secs(seconds);
    store.settle(start, &[Happening::NodeJoined(node("a"))]);
    let available =
        || store.get("deployments.apps", "kube-system", "coredns").unwrap()["status"]["availableReplicas"].clone();
    assert_eq!(available(), 2);
    store.settle(after(1), &[Happening::NodeLeft { name: "a".into() }]);
    assert_eq!((available(), store.get("nodes", "", "a")), (Value::Null, None));
    store.settle(after(2), &[Happening::NodeJoined(node("b"))]);
    assert_eq!(available(), Value::Null);
    store.settle(after(60), &[]);
    assert_eq!(available(), 2);
    let mut labelled = node("b");
    labelled.labels.insert("capability".into(), "cpu".into());
    store.settle(after(61), &[Happening::NodeJoined(labelled)]);
    assert_eq!(store.get("nodes", "", "b").unwrap()["metadata"]["labels"]["capability"], "cpu");
}

#[test]
fn what_two_clusters_are_left_with_is_the_same_however_fast_time_went() {
    let left = |steps: i64| {
        let clock = Clock::starting_at("2026-11-20T09:00:00Z".parse().unwrap(), 1.0);
        let setup: Setup = serde_yaml::from_str("nodes: [{ count: 3, name: n }]\nuid: u").unwrap();
        let store = Store::new(&setup, clock);
        let start = clock.now();
        store.settle(start, &[]);
        for step in 1..=steps {
            store.settle(start + jiff::SignedDuration::from_secs(600 * step / steps), &[]);
        }
        (
            store.snapshot(),
            store.get("deployments.apps", "ingress-nginx", "ingress-nginx").unwrap()["status"]["availableReplicas"]
                .clone(),
        )
    };
    assert_eq!(left(1), left(500));
}

#[tokio::test]
async fn five_thousand_pods_come_up_and_are_listed() {
    let setup = format!(
        "nodes: [{{ count: 100, name: n, cpu: 96, memory_gib: 512 }}]\nobjects:\n  - {}\n",
        workload("Deployment", "many", json!({ "replicas": 5000 }), one("many:1"))
    );
    let began = Instant::now();
    let cluster = Cluster::start(&setup).await;
    let (_, many) = cluster.get("/apis/apps/v1/namespaces/default/deployments/many").await;
    assert_eq!(many["status"]["availableReplicas"], 5000, "{many}");
    eprintln!("5,000 pods came up in {:?}", began.elapsed());
    let began = Instant::now();
    let text = cluster.text("/api/v1/pods").await;
    eprintln!("5,000 pods ({} kB) listed in {:?}", text.len() / 1024, began.elapsed());
    let began = Instant::now();
    cluster.text("/api/v1/pods").await;
    eprintln!("and again in {:?}", began.elapsed());
    let mut token = String::new();
    let mut seen = 0;
    loop {
        let (_, page) = cluster.get(&format!("/api/v1/namespaces/default/pods?limit=500&continue={token}")).await;
        seen += page["items"].as_array().unwrap().len();
        match page["metadata"]["continue"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, 5000);
    let began = Instant::now();
    for _ in 0..100 {
        cluster.world.settle();
    }
    eprintln!("100 idle steps took {:?}", began.elapsed());
}

#[tokio::test]
async fn a_restricted_namespace_keeps_careless_pods_out() {
    let cluster = Cluster::start(NODES).await;
    let namespace =
        json!({ "metadata": { "name": "strict", "labels": { "pod-security.kubernetes.io/enforce": "restricted" } } });
    cluster.post("/api/v1/namespaces", &namespace).await;
    let mut pod = json!({ "metadata": { "name": "p" }, "spec": one("a:1") });
    let (code, answer) = cluster.post("/api/v1/namespaces/strict/pods", &pod).await;
    let message = answer["message"].as_str().unwrap();
    assert!(
        code == 403 && message.contains("violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation"),
        "{message}"
    );
    pod["spec"]["securityContext"] = json!({ "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } });
    pod["spec"]["containers"][0]["securityContext"] =
        json!({ "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } });
    assert_eq!(cluster.post("/api/v1/namespaces/strict/pods", &pod).await.0, 201);
}

#[tokio::test]
async fn an_image_for_other_machines_is_not_pulled() {
    let setup = "nodes: [{ name: arm, architecture: arm64 }]\npods: [{ name: a-, architectures: [amd64] }]";
    let cluster = Cluster::start(setup).await;
    cluster
        .post("/apis/apps/v1/namespaces/default/deployments", &workload("Deployment", "a", json!({}), one("a:1")))
        .await;
    let message = "/items/0/status/containerStatuses/0/state/waiting/message";
    cluster
        .until(&pods_of("a"), |list| {
            list.pointer(message).is_some_and(|told| told.as_str().unwrap().contains("no match for platform"))
        })
        .await;
}

#[test]
fn what_a_scenario_says_wrongly_is_told() {
    let setup: Setup =
        serde_yaml::from_str("objects: [{ apiVersion: example.com/v1, kind: Nothing, metadata: { name: n } }]")
            .unwrap();
    let store = Store::new(&setup, Clock::starting_at("2026-11-20T09:00:00Z".parse().unwrap(), 1.0));
    assert_eq!(store.troubles().len(), 1);
    assert!(store.troubles()[0].contains("example.com/v1"), "{:?}", store.troubles());
    let furnished: Setup = serde_yaml::from_str("{ cert_manager: true, gpu: operator, auto_mode: true }").unwrap();
    assert_eq!(
        Store::new(&furnished, Clock::starting_at("2026-11-20T09:00:00Z".parse().unwrap(), 1.0)).troubles(),
        Vec::<String>::new()
    );
}
