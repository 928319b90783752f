//! Namespaces and manifests.

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, ServiceAccount};
use kube::{
    Api,
    api::{Patch, PatchParams, PostParams},
};
use landfall_core::event::{Owner, State};
use serde_json::json;

use super::{
    place::{Place, drifted, present},
    until,
};

const SHIELD: &str = "kubernetes: { objects: [{ apiVersion: v1, kind: Namespace, metadata: { name: shield } }] }";

#[tokio::test]
async fn a_namespace_is_made_seen_and_taken_away() {
    let place = Place::simulated("").await;
    let namespace = json!({"name": "shield", "labels": {"team": "ml"}});
    assert_eq!(place.inspect("kube.namespace", &namespace).await.state, State::Absent);
    assert_eq!(place.apply("kube.namespace", &namespace).await.unwrap(), None);
    let found = place.inspect("kube.namespace", &namespace).await;
    assert_eq!((present(&found), found.owner), (json!({"name": "shield"}), Owner::Ours));
    place.undo("kube.namespace", &namespace, json!({}), None).await;
    until::given("it is gone", async || match place.inspect("kube.namespace", &namespace).await.state {
        State::Absent => Ok(()),
        there => Err(there),
    })
    .await;
}

#[tokio::test]
async fn labels_of_a_namespace_that_was_there_are_given_back() {
    let place = Place::simulated(SHIELD).await;
    let namespace = json!({"name": "shield", "labels": {"team": "ml"}});
    let found = place.inspect("kube.namespace", &namespace).await;
    assert_eq!((drifted(&found), found.owner), (vec!["labels.team".to_owned()], Owner::Unmarked));
    let before = place.apply("kube.namespace", &namespace).await.unwrap();
    present(&place.inspect("kube.namespace", &namespace).await);
    place.undo("kube.namespace", &namespace, json!({}), before).await;
    let namespaces: Api<Namespace> = Api::all(place.client().await);
    let left = namespaces.get("shield").await.unwrap().metadata.labels.unwrap_or_default();
    assert!(!left.contains_key("team"), "{left:?}");
}

fn config(value: &str) -> serde_json::Value {
    json!({"manifest": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"mode": value}}})
}

#[tokio::test]
async fn a_manifest_is_applied_drifts_and_is_restored() {
    let place = Place::simulated(SHIELD).await;
    let maps: Api<ConfigMap> = Api::namespaced(place.client().await, "shield");
    assert_eq!(place.inspect("kube.manifest", &config("full")).await.state, State::Absent);
    place.apply("kube.manifest", &config("full")).await.unwrap();
    let found = place.inspect("kube.manifest", &config("full")).await;
    let outputs = present(&found);
    assert_eq!(found.owner, Owner::Ours);

    let by_hand = json!({"data": {"mode": "api_only"}});
    maps.patch("settings", &PatchParams::default(), &Patch::Merge(&by_hand)).await.unwrap();
    assert_eq!(drifted(&place.inspect("kube.manifest", &config("full")).await), ["data.mode"]);
    let before = place.apply("kube.manifest", &config("full")).await.unwrap();
    present(&place.inspect("kube.manifest", &config("full")).await);

    place.undo("kube.manifest", &config("full"), outputs.clone(), before).await;
    assert_eq!(maps.get("settings").await.unwrap().data.unwrap()["mode"], "api_only");
    place.undo("kube.manifest", &config("full"), outputs, None).await;
    assert_eq!(place.inspect("kube.manifest", &config("full")).await.state, State::Absent);
}

#[tokio::test]
async fn what_was_there_before_goes_back_without_our_labels() {
    let place = Place::simulated(SHIELD).await;
    let maps: Api<ConfigMap> = Api::namespaced(place.client().await, "shield");
    let theirs = json!({"metadata": {"name": "settings", "labels": {"team": "ml", "app.kubernetes.io/managed-by": "jo"}}, "data": {"mode": "api_only"}});
    maps.create(&PostParams::default(), &serde_json::from_value(theirs.clone()).unwrap()).await.unwrap();
    assert_eq!(drifted(&place.inspect("kube.manifest", &config("full")).await), ["data.mode"]);
    let before = place.apply("kube.manifest", &config("full")).await.unwrap();
    let outputs = present(&place.inspect("kube.manifest", &config("full")).await);
    let marked = maps.get("settings").await.unwrap().metadata.labels.unwrap();
    assert_eq!(marked["landfall.dev/install"], super::place::INSTALL);

    place.undo("kube.manifest", &config("full"), outputs.clone(), before.clone()).await;
    let left = maps.get("settings").await.unwrap();
    assert_eq!(json!(left.metadata.labels), theirs["metadata"]["labels"]);
    assert_eq!(json!(left.data), theirs["data"]);

    // Somebody changed it since: what it holds stays, our labels do not.
    place.apply("kube.manifest", &config("full")).await.unwrap();
    let by_hand = json!({"data": {"mode": "another"}});
    maps.patch("settings", &PatchParams::default(), &Patch::Merge(&by_hand)).await.unwrap();
    place.undo("kube.manifest", &config("full"), outputs, before).await;
    let left = maps.get("settings").await.unwrap();
    assert_eq!(json!(left.metadata.labels), theirs["metadata"]["labels"]);
    assert_eq!(left.data.unwrap()["mode"], "another");
}

#[tokio::test]
async fn a_label_that_the_manifest_names_itself_is_sent_as_it_stands_there() {
    let place = Place::simulated(SHIELD).await;
    let account = json!({"manifest": {"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "app", "labels": {"app.kubernetes.io/managed-by": "Helm"}}}});
    place.apply("kube.manifest", &account).await.unwrap();
    present(&place.inspect("kube.manifest", &account).await);
    let accounts: Api<ServiceAccount> = Api::namespaced(place.client().await, "shield");
    let labels = accounts.get("app").await.unwrap().metadata.labels.unwrap();
    assert_eq!(labels["app.kubernetes.io/managed-by"], "Helm");
    assert_eq!(labels["landfall.dev/install"], super::place::INSTALL);
}

#[tokio::test]
async fn a_manifest_of_somebody_elses_says_whose_it_is() {
    let place = Place::simulated(SHIELD).await;
    let maps: Api<ConfigMap> = Api::namespaced(place.client().await, "shield");
    let map: ConfigMap = serde_json::from_value(
        json!({"metadata": {"name": "settings", "annotations": {"argocd.argoproj.io/tracking-id": "x"}}, "data": {"mode": "full"}}),
    )
    .unwrap();
    maps.create(&PostParams::default(), &map).await.unwrap();
    let found = place.inspect("kube.manifest", &config("full")).await;
    assert_eq!(found.owner, Owner::Other("Argo CD".into()));
}

#[tokio::test]
async fn a_kind_the_cluster_does_not_know_is_absent_and_cannot_be_applied() {
    let place = Place::simulated(SHIELD).await;
    let widget = json!({"manifest": {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}}});
    assert_eq!(place.inspect("kube.manifest", &widget).await.state, State::Absent);
    let trouble = place.apply("kube.manifest", &widget).await.unwrap_err();
    assert_eq!(trouble.code(), Some("K8S-KIND-MISSING"));
}

#[tokio::test]
async fn a_template_beside_the_guide_is_a_manifest_too() {
    let mut place = Place::simulated(SHIELD).await;
    place.files.insert(
        "map.yaml.j2".into(),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { mode: \"{{ mode }}\" }\n".into(),
    );
    place.scope.set("mode", json!("full"));
    let manifest = json!({"template": "map.yaml.j2"});
    place.apply("kube.manifest", &manifest).await.unwrap();
    present(&place.inspect("kube.manifest", &manifest).await);
}
