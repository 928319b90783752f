//! The official kubectl as a witness.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod kube_common;

use kube_common::Cluster;

const SETUP: &str = "
nodes:
  - { name: cpu, count: 2, labels: { capability: cpu } }
pods:
  - { name: web-, logs: [one, { after: 1s, line: two }] }
  - { name: broken-, image_pull_failure: { reason: 'manifest unknown' } }
  - { name: loops-, crash: { log: ['fatal: no database'] } }
";

const MANIFEST: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: NAME }
spec:
  selector: { matchLabels: { app: NAME } }
  template: { metadata: { labels: { app: NAME } }, spec: { containers: [{ name: main, image: 'example/NAME:1' }] } }
";

/// Output of a kubectl that must succeed; nothing where there is no kubectl.
async fn kubectl(cluster: &Cluster, arguments: &[&str]) -> Option<String> {
    let (code, output, error) = cluster.kubectl(arguments).await?;
    assert_eq!(code, 0, "kubectl {arguments:?}: {output}{error}");
    Some(output)
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_makes_shows_follows_labels_and_deletes() {
    let cluster = Cluster::start(SETUP).await;
    for name in ["web", "broken", "loops"] {
        let file = cluster.folder.path().join(format!("{name}.yaml"));
        std::fs::write(&file, MANIFEST.replace("NAME", name)).unwrap();
        if kubectl(&cluster, &["create", "--validate=false", "-f", file.to_str().unwrap()]).await.is_none() {
            eprintln!("not run: there is no kubectl here");
            return;
        }
    }
    let (pods, reason) = ("/api/v1/namespaces/default/pods", "/status/containerStatuses/0/state/waiting/reason");
    cluster
        .until(&format!("{pods}?labelSelector=app%3Dbroken"), |list| {
            list["items"][0].pointer(reason).is_some_and(|reason| reason == "ImagePullBackOff")
        })
        .await;
    cluster
        .until(&format!("{pods}?labelSelector=app%3Dloops"), |list| {
            list["items"][0].pointer(reason).is_some_and(|reason| reason == "CrashLoopBackOff")
        })
        .await;
    cluster
        .until("/apis/apps/v1/namespaces/default/deployments/web", |web| web["status"]["availableReplicas"] == 1)
        .await;
    let shown = kubectl(&cluster, &["get", "pods", "-o", "wide"]).await.unwrap();
    assert!(shown.contains("READY") && shown.contains("ImagePull") && shown.contains("1/1"), "{shown}");
    let shown = kubectl(&cluster, &["get", "nodes,namespaces,deployments,events,secrets,sc,ingressclass,ds", "-A"])
        .await
        .unwrap();
    assert!(shown.contains("v1.31.13-eks") && shown.contains("kube-system") && shown.contains("Back-off"), "{shown}");
    // Between two back-offs it runs for a moment.
    let told = kubectl(&cluster, &["describe", "pods", "-l", "app=loops"]).await.unwrap();
    assert!(told.contains("Terminated") && told.contains("BackOff") && told.contains("default-scheduler"), "{told}");
    let told = kubectl(&cluster, &["describe", "node", "cpu-0"]).await.unwrap();
    assert!(told.contains("KubeletReady") && told.contains("Non-terminated Pods"), "{told}");
    let told = kubectl(&cluster, &["describe", "deployment", "web"]).await.unwrap();
    assert!(told.contains("NewReplicaSetAvailable"), "{told}");
    assert_eq!(kubectl(&cluster, &["logs", "deployment/web"]).await.unwrap().lines().next(), Some("one"));
    let log = kubectl(&cluster, &["logs", "-l", "app=loops", "--previous", "--timestamps"]).await.unwrap();
    assert!(log.contains("Z fatal: no database"), "{log}");
    kubectl(&cluster, &["label", "node", "cpu-0", "capability=gpu", "--overwrite"]).await.unwrap();
    assert_eq!(cluster.get("/api/v1/nodes/cpu-0").await.1["metadata"]["labels"]["capability"], "gpu");
    kubectl(&cluster, &["scale", "deployment/web", "--replicas=3"]).await.unwrap();
    kubectl(&cluster, &["rollout", "status", "deployment/web"]).await.unwrap();
    kubectl(&cluster, &["set", "image", "deployment/web", "main=example/web:2"]).await.unwrap();
    kubectl(&cluster, &["rollout", "status", "deployment/web"]).await.unwrap();
    kubectl(&cluster, &["top", "pods", "-A"]).await.unwrap();
    kubectl(&cluster, &["delete", "deployment", "web", "--cascade=foreground"]).await.unwrap();
    let (_, left) = cluster.get(&format!("{pods}?labelSelector=app%3Dweb")).await;
    assert_eq!(left["items"].as_array().unwrap().len(), 0);
    let can = cluster.kubectl(&["auth", "can-i", "create", "secrets"]).await.unwrap();
    assert_eq!((can.0, can.1.trim()), (0, "yes"));
    kubectl(&cluster, &["api-resources"]).await.unwrap();
    let (code, _, error) = cluster.kubectl(&["get", "secret", "nothing"]).await.unwrap();
    assert_eq!((code, error.trim()), (1, "Error from server (NotFound): secrets \"nothing\" not found"));
}
