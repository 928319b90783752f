//! The official clients with nothing but the environment that `--serve` prints.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../../../tests/common/testbed.rs"]
mod testbed;

use std::{path::Path, process::Output};

use landfall_rehearsal::{Options, Rehearsal};
use testbed::Testbed;
use tokio::process::Command;

const SCENARIO: &str = r#"
id: clients
speed: 20
outside:
  hosts:
    repository.example: { kind: helm_repository, credentials: { username: acme, password: s3cret }, charts: [demo] }
    shield.corp.example: { kind: routes, routes: [{ path: /health, body: fine }] }
tools: { charts: { demo: { version: 1.2.3 } } }
"#;

async fn start() -> Rehearsal {
    let scenario = serde_yaml::from_str(SCENARIO).unwrap();
    let program = Some(env!("CARGO_BIN_EXE_rehearsal-tool").into());
    Rehearsal::start(Options { scenario, program, ..Options::default() }).await.unwrap()
}

/// What a client says; it must succeed.
async fn says(rehearsal: &Rehearsal, program: &Path, arguments: &[&str]) -> String {
    let home = rehearsal.folder().join("home");
    let mut command = Command::new(program);
    let Output { status, stdout, stderr } =
        command.args(arguments).env_clear().envs(rehearsal.environment()).env("HOME", home).output().await.unwrap();
    assert!(status.success(), "{} {arguments:?}: {}", program.display(), String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

#[tokio::test]
async fn the_aws_cli_gets_its_credentials_and_finds_the_cluster() {
    let Some(aws) = Testbed::require("aws") else { return };
    let rehearsal = start().await;
    let identity =
        says(&rehearsal, &aws, &["sts", "get-caller-identity", "--query", "Account", "--output", "text"]).await;
    assert_eq!(identity, "123456789012\n");
    let endpoint = ["eks", "describe-cluster", "--name", "pay-1", "--query", "cluster.endpoint", "--output", "text"];
    let endpoint = says(&rehearsal, &aws, &endpoint).await;
    let config = std::fs::read_to_string(&rehearsal.environment()["KUBECONFIG"]).unwrap();
    assert!(config.contains(endpoint.trim()), "{endpoint} {config}");
}

#[tokio::test]
async fn kubectl_sees_the_nodes() {
    let Some(kubectl) = Testbed::require("kubectl") else { return };
    let rehearsal = start().await;
    assert!(says(&rehearsal, &kubectl, &["get", "nodes"]).await.contains("Ready"));
}

#[tokio::test]
async fn real_helm_fetches_a_chart_through_the_proxy() {
    for part in ["helm3", "helm4"] {
        let Some(helm) = Testbed::require(part) else { return };
        let rehearsal = start().await;
        let to = rehearsal.folder().display().to_string();
        let pull = [
            "pull",
            "demo",
            "--repo",
            "https://repository.example",
            "--version",
            "1.2.3",
            "--username",
            "acme",
            "--password",
            "s3cret",
            "-d",
            &to,
        ];
        says(&rehearsal, &helm, &pull).await;
        let chart = rehearsal.folder().join("demo-1.2.3.tgz").display().to_string();
        assert!(says(&rehearsal, &helm, &["show", "chart", &chart]).await.contains("version: 1.2.3"));
    }
}

#[tokio::test]
async fn curl_reaches_a_host_and_trusts_it() {
    let Some(curl) = Testbed::require("curl") else { return };
    let rehearsal = start().await;
    assert_eq!(
        says(&rehearsal, &curl, &["--silent", "--show-error", "https://shield.corp.example/health"]).await,
        "fine"
    );
}
