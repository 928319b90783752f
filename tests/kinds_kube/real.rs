//! A real API server, with the real helm 3 and helm 4.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use landfall::cloud::values::written;
use landfall_core::event::{Owner, Permissions, State};
use serde_json::{Value, json};

use super::{
    place::{Place, drifted, present},
    release::{SCENARIO, web},
    testbed::{Cluster, Testbed},
};

/// Prints what helm made of the values.
fn echo_chart(folder: &std::path::Path) -> std::path::PathBuf {
    use flate2::{Compression, write::GzEncoder};
    let files = [
        ("echo/Chart.yaml", "apiVersion: v2\nname: echo\nversion: 0.1.0\n"),
        ("echo/values.yaml", "# nothing\n"),
        (
            "echo/templates/map.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: echo }\ndata:\n  values: {{ toJson .Values | quote }}\n",
        ),
    ];
    let path = folder.join("echo-0.1.0.tgz");
    let mut archive = tar::Builder::new(GzEncoder::new(std::fs::File::create(&path).unwrap(), Compression::fast()));
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap();
    path
}

fn awkward() -> Value {
    let texts = [
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
        "true",
        "null",
        "~",
        "",
        " ",
        "1e3",
        "0777",
        "0x1F",
        "0o17",
        "1_000",
        ".5",
        "-",
        "-7",
        "12:30:45",
        "2026-11-21",
        "a: b",
        "# no comment",
        "- item",
        "{a}",
        "[b]",
        "*alias",
        "&anchor",
        "!tag",
        "%x",
        "@x",
        "`x`",
        "'single'",
        "\"double\"",
        "back\\slash",
        "two\nlines\n",
        "\n",
        "trailing \n ",
        "tab\t",
        "bell\u{7}",
        "nel\u{85}x",
        "line\u{2028}separator",
        "bom\u{feff}",
        "ümläut",
        "日本語",
        "🙂",
        "\u{1F600}\u{200d}",
        "{{ .Values.x }}",
        "$HOME",
        "${x}",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    ];
    let mut tree: BTreeMap<String, Value> =
        texts.iter().enumerate().map(|(at, text)| (format!("t{at:02}"), json!(text))).collect();
    for key in ["yes", "off", "1e3", "0777", "~", "a b", "ü", "null"] {
        tree.insert(key.to_owned(), json!(key));
    }
    tree.insert("numbers".into(), json!([0, -1, 1.5, 1_000_000, 9_007_199_254_740_991_u64]));
    tree.insert("nested".into(), json!({"list": [{"deep": {"text": "off"}}, [], {}], "flag": false}));
    json!(tree)
}

async fn every_text_survives(helm: &str) {
    let Some(program) = Testbed::require(helm) else { return };
    let Some(cluster) = Cluster::start() else { return };
    cluster.kubectl(&["create", "namespace", "shield"]);
    let place = Place::real(cluster.kubeconfig(), &program);
    let values = awkward();
    let chart = echo_chart(place.folder.path());
    let step = json!({"name": "echo", "chart": "echo", "chart_file": chart, "values": values});
    place.apply("helm.release", &step).await.unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(place.client().await, "shield");
    // What helm kept is what every later look compares with.
    present(&place.inspect("helm.release", &step).await);
    let seen: Value = serde_json::from_str(&maps.get("echo").await.unwrap().data.unwrap()["values"]).unwrap();
    for (key, wanted) in values.as_object().unwrap() {
        // helm 4 writes what it rendered anew, and its writer folds this one line break: the value itself arrived.
        let folded = json!(wanted.as_str().unwrap_or_default().replace('\u{85}', " "));
        assert!(
            seen[key] == *wanted || (helm == "helm4" && seen[key] == folded),
            "{key}: {} in\n{}",
            seen[key],
            written(&values)
        );
    }

    // The same through a vendor's file that is edited in place.
    let vendor = place.folder.path().join("vendor.yaml");
    std::fs::write(
        &vendor,
        "# Theirs\ntracing: on # stays a boolean\nmode: 0640\nt00: ~\nnested:\n  # deep\n  flag: true\n",
    )
    .unwrap();
    let step = json!({"name": "echo", "chart": "echo", "chart_file": chart, "values": values, "values_file": vendor});
    place.apply("helm.release", &step).await.unwrap();
    present(&place.inspect("helm.release", &step).await);
    let seen: Value = serde_json::from_str(&maps.get("echo").await.unwrap().data.unwrap()["values"]).unwrap();
    assert_eq!((&seen["tracing"], &seen["mode"], &seen["t00"]), (&json!(true), &json!(0o640), &json!("yes")));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_text_survives_helm_3() {
    every_text_survives("helm3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_text_survives_helm_4() {
    every_text_survives("helm4").await;
}

/// An index that everybody may read, whose archives stand on a host that wants a login.
const CLOSED_ARCHIVE: &str = "
outside:
  hosts:
    open.example.com:
      kind: routes
      routes:
        - path: /index.yaml
          body: |
            apiVersion: v1
            entries:
              web: [{ apiVersion: v2, name: web, version: 1.2.0, urls: ['https://charts.example.com/stable/web-1.2.0.tgz'] }]
";

/// helm 3 ends well when it could not read a repository's index: what it says has to be read.
async fn a_wrong_login_is_told(helm: &str) {
    let Some(program) = Testbed::require(helm) else { return };
    let place = Place::simulated_with(&program, SCENARIO).await;
    let mut step = web(&place);
    let chart = |step: &Value| {
        let of = |key: &str| step[key].clone();
        json!({"chart": "web", "repository": of("repository"), "version": of("version"), "username": "team", "password": of("password")})
    };
    assert_eq!(place.code("helm.chart_available", chart(&step)).await, "pass");

    let place = Place::simulated_with(&program, SCENARIO).await;
    web(&place);
    step["password"] = json!(place.secret("helm.password", "not-the-canary"));
    assert_eq!(place.code("helm.chart_available", chart(&step)).await, "HELM-LOGIN");
    let problem = place.apply("helm.release", &step).await.unwrap_err().problem();
    assert_eq!(problem.code, "HELM-LOGIN");
    assert!(problem.why.contains("401 Unauthorized") && !format!("{problem:?}").contains("canary"), "{problem:?}");
    let mut versions = chart(&step);
    versions.as_object_mut().unwrap().remove("version");
    let refused = place.kinds.lookups["helm.chart_versions"].rows(&place.context(), &versions).await.unwrap_err();
    assert_eq!(refused.problem().code, "HELM-LOGIN");
    step["username"] = json!("");
    assert_eq!(place.code("helm.chart_available", chart(&step)).await, "HELM-LOGIN");

    let place =
        Place::simulated_with(&program, &SCENARIO.replace("outside:\n  hosts:\n", CLOSED_ARCHIVE.trim_start())).await;
    let open = json!({"chart": "web", "repository": "https://open.example.com", "version": "1.2.0"});
    assert_eq!(place.code("helm.chart_available", open).await, "HELM-LOGIN");
    let other = json!({"chart": "web", "repository": "https://open.example.com", "version": "7.0.0"});
    assert_eq!(place.code("helm.chart_available", other).await, "HELM-CHART-MISSING");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_login_is_told_with_helm_3() {
    a_wrong_login_is_told("helm3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_login_is_told_with_helm_4() {
    a_wrong_login_is_told("helm4").await;
}

async fn shield_is_installed(helm: &str) {
    let Some(program) = Testbed::require(helm) else { return };
    let Some(cluster) = Cluster::start() else { return };
    let mut place = Place::real(cluster.kubeconfig(), &program);
    let Some(charts) = Testbed::charts(place.folder.path(), None) else { return };
    let chart = charts.iter().find(|path| path.to_string_lossy().contains("arthur-shield")).unwrap();
    cluster.gpu_node("gpu-1", &[]);
    place.needs.permissions =
        Permissions::default().rbac(Some("shield"), "", "secrets", &["create"]).rbac(None, "", "nodes", &["list"]);
    assert_eq!(place.code("kube.permissions", json!({})).await, "pass");
    assert_eq!(place.code("tool.version", json!({"tool": "helm", "at_least": "3.12", "below": "5"})).await, "pass");
    place.until("kube.ingress_class", json!({"class": "nginx"}), "pass").await;

    place.apply("kube.namespace", &json!({"name": "shield"})).await.unwrap();
    let password = place.secret("postgres.password", "password-canary");
    let secret = json!({"name": "postgres-secret", "data": {"username": "shield", "password": password}});
    place.apply("kube.secret", &secret).await.unwrap();
    let kept = present(&place.inspect("kube.secret", &secret).await);
    let manifest = json!({"manifest": {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "extra"},
        "spec": {"ports": [{"port": 80}], "selector": {"app": "x"}}}});
    place.apply("kube.manifest", &manifest).await.unwrap();
    present(&place.inspect("kube.manifest", &manifest).await);

    let token = place.secret("shield.token", "values-canary");
    let mut step = json!({"name": "arthur-shield", "chart": "arthur-shield", "chart_file": chart, "values": {
        "auth": {"host": "auth.example.com"}, "shield": {"host": "shield.example.com"},
        "database": {"host": "db.example.com"}, "token": token}});
    assert_eq!(place.inspect("helm.release", &step).await.state, State::Absent);
    place.apply("helm.release", &step).await.unwrap();
    let found = place.inspect("helm.release", &step).await;
    assert_eq!((found.owner.clone(), &present(&found)["status"]), (Owner::Ours, &json!("deployed")));
    cluster.ingress_addresses();
    let outputs = present(&place.inspect("helm.release", &step).await);
    assert!(!outputs["ingresses"]["auth.example.com"].as_str().unwrap().is_empty(), "{outputs}");
    place.until("kube.pods", json!({"name_prefix": "arthur-shield"}), "pass").await;
    let markers =
        json!({"name_prefix": "arthur-shield", "markers": ["==> Validating", "==> Running database migration"]});
    place.until("kube.logs", markers, "pass").await;

    step["values"]["shield"]["host"] = json!("other.example.com");
    assert_eq!(drifted(&place.inspect("helm.release", &step).await), ["values.shield.host"]);
    place.apply("helm.release", &step).await.unwrap();
    assert_eq!(present(&place.inspect("helm.release", &step).await)["revision"], 2);
    assert!(!place.said().contains("canary"));
    for file in place.left() {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("canary"), "{} holds a secret", file.display());
    }
    place.undo("helm.release", &step, outputs, None).await;
    assert_eq!(place.inspect("helm.release", &step).await.state, State::Absent);
    place.undo("kube.secret", &secret, kept, None).await;
    assert_eq!(place.inspect("kube.secret", &secret).await.state, State::Absent);
}

#[tokio::test(flavor = "multi_thread")]
async fn shield_is_installed_by_helm_3() {
    shield_is_installed("helm3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shield_is_installed_by_helm_4() {
    shield_is_installed("helm4").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_of_somebody_elses_release_goes_back_to_theirs() {
    let Some(program) = Testbed::require("helm3") else { return };
    let Some(cluster) = Cluster::start() else { return };
    cluster.kubectl(&["create", "namespace", "shield"]);
    let place = Place::real(cluster.kubeconfig(), &program);
    let chart = echo_chart(place.folder.path());
    let mut by_hand = std::process::Command::new(&program);
    by_hand.arg("--kubeconfig").arg(cluster.kubeconfig()).args(["install", "echo"]).arg(&chart);
    super::testbed::succeed(by_hand.args(["-n", "shield", "--set", "mode=theirs"]));

    let step = json!({"name": "echo", "chart": "echo", "chart_file": chart, "values": {"mode": "ours"}});
    let found = place.inspect("helm.release", &step).await;
    assert_eq!((drifted(&found), found.owner), (vec!["values.mode".to_owned()], Owner::Unmarked));
    let before = place.apply("helm.release", &step).await.unwrap();
    assert_eq!(before, Some(json!({"revision": 1})));
    assert_eq!(place.inspect("helm.release", &step).await.owner, Owner::Ours);
    place.undo("helm.release", &step, json!({}), before).await;
    let maps: Api<ConfigMap> = Api::namespaced(place.client().await, "shield");
    assert!(maps.get("echo").await.unwrap().data.unwrap()["values"].contains("theirs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_look_at_nothing_is_told_so() {
    let Some(program) = Testbed::require("helm3") else { return };
    let Some(cluster) = Cluster::start() else { return };
    let place = Place::real(cluster.viewer_kubeconfig(), &program);
    assert_eq!(place.code("kube.pods", json!({"name_prefix": "x"})).await, "DENIED");
    assert_eq!(place.code("helm.release", json!({"name": "x"})).await, "DENIED");
}
