//! An install to watch, without having been installed: its journal, and what goes on in its namespace.
#![allow(dead_code, reason = "each test uses its own part of this")]

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::PathBuf,
};

use landfall_core::{
    event::{How, Problem},
    journal::{Record, Stamped},
    plan::{Answers, InstallId, TargetAnswers},
};
use serde_json::{Value, json};

use crate::rehearsed::Served;

/// The install's id.
pub const INSTALL: &str = "3fa9c1d2";

/// Writes the journal of an install that has made its namespace's Secrets and is at the chart.
pub fn begun(served: &Served) -> PathBuf {
    let folder = served.world().join("state").join(INSTALL);
    fs::create_dir_all(&folder).unwrap();
    let target = json!({
        "account": "123456789012", "region": "us-east-2", "cluster": "pay-1",
        "cluster_id": "arn:aws:eks:us-east-2:123456789012:cluster/pay-1", "namespace": "shield", "partition": "aws",
    });
    let context = "arn:aws:eks:us-east-2:123456789012:cluster/pay-1".to_owned();
    let said = TargetAnswers {
        profile: Some("corp-prod".into()),
        region: Some("us-east-2".into()),
        cluster: Some("pay-1".into()),
        context: Some(context),
        namespace: Some("shield".into()),
        ..TargetAnswers::default()
    };
    record(
        &folder,
        Record::Opened {
            install: InstallId::of(INSTALL),
            guide: "arthur-shield".into(),
            guide_digest: "d".into(),
            program: "landfall test".into(),
            target,
        },
    );
    record(&folder, Record::Answered { answers: Box::new(Answers { target: said, ..Answers::default() }) });
    record(&folder, intent("steps/gpu_node_group"));
    record(&folder, result("steps/gpu_node_group"));
    record(&folder, intent("steps/release"));
    folder
}

/// Adds a record, as the run itself would.
pub fn record(folder: &std::path::Path, record: Record) {
    let at = "2026-11-20T09:00:00Z".parse().unwrap();
    let mut line = serde_json::to_string(&Stamped::now(at, record)).unwrap();
    line.push('\n');
    let mut file = OpenOptions::new().create(true).append(true).open(folder.join("journal.jsonl")).unwrap();
    file.write_all(line.as_bytes()).unwrap();
}

fn intent(path: &str) -> Record {
    let digest = "d".to_owned();
    Record::Intent { path: path.parse().unwrap(), kind: "k".into(), parameters: json!({}), digest, token: "t".into() }
}

/// A step that was made.
pub fn result(path: &str) -> Record {
    Record::Result {
        path: path.parse().unwrap(),
        kind: "k".into(),
        how: How::Made,
        parameters: json!({}),
        outputs: json!({}),
        secrets: std::collections::BTreeMap::new(),
    }
}

/// A step that failed.
pub fn failed(path: &str) -> Record {
    let problem = Problem::new("HELM-FAILED", "the chart refused its values", "Look at the values.");
    Record::Failed { path: path.parse().unwrap(), problem }
}

/// The simulated cluster, spoken to as anybody would.
pub struct Cluster {
    /// Where it is.
    pub server: String,
    client: reqwest::Client,
}

impl Cluster {
    /// Of a rehearsal that is served.
    pub fn of(served: &Served) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let text = fs::read_to_string(served.setting("KUBECONFIG")).unwrap();
        let server = text.lines().find_map(|line| line.trim().strip_prefix("server: ")).unwrap();
        let client = reqwest::Client::builder().danger_accept_invalid_certs(true).no_proxy().build().unwrap();
        Self { server: server.trim_matches(['"', '\'']).to_owned(), client }
    }

    /// Makes something.
    pub async fn post(&self, path: &str, body: &Value) {
        let request = self.client.post(format!("{}{path}", self.server)).bearer_auth("rehearsal");
        let answer = request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
        let code = answer.status();
        assert!(code.is_success(), "{code} {}", answer.text().await.unwrap());
    }

    /// Takes something away.
    pub async fn delete(&self, path: &str) {
        let request = self.client.delete(format!("{}{path}", self.server)).bearer_auth("rehearsal");
        assert!(request.send().await.unwrap().status().is_success());
    }

    /// Names of what is there.
    pub async fn names(&self, path: &str) -> Vec<String> {
        let request = self.client.get(format!("{}{path}", self.server)).bearer_auth("rehearsal");
        let list: Value = request.send().await.unwrap().json().await.unwrap();
        let items = list["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Makes the namespace.
    pub async fn namespace(&self) {
        self.post("/api/v1/namespaces", &json!({ "metadata": { "name": "shield" } })).await;
    }

    /// Makes a deployment of so many pods.
    pub async fn deployment(&self, name: &str, replicas: u32) {
        let body = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
            "spec": { "replicas": replicas, "selector": { "matchLabels": { "app": name } }, "template": {
                "metadata": { "labels": { "app": name } },
                "spec": { "containers": [{ "name": "main", "image": "nginx:1" }] },
            } },
        });
        self.post("/apis/apps/v1/namespaces/shield/deployments", &body).await;
    }

    /// A kubeconfig whose server is somewhere else.
    pub fn kubeconfig_through(&self, served: &Served, address: std::net::SocketAddr) -> PathBuf {
        let text = fs::read_to_string(served.setting("KUBECONFIG")).unwrap();
        served.file("through", &text.replace(&self.server, &format!("https://{address}")))
    }
}
