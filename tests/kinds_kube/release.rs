//! Helm releases, with the stand-in helm.

use std::io::{Read, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{Patch, PatchParams};
use landfall_core::event::{Owner, State};
use serde_json::{Value, json};

use super::place::{Place, drifted, present};

pub const SCENARIO: &str = r#"
kubernetes:
  objects: [{ apiVersion: v1, kind: Namespace, metadata: { name: shield } }]
outside:
  hosts:
    charts.example.com:
      kind: helm_repository
      path: /stable
      credentials: { username: team, password: repository-canary }
      charts: [web]
tools:
  charts:
    web:
      version: 1.2.0
      app_version: "7"
      values: |
        # How many
        replicas: 1
        host: # the name people open
        mode: full
      manifests: |
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: "{{ release.name }}" }
        data: { mode: "{{ values.mode }}", token: "{{ values.token }}" }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: "{{ release.name }}" }
        spec:
          ingressClassName: nginx
          rules: [{ host: "{{ values.host }}", http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] } }]
"#;

pub fn web(place: &Place) -> Value {
    let password = place.secret("helm.password", "repository-canary");
    let token = place.secret("web.token", "values-canary");
    json!({"name": "web", "chart": "web", "repository": "https://charts.example.com/stable", "version": "1.2.0",
        "username": "team", "password": password,
        "values": {"host": "web.example.com", "replicas": 2, "token": token}})
}

#[tokio::test]
async fn a_release_is_fetched_installed_seen_and_taken_away() {
    let place = Place::simulated(SCENARIO).await;
    let step = web(&place);
    assert_eq!(place.inspect("helm.release", &step).await.state, State::Absent);
    assert_eq!(place.apply("helm.release", &step).await.unwrap(), None);
    let found = place.inspect("helm.release", &step).await;
    let outputs = present(&found);
    assert_eq!(found.owner, Owner::Ours);
    assert_eq!((&outputs["revision"], &outputs["chart_version"]), (&json!(1), &json!("1.2.0")));
    assert!(outputs["ingresses"].as_object().unwrap().contains_key("web.example.com"), "{outputs}");
    assert_eq!(place.code("helm.release", json!({"name": "web", "chart": "web", "version": "1.2.0"})).await, "pass");

    place.undo("helm.release", &step, outputs, None).await;
    assert_eq!(place.inspect("helm.release", &step).await.state, State::Absent);
}

#[tokio::test]
async fn no_secret_is_on_a_command_line_in_a_file_or_in_what_is_told() {
    let place = Place::simulated(SCENARIO).await;
    place.apply("helm.release", &web(&place)).await.unwrap();
    let calls = place.rehearsal.as_ref().unwrap().folder().join("helm-calls.jsonl");
    let calls = std::fs::read_to_string(calls).unwrap();
    assert!(calls.contains("upgrade") && !calls.contains("canary"), "{calls}");
    assert!(!calls.contains("wait"), "{calls}");
    for file in place.left() {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("canary"), "{} holds a secret", file.display());
        assert!(!file.to_string_lossy().contains("repositories.yaml"), "{} was left behind", file.display());
    }
    assert!(!place.said().contains("canary"));
    let shown = std::fs::read_to_string(place.folder.path().join("web-values.yaml")).unwrap();
    assert!(shown.contains("<secret web.token>"), "{shown}");
}

#[tokio::test]
async fn changed_values_are_drift_without_their_secrets_and_an_upgrade_mends_them() {
    let place = Place::simulated(SCENARIO).await;
    let mut step = web(&place);
    place.apply("helm.release", &step).await.unwrap();
    step["values"]["replicas"] = json!(3);
    place.secret("web.token", "another-canary");
    let found = place.inspect("helm.release", &step).await;
    assert_eq!(drifted(&found), ["values.replicas", "values.token"]);
    assert!(!format!("{found:?}").contains("canary"));
    place.apply("helm.release", &step).await.unwrap();
    assert_eq!(present(&place.inspect("helm.release", &step).await)["revision"], 2);
}

#[tokio::test]
async fn what_an_upgrade_would_change_is_shown_without_its_secrets() {
    let place = Place::simulated(SCENARIO).await;
    let mut step = web(&place);
    let kind = &place.kinds.steps["helm.release"];
    let new = kind.preview(&place.context(), &step).await.unwrap();
    assert!(new.contains("+ ConfigMap web") && new.contains("+ Ingress web"), "{new}");
    place.apply("helm.release", &step).await.unwrap();
    assert_eq!(kind.preview(&place.context(), &step).await.unwrap(), "");
    step["values"]["mode"] = json!("api_only");
    place.secret("web.token", "newer-canary");
    let changed = kind.preview(&place.context(), &step).await.unwrap();
    assert!(changed.contains("-") && changed.contains("api_only") && !changed.contains("Ingress"), "{changed}");
    assert!(!format!("{new}{changed}").contains("canary"));
}

#[tokio::test]
async fn a_helm_that_was_killed_leaves_ways_out() {
    let killed = SCENARIO
        .replace("tools:\n", "tools:\n  helm: { effects: [{ command: upgrade, call: 1, what: { dies_after: 1 } }] }\n");
    let place = Place::simulated(&killed).await;
    let step = web(&place);
    place.apply("helm.release", &step).await.unwrap_err();
    let found = place.inspect("helm.release", &step).await;
    let State::Broken { problem, recoveries } = &found.state else { panic!("{found:?}") };
    assert_eq!(problem.code, "HELM-PENDING");
    assert_eq!(recoveries.iter().map(|recovery| recovery.id.as_str()).collect::<Vec<_>>(), ["uninstall"]);
    assert_eq!(place.code("helm.release", json!({"name": "web"})).await, "HELM-PENDING");
    place.kinds.steps["helm.release"].recover(&place.context(), &step, "uninstall").await.unwrap();
    place.apply("helm.release", &step).await.unwrap();
    present(&place.inspect("helm.release", &step).await);
}

#[tokio::test]
async fn a_release_the_cluster_refused_can_be_tried_again() {
    let refused = SCENARIO.replace(
        "tools:\n",
        "tools:\n  helm: { effects: [{ command: upgrade, call: 1, what: { refused: { after: 1, message: 'admission webhook denied it' } } }] }\n",
    );
    let place = Place::simulated(&refused).await;
    let step = web(&place);
    let trouble = place.apply("helm.release", &step).await.unwrap_err();
    assert!(trouble.problem().why.contains("admission webhook"), "{:?}", trouble.problem());
    let found = place.inspect("helm.release", &step).await;
    let State::Broken { problem, recoveries } = &found.state else { panic!("{found:?}") };
    assert_eq!((problem.code.as_str(), recoveries[0].id.as_str()), ("HELM-RELEASE-FAILED", "again"));
    place.apply("helm.release", &step).await.unwrap();
    present(&place.inspect("helm.release", &step).await);
}

/// Gives the release's record to Flux: its own words in it, written by its controller.
async fn given_to_flux(place: &Place) {
    let secrets: kube::Api<Secret> = kube::Api::namespaced(place.client().await, "shield");
    let name = "sh.helm.release.v1.web.v1";
    let record = secrets.get(name).await.unwrap().data.unwrap().remove("release").unwrap();
    let mut text = String::new();
    GzDecoder::new(STANDARD.decode(record.0).unwrap().as_slice()).read_to_string(&mut text).unwrap();
    let mut record: Value = serde_json::from_str(&text).unwrap();
    record["info"]["description"] = json!("Install complete");
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(record.to_string().as_bytes()).unwrap();
    let packed = STANDARD.encode(STANDARD.encode(packed.finish().unwrap()));
    let by = PatchParams { field_manager: Some("helm-controller".into()), ..PatchParams::default() };
    secrets.patch(name, &by, &Patch::Merge(json!({ "data": { "release": packed } }))).await.unwrap();
}

#[tokio::test]
async fn a_release_that_flux_keeps_is_used_as_it_is_and_never_changed_or_taken_away() {
    let place = Place::simulated(SCENARIO).await;
    let mut step = web(&place);
    place.apply("helm.release", &step).await.unwrap();
    given_to_flux(&place).await;
    let found = place.inspect("helm.release", &step).await;
    assert_eq!(found.owner, Owner::Other("Flux".into()));
    let outputs = present(&found);
    step["values"]["replicas"] = json!(3);
    let found = place.inspect("helm.release", &step).await;
    assert_eq!((drifted(&found), found.owner), (vec!["values.replicas".to_owned()], Owner::Other("Flux".into())));
    let made = landfall::kind::Made { outputs, before: None };
    let kept = place.kinds.steps["helm.release"].undo(&place.context(), &step, &made).await.unwrap_err();
    assert_eq!(kept.code(), Some("HELM-OWNED"));
    present(&place.inspect("helm.release", &web(&place)).await);
}

#[tokio::test]
async fn what_argo_cd_rendered_has_no_release_and_is_not_taken_over() {
    let mark = "metadata: { name: web, namespace: shield, annotations: { argocd.argoproj.io/tracking-id: 'web:/ConfigMap:shield/web' } }";
    let namespace = "{ apiVersion: v1, kind: Namespace, metadata: { name: shield } }";
    let theirs = SCENARIO.replace(
        &format!("[{namespace}]"),
        &format!("[{namespace}, {{ apiVersion: v1, kind: ConfigMap, {mark}, data: {{ mode: theirs }} }}]"),
    );
    let place = Place::simulated(&theirs).await;
    assert_eq!(place.inspect("helm.release", &web(&place)).await.state, State::Absent);
    let refused = place.apply("helm.release", &web(&place)).await.unwrap_err().problem();
    assert_eq!(refused.code, "HELM-OWNED", "{refused:?}");
    assert!(refused.why.contains("ConfigMap \"web\"") && refused.fix.contains("Argo CD"), "{refused:?}");
    let maps: kube::Api<ConfigMap> = kube::Api::namespaced(place.client().await, "shield");
    assert_eq!(maps.get("web").await.unwrap().data.unwrap()["mode"], "theirs");
}

#[tokio::test]
async fn wrong_repository_credentials_are_named_as_such() {
    let place = Place::simulated(SCENARIO).await;
    let step = web(&place);
    place.secret("helm.password", "wrong");
    let problem = place.apply("helm.release", &step).await.unwrap_err().problem();
    assert_eq!(problem.code, "HELM-LOGIN", "{problem:?}");
    assert_eq!(
        place
            .code(
                "helm.chart_available",
                json!({"chart": "web", "repository": "https://charts.example.com/stable",
        "username": "team", "password": step["password"]})
            )
            .await,
        "HELM-LOGIN"
    );
}

#[tokio::test]
async fn a_vendors_values_file_is_installed_with_ours_over_it() {
    let place = Place::simulated(SCENARIO).await;
    let file = place.folder.path().join("vendor.yaml");
    std::fs::write(&file, "# Theirs\nmode: api_only # or full\nhost: <web.example.com>\n").unwrap();
    let mut step = web(&place);
    step["values_file"] = json!(file);
    place.apply("helm.release", &step).await.unwrap();
    present(&place.inspect("helm.release", &step).await);
    let shown = std::fs::read_to_string(place.folder.path().join("web-values.yaml")).unwrap();
    assert!(shown.contains("# or full") && shown.contains("web.example.com"), "{shown}");
    assert!(!shown.contains("<web.example.com>"), "{shown}");
}

#[tokio::test]
async fn nothing_is_installed_where_another_device_plugin_is() {
    let place = Place::simulated("kubernetes: { gpu: device_plugin }").await;
    let step = json!({"name": "nvidia-device-plugin", "namespace": "kube-system", "chart": "nvidia-device-plugin",
        "repository": "https://charts.example.com", "skip_when": "nvidia.com/gpu"});
    let found = place.inspect("helm.release", &step).await;
    assert_eq!(present(&found)["status"], "not needed");
    assert!(matches!(found.owner, Owner::Other(_)));
}
