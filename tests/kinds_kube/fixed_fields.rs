//! Fields that Kubernetes does not change in place are told by a look, before anything is sent: by the real API server, too.

use landfall_core::{
    event::State,
    value::{SecretRef, SecretText},
};
use serde_json::{Value, json};

use super::{
    place::{Place, present},
    testbed::{Cluster, Testbed},
};

const SHIELD: &str = "kubernetes: { objects: [{ apiVersion: v1, kind: Namespace, metadata: { name: shield } }] }";

fn pods(labels: Value) -> Value {
    json!({ "metadata": { "labels": labels },
        "spec": { "restartPolicy": "Always", "containers": [{ "name": "a", "image": "registry.example.com/a:1" }] } })
}

fn stateful(size: &str, replicas: u32) -> Value {
    json!({ "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": { "name": "queue" }, "spec": {
        "serviceName": "queue", "replicas": replicas, "selector": { "matchLabels": { "app": "queue" } },
        "template": pods(json!({ "app": "queue" })),
        "volumeClaimTemplates": [{ "metadata": { "name": "queue" },
            "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": size } } } }] } })
}

fn deployment(selector: Value) -> Value {
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" }, "spec": {
        "replicas": 0, "selector": { "matchLabels": selector }, "template": pods(json!({ "app": "web", "tier": "b" })) } })
}

fn job(image: &str) -> Value {
    json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "once" }, "spec": { "suspend": true,
        "template": { "spec": { "restartPolicy": "Never", "containers": [{ "name": "a", "image": image }] } } } })
}

fn service(address: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web" },
        "spec": { "clusterIP": address, "ports": [{ "port": 80 }], "selector": { "app": "web" } } })
}

/// Fields that a look says cannot change in place.
async fn fixed(place: &Place, manifest: &Value) -> Vec<String> {
    match place.inspect("kube.manifest", &json!({ "manifest": manifest })).await.state {
        State::Drifted { differences, .. } => {
            differences.into_iter().filter(|difference| difference.fixed).map(|difference| difference.field).collect()
        }
        other => panic!("not drifted: {other:?}"),
    }
}

async fn are_told(place: &Place) {
    let changes = [
        (stateful("10Gi", 0), stateful("50Gi", 0), "spec.volumeClaimTemplates[0].spec.resources.requests.storage"),
        (deployment(json!({ "app": "web" })), deployment(json!({ "tier": "b" })), "spec.selector.matchLabels.tier"),
        (job("registry.example.com/a:1"), job("registry.example.com/a:2"), "spec.template.spec.containers[0].image"),
        (service("None"), service("10.96.200.7"), "spec.clusterIP"),
    ];
    for (was, is, field) in changes {
        place.apply("kube.manifest", &json!({ "manifest": was })).await.unwrap();
        present(&place.inspect("kube.manifest", &json!({ "manifest": was })).await);
        assert_eq!(fixed(place, &is).await, [field]);
        let refused = place.apply("kube.manifest", &json!({ "manifest": is })).await.unwrap_err().problem();
        assert_eq!(refused.code, "K8S-FIELD-FIXED", "{refused:?}");
    }
    // What may change is no such thing.
    assert_eq!(fixed(place, &stateful("10Gi", 1)).await, [""; 0]);
}

#[tokio::test]
async fn what_stays_is_told_by_a_look() {
    are_told(&Place::simulated(SHIELD).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_is_told_by_a_look_at_a_real_api_server() {
    let Some(helm) = Testbed::require("helm3") else { return };
    let Some(cluster) = Cluster::start() else { return };
    let place = Place::real(cluster.kubeconfig(), &helm);
    place.apply("kube.namespace", &json!({ "name": "shield" })).await.unwrap();
    are_told(&place).await;
}

#[tokio::test]
async fn a_secret_in_a_label_or_an_annotation_is_refused_also_from_a_template() {
    let mut place = Place::simulated(SHIELD).await;
    let secret = place.secret("keys.signing", "canary");
    let written = json!({ "manifest": { "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "a", "annotations": { "key": secret } } } });
    place.files.insert(
        "relay.j2".into(),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec: { template: { metadata: { labels: { key: \"{{ secrets.keys.signing }}\" } } } }\n".into(),
    );
    place.scope.secret("keys", "signing");
    for parameters in [written, json!({ "template": "relay.j2" })] {
        let refused = place.apply("kube.manifest", &parameters).await.unwrap_err();
        assert_eq!(refused.code(), Some("SECRET-IN-THE-OPEN"));
        let problem = refused.problem();
        assert!(problem.what.contains("keys.signing") && !format!("{problem:?}").contains("canary"), "{problem:?}");
    }
}

#[tokio::test]
async fn a_fingerprint_in_an_annotation_is_another_when_the_secret_is() {
    let place = Place::simulated(SHIELD).await;
    place.secret("keys.token", "canary-1");
    let told = SecretText::stand_in(&SecretRef("keys.token".into()).fingerprint());
    let manifest = json!({ "manifest": { "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "a", "annotations": { "keys": told } } } });
    place.apply("kube.manifest", &manifest).await.unwrap();
    present(&place.inspect("kube.manifest", &manifest).await);
    place.secret("keys.token", "canary-2");
    let found = place.inspect("kube.manifest", &manifest).await;
    assert_eq!(super::place::drifted(&found), ["metadata.annotations.keys"]);
    assert!(!format!("{found:?}").contains("canary"), "{found:?}");
}
