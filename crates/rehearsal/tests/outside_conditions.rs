//! Routes that wait for the cluster: for pods, an ingress, the holder of a Secret's key.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use landfall_rehearsal::tools::cluster::Cluster;
use serde_json::{Value, json};

const SCENARIO: &str = r#"
id: conditions
speed: 200
kubernetes:
  nodes: [{ name: cpu, count: 1 }]
outside:
  dns: [{ name: shield.corp.example, type: CNAME, ingress: shield/web, after: 5s }]
  hosts:
    shield.corp.example:
      kind: routes
      routes:
        - { path: /health, when: { ingress: shield/web, pods: { namespace: shield, selector: app=web } }, json: { message: ok } }
        - { method: POST, path: /keys, when: { bearer: { namespace: shield, secret: admin, key: key } }, json: { key: "{{ uuid() }}" } }
        - { method: POST, path: /keys, status: 401, body: unauthorized }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_host_answers_once_its_ingress_and_pods_are_there() {
    let rehearsal = common::start(SCENARIO).await;
    let config = rehearsal.environment()["KUBECONFIG"].clone();
    let client = common::client(&rehearsal);
    client.get("https://shield.corp.example/health").send().await.expect_err("the name does not resolve yet");
    tokio::task::spawn_blocking(move || {
        let cluster = Cluster::of(config.as_ref(), None).expect("a kubeconfig");
        let create = |path: &str, object: Value| cluster.create(path, &object).expect("created");
        create("/api/v1/namespaces", json!({"metadata": {"name": "shield"}}));
        create("/api/v1/namespaces/shield/secrets", json!({"metadata": {"name": "admin"}, "stringData": {"key": "k-1"}}));
        let pod = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "example/web:1"}]}});
        let deployment = json!({"metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": pod}});
        create("/apis/apps/v1/namespaces/shield/deployments", deployment);
        let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
        let paths = json!({"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]});
        let ingress = json!({"metadata": {"name": "web"}, "spec": {"ingressClassName": "nginx", "rules": [{"host": "shield.corp.example", "http": paths}]}});
        create("/apis/networking.k8s.io/v1/namespaces/shield/ingresses", ingress);
    })
    .await
    .expect("all created");
    loop {
        if let Ok(answer) = client.get("https://shield.corp.example/health").send().await
            && answer.status() == 200
        {
            break;
        }
        tokio::task::yield_now().await;
    }
    let ask = |key: &str| client.post("https://shield.corp.example/keys").bearer_auth(key).send();
    assert_eq!(ask("k-2").await.expect("an answer").status(), 401);
    assert_eq!(ask("k-1").await.expect("an answer").status(), 200);
}
