//! The account's door alone, on a clock that stands nearly still: tests move the account on themselves.
#![allow(
    dead_code,
    clippy::panic,
    clippy::expect_used,
    missing_docs,
    reason = "shared by tests, which fail by panicking"
)]

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use landfall_rehearsal::{Clock, World, aws, world::Happening};
use serde_json::Value;

pub struct Door {
    pub world: Arc<World>,
    pub url: String,
    pub http: reqwest::Client,
    start: Timestamp,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub const SUBNETS: [&str; 3] = ["subnet-0a1d3c5e7f9b24680", "subnet-0b2e4d6f8a0c35791", "subnet-0c3f5e7a9b1d46802"];
pub const NODE_ROLE: &str = "arn:aws:iam::123456789012:role/pay-1-nodes";

/// An account with this as the scenario's `aws`.
pub async fn open(aws: &str) -> Door {
    let text = format!("id: a-test\nstart: 2026-11-20T10:00:00Z\naws:\n{}", indented(aws));
    let scenario: landfall_rehearsal::Scenario = serde_yaml::from_str(&text).expect("the scenario is valid");
    let start = scenario.start.expect("a start");
    let world = Arc::new(World::new(scenario, Clock::starting_at(start, 0.001)));
    assert_eq!(world.aws.troubles(), Vec::<String>::new());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let server = tokio::spawn(aws::serve(world.clone(), listener));
    let _installed_before = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    Door { world, url, http, start, server }
}

fn indented(text: &str) -> String {
    if text.trim().is_empty() { "  {}".to_owned() } else { text.lines().map(|line| format!("  {line}\n")).collect() }
}

/// An answer, read as far as any protocol needs it.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// The text of the first such element.
    pub fn xml(&self, tag: &str) -> String {
        let (_, rest) =
            self.text.split_once(&format!("<{tag}>")).unwrap_or_else(|| panic!("no <{tag}>: {}", self.text));
        rest.split_once(&format!("</{tag}>")).expect("it ends").0.to_owned()
    }

    pub fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.text);
        self
    }
}

impl Door {
    /// Moves the account on to this long after the start.
    pub fn after(&self, minutes: f64) -> Vec<Happening> {
        let passed = SignedDuration::try_from_secs_f64(minutes * 60.0).expect("a duration");
        self.world.aws.settle(self.start + passed)
    }

    pub async fn send(
        &self,
        request: reqwest::RequestBuilder,
        scope: &str,
        region: &str,
    ) -> Result<Answer, reqwest::Error> {
        let signature = format!(
            "AWS4-HMAC-SHA256 Credential=ASIATEST/20261120/{region}/{scope}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let answer = request.header("authorization", signature).send().await?;
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()))
            .collect();
        Ok(Answer {
            status: answer.status().as_u16(),
            headers,
            text: String::from_utf8_lossy(&answer.bytes().await?).into_owned(),
        })
    }

    pub async fn eks(&self, method: &str, path: &str, body: Value) -> Answer {
        self.try_eks(method, path, body).await.expect("an answer")
    }

    pub async fn try_eks(&self, method: &str, path: &str, body: Value) -> Result<Answer, reqwest::Error> {
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        self.send(request, "eks", "us-east-2").await
    }

    pub async fn target(&self, scope: &str, target: &str, body: Value) -> Answer {
        let request = self.http.post(&self.url).header("x-amz-target", target).body(body.to_string());
        self.send(request, scope, "us-east-2").await.expect("an answer")
    }

    pub async fn form(&self, scope: &str, fields: &[(&str, &str)]) -> Answer {
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let request = self.http.post(&self.url).body(body.join("&"));
        self.send(request, scope, "us-east-2").await.expect("an answer")
    }

    pub async fn node_group(&self, name: &str) -> Value {
        self.eks("GET", &format!("/clusters/pay-1/node-groups/{name}"), Value::Null).await.ok().json()["nodegroup"]
            .clone()
    }

    pub async fn activities(&self, group: &str) -> String {
        let fields =
            [("Action", "DescribeScalingActivities"), ("Version", "2011-01-01"), ("AutoScalingGroupName", group)];
        self.form("autoscaling", &fields).await.ok().text
    }
}

/// What CreateNodegroup is asked for here: two GPU nodes.
pub fn gpu_nodes(name: &str) -> Value {
    serde_json::json!({
        "nodegroupName": name, "subnets": SUBNETS, "nodeRole": NODE_ROLE, "amiType": "AL2023_x86_64_NVIDIA",
        "instanceTypes": ["g4dn.2xlarge"], "labels": { "capability": "gpu" },
        "scalingConfig": { "minSize": 2, "maxSize": 4, "desiredSize": 2 },
    })
}
