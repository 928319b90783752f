//! A simulated account on a clock that stands nearly still, and kinds that look at it: tests move the account on themselves.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use jiff::{SignedDuration, Timestamp};
use landfall::{
    cloud::{AwsEndpoint, Clock, Cloud, Endpoints, Trouble},
    kind::{Applied, Context, Made, Needs, Secrets, Target},
    kinds::Kinds,
};
use landfall_core::{
    event::{Found, Outcome, Owner, Section, State, Table, TaskPath},
    guide::Folder,
    plan::InstallId,
    value::{Plain, Scope, SecretRef},
};
use landfall_rehearsal::{World, aws};
use serde_json::{Value, json};

pub const SUBNETS: [&str; 3] = ["subnet-0a1d3c5e7f9b24680", "subnet-0b2e4d6f8a0c35791", "subnet-0c3f5e7a9b1d46802"];
pub const NODE_ROLE: &str = "arn:aws:iam::123456789012:role/pay-1-nodes";
pub const TOKEN: &str = "abcd1234-0123456789abcdef0123";

pub struct Account {
    pub world: Arc<World>,
    pub cloud: Arc<Cloud>,
    pub kinds: Kinds,
    pub needs: Needs,
    pub said: Arc<Mutex<Vec<String>>>,
    pub kept: Arc<Kept>,
    pub install: String,
    pub url: String,
    start: Timestamp,
    folder: tempfile::TempDir,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Account {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A vault in memory.
#[derive(Default)]
pub struct Kept(pub Mutex<BTreeMap<SecretRef, String>>);

#[async_trait]
impl Secrets for Kept {
    async fn get(&self, reference: &SecretRef) -> Result<Option<Plain>, Trouble> {
        Ok(self.0.lock().unwrap().get(reference).cloned().map(Plain::new))
    }

    async fn put(&self, reference: &SecretRef, secret: Plain) -> Result<(), Trouble> {
        self.0.lock().unwrap().insert(reference.clone(), secret.reveal().to_owned());
        Ok(())
    }

    async fn forget(&self, reference: &SecretRef) -> Result<(), Trouble> {
        self.0.lock().unwrap().remove(reference);
        Ok(())
    }
}

impl Account {
    /// An account with this as the scenario's `aws`.
    pub async fn open(aws: &str) -> Self {
        let indented: String = aws.lines().map(|line| format!("  {line}\n")).collect();
        let body = if aws.trim().is_empty() { "  {}\n".to_owned() } else { indented };
        let text = format!("id: a-test\nstart: 2026-11-20T10:00:00Z\naws:\n{body}");
        let scenario: landfall_rehearsal::Scenario = serde_yaml::from_str(&text).unwrap();
        let start = scenario.start.unwrap();
        let world = Arc::new(World::new(scenario, landfall_rehearsal::Clock::starting_at(start, 0.001)));
        assert_eq!(world.aws.troubles(), Vec::<String>::new());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(aws::serve(world.clone(), listener));
        let credentials = Credentials::new("ASIATEST", "secret", None, None, "a test");
        let endpoints = Endpoints {
            aws: Some(AwsEndpoint { url: url.clone(), credentials: SharedCredentialsProvider::new(credentials) }),
            region: Some("us-east-2".into()),
            kubeconfig: Some(PathBuf::from("/there/is/none")),
            clock: Clock::Mapped { start, real_start: Timestamp::now(), speed: 0.001 },
            ..Endpoints::default()
        };
        Self {
            world,
            cloud: Arc::new(Cloud::new(endpoints)),
            kinds: Kinds::all(),
            needs: Needs::default(),
            said: Arc::default(),
            kept: Arc::default(),
            install: "abcd1234".into(),
            url,
            start,
            folder: tempfile::tempdir().unwrap(),
            server,
        }
    }

    /// The same kinds against another AWS.
    pub fn at(mut self, url: &str) -> Self {
        let credentials = Credentials::new("AKIATEST", "secret", None, None, "a test");
        let aws = AwsEndpoint { url: url.to_owned(), credentials: SharedCredentialsProvider::new(credentials) };
        let endpoints = Endpoints {
            aws: Some(aws),
            region: Some("us-east-2".into()),
            kubeconfig: Some(PathBuf::from("/there/is/none")),
            ..Endpoints::default()
        };
        self.cloud = Arc::new(Cloud::new(endpoints));
        self
    }

    /// Moves the account on to this long after the start.
    pub fn after(&self, minutes: f64) {
        self.world.aws.settle(self.start + SignedDuration::try_from_secs_f64(minutes * 60.0).unwrap());
    }

    pub fn target() -> Target {
        Target {
            account: "123456789012".into(),
            region: "us-east-2".into(),
            cluster: "pay-1".into(),
            cluster_id: "arn:aws:eks:us-east-2:123456789012:cluster/pay-1".into(),
            namespace: "shield".into(),
            partition: "aws".into(),
        }
    }

    pub fn context(&self) -> Context {
        let user_data = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"//\"\n\n--//--\n";
        let files = BTreeMap::from([("gpu.mime.j2".to_owned(), user_data.to_owned())]);
        let said = Arc::clone(&self.said);
        Context {
            cloud: Arc::clone(&self.cloud),
            target: Arc::new(Self::target()),
            install: InstallId::of(&self.install),
            path: TaskPath::new(Section::Steps, "a_step"),
            needs: Arc::new(self.needs.clone()),
            files: Arc::new(Folder { name: "a-guide".into(), files }),
            scope: Arc::new(Scope::new()),
            secrets: self.kept.clone(),
            tell: Arc::new(move |happened| said.lock().unwrap().push(format!("{happened:?}"))),
            cancel: tokio_util::sync::CancellationToken::new(),
            folder: self.folder.path().to_owned(),
        }
    }

    pub async fn check(&self, kind: &str, parameters: Value) -> Result<Outcome, Trouble> {
        self.kinds.checks[kind].run(&self.context(), &parameters).await
    }

    /// The code of the outcome's problem; its word where it has none.
    pub async fn code(&self, kind: &str, parameters: Value) -> String {
        let outcome = self.check(kind, parameters).await.unwrap();
        match outcome.problem() {
            Some(problem) => problem.code.clone(),
            None => json!(outcome)["outcome"].as_str().unwrap().to_owned(),
        }
    }

    pub async fn rows(&self, kind: &str, parameters: Value) -> Table {
        self.kinds.lookups[kind].rows(&self.context(), &parameters).await.unwrap()
    }

    pub async fn inspect(&self, kind: &str, parameters: &Value) -> Found {
        self.kinds.steps[kind].inspect(&self.context(), parameters).await.unwrap()
    }

    /// What was there before, if anything was.
    pub async fn apply(&self, kind: &str, parameters: &Value) -> Result<Option<Value>, Trouble> {
        match self.kinds.steps[kind].apply(&self.context(), parameters, TOKEN).await? {
            Applied::Sent { before } => Ok(before),
            Applied::Started(job) => job.await.map(|()| None),
            Applied::StartedOver { before, job } => job.await.map(|()| Some(before)),
        }
    }

    pub async fn undo(&self, kind: &str, parameters: &Value, made: Made) -> Result<(), Trouble> {
        self.kinds.steps[kind].undo(&self.context(), parameters, &made).await
    }

    /// Makes it, and sees it there, as this install's own or as nobody's.
    pub async fn make(&self, kind: &str, parameters: &Value) -> Made {
        assert_eq!(self.inspect(kind, parameters).await.state, State::Absent, "{kind}");
        let before = self.apply(kind, parameters).await.unwrap();
        let outputs = outputs(&self.inspect(kind, parameters).await);
        Made { outputs, before }
    }

    pub fn snapshot(&self) -> Value {
        self.world.aws.snapshot()
    }
}

/// The outputs of what is there as planned.
pub fn outputs(found: &Found) -> Value {
    match &found.state {
        State::Present { outputs } => outputs.clone(),
        other => panic!("it is not there as planned: {other:?}"),
    }
}

/// The fields that differ.
pub fn drift(found: &Found) -> BTreeSet<String> {
    match &found.state {
        State::Drifted { differences, .. } => differences.iter().map(|difference| difference.field.clone()).collect(),
        other => panic!("it has not drifted: {other:?}"),
    }
}

pub fn is_ours(found: &Found) -> bool {
    found.owner == Owner::Ours
}

/// A launch template as a guide has it.
pub fn template(gib: u32) -> Value {
    json!({
        "name": "arthur-shield-eks-gpu-pay-1", "description": "GPU nodes", "user_data": "gpu.mime.j2",
        "volume": { "gib": gib }, "name_tag": "arthur-shield-eks-gpu", "monitoring": true,
        "tags": { "kubernetes.io/cluster/pay-1": "owned" },
    })
}

/// A GPU node group as a guide has it.
pub fn node_group(reference: &str) -> Value {
    json!({
        "name": "gpu", "launch_template": reference, "ami_type": "AL2023_x86_64_NVIDIA",
        "instance_types": ["g4dn.2xlarge"], "node_role": NODE_ROLE, "subnets": SUBNETS,
        "scaling": { "min": 2, "max": 4, "desired": 2 }, "labels": { "capability": "gpu" },
        "update": { "strategy": "minimal" },
    })
}
