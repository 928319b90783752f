//! Helm releases, with the stand-in helm.

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
        data: { mode: "{{ values.mode }}" }
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
