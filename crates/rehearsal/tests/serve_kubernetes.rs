//! A real API server in the simulated one's place: marked, named in DescribeCluster, and joined by the account's nodes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../../../tests/common/testbed.rs"]
mod testbed;

mod common;

use std::{path::Path, process::Command};

use landfall_rehearsal::{Options, Rehearsal, tools::cluster::Cluster as Through};
use serde_json::json;
use testbed::{Cluster, Testbed};

const SCENARIO: &str = r#"
id: on-real
speed: 100
aws:
  existing:
    - service: eks
      operation: CreateNodegroup
      ago: 4m
      input:
        clusterName: pay-1
        nodegroupName: gpu
        subnets: [subnet-0a1d3c5e7f9b24680]
        nodeRole: arn:aws:iam::123456789012:role/pay-1-nodes
        amiType: AL2023_x86_64_NVIDIA
        instanceTypes: [g4dn.2xlarge]
        scalingConfig: { minSize: 1, maxSize: 1, desiredSize: 1 }
        labels: { capability: gpu }
outside:
  dns: [{ name: web.corp.example, type: CNAME, ingress: default/web }]
  hosts: { web.corp.example: { kind: routes, routes: [{ path: /, when: { ingress: default/web }, body: here }] } }
"#;

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let mut found = None;
    testbed::until(what, || {
        found = look();
        found.is_some()
    });
    found.unwrap()
}

/// The mark on an answer of the API server that the kubeconfig names.
async fn mark_of_the_api(rehearsal: &Rehearsal) -> String {
    let config: serde_json::Value =
        serde_yaml::from_str(&std::fs::read_to_string(&rehearsal.environment()["KUBECONFIG"]).unwrap()).unwrap();
    let url = format!("{}/version", config["clusters"][0]["cluster"]["server"].as_str().unwrap());
    let answer = common::direct(rehearsal).get(url).bearer_auth("rehearsal").send().await.unwrap();
    let mark = answer.headers()["x-landfall-rehearsal"].to_str().unwrap().to_owned();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    mark
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_the_account_join_offer_gpus_and_addresses_become_names() {
    let Some(real) = Cluster::start() else { return };
    let Some(kubectl) = Testbed::require("kubectl") else { return };
    let scenario = serde_yaml::from_str(SCENARIO).unwrap();
    let options = Options { scenario, kubernetes: Some(real.kubeconfig()), ..Options::default() };
    let rehearsal = Rehearsal::start(options).await.unwrap();
    assert!(!rehearsal.folder().join("bin/helm").exists(), "the user's own helm does the work here");

    let config = std::fs::read_to_string(&rehearsal.environment()["KUBECONFIG"]).unwrap();
    let marked = mark_of_the_api(&rehearsal).await;
    assert_eq!(marked, "on-real", "{config}");

    let through = Through::of(Path::new(&rehearsal.environment()["KUBECONFIG"]), None).unwrap();
    tokio::task::spawn_blocking(move || {
        let node = until("the node joined", || through.list("/api/v1/nodes", "capability=gpu").unwrap().pop());
        assert_eq!(node["status"]["allocatable"].get("nvidia.com/gpu"), None, "no device plugin yet");
        let charts = tempfile::tempdir().unwrap();
        let plugin = json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "nvidia-device-plugin", "namespace": "kube-system"},
            "spec": {"selector": {"matchLabels": {"app": "plugin"}}, "template": {
                "metadata": {"labels": {"app": "plugin"}},
                "spec": {"nodeSelector": {"capability": "gpu"}, "containers": [{"name": "plugin", "image": "example/plugin:1"}]},
            }},
        });
        let ingress = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web", "namespace": "default"},
            "spec": {"ingressClassName": "nginx", "rules": [{"host": "web.corp.example", "http": {"paths": [
                {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}},
            ]}}]},
        });
        for (name, object) in [("plugin", plugin), ("ingress", ingress)] {
            let file = charts.path().join(format!("{name}.json"));
            std::fs::write(&file, object.to_string()).unwrap();
            testbed::succeed(Command::new(&kubectl).arg("--kubeconfig").arg(real.kubeconfig()).args(["create", "-f"]).arg(file));
        }
        until("its GPU can be had", || {
            let node = through.list("/api/v1/nodes", "capability=gpu").unwrap().pop()?;
            (node["status"]["allocatable"]["nvidia.com/gpu"] == "1").then_some(())
        });
        drop(real);
    })
    .await
    .unwrap();
    let client = common::client(&rehearsal);
    loop {
        if let Ok(answer) = client.get("https://web.corp.example/").send().await {
            assert_eq!(answer.text().await.unwrap(), "here");
            break;
        }
        tokio::task::yield_now().await;
    }
}
