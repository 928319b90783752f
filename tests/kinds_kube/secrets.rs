//! Secrets: never shown, adopted where they are to be kept, given back as they were.

use std::collections::BTreeMap;

use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{Api, api::PostParams};
use landfall::kind::given::nobodys;
use landfall_core::event::{Owner, State};
use serde_json::json;

use super::place::{Place, drifted, present};

const SHIELD: &str = "kubernetes: { objects: [{ apiVersion: v1, kind: Namespace, metadata: { name: shield } }] }";

async fn api(place: &Place) -> Api<Secret> {
    Api::namespaced(place.client().await, "shield")
}

async fn by_hand(place: &Place, name: &str, data: &[(&str, &str)]) {
    let data: BTreeMap<String, ByteString> =
        data.iter().map(|(key, value)| ((*key).to_owned(), ByteString(value.as_bytes().to_vec()))).collect();
    let mut secret = Secret { data: Some(data), ..Secret::default() };
    secret.metadata.name = Some(name.into());
    api(place).await.create(&PostParams::default(), &secret).await.unwrap();
}

async fn text(place: &Place, name: &str, key: &str) -> Option<String> {
    let secret = api(place).await.get(name).await.unwrap();
    secret.data?.get(key).map(|value| String::from_utf8(value.0.clone()).unwrap())
}

#[tokio::test]
async fn a_secret_holds_exactly_what_was_entered_and_goes_with_undo() {
    let place = Place::simulated(SHIELD).await;
    let password = place.secret("postgres.password", "pässword-canary\"'");
    let step = json!({"name": "postgres-secret", "data": {"username": "shield", "password": password}});
    assert_eq!(place.inspect("kube.secret", &step).await.state, State::Absent);
    place.apply("kube.secret", &step).await.unwrap();
    assert_eq!(text(&place, "postgres-secret", "password").await.as_deref(), Some("pässword-canary\"'"));
    let found = place.inspect("kube.secret", &step).await;
    let outputs = present(&found);
    assert_eq!(found.owner, Owner::Ours);
    assert!(!format!("{found:?}{}", place.said()).contains("canary"));
    place.undo("kube.secret", &step, outputs, None).await;
    assert_eq!(place.inspect("kube.secret", &step).await.state, State::Absent);
}

#[tokio::test]
async fn a_secret_that_differs_is_said_to_differ_and_is_given_back() {
    let place = Place::simulated(SHIELD).await;
    by_hand(&place, "postgres-secret", &[("username", "shield"), ("password", "old-canary")]).await;
    let password = place.secret("postgres.password", "new-canary");
    let step = json!({"name": "postgres-secret", "data": {"username": "shield", "password": password, "extra": "1"}});
    let found = place.inspect("kube.secret", &step).await;
    assert_eq!(found.owner, Owner::Unmarked);
    assert_eq!(drifted(&found), ["data.extra", "data.password"]);
    assert!(!format!("{found:?}").contains("canary"), "{found:?}");

    let before = place.apply("kube.secret", &step).await.unwrap().unwrap();
    assert!(!before.to_string().contains("canary"), "{before}");
    assert_eq!(text(&place, "postgres-secret", "password").await.as_deref(), Some("new-canary"));
    let outputs = present(&place.inspect("kube.secret", &step).await);
    place.undo("kube.secret", &step, outputs, Some(before)).await;
    assert_eq!(text(&place, "postgres-secret", "password").await.as_deref(), Some("old-canary"));
    assert_eq!(text(&place, "postgres-secret", "extra").await, None);
    assert_eq!(place.inspect("kube.secret", &step).await.owner, Owner::Unmarked);
}

#[tokio::test]
async fn what_is_to_be_kept_is_adopted_into_the_vault() {
    let place = Place::simulated(SHIELD).await;
    by_hand(&place, "shield-app-secret-key", &[("key", "from-the-cluster")]).await;
    let key = place.secret("app_key.key", "generated-anew");
    let step = json!({"name": "shield-app-secret-key", "data": {"key": key}, "keep": ["key"]});
    let (cx, made_up) = (place.context(), landfall_core::value::Plain::new("generated-anew".into()));
    let reference = landfall_core::value::SecretRef("app_key.key".into());
    nobodys(&*cx.secrets, &cx.folder, &reference, &made_up).await.unwrap();
    present(&place.inspect("kube.secret", &step).await);
    assert_eq!(place.kept("app_key.key").as_deref(), Some("from-the-cluster"));
    present(&place.inspect("kube.secret", &step).await);
}

#[tokio::test]
async fn what_a_person_gave_instead_of_what_is_kept_is_a_difference_and_stays_in_the_vault() {
    let place = Place::simulated(SHIELD).await;
    by_hand(&place, "shield-app-secret-key", &[("key", "from-the-cluster")]).await;
    let key = place.secret("app_key.key", "given-by-ann");
    let step = json!({"name": "shield-app-secret-key", "data": {"key": key}, "keep": ["key"]});
    assert_eq!(drifted(&place.inspect("kube.secret", &step).await), ["data.key"]);
    assert_eq!(place.kept("app_key.key").as_deref(), Some("given-by-ann"));
    place.apply("kube.secret", &step).await.unwrap();
    assert_eq!(text(&place, "shield-app-secret-key", "key").await.as_deref(), Some("given-by-ann"));
}

#[tokio::test]
async fn a_secret_nobody_entered_yet_is_not_compared() {
    let place = Place::simulated(SHIELD).await;
    by_hand(&place, "a", &[("key", "x")]).await;
    let missing = landfall_core::value::SecretText::stand_in(&landfall_core::value::SecretRef("a.key".into()));
    let step = json!({"name": "a", "data": {"key": missing}});
    present(&place.inspect("kube.secret", &step).await);
    let other = json!({"name": "b", "data": {"key": missing}});
    assert_eq!(place.apply("kube.secret", &other).await.unwrap_err().code(), Some("SECRET-MISSING"));
}

#[tokio::test]
async fn a_registrys_login_and_certificate_files_become_secrets() {
    let place = Place::simulated(SHIELD).await;
    let password = place.secret("registry.password", "pa\"ss");
    let login = json!({"name": "pull", "type": "kubernetes.io/dockerconfigjson",
        "registries": [{"server": "docker.example.com", "username": "ann", "password": password}]});
    place.apply("kube.secret", &login).await.unwrap();
    present(&place.inspect("kube.secret", &login).await);
    let config: serde_json::Value =
        serde_json::from_str(&text(&place, "pull", ".dockerconfigjson").await.unwrap()).unwrap();
    assert_eq!(config["auths"]["docker.example.com"]["password"], "pa\"ss");
    assert_eq!(config["auths"]["docker.example.com"]["auth"], "YW5uOnBhInNz");

    let made = rcgen::generate_simple_self_signed(["shield.example.com".to_owned()]).unwrap();
    let (certificate, key) = (place.folder.path().join("tls.crt"), place.folder.path().join("tls.key"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let tls = json!({"name": "tls", "type": "kubernetes.io/tls", "files": {"tls.crt": certificate, "tls.key": key}});
    place.apply("kube.secret", &tls).await.unwrap();
    present(&place.inspect("kube.secret", &tls).await);
    assert_eq!(
        place
            .code("kube.secret", json!({"name": "tls", "type": "kubernetes.io/tls", "keys": ["tls.crt", "tls.key"]}))
            .await,
        "pass"
    );
}
