//! Clusters made by eksctl: from nothing, found there, stopped in the middle, begun and not whole, taken away.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use landfall::{
    cloud::{AwsEndpoint, Cloud, Endpoints, Trouble},
    kind::{Applied, Context, Made, Target},
};
use landfall_core::{
    event::{Found, Owner, State},
    value::{SecretRef, SecretText},
};
use landfall_rehearsal::{Options, Rehearsal};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{account::Account, until};

const CANARY: &str = "canary-9b1c";

const SCENARIO: &str = "
id: a-test
start: 2026-11-20T10:00:00Z
speed: 400
aws: { clusters: [], timings: { cluster: 9m } }
";

struct Bench {
    account: Account,
    cloud: Arc<Cloud>,
    rehearsal: Rehearsal,
    folder: TempDir,
}

impl Bench {
    async fn open(more: &str) -> Self {
        let _installed_before = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let scenario = serde_yaml::from_str(&format!("{SCENARIO}{more}")).unwrap();
        let program = Some(PathBuf::from(env!("CARGO_BIN_EXE_landfall")));
        let rehearsal = Rehearsal::start(Options { scenario, program, ..Options::default() }).await.unwrap();
        let environment = rehearsal.environment();
        let credentials = Credentials::new("ASIATEST", "secret", None, None, "a test");
        let endpoints = Endpoints {
            aws: Some(AwsEndpoint {
                url: environment["AWS_ENDPOINT_URL"].clone(),
                credentials: SharedCredentialsProvider::new(credentials),
            }),
            region: Some("us-east-2".into()),
            path: environment["PATH"].clone().into(),
            kubeconfig: Some(PathBuf::from(&environment["KUBECONFIG"])),
            no_proxy: environment["NO_PROXY"].clone(),
            clock: environment["LANDFALL_CLOCK"].parse().unwrap(),
            ..Endpoints::default()
        };
        let cloud = Arc::new(Cloud::new(endpoints));
        Self { account: Account::open("").await, cloud, rehearsal, folder: tempfile::tempdir().unwrap() }
    }

    fn context(&self) -> Context {
        let secret = SecretRef::field("registry", "token");
        self.account.kept.0.lock().unwrap().insert(secret, CANARY.to_owned());
        let target = Target { cluster: "shop-1".into(), ..Account::target() };
        Context {
            cloud: Arc::clone(&self.cloud),
            target: Arc::new(target),
            folder: self.folder.path().to_owned(),
            ..self.account.context()
        }
    }

    fn kind(&self) -> &dyn landfall::kind::AnyStep {
        &*self.account.kinds.steps["eks.cluster"]
    }

    async fn inspect(&self, parameters: &Value) -> Found {
        self.kind().inspect(&self.context(), parameters).await.unwrap()
    }

    /// Begins it; the job runs by itself.
    async fn begin(&self, cx: &Context, parameters: &Value) -> tokio::task::JoinHandle<Result<(), Trouble>> {
        match self.kind().apply(cx, parameters, "token").await.unwrap() {
            Applied::Started(job) => tokio::spawn(job),
            _ => panic!("no job"),
        }
    }

    async fn made(&self, parameters: &Value) -> Result<(), Trouble> {
        self.begin(&self.context(), parameters).await.await.unwrap()
    }

    /// Looks until it is as `wanted` says.
    async fn until(&self, parameters: &Value, wanted: impl Fn(&State) -> bool) -> Found {
        until::given("the cluster is as wanted", async || {
            let found = self.inspect(parameters).await;
            if wanted(&found.state) { Ok(found) } else { Err(found) }
        })
        .await
    }

    async fn undo(&self, parameters: &Value) -> Result<(), Trouble> {
        self.kind().undo(&self.context(), parameters, &Made::default()).await
    }

    fn left(&self) -> Value {
        self.rehearsal.world().aws.snapshot()
    }
}

/// A cluster in the subnets that are there, with one node group.
fn shop() -> Value {
    json!({
        "name": "shop-1",
        "config": {
            "apiVersion": "eksctl.io/v1alpha5", "kind": "ClusterConfig",
            "metadata": { "version": "1.33", "tags": { "team": "shop" } },
            "vpc": { "subnets": { "private": {
                "us-east-2a": { "id": "subnet-0a1d3c5e7f9b24680" }, "us-east-2b": { "id": "subnet-0b2e4d6f8a0c35791" },
            } } },
            "addons": [{ "name": "vpc-cni" }],
            "managedNodeGroups": [{
                "name": "general", "instanceType": "m7i.xlarge", "desiredCapacity": 2, "minSize": 1, "maxSize": 4,
                "privateNetworking": true,
                "labels": { "note": SecretText::stand_in(&SecretRef::field("registry", "token")) },
            }],
        },
    })
}

fn pending(state: &State) -> bool {
    matches!(state, State::Pending { .. })
}

fn outputs(found: &Found) -> Value {
    match &found.state {
        State::Present { outputs } => outputs.clone(),
        other => panic!("{other:?}"),
    }
}

fn words(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[tokio::test]
async fn a_cluster_is_made_streamed_adopted_and_taken_away() {
    let bench = Bench::open("").await;
    let before = bench.left();
    assert_eq!(bench.inspect(&shop()).await.state, State::Absent);
    let shown = bench.kind().preview(&bench.context(), &shop()).await.unwrap();
    assert!(shown.contains("+ kind: \"ClusterConfig\"") && shown.contains("<secret registry.token>"), "{shown}");
    assert!(!shown.contains(CANARY), "{shown}");
    let job = bench.begin(&bench.context(), &shop()).await;
    let found = bench.until(&shop(), pending).await;
    assert_eq!(found.owner, Owner::Ours);
    job.await.unwrap().unwrap();
    let made = bench.inspect(&shop()).await;
    assert_eq!(made.owner, Owner::Ours);
    assert_eq!(bench.kind().preview(&bench.context(), &shop()).await.unwrap(), "");
    let outputs = outputs(&made);
    assert_eq!((&outputs["version"], &outputs["node_groups"]), (&json!("1.33"), &json!(["general"])));
    assert!(outputs["security_group"].as_str().unwrap().starts_with("sg-"), "{outputs}");
    let said = bench.account.said.lock().unwrap().join("\n");
    for line in ["deploying stack \\\"eksctl-shop-1-cluster\\\"", "waiting for CloudFormation stack", "is ready"] {
        assert!(said.contains(line), "{line}: {said}");
    }

    // The canary is in the config alone, which is gone.
    let calls = words(&bench.rehearsal.folder().join("eksctl-calls.jsonl"));
    assert!(calls.contains("--config-file") && calls.contains("--write-kubeconfig=false"), "{calls}");
    assert!(!calls.contains(CANARY) && !said.contains(CANARY), "{calls}");
    for entry in std::fs::read_dir(bench.folder.path()).unwrap().flatten() {
        assert!(!entry.file_name().to_string_lossy().starts_with("eksctl-"), "{:?}", entry.path());
    }

    bench.undo(&shop()).await.unwrap();
    assert_eq!(bench.inspect(&shop()).await.state, State::Absent);
    assert_eq!(bench.left(), before);
    bench.undo(&shop()).await.unwrap();
}

#[tokio::test]
async fn a_cluster_in_a_network_of_its_own_tells_its_parts_and_takes_them_along() {
    let bench = Bench::open("").await;
    let before = bench.left();
    let mut own = shop();
    own["config"]["vpc"] = json!({ "cidr": "10.40.0.0/16" });
    own["config"]["availabilityZones"] = json!(["us-east-2a", "us-east-2c"]);
    bench.made(&own).await.unwrap();
    let outputs = outputs(&bench.inspect(&own).await);
    let count = |field: &str| outputs[field].as_array().unwrap().len();
    assert_eq!((count("private_subnets"), count("public_subnets")), (2, 2), "{outputs}");
    assert!(count("route_tables") > 0, "{outputs}");
    assert!(outputs["vpc"].as_str().unwrap().starts_with("vpc-"), "{outputs}");
    bench.undo(&own).await.unwrap();
    assert_eq!(bench.left(), before);
}

#[tokio::test]
async fn a_cluster_of_somebody_else_is_used_as_it_is_and_never_deleted() {
    let bench = Bench::open("").await;
    bench.made(&shop()).await.unwrap();
    let other = Context { install: landfall_core::plan::InstallId::of("ffff0000"), ..bench.context() };
    let found = bench.kind().inspect(&other, &shop()).await.unwrap();
    assert_eq!(found.owner, Owner::Other("install abcd1234".into()));
    outputs(&found);
    let trouble = bench.kind().undo(&other, &shop(), &Made::default()).await.unwrap_err();
    assert_eq!(trouble.code(), Some("EKS-CLUSTER-OTHER"));
    let mut larger = shop();
    larger["config"]["managedNodeGroups"].as_array_mut().unwrap().push(json!({ "name": "more" }));
    let State::Drifted { differences, .. } = bench.kind().inspect(&other, &larger).await.unwrap().state else {
        panic!("not drifted")
    };
    assert!(differences.iter().all(|difference| difference.fixed), "{differences:?}");
}

#[tokio::test]
async fn what_eksctl_had_begun_when_it_was_killed_goes_on_and_is_completed() {
    let bench = Bench::open("").await;
    let job = bench.begin(&bench.context(), &shop()).await;
    let creating = |state: &State| match state {
        State::Pending { why } => why.story.iter().any(|line| line.contains("CREATING")),
        _ => false,
    };
    bench.until(&shop(), creating).await;
    // Killed together: eksctl, and the program that waited for it.
    let mark = bench.folder.path().join("eksctl-a_step.pid");
    let pid = words(&mark).trim().parse().unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL).unwrap();
    job.abort();
    let _killed = job.await;
    let found = bench.until(&shop(), |state| !matches!(state, State::Pending { why } if !why.story.is_empty())).await;
    assert!(matches!(&found.state, State::Pending { why } if why.on == "the cluster is CREATING"), "{found:?}");
    assert_eq!(found.owner, Owner::Ours);

    let found = bench.until(&shop(), |state| !pending(state)).await;
    let State::Drifted { differences, .. } = &found.state else { panic!("{found:?}") };
    assert_eq!((differences[0].field.as_str(), differences[0].fixed), ("node_groups.general", false));
    bench.made(&shop()).await.unwrap();
    assert_eq!(outputs(&bench.inspect(&shop()).await)["node_groups"], json!(["general"]));
    let calls = words(&bench.rehearsal.folder().join("eksctl-calls.jsonl"));
    assert_eq!(calls.lines().filter(|line| line.contains("\"nodegroup\"")).count(), 1, "{calls}");
}

#[tokio::test]
async fn a_child_that_goes_on_alone_is_seen_at_work() {
    let bench = Bench::open("").await;
    let job = bench.begin(&bench.context(), &shop()).await;
    let at_work =
        |state: &State| matches!(state, State::Pending { why } if why.on.contains("waiting for CloudFormation"));
    bench.until(&shop(), at_work).await;
    job.abort();
    let _gone = job.await;
    let found = bench.inspect(&shop()).await;
    assert!(at_work(&found.state), "{found:?}");
    bench.until(&shop(), |state| matches!(state, State::Present { .. })).await;
}

#[tokio::test]
async fn a_failure_leaves_something_half_made_and_two_ways_out() {
    let fails = "tools: { eksctl: { fails: { nodegroup-general: { says: 'You have requested more vCPU capacity than your current vCPU limit of 0 allows', times: 1 } } } }";
    let bench = Bench::open(fails).await;
    let before = bench.left();
    let trouble = bench.made(&shop()).await.unwrap_err();
    assert_eq!(trouble.code(), Some("EKSCTL-FAILED"));
    assert!(trouble.problem().why.contains("vCPU limit of 0"), "{trouble:?}");
    // The control plane is there: what is missing is made.
    let found = bench.inspect(&shop()).await;
    assert!(matches!(found.state, State::Drifted { .. }), "{found:?}");

    bench.undo(&shop()).await.unwrap();
    assert_eq!(bench.left(), before);
    assert_eq!(bench.inspect(&shop()).await.state, State::Absent, "a failure that was cleared away is forgotten");
}

#[tokio::test]
async fn a_control_plane_that_never_came_is_begun_afresh() {
    let bench = Bench::open(
        "tools: { eksctl: { fails: { cluster: { says: 'The maximum number of VPCs has been reached.', times: 1 } } } }",
    )
    .await;
    let trouble = bench.made(&shop()).await.unwrap_err();
    assert_eq!(trouble.code(), Some("AWS-LIMIT"));
    let State::Broken { problem, recoveries } = bench.inspect(&shop()).await.state else { panic!("not broken") };
    assert_eq!(problem.code, "EKSCTL-HALF-MADE");
    assert!(problem.why.contains("maximum number of VPCs"), "{problem:?}");
    let ways: Vec<&str> = recoveries.iter().map(|way| way.id.as_str()).collect();
    assert_eq!(ways, ["delete", "again"]);
    bench.kind().recover(&bench.context(), &shop(), "delete").await.unwrap();
    assert_eq!(bench.inspect(&shop()).await.state, State::Absent);
    bench.made(&shop()).await.unwrap();
    outputs(&bench.inspect(&shop()).await);
}

#[tokio::test]
async fn a_config_it_does_not_know_is_refused_before_anything_is_made() {
    let bench = Bench::open("").await;
    let mut wrong = shop();
    wrong["config"]["nodePools"] = json!([]);
    let trouble = bench.made(&wrong).await.unwrap_err();
    assert_eq!(trouble.code(), Some("EKSCTL-CONFIG"));
    assert!(trouble.problem().why.contains("nodePools"), "{trouble:?}");
    assert_eq!(bench.inspect(&wrong).await.state, State::Absent);
    let mut wrong = shop();
    wrong["config"]["managedNodeGroups"][0]["instanceSize"] = json!("large");
    let trouble = bench.made(&wrong).await.unwrap_err();
    assert!(trouble.problem().why.contains("instanceSize"), "{trouble:?}");
    let mut elsewhere = shop();
    elsewhere["config"]["metadata"]["name"] = json!("another");
    let trouble = bench.kind().apply(&bench.context(), &elsewhere, "token").await.err().unwrap();
    assert_eq!(trouble.code(), Some("GUIDE-BROKEN"));
}

#[tokio::test]
async fn zones_of_a_region_are_offered() {
    let bench = Bench::open("").await;
    let table = bench.account.kinds.lookups["aws.zones"].rows(&bench.context(), &json!({})).await.unwrap();
    let zones: Vec<&Value> = table.rows.iter().filter(|row| row.suggested).map(|row| &row.value).collect();
    assert_eq!(zones, [&json!("us-east-2a"), &json!("us-east-2b"), &json!("us-east-2c")]);
    let elsewhere = json!({ "region": "eu-west-1" });
    let table = bench.account.kinds.lookups["aws.zones"].rows(&bench.context(), &elsewhere).await.unwrap();
    assert_eq!(table.rows[0].value, json!("eu-west-1a"));
}
