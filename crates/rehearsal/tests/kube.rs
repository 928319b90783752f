//! What clients see of the simulated cluster.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod kube_common;

use kube_common::Cluster;
use serde_json::{Value, json};

const NODES: &str = "
nodes:
  - { name: cpu, count: 2, labels: { capability: cpu } }
  - { name: gpu, instance_type: g4dn.2xlarge, gpus: 1, cpu: 8, memory_gib: 32, labels: { capability: gpu, nvidia.com/gpu.present: 'true' } }
";

fn deployment(name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
        "spec": { "replicas": 1, "selector": { "matchLabels": { "app": name } }, "template": { "metadata": { "labels": { "app": name } }, "spec": spec } },
    })
}

#[tokio::test]
async fn a_cluster_is_furnished_and_at_rest_before_anybody_asks() {
    let cluster = Cluster::start(NODES).await;
    let (_, nodes) = cluster.get("/api/v1/nodes").await;
    let ready = |node: &Value| {
        node["status"]["conditions"]
            .as_array()
            .unwrap()
            .iter()
            .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
    };
    assert_eq!(nodes["items"].as_array().unwrap().iter().filter(|node| ready(node)).count(), 3);
    let (_, system) = cluster.get("/apis/apps/v1/namespaces/kube-system/deployments/coredns").await;
    assert_eq!(system["status"]["availableReplicas"], 2, "{system:#}");
    let (_, service) = cluster.get("/api/v1/namespaces/ingress-nginx/services/ingress-nginx").await;
    assert!(service["status"]["loadBalancer"]["ingress"][0]["hostname"].as_str().unwrap().ends_with(".amazonaws.com"));
}

#[tokio::test]
async fn missing_and_double_things_are_refused_as_kubernetes_does() {
    let cluster = Cluster::start(NODES).await;
    let secret = json!({ "metadata": { "name": "s" }, "stringData": { "key": "a\n" } });
    let (code, answer) = cluster.post("/api/v1/namespaces/nowhere/secrets", &secret).await;
    assert_eq!((code, answer["message"].as_str().unwrap()), (404, "namespaces \"nowhere\" not found"));
    cluster.namespace("shield").await;
    let (code, made) = cluster.post("/api/v1/namespaces/shield/secrets", &secret).await;
    assert_eq!((code, &made["data"]["key"], &made["type"]), (201, &json!("YQo="), &json!("Opaque")), "{made}");
    let (code, answer) = cluster.post("/api/v1/namespaces/shield/secrets", &secret).await;
    assert_eq!((code, &answer["reason"], &answer["kind"]), (409, &json!("AlreadyExists"), &json!("Status")));
    let mut old = made.clone();
    old["data"]["key"] = "Yg==".into();
    let (code, _) = cluster.send("PUT", "/api/v1/namespaces/shield/secrets/s", "application/json", &old).await;
    assert_eq!(code, 200);
    let (code, answer) = cluster.send("PUT", "/api/v1/namespaces/shield/secrets/s", "application/json", &made).await;
    assert_eq!((code, &answer["reason"]), (409, &json!("Conflict")));
    let (code, answer) =
        cluster.send("POST", "/api/v1/namespaces", "application/vnd.kubernetes.protobuf", &json!({})).await;
    assert_eq!(code, 415, "{answer}");
    assert!(answer["message"].as_str().unwrap().contains("protobuf"));
    let (code, answer) = cluster.post("/api/v1/namespaces/shield/pods/x/exec", &json!({})).await;
    assert_eq!(code, 405, "{answer}");
    assert!(answer["message"].as_str().unwrap().contains("exec"));
}

#[tokio::test]
async fn apply_takes_away_what_is_no_longer_applied_and_records_its_manager() {
    let cluster = Cluster::start("").await;
    let path = "/api/v1/namespaces/default/configmaps/c?fieldManager=landfall";
    let apply = |data: Value| {
        let body = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "c" }, "data": data });
        let cluster = &cluster;
        async move { cluster.send("PATCH", path, "application/apply-patch+yaml", &body).await }
    };
    let (code, _) = apply(json!({ "a": "1", "b": "2" })).await;
    assert_eq!(code, 201);
    cluster
        .send(
            "PATCH",
            "/api/v1/namespaces/default/configmaps/c?fieldManager=other",
            "application/merge-patch+json",
            &json!({ "data": { "theirs": "x" } }),
        )
        .await;
    let (code, after) = apply(json!({ "a": "1" })).await;
    assert_eq!((code, &after["data"]), (200, &json!({ "a": "1", "theirs": "x" })));
    let managers: Vec<&str> = after["metadata"]["managedFields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["manager"].as_str().unwrap())
        .collect();
    assert_eq!(managers, ["landfall", "other"]);
    let (_, again) = apply(json!({ "a": "1" })).await;
    assert_eq!(again["metadata"]["resourceVersion"], after["metadata"]["resourceVersion"]);
}

#[tokio::test]
async fn gpus_are_allocatable_only_once_a_device_plugin_runs_there() {
    let cluster = Cluster::start(NODES).await;
    let (_, node) = cluster.get("/api/v1/nodes/gpu").await;
    assert_eq!(node["status"]["allocatable"].get("nvidia.com/gpu"), None);
    let job = json!({
        "metadata": { "name": "smi" },
        "spec": { "template": { "spec": { "restartPolicy": "Never", "containers": [{ "name": "smi", "image": "cuda", "command": ["nvidia-smi"], "resources": { "limits": { "nvidia.com/gpu": 1 } } }] } } },
    });
    cluster.post("/apis/batch/v1/namespaces/default/jobs", &job).await;
    let waiting = cluster
        .until("/api/v1/namespaces/default/pods?labelSelector=job-name%3Dsmi", |pods| {
            pods["items"][0]["status"]["conditions"][0]["reason"] == "Unschedulable"
        })
        .await;
    let message = waiting["items"][0]["status"]["conditions"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("0/3 nodes are available: 3 Insufficient nvidia.com/gpu. preemption:"), "{message}");
    let mut plugin = landfall_rehearsal::kube::live::gpu::daemon_set(false);
    plugin["metadata"]["namespace"] = "default".into();
    let (code, answer) = cluster.post("/apis/apps/v1/namespaces/default/daemonsets", &plugin).await;
    assert_eq!(code, 201, "{answer}");
    cluster.until("/api/v1/nodes/gpu", |node| node["status"]["allocatable"]["nvidia.com/gpu"] == "1").await;
    cluster.until("/apis/batch/v1/namespaces/default/jobs/smi", |job| job["status"]["succeeded"] == 1).await;
    let (_, pods) = cluster.get("/api/v1/namespaces/default/pods?labelSelector=job-name%3Dsmi").await;
    let pod = pods["items"][0]["metadata"]["name"].as_str().unwrap();
    let log = cluster.text(&format!("/api/v1/namespaces/default/pods/{pod}/log")).await;
    assert!(log.contains("Tesla T4"), "{log}");
    let (_, set) = cluster.get("/apis/apps/v1/namespaces/default/daemonsets/nvidia-device-plugin").await;
    assert_eq!((&set["status"]["desiredNumberScheduled"], &set["status"]["numberReady"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_pod_waits_for_its_secret_and_then_for_a_name() {
    let setup = format!(
        "{NODES}\npods:\n  - name: shield-\n    logs: ['==> Validating environment variables', {{ after: 5s, line: '==> Running database migration' }}]\n    ready_when: {{ dns: auth.example.com, waiting: waiting for auth.example.com }}\n    then: ['==> Starting the GenAI Engine server']\n"
    );
    let cluster = Cluster::start(&setup).await;
    let spec = json!({ "containers": [{ "name": "shield", "image": "shield:1", "env": [{ "name": "KEY", "valueFrom": { "secretKeyRef": { "name": "app", "key": "key" } } }] }] });
    cluster.post("/apis/apps/v1/namespaces/default/deployments", &deployment("shield", &spec)).await;
    let pods = "/api/v1/namespaces/default/pods?labelSelector=app%3Dshield";
    let waiting = cluster
        .until(pods, |pods| {
            pods["items"][0]["status"]["containerStatuses"][0]["state"]["waiting"]["reason"]
                == "CreateContainerConfigError"
        })
        .await;
    assert_eq!(
        waiting["items"][0]["status"]["containerStatuses"][0]["state"]["waiting"]["message"],
        "secret \"app\" not found"
    );
    cluster
        .post(
            "/api/v1/namespaces/default/secrets",
            &json!({ "metadata": { "name": "app" }, "stringData": { "key": "k" } }),
        )
        .await;
    let running = cluster.until(pods, |pods| pods["items"][0]["status"]["phase"] == "Running").await;
    let name = running["items"][0]["metadata"]["name"].as_str().unwrap().to_owned();
    let follow =
        cluster.client.get(format!("{}/api/v1/namespaces/default/pods/{name}/log?follow=true", cluster.server)).send();
    let mut follow = follow.await.unwrap();
    let mut log = String::new();
    while !log.contains("waiting for auth.example.com") {
        log.push_str(std::str::from_utf8(&follow.chunk().await.unwrap().unwrap()).unwrap());
    }
    let (_, pod) = cluster.get(&format!("/api/v1/namespaces/default/pods/{name}")).await;
    assert_eq!(pod["status"]["containerStatuses"][0]["ready"], false);
    cluster.world.cluster.name_resolves("auth.example.com");
    while !log.contains("==> Starting") {
        log.push_str(std::str::from_utf8(&follow.chunk().await.unwrap().unwrap()).unwrap());
    }
    cluster
        .until("/apis/apps/v1/namespaces/default/deployments/shield", |deployment| {
            deployment["status"]["availableReplicas"] == 1
        })
        .await;
    let at = |text: &str| log.find(text).unwrap();
    assert!(
        at("Validating") < at("Running database")
            && at("Running database") < at("waiting for")
            && at("waiting for") < at("Starting"),
        "{log}"
    );
}

#[tokio::test]
async fn watches_go_on_where_a_list_ended_and_say_410_when_that_is_too_long_ago() {
    let cluster = Cluster::start("history: 50").await;
    let (_, list) = cluster.get("/api/v1/namespaces/default/configmaps?limit=1").await;
    let version = list["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    let make = |name: String, label: &'static str| {
        let cluster = &cluster;
        async move {
            cluster
                .post(
                    "/api/v1/namespaces/default/configmaps",
                    &json!({ "metadata": { "name": name, "labels": { "a": label } } }),
                )
                .await
        }
    };
    make("one".into(), "b").await;
    make("two".into(), "c").await;
    let path = format!(
        "{}/api/v1/namespaces/default/configmaps?watch=true&labelSelector=a%3Db&resourceVersion={version}",
        cluster.server
    );
    let mut watch = cluster.client.get(&path).send().await.unwrap();
    let first: Value = serde_json::from_slice(&watch.chunk().await.unwrap().unwrap()).unwrap();
    assert_eq!((&first["type"], &first["object"]["metadata"]["name"]), (&json!("ADDED"), &json!("one")));
    cluster
        .send(
            "PATCH",
            "/api/v1/namespaces/default/configmaps/one",
            "application/merge-patch+json",
            &json!({ "metadata": { "labels": { "a": "z" } } }),
        )
        .await;
    let next: Value = serde_json::from_slice(&watch.chunk().await.unwrap().unwrap()).unwrap();
    assert_eq!(next["type"], "DELETED");
    for number in 0..60 {
        make(format!("more-{number}"), "c").await;
    }
    let mut late = cluster.client.get(&path).send().await.unwrap();
    let error: Value = serde_json::from_slice(&late.chunk().await.unwrap().unwrap()).unwrap();
    assert_eq!((&error["type"], &error["object"]["code"]), (&json!("ERROR"), &json!(410)));
    let path = format!(
        "{}/api/v1/configmaps?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
        cluster.server
    );
    let mut all = cluster.client.get(&path).send().await.unwrap();
    let mut text = String::new();
    while !text.contains("initial-events-end") {
        text.push_str(std::str::from_utf8(&all.chunk().await.unwrap().unwrap()).unwrap());
    }
}

#[tokio::test]
async fn a_namespace_takes_everything_with_it() {
    let cluster = Cluster::start(NODES).await;
    cluster.namespace("gone").await;
    let spec = json!({ "containers": [{ "name": "a", "image": "a:1" }] });
    cluster.post("/apis/apps/v1/namespaces/gone/deployments", &deployment("a", &spec)).await;
    cluster
        .until("/apis/apps/v1/namespaces/gone/deployments/a", |deployment| {
            deployment["status"]["availableReplicas"] == 1
        })
        .await;
    let (code, answer) = cluster.delete("/api/v1/namespaces/gone").await;
    assert_eq!((code, &answer["status"]["phase"]), (200, &json!("Terminating")));
    let (code, answer) =
        cluster.post("/api/v1/namespaces/gone/configmaps", &json!({ "metadata": { "name": "c" } })).await;
    assert_eq!(code, 403, "{answer}");
    cluster.until("/api/v1/namespaces/gone", |namespace| namespace["code"] == 404).await;
    let (_, pods) = cluster.get("/api/v1/namespaces/gone/pods").await;
    assert_eq!(pods["items"], json!([]));
}

#[tokio::test]
async fn what_the_scenario_denies_is_refused_and_reviewed_as_such() {
    let cluster = Cluster::start("denied: [{ verb: list, group: '', resource: secrets }]\nuser: sre").await;
    let (code, answer) = cluster.get("/api/v1/namespaces/default/secrets").await;
    assert_eq!(
        (code, answer["message"].as_str().unwrap()),
        (
            403,
            "secrets is forbidden: User \"sre\" cannot list resource \"secrets\" in API group \"\" in the namespace \"default\""
        )
    );
    let ask = |verb: &'static str| {
        let cluster = &cluster;
        let body = json!({ "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": { "resourceAttributes": { "verb": verb, "group": "", "resource": "secrets", "namespace": "default" } } });
        async move {
            cluster.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &body).await.1["status"]["allowed"]
                .clone()
        }
    };
    assert_eq!((ask("list").await, ask("create").await), (json!(false), json!(true)));
}

#[tokio::test]
async fn faults_strike_the_call_they_are_meant_for() {
    let setup = "faults:\n  - { verb: list, resource: configmaps, nth: 2, status: 429 }\n  - { verb: apply, resource: secrets, conflict: argocd }\n";
    let cluster = Cluster::start(setup).await;
    let path = "/api/v1/namespaces/default/configmaps";
    let codes = [cluster.get(path).await.0, cluster.get(path).await.0, cluster.get(path).await.0];
    assert_eq!(codes, [200, 429, 200]);
    let body = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s" } });
    let (code, answer) = cluster
        .send(
            "PATCH",
            "/api/v1/namespaces/default/secrets/s?fieldManager=landfall",
            "application/apply-patch+yaml",
            &body,
        )
        .await;
    assert_eq!((code, &answer["reason"]), (409, &json!("Conflict")));
    let (code, _) = cluster
        .send(
            "PATCH",
            "/api/v1/namespaces/default/secrets/s?fieldManager=landfall&force=true",
            "application/apply-patch+yaml",
            &body,
        )
        .await;
    assert_eq!(code, 201);
}
