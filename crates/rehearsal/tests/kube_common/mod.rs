//! A simulated cluster behind its own port, for tests that speak to it as clients do.
#![allow(dead_code, reason = "each test uses a part")]

use std::{path::PathBuf, process::Command, sync::Arc, time::Duration};

use landfall_rehearsal::{Clock, Scenario, World, kube};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

pub struct Cluster {
    pub world: Arc<World>,
    pub server: String,
    pub client: reqwest::Client,
    pub folder: tempfile::TempDir,
    tasks: JoinSet<()>,
}

impl Cluster {
    /// From the scenario's part as YAML; time runs 200 times as fast as ours.
    pub async fn start(setup: &str) -> Self {
        Self::at_speed(setup, 200.0).await
    }

    pub async fn at_speed(setup: &str, speed: f64) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let kubernetes: kube::Setup =
            if setup.trim().is_empty() { kube::Setup::default() } else { serde_yaml::from_str(setup).unwrap() };
        let mut scenario = Scenario { id: "test".into(), kubernetes, ..Scenario::default() };
        // Only the nodes that the test declares.
        scenario.aws.clusters.iter_mut().for_each(|cluster| cluster.cpu_node_group = false);
        let clock = Clock::starting_at("2026-11-20T09:00:00Z".parse().unwrap(), speed);
        let world = Arc::new(World::new(scenario, clock));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = format!("https://{}", listener.local_addr().unwrap());
        let mut tasks = JoinSet::new();
        let serving = kube::serve(world.clone(), listener, tls());
        tasks.spawn(async move {
            serving.await.unwrap();
        });
        tasks.spawn(world.clone().run());
        let folder = tempfile::tempdir().unwrap();
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert("authorization", "Bearer rehearsal".parse().unwrap());
        let client = reqwest::Client::builder()
            .danger_accept_invalid_certs(true)
            .default_headers(headers)
            .no_proxy()
            .build()
            .unwrap();
        std::fs::write(folder.path().join("config"), kubeconfig(&server)).unwrap();
        Self { world, server, client, folder, tasks }
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.client.get(format!("{}{path}", self.server)).send().await.unwrap();
        assert_eq!(answer.headers()["x-landfall-rehearsal"], "test");
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub async fn text(&self, path: &str) -> String {
        self.client.get(format!("{}{path}", self.server)).send().await.unwrap().text().await.unwrap()
    }

    pub async fn send(&self, method: &str, path: &str, content_type: &str, body: &Value) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self
            .client
            .request(method, format!("{}{path}", self.server))
            .header("content-type", content_type)
            .body(body.to_string());
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send("POST", path, "application/json", body).await
    }

    pub async fn delete(&self, path: &str) -> (u16, Value) {
        self.send("DELETE", path, "application/json", &json!({})).await
    }

    pub async fn namespace(&self, name: &str) {
        let (code, answer) = self.post("/api/v1/namespaces", &json!({ "metadata": { "name": name } })).await;
        assert_eq!(code, 201, "{answer}");
    }

    /// Waits until an object is as wanted; panics with its last state after a while.
    pub async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut changes = self.world.cluster.changes();
        let mut last = Value::Null;
        let found = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                changes.borrow_and_update();
                last = self.get(path).await.1;
                if wanted(&last) {
                    return;
                }
                changes.changed().await.unwrap();
            }
        });
        let found = found.await;
        assert!(found.is_ok(), "{path} stayed {last:#}");
        last
    }

    /// Runs kubectl, where there is one; its exit code and output.
    pub async fn kubectl(&self, arguments: &[&str]) -> Option<(i32, String, String)> {
        let mut command = Command::new("kubectl");
        command
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            .arg("--cache-dir")
            .arg(self.folder.path().join("cache"))
            .args(arguments)
            .env_remove("HTTPS_PROXY")
            .env_remove("https_proxy");
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().ok()?;
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Some((output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr)))
    }
}

pub fn kubeconfig(server: &str) -> String {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{ "name": "test", "cluster": { "server": server, "insecure-skip-tls-verify": true } }],
        "users": [{ "name": "test", "user": { "token": "rehearsal" } }],
        "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
    })
    .to_string()
}

pub fn tls() -> Arc<rustls::ServerConfig> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
    let key = rustls_pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}
