//! The stand-in helm, run as a program from a rehearsal's bin folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::{path::Path, process::Output};

use landfall_rehearsal::{Options, Rehearsal, Scenario};
use serde_json::{Value, json};
use tokio::process::Command;

const SCENARIO: &str = r#"
id: helm
speed: 50
kubernetes: { ingress_nginx: true }
outside:
  hosts:
    repository.example:
      kind: helm_repository
      path: /charts
      credentials: { username: acme, password: s3cret }
      charts: [demo]
tools:
  charts:
    demo:
      version: 1.2.3
      also: [1.2.2]
      app_version: "9.9"
      values: |
        # how many
        replicas: 1
        nested: { a: 1, b: 2 }
      manifests: |
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: "{{ release.name }}-settings" }
        data:
          replicas: "{{ values.replicas }}"
          nested: '{{ values.nested | tojson }}'
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: { name: "{{ release.name }}" }
        ---
        {%- if values.extra is defined %}
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: extra }
        {%- endif %}
"#;

async fn start(version: &str, effects: Value) -> Rehearsal {
    let mut scenario: Scenario = serde_yaml::from_str(SCENARIO).expect("a scenario");
    scenario.tools.helm.version = version.into();
    scenario.tools.helm.effects = serde_json::from_value(effects).expect("effects");
    let program = Some(env!("CARGO_BIN_EXE_rehearsal-tool").into());
    Rehearsal::start(Options { scenario, program, ..Options::default() }).await.expect("it starts")
}

/// Runs helm as the program would: by its full path, with nothing in its environment.
async fn helm(rehearsal: &Rehearsal, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } =
        Command::new(rehearsal.folder().join("bin/helm")).args(arguments).env_clear().output().await.expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status.code().expect("an exit code"), text(stdout), text(stderr))
}

async fn done(rehearsal: &Rehearsal, arguments: &[&str]) -> String {
    let (code, stdout, stderr) = helm(rehearsal, arguments).await;
    assert_eq!((code, stderr.as_str()), (0, ""), "helm {arguments:?}: {stdout}");
    stdout
}

async fn refused(rehearsal: &Rehearsal, arguments: &[&str]) -> String {
    let (code, stdout, stderr) = helm(rehearsal, arguments).await;
    assert_eq!(code, 1, "helm {arguments:?}: {stdout}");
    stderr
}

async fn json_of(rehearsal: &Rehearsal, arguments: &[&str]) -> Value {
    serde_json::from_str(&done(rehearsal, arguments).await).expect("JSON")
}

/// Fetches the chart as the program does, with credentials in a file.
async fn chart(rehearsal: &Rehearsal) -> String {
    let repositories = rehearsal.folder().join("repositories.yaml");
    let content =
        "repositories:\n- { name: r, url: https://repository.example/charts, username: acme, password: s3cret }\n";
    std::fs::write(&repositories, content).expect("written");
    let (config, folder) = (path(&repositories), path(rehearsal.folder()));
    let not_updated = refused(rehearsal, &["pull", "r/demo", "--repository-config", &config]).await;
    assert!(not_updated.starts_with("Error: no cached repo found. (try 'helm repo update')"), "{not_updated}");
    done(rehearsal, &["repo", "update", "r", "--repository-config", &config]).await;
    done(rehearsal, &["pull", "r/demo", "--version", "1.2.3", "--repository-config", &config, "-d", &folder]).await;
    path(&rehearsal.folder().join("demo-1.2.3.tgz"))
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

fn object(rehearsal: &Rehearsal, resource: &str, name: &str) -> Option<Value> {
    rehearsal.world().cluster.get(resource, "shield", name)
}

#[tokio::test]
async fn it_says_which_version_it_is() {
    let three = start("3.19.2", json!([])).await;
    assert!(done(&three, &["version", "--short"]).await.starts_with("v3.19.2"));
    let four = start("4.1.0", json!([])).await;
    assert_eq!(done(&four, &["version", "--template", "{{.Version}}"]).await, "v4.1.0");
}

#[tokio::test]
async fn a_wrong_repository_password_is_refused_in_the_words_of_helm() {
    let rehearsal = start("3.19.2", json!([])).await;
    let url = "https://repository.example/charts";
    let said = refused(&rehearsal, &["repo", "add", "r", url, "--username", "acme", "--password", "wrong"]).await;
    assert_eq!(
        said,
        format!(
            "Error: looks like \"{url}\" is not a valid chart repository or cannot be reached: failed to fetch {url}/index.yaml : 401 Unauthorized\n"
        )
    );
    assert_eq!(
        done(&rehearsal, &["repo", "add", "r", url, "--username", "acme", "--password", "s3cret"]).await,
        "\"r\" has been added to your repositories\n"
    );
    assert!(done(&rehearsal, &["repo", "update"]).await.contains("Update Complete."));
    assert!(done(&rehearsal, &["show", "values", "r/demo"]).await.starts_with("# how many\n"));
}

#[tokio::test]
async fn an_update_that_failed_is_complete_for_version_3_only() {
    let repositories =
        "repositories:\n- { name: r, url: https://repository.example/charts, username: acme, password: wrong }\n";
    for (version, strict) in
        [("3.19.2", &["repo", "update", "--fail-on-repo-update-fail"][..]), ("4.1.0", &["repo", "update"])]
    {
        let rehearsal = start(version, json!([])).await;
        std::fs::create_dir(rehearsal.folder().join("helm")).expect("made");
        std::fs::write(rehearsal.folder().join("helm/repositories.yaml"), repositories).expect("written");
        assert!(
            refused(&rehearsal, strict)
                .await
                .contains("ailed to update the following repositories: [https://repository.example/charts]")
        );
        if version.starts_with('3') {
            let said = done(&rehearsal, &["repo", "update"]).await;
            assert!(said.contains("401 Unauthorized") && said.contains("Update Complete"), "{said}");
        }
    }
}

#[tokio::test]
async fn a_search_lists_what_the_last_update_found() {
    let rehearsal = start("3.19.2", json!([])).await;
    let url = "https://repository.example/charts";
    done(&rehearsal, &["repo", "add", "r", url, "--username", "acme", "--password", "s3cret"]).await;
    let found = json_of(&rehearsal, &["search", "repo", "r/demo", "--versions", "--output", "json"]).await;
    let of = |version: &str| json!({"name": "r/demo", "version": version, "app_version": "9.9", "description": ""});
    assert_eq!(found, json!([of("1.2.3"), of("1.2.2")]));
}

#[tokio::test]
async fn a_release_is_installed_upgraded_and_taken_away() {
    for version in ["3.19.2", "4.1.0"] {
        let rehearsal = start(version, json!([])).await;
        let chart = chart(&rehearsal).await;
        let values = path(&rehearsal.folder().join("values.yaml"));
        std::fs::write(&values, "replicas: 2\nnested: { b: null }\nextra: true\n").expect("written");
        let upgrade = [
            "upgrade",
            "--install",
            "demo",
            &chart,
            "-n",
            "shield",
            "-f",
            &values,
            "--create-namespace",
            "--labels",
            "install=abc",
        ];
        let said = done(&rehearsal, &upgrade).await;
        assert!(said.starts_with("Release \"demo\" does not exist. Installing it now.\nNAME: demo\n"), "{said}");
        let settings = object(&rehearsal, "configmaps", "demo-settings").expect("written");
        assert_eq!((&settings["data"]["replicas"], &settings["data"]["nested"]), (&json!("2"), &json!("{\"a\": 1}")));
        assert_eq!(settings["metadata"]["annotations"]["meta.helm.sh/release-name"], "demo");
        let secret = object(&rehearsal, "secrets", "sh.helm.release.v1.demo.v1").expect("a release Secret");
        assert_eq!(
            (&secret["type"], &secret["metadata"]["labels"]["status"]),
            (&json!("helm.sh/release.v1"), &json!("deployed"))
        );

        std::fs::write(&values, "replicas: 3\n").expect("written");
        assert!(done(&rehearsal, &upgrade).await.starts_with("Release \"demo\" has been upgraded. Happy Helming!\n"));
        assert!(object(&rehearsal, "configmaps", "extra").is_none(), "no longer in the chart");
        let history = json_of(&rehearsal, &["history", "demo", "-n", "shield", "-o", "json"]).await;
        let statuses: Vec<_> = history.as_array().expect("a list").iter().map(|one| &one["status"]).collect();
        assert_eq!(statuses, ["superseded", "deployed"]);
        assert_eq!(
            json_of(&rehearsal, &["get", "values", "demo", "-n", "shield", "-o", "json"]).await,
            json!({"replicas": 3})
        );

        assert_eq!(
            done(&rehearsal, &["rollback", "demo", "1", "-n", "shield"]).await,
            "Rollback was a success! Happy Helming!\n"
        );
        assert!(object(&rehearsal, "configmaps", "extra").is_some(), "back again");
        assert_eq!(done(&rehearsal, &["uninstall", "demo", "-n", "shield"]).await, "release \"demo\" uninstalled\n");
        assert!(object(&rehearsal, "configmaps", "demo-settings").is_none());
        assert_eq!(refused(&rehearsal, &["status", "demo", "-n", "shield"]).await, "Error: release: not found\n");
    }
}

#[tokio::test]
async fn what_dies_midway_stays_pending_and_blocks_the_next_try() {
    let rehearsal = start("3.19.2", json!([{"command": "upgrade", "call": 1, "what": {"dies_after": 1}}])).await;
    let chart = chart(&rehearsal).await;
    let upgrade = ["upgrade", "--install", "demo", &chart, "-n", "shield", "--create-namespace"];
    assert_eq!(helm(&rehearsal, &upgrade).await.0, 137);
    let status = json_of(&rehearsal, &["status", "demo", "-n", "shield", "-o", "json"]).await;
    assert_eq!(status["info"]["status"], "pending-install");
    assert_eq!(
        refused(&rehearsal, &upgrade).await,
        "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress\n"
    );
    assert_eq!(
        json_of(&rehearsal, &["list", "-n", "shield", "-o", "json"]).await,
        json!([]),
        "helm 3 does not list what is pending"
    );
    done(&rehearsal, &["uninstall", "demo", "-n", "shield"]).await;
    done(&rehearsal, &upgrade).await;
}

#[tokio::test]
async fn what_the_cluster_refuses_is_failed_and_can_be_tried_again() {
    let effects = json!([{"command": "upgrade", "call": 1, "what": {"refused": {"after": 1, "message": "admission webhook says no"}}}]);
    let rehearsal = start("4.1.0", effects).await;
    let chart = chart(&rehearsal).await;
    let upgrade = ["upgrade", "--install", "demo", &chart, "-n", "shield", "--create-namespace"];
    assert_eq!(refused(&rehearsal, &upgrade).await, "Error: admission webhook says no\n");
    let status = json_of(&rehearsal, &["status", "demo", "-n", "shield", "-o", "json"]).await;
    assert_eq!(status["info"]["status"], "failed");
    assert!(done(&rehearsal, &upgrade).await.contains("REVISION: 2\n"));
}

#[tokio::test]
async fn what_someone_else_made_is_not_taken_over() {
    let rehearsal = start("3.19.2", json!([])).await;
    let chart = chart(&rehearsal).await;
    done(
        &rehearsal,
        &["upgrade", "--install", "one", &chart, "-n", "shield", "--create-namespace", "--set", "extra=true"],
    )
    .await;
    let said =
        refused(&rehearsal, &["upgrade", "--install", "two", &chart, "-n", "shield", "--set", "extra=true"]).await;
    assert!(said.starts_with("Error: Unable to continue with install: ConfigMap \"extra\" in namespace \"shield\" exists and cannot be imported"), "{said}");
    let taken = refused(&rehearsal, &["install", "one", &chart, "-n", "shield"]).await;
    assert_eq!(taken, "Error: INSTALLATION FAILED: cannot re-use a name that is still in use\n");
}

#[tokio::test]
async fn a_template_is_rendered_without_a_cluster() {
    let rehearsal = start("3.19.2", json!([])).await;
    let chart = chart(&rehearsal).await;
    let text = done(&rehearsal, &["template", "demo", &chart, "-n", "shield", "--kubeconfig", "/nowhere"]).await;
    assert!(text.starts_with("---\n# Source: demo/"), "{text}");
    assert!(text.find("kind: ServiceAccount").expect("there") < text.find("kind: ConfigMap").expect("there"), "{text}");
}

#[tokio::test]
async fn flags_of_the_other_version_are_unknown() {
    let three = start("3.19.2", json!([])).await;
    assert_eq!(
        refused(&three, &["upgrade", "x", "y", "--rollback-on-failure"]).await,
        "Error: unknown flag: --rollback-on-failure\n"
    );
    let four = start("4.1.0", json!([])).await;
    assert_eq!(refused(&four, &["list", "-a"]).await, "Error: unknown shorthand flag: 'a' in -a\n");
}

#[tokio::test]
async fn credentials_expire_and_are_renewed() {
    let mut scenario: Scenario = serde_yaml::from_str("{ id: credentials, speed: 100000 }").expect("a scenario");
    scenario.tools.credentials.renews_itself = false;
    let program = Some(env!("CARGO_BIN_EXE_rehearsal-tool").into());
    let rehearsal = Rehearsal::start(Options { scenario, program, ..Options::default() }).await.expect("it starts");
    let run = async |arguments: &[&str]| {
        Command::new(rehearsal.folder().join("bin/landfall-credentials"))
            .args(arguments)
            .env_clear()
            .output()
            .await
            .expect("it runs")
    };
    // An hour of a session is 36 ms here.
    let mut last = run(&[]).await;
    while last.status.success() {
        last = run(&[]).await;
    }
    assert!(String::from_utf8_lossy(&last.stderr).contains("expired"));
    assert!(run(&["renew"]).await.status.success());
}
