//! What goes wrong between a client and the cluster, and standing in front of a real API server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod kube_common;

use std::sync::Arc;

use kube_common::Cluster;
use landfall_rehearsal::kube;
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[tokio::test]
async fn an_outage_closes_watches_and_ends() {
    let cluster = Cluster::at_speed("faults: [{ outage: true, from: 20s, until: 60s }]", 40.0).await;
    let watch = format!("{}/api/v1/configmaps?watch=true&resourceVersion=0", cluster.server);
    let mut watch = cluster.client.get(watch).send().await.unwrap();
    while let Ok(Some(_)) = watch.chunk().await {}
    assert!(cluster.client.get(format!("{}/version", cluster.server)).send().await.is_err());
    let mut down = cluster.world.cluster.outages();
    down.wait_for(|down| !down).await.unwrap();
    assert_eq!(cluster.get("/version").await.0, 200);
}

#[tokio::test]
async fn a_lost_answer_leaves_the_object_behind() {
    let cluster = Cluster::start("faults: [{ verb: create, resource: secrets, nth: 1, lose_answer: true }]").await;
    let path = format!("{}/api/v1/namespaces/default/secrets", cluster.server);
    let secret = json!({ "metadata": { "name": "s" } }).to_string();
    let create = || cluster.client.post(&path).header("content-type", "application/json").body(secret.clone()).send();
    assert!(create().await.is_err());
    assert_eq!(create().await.unwrap().status().as_u16(), 409);
}

#[tokio::test]
async fn watches_are_closed_and_history_is_forgotten_where_the_scenario_says_so() {
    let setup = "faults:\n  - { resource: pods, close_watch: 10s }\n  - { verb: get, resource: configmaps, name: forget, forget: true }\n";
    let cluster = Cluster::start(setup).await;
    let pod =
        json!({ "metadata": { "name": "a" }, "spec": { "containers": [{ "name": "main", "image": "nginx:1" }] } });
    cluster.post("/api/v1/namespaces/default/pods", &pod).await;
    let path = format!("{}/api/v1/pods?watch=true", cluster.server);
    // It comes to its end, with what there was.
    let text = cluster.client.get(&path).send().await.unwrap().text().await.unwrap();
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!((&first["type"], &first["object"]["metadata"]["name"]), (&json!("ADDED"), &json!("a")), "{text}");
    let (_, page) = cluster.get("/api/v1/configmaps?limit=1").await;
    let token = page["metadata"]["continue"].as_str().unwrap();
    assert_eq!(cluster.get(&format!("/api/v1/configmaps?limit=1&continue={token}")).await.0, 200);
    cluster.namespace("later").await;
    cluster.get("/api/v1/namespaces/default/configmaps/forget").await;
    let (code, answer) = cluster.get(&format!("/api/v1/configmaps?limit=1&continue={token}")).await;
    assert_eq!((code, &answer["reason"]), (410, &json!("Expired")));
}

#[tokio::test]
async fn a_real_api_server_is_marked_and_otherwise_passed_through() {
    // The cluster behind knows only its own user's token.
    let cluster = Cluster::start("tokens: [rehearsal, theirs]").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("https://{}", listener.local_addr().unwrap());
    let mut upstream = kube::upstream::Upstream::read(&cluster.kubeconfig()).unwrap();
    upstream.stand_ins.push("handed-out".into());
    let proxy = tokio::spawn(kube::proxy::serve(Arc::new(upstream), "in-front".into(), listener, kube_common::tls()));
    let get = |path: &'static str, token: &'static str| {
        let request = cluster.client.get(format!("{server}{path}")).header("authorization", format!("Bearer {token}"));
        async move { request.send().await.unwrap() }
    };
    let answer = get("/version", "handed-out").await;
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["x-landfall-rehearsal"].to_str().unwrap()),
        (200, "in-front")
    );
    for (token, code) in [("k8s-aws-v1.abc", 200), ("theirs", 200), ("nobody", 401)] {
        assert_eq!(get("/api/v1/pods", token).await.status().as_u16(), code, "{token}");
    }
    let mut watch = get("/api/v1/configmaps?watch=true", "handed-out").await;
    cluster.post("/api/v1/namespaces/default/configmaps", &json!({ "metadata": { "name": "through" } })).await;
    let mut text = String::new();
    while !text.contains("\"through\"") {
        text.push_str(std::str::from_utf8(&watch.chunk().await.unwrap().unwrap()).unwrap());
    }
    proxy.abort();
}

#[tokio::test]
async fn an_api_server_that_is_not_there_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    std::fs::write(&file, kube_common::kubeconfig("https://127.0.0.1:1")).unwrap();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let upstream = kube::upstream::Upstream::read(&file).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("https://{}", listener.local_addr().unwrap());
    let proxy = tokio::spawn(kube::proxy::serve(Arc::new(upstream), "in-front".into(), listener, kube_common::tls()));
    let client = reqwest::Client::builder().danger_accept_invalid_certs(true).no_proxy().build().unwrap();
    let answer = client.get(format!("{server}/version")).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 503);
    let status: Value = answer.json().await.unwrap();
    assert!(status["message"].as_str().unwrap().contains("127.0.0.1:1"), "{status}");
    proxy.abort();
}
