//! The watch, against a simulated cluster: rows appear, change and go; a dropped connection is said and mended.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../crates/rehearsal/tests/kube_common/mod.rs"]
mod kube_common;
#[path = "common/relay.rs"]
mod relay;

use std::{sync::Arc, time::Duration};

use kube_common::{Cluster, kubeconfig};
use landfall::{
    cloud::{Cloud, Endpoints},
    watch::Watch,
};
use landfall_core::why::{Link, Snapshot, why};
use relay::Relay;
use serde_json::{Value, json};

const NODES: &str = "
nodes:
  - { name: cpu, count: 2, labels: { capability: cpu } }
";

fn watch(cluster: &Cluster, server: &str) -> Watch {
    let path = cluster.folder.path().join("watched");
    std::fs::write(&path, kubeconfig(server)).unwrap();
    let cloud = Cloud::new(Endpoints { kubeconfig: Some(path), ..Endpoints::default() });
    Watch::start(Arc::new(cloud), "shield", Arc::default())
}

/// Waits for a picture; panics with the last one after a while.
async fn until(watch: &Watch, wanted: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
    let mut pictures = watch.pictures();
    let found = tokio::time::timeout(Duration::from_secs(30), async {
        pictures.wait_for(|picture| wanted(picture)).await.unwrap().clone()
    });
    match found.await {
        Ok(picture) => picture,
        Err(_) => panic!("the picture stayed {:#?}", watch.pictures().borrow()),
    }
}

fn deployment(name: &str, selector: &Value) -> Value {
    let container = json!({ "name": "main", "image": "nginx:1", "resources": { "limits": { "nvidia.com/gpu": "1" } } });
    let plain = json!({ "name": "main", "image": "nginx:1" });
    let container = if selector.is_null() { plain } else { container };
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
        "spec": { "replicas": 1, "selector": { "matchLabels": { "app": name } }, "template": {
            "metadata": { "labels": { "app": name } },
            "spec": { "nodeSelector": selector, "containers": [container] },
        } },
    })
}

#[tokio::test]
async fn pods_appear_become_ready_and_go() {
    let cluster = Cluster::start(NODES).await;
    cluster.namespace("shield").await;
    let watch = watch(&cluster, &cluster.server);
    let picture = until(&watch, |picture| picture.link == Link::Live && picture.nodes.len() == 2).await;
    assert!(picture.nodes.iter().all(|node| node.ready && node.allocatable["cpu"] >= 1_000), "{picture:#?}");
    let path = "/apis/apps/v1/namespaces/shield/deployments";
    let (code, answer) = cluster.post(path, &deployment("web", &Value::Null)).await;
    assert_eq!(code, 201, "{answer}");
    let picture = until(&watch, |picture| picture.pods.first().is_some_and(|pod| pod.settled())).await;
    assert_eq!((&*picture.pods[0].status, picture.pods[0].ready), ("Running", 1));
    assert!(picture.pods[0].node.is_some());
    cluster.delete(&format!("{path}/web")).await;
    until(&watch, |picture| picture.pods.is_empty()).await;
}

#[tokio::test]
async fn a_pod_nobody_takes_has_a_causal_line() {
    let cluster = Cluster::start(NODES).await;
    cluster.namespace("shield").await;
    let watch = watch(&cluster, &cluster.server);
    let made = deployment("auth", &json!({ "capability": "gpu" }));
    cluster.post("/apis/apps/v1/namespaces/shield/deployments", &made).await;
    let waits = |picture: &Snapshot| {
        picture.pods.iter().any(|pod| pod.waits.as_ref().is_some_and(|wait| wait.unschedulable.is_some()))
    };
    let picture = until(&watch, |picture| picture.nodes.len() == 2 && waits(picture)).await;
    let chains = why(&picture, jiff::Timestamp::now(), &[]);
    let line = chains[0].line();
    assert!(line.starts_with("auth-") && line.contains("Pending ← no node offers nvidia.com/gpu"), "{line}");
}

#[tokio::test]
async fn a_dropped_connection_is_said_and_mended() {
    let cluster = Cluster::start(NODES).await;
    cluster.namespace("shield").await;
    let mut relay = Relay::to(&cluster.server).await;
    let watch = watch(&cluster, &format!("https://{}", relay.address));
    until(&watch, |picture| picture.link == Link::Live && picture.nodes.len() == 2).await;
    relay.cut().await;
    let picture = until(&watch, |picture| matches!(picture.link, Link::Lost { .. })).await;
    assert_eq!(picture.nodes.len(), 2, "what was seen stays");
    cluster.post("/apis/apps/v1/namespaces/shield/deployments", &deployment("web", &Value::Null)).await;
    relay.mend().await;
    until(&watch, |picture| picture.link == Link::Live && picture.pods.len() == 1).await;
}

#[tokio::test]
async fn a_namespace_that_is_not_there_is_waited_for_and_is_no_lost_connection() {
    let cluster = Cluster::start(NODES).await;
    let watch = watch(&cluster, &cluster.server);
    let picture = until(&watch, |picture| picture.namespace_there == Some(false)).await;
    assert!(!matches!(picture.link, Link::Lost { .. }), "{picture:#?}");
    let picture = until(&watch, |picture| picture.link == Link::Live && picture.nodes.len() == 2).await;
    assert!(picture.waits_for_namespace());
    cluster.namespace("shield").await;
    until(&watch, |picture| picture.namespace_there == Some(true)).await;
}

#[tokio::test]
async fn a_log_goes_on_where_the_connection_was_lost_and_no_line_comes_twice() {
    let rules = "
pods:
  - name: web-
    logs: [one, { after: 20s, line: two }, { after: 240s, line: three }, { after: 240s, line: four }]
";
    let cluster = Cluster::at_speed(&format!("{NODES}{rules}"), 60.0).await;
    cluster.namespace("shield").await;
    let mut relay = Relay::to(&cluster.server).await;
    let watch = watch(&cluster, &format!("https://{}", relay.address));
    cluster.post("/apis/apps/v1/namespaces/shield/deployments", &deployment("web", &Value::Null)).await;
    let said = |picture: &Snapshot| picture.logs.iter().map(|line| line.line.clone()).collect::<Vec<_>>();
    until(&watch, |picture| said(picture).contains(&"two".to_owned())).await;
    relay.cut().await;
    until(&watch, |picture| matches!(picture.link, Link::Lost { .. })).await;
    relay.mend().await;
    let picture = until(&watch, |picture| said(picture).contains(&"four".to_owned())).await;
    assert_eq!(said(&picture), ["one", "two", "three", "four"]);
    // The chosen pod's log is read on its own, from its beginning.
    watch.choose(Some(picture.pods[0].name.clone()));
    let chosen = |picture: &Snapshot| picture.pod_log.as_ref().map_or(0, |log| log.lines.len());
    let picture = until(&watch, |picture| chosen(picture) == 4).await;
    assert_eq!(picture.logs.len(), 4, "all pods' lines are not read twice");
    watch.choose(None);
    until(&watch, |picture| picture.pod_log.is_none()).await;
}
