//! The watch, against a simulated cluster: rows appear, change and go; a dropped connection is said and mended.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../crates/rehearsal/tests/kube_common/mod.rs"]
mod kube_common;

use std::{sync::Arc, time::Duration};

use kube_common::{Cluster, kubeconfig};
use landfall::{
    cloud::{Cloud, Endpoints},
    watch::Watch,
};
use landfall_core::why::{Link, Snapshot, why};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

const NODES: &str = "
nodes:
  - { name: cpu, count: 2, labels: { capability: cpu } }
";

/// A way to the cluster that can be cut.
struct Relay {
    address: std::net::SocketAddr,
    server: String,
    task: JoinHandle<()>,
}

impl Relay {
    async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = server.trim_start_matches("https://").to_owned();
        Self { address, task: tokio::spawn(Self::carry(listener, server.clone())), server }
    }

    async fn carry(listener: TcpListener, server: String) {
        let mut carried = JoinSet::new();
        while let Ok((mut near, _)) = listener.accept().await {
            let server = server.clone();
            carried.spawn(async move {
                if let Ok(mut far) = TcpStream::connect(server).await {
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                }
            });
        }
    }

    async fn cut(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    async fn mend(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.task = tokio::spawn(Self::carry(listener, self.server.clone()));
    }
}

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
