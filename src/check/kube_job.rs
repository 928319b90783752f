//! `kube.job`: does a command end well in a pod of this cluster, and does it say what it should?
//!
//! A probe: it makes one Job, which stops by itself, is removed once it has answered, and is found again after an
//! interruption.

use std::collections::BTreeMap;

use async_trait::async_trait;
use k8s_openapi::api::{
    batch::v1::Job,
    core::v1::{Event, Node, Pod},
};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, ListParams, LogParams, PostParams},
};
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    cloud::{Trouble, marks, pods, quantity},
    kind::{Check, CheckAbout, Context, PlanView},
};

/// After this long Kubernetes stops the pod, and removes what an interrupted run left, in seconds.
const STOPS: i64 = 600;

/// A command is run in a pod of this cluster, and its end and its output are read. It sees what this machine cannot:
/// the driver of a GPU, a route from the pods.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeJob {
    /// Name of the Job.
    name: String,
    /// Its namespace; the install's where left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Its image, from the company's own registry.
    image: String,
    /// The command.
    command: Vec<String>,
    /// What it asks for, e.g. `nvidia.com/gpu: "1"`.
    #[serde(default)]
    resources: BTreeMap<String, String>,
    /// Labels of the nodes it may run on.
    #[serde(default)]
    node_selector: BTreeMap<String, String>,
    /// A regular expression that its output must match.
    expect: String,
    /// Whether it is enough that the image is pulled, whatever its command then does.
    #[serde(default)]
    pulled: bool,
    /// A resource; where pods hold all of it already, there is nothing to try.
    #[serde(default)]
    skip_when_taken: Option<String>,
    /// Names of Secrets with the registry's login.
    #[serde(default)]
    image_pull_secrets: Vec<String>,
    /// Service account it runs as, whose role its command then has; the namespace's default one, without a token, where left out.
    #[serde(default)]
    service_account: Option<String>,
}

#[async_trait]
impl Check for KubeJob {
    const ABOUT: CheckAbout = CheckAbout {
        name: "kube.job",
        code: "K8S-11",
        about: "a command ends well in a pod",
        touches: Touches::Cluster,
    };
    const PROBLEMS: &'static [&'static str] =
        &["K8S-JOB-FAILED", "K8S-JOB-OTHER", "K8S-JOB-OUTPUT", "K8S-JOB-RUNNING", "K8S-POD-IMAGE"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let expect = Regex::new(&self.expect)
            .map_err(|error| Trouble::guide(format!("expect: {error}"), "Correct the expression."))?;
        let client = cx.cloud.kube.client().await?;
        let namespace = self.namespace.clone().unwrap_or_else(|| cx.target.namespace.clone());
        let jobs: Api<Job> = Api::namespaced(client.clone(), &namespace);
        let Some(job) = jobs.get_opt(&self.name).await? else {
            if let Some(reason) = self.taken(&client).await? {
                return Ok(Outcome::skip(reason));
            }
            let job: Job = serde_json::from_value(self.job(cx)).map_err(|error| {
                Trouble::guide(format!("the Job {}: {error}", self.name), "Correct its parameters.")
            })?;
            let by = PostParams { field_manager: Some(marks::MANAGER.into()), ..PostParams::default() };
            jobs.create(&by, &job).await?;
            return Ok(self.not_yet("the Job was made", String::new()));
        };
        if job.labels().get(marks::INSTALL).map(String::as_str) != Some(cx.install.as_str()) {
            return Ok(Outcome::Fail {
                problem: Problem::new(
                    "K8S-JOB-OTHER",
                    format!("a Job {} that this install did not make is in the way", self.name),
                    format!("If nobody needs it:\n$ kubectl delete job {} --namespace {namespace}", self.name),
                ),
            });
        }
        let status = job.status.clone().unwrap_or_default();
        let ended = |kind: &str| {
            status.conditions.iter().flatten().any(|condition| condition.type_ == kind && condition.status == "True")
        };
        let pod = self.pod(&client, &namespace).await?;
        if self.pulled
            && let Some(node) = pod.as_ref().and_then(pulled_onto)
        {
            jobs.delete(&self.name, &DeleteParams::background()).await?;
            return Ok(Outcome::pass(format!("{} was pulled onto {node}", self.image)));
        }
        if !ended("Complete") && !ended("Failed") {
            let why = pod.as_ref().filter(|pod| !pods::ready(pod)).map(pods::why_not);
            return Ok(match why {
                Some(mut problem) if self.pulled && problem.code == "K8S-POD-IMAGE" => {
                    if let Some(said) = self.refused(&client, &namespace, pod.as_ref()).await? {
                        problem.why = said;
                    }
                    Outcome::NotYet { problem }
                }
                Some(problem) => self.not_yet(&problem.what, problem.why),
                None => self.not_yet("it runs", String::new()),
            });
        }
        let log = self.log(&client, &namespace, pod.as_ref()).await?;
        jobs.delete(&self.name, &DeleteParams::background()).await?;
        Ok(self.judge(ended("Complete"), &log, &expect, &namespace))
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let namespace = self.namespace.as_deref().unwrap_or(&cx.target.namespace);
        let permissions = Permissions::default()
            .rbac(Some(namespace), "batch", "jobs", &["get", "create", "delete"])
            .rbac(Some(namespace), "", "pods", &["list"])
            .rbac(Some(namespace), "", "pods/log", &["get"]);
        let permissions = match self.pulled {
            true => permissions.rbac(Some(namespace), "", "events", &["list"]),
            false => permissions,
        };
        match self.skip_when_taken {
            Some(_) => permissions.rbac(None, "", "pods", &["list"]).rbac(None, "", "nodes", &["list"]),
            None => permissions,
        }
    }
}

impl KubeJob {
    fn job(&self, cx: &Context) -> Value {
        let labels = cx.labels();
        let secrets: Vec<Value> = self.image_pull_secrets.iter().map(|name| json!({ "name": name })).collect();
        json!({
            "metadata": { "name": self.name, "labels": labels },
            "spec": {
                "backoffLimit": 0,
                "activeDeadlineSeconds": STOPS,
                "ttlSecondsAfterFinished": STOPS,
                "template": {
                    "metadata": { "labels": labels },
                    "spec": {
                        "restartPolicy": "Never",
                        "automountServiceAccountToken": self.service_account.is_some(),
                        "serviceAccountName": self.service_account,
                        "nodeSelector": self.node_selector,
                        "imagePullSecrets": secrets,
                        // A probe must land where the real pods will, whatever keeps others away.
                        "tolerations": [{ "operator": "Exists", "effect": "NoSchedule" }],
                        // The "restricted" pod security standard.
                        "securityContext": {
                            "runAsNonRoot": true, "runAsUser": 65_532, "runAsGroup": 65_532,
                            "seccompProfile": { "type": "RuntimeDefault" },
                        },
                        "containers": [{
                            "name": "probe",
                            "image": self.image,
                            "command": self.command,
                            "resources": { "limits": self.resources },
                            "securityContext": {
                                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                                "capabilities": { "drop": ["ALL"] },
                            },
                        }],
                    },
                },
            },
        })
    }

    async fn pod(&self, client: &Client, namespace: &str) -> Result<Option<Pod>, Trouble> {
        let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
        let selector = ListParams::default().labels(&format!("batch.kubernetes.io/job-name={}", self.name));
        Ok(pods.list(&selector).await?.items.into_iter().next())
    }

    /// What the registry said when the image was asked for; the pod itself soon only says that it backs off.
    async fn refused(&self, client: &Client, namespace: &str, pod: Option<&Pod>) -> Result<Option<String>, Trouble> {
        let Some(pod) = pod else { return Ok(None) };
        let events: Api<Event> = Api::namespaced(client.clone(), namespace);
        let of_pod = ListParams::default().fields(&format!("involvedObject.name={}", pod.name_any()));
        let events = events.list(&of_pod).await?.items;
        Ok(events.into_iter().filter_map(|event| event.message).rfind(|said| said.starts_with("Failed to pull image")))
    }

    async fn log(&self, client: &Client, namespace: &str, pod: Option<&Pod>) -> Result<String, Trouble> {
        let Some(pod) = pod else { return Ok(String::new()) };
        let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
        let tail = LogParams { tail_lines: Some(200), ..LogParams::default() };
        match pods.logs(&pod.name_any(), &tail).await {
            Ok(log) => Ok(log),
            Err(kube::Error::Api(status)) if matches!(status.code, 400 | 404) => Ok(String::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Why there is nothing to try: others hold the resource.
    async fn taken(&self, client: &Client) -> Result<Option<String>, Trouble> {
        let Some(resource) = &self.skip_when_taken else { return Ok(None) };
        let labels: Vec<String> = self.node_selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let nodes: Api<Node> = Api::all(client.clone());
        let pods: Api<Pod> = Api::all(client.clone());
        let (selected, everything) = (ListParams::default().labels(&labels.join(",")), ListParams::default());
        let (nodes, pods) = futures::try_join!(nodes.list(&selected), pods.list(&everything))?;
        Ok(all_taken(resource, &nodes.items, &pods.items))
    }

    fn not_yet(&self, what: &str, why: String) -> Outcome {
        let fix = "Wait; if it stays so, look at the pod's events.\n$ kubectl describe job ".to_owned() + &self.name;
        Outcome::NotYet { problem: Problem::new("K8S-JOB-RUNNING", format!("{}: {what}", self.name), fix).why(why) }
    }

    fn judge(&self, completed: bool, log: &str, expect: &Regex, namespace: &str) -> Outcome {
        let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
        let seen = lines.iter().find(|line| expect.is_match(line));
        match (completed, seen) {
            (true, Some(line)) => Outcome::pass(plain(line)),
            (true, None) => {
                let problem = Problem::new(
                    "K8S-JOB-OUTPUT",
                    format!("{} ended well but did not say {:?}", self.name, self.expect),
                    format!("Run it by hand and read what it says.\n{}", self.by_hand(namespace)),
                );
                Outcome::Fail { problem: problem.why(lines.last().copied().unwrap_or("It said nothing.").to_owned()) }
            }
            (false, _) => {
                let problem = Problem::new(
                    "K8S-JOB-FAILED",
                    format!("{} failed", self.name),
                    format!("Run it by hand and read what it says.\n{}", self.by_hand(namespace)),
                );
                let why = lines.last().copied().unwrap_or("It said nothing; its pod may never have started.");
                Outcome::Fail { problem: problem.why(why.to_owned()) }
            }
        }
    }

    fn by_hand(&self, namespace: &str) -> String {
        format!(
            "$ kubectl run {} --rm --attach --restart=Never --namespace {namespace} --image {} -- {}",
            self.name,
            self.image,
            shell_words::join(&self.command)
        )
    }
}

/// The node onto which the image of the pod's container was pulled.
fn pulled_onto(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?.container_statuses.as_ref()?.first()?;
    let begun = status.state.as_ref().is_some_and(|state| state.running.is_some() || state.terminated.is_some());
    let there = begun || status.last_state.as_ref().is_some_and(|state| state.terminated.is_some());
    there.then(|| pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).unwrap_or_default())
}

fn all_taken(resource: &str, nodes: &[Node], pods: &[Pod]) -> Option<String> {
    let offered = |node: &Node| {
        let allocatable = node.status.as_ref()?.allocatable.as_ref()?.get(resource)?;
        quantity::amount(&allocatable.0)
    };
    let mut holders: Vec<String> = Vec::new();
    let mut free = 0.0;
    let mut total = 0.0;
    for node in nodes {
        let mut left = offered(node).unwrap_or(0.0);
        total += left;
        for pod in pods.iter().filter(|pod| runs_on(pod, &node.name_any())) {
            let asked = asked(pod, resource);
            if asked > 0.0 {
                left -= asked;
                holders.push(pod.name_any());
            }
        }
        free += left.max(0.0);
    }
    (total > 0.0 && free < 1.0).then(|| format!("{} hold all {resource}", holders.join(", ")))
}

fn runs_on(pod: &Pod, node: &str) -> bool {
    let over = matches!(pods::phase(pod), "Succeeded" | "Failed");
    !over && pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()) == Some(node)
}

fn asked(pod: &Pod, resource: &str) -> f64 {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let limits = containers.filter_map(|container| container.resources.as_ref()?.limits.as_ref()?.get(resource));
    limits.filter_map(|limit| quantity::amount(&limit.0)).sum()
}

/// A line of a table without its bars and gaps.
fn plain(line: &str) -> String {
    line.trim_matches(|letter: char| letter == '|' || letter.is_whitespace())
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(gpus: u32) -> Node {
        serde_json::from_value(
            json!({"metadata": {"name": "n"}, "status": {"allocatable": {"nvidia.com/gpu": gpus.to_string()}}}),
        )
        .unwrap()
    }

    fn holder(phase: &str) -> Pod {
        serde_json::from_value(json!({"metadata": {"name": "shield-0"}, "status": {"phase": phase},
            "spec": {"nodeName": "n", "containers": [{"name": "c", "resources": {"limits": {"nvidia.com/gpu": "1"}}}]}}))
        .unwrap()
    }

    #[test]
    fn nothing_is_tried_where_pods_hold_every_gpu() {
        assert_eq!(
            all_taken("nvidia.com/gpu", &[node(1)], &[holder("Running")]).as_deref(),
            Some("shield-0 hold all nvidia.com/gpu")
        );
        assert_eq!(all_taken("nvidia.com/gpu", &[node(2)], &[holder("Running")]), None);
        assert_eq!(all_taken("nvidia.com/gpu", &[node(1)], &[holder("Succeeded")]), None);
        assert_eq!(all_taken("nvidia.com/gpu", &[node(0)], &[]), None);
    }

    #[test]
    fn a_container_that_begun_has_its_image() {
        let pod = |state: Value| -> Pod {
            serde_json::from_value(json!({"metadata": {"name": "p"}, "spec": {"nodeName": "n", "containers": []},
                "status": {"containerStatuses": [{"name": "probe", "image": "i", "imageID": "", "ready": false,
                    "restartCount": 0, "state": state}]}}))
            .unwrap()
        };
        assert_eq!(
            pulled_onto(&pod(json!({"terminated": {"exitCode": 128, "reason": "StartError"}}))),
            Some("n".into())
        );
        assert_eq!(pulled_onto(&pod(json!({"waiting": {"reason": "ImagePullBackOff"}}))), None);
    }

    #[test]
    fn what_it_says_decides() {
        let check: KubeJob = serde_json::from_value(
            json!({"name": "probe", "image": "i", "command": ["nvidia-smi"], "expect": "NVIDIA-SMI"}),
        )
        .unwrap();
        let expect = Regex::new(&check.expect).unwrap();
        let code = |completed, log| check.judge(completed, log, &expect, "shield").problem().map(|p| p.code.clone());
        assert_eq!(code(true, "| NVIDIA-SMI 580.95 |\n"), None);
        assert_eq!(code(true, "hello\n").as_deref(), Some("K8S-JOB-OUTPUT"));
        assert_eq!(code(false, "no devices found\n").as_deref(), Some("K8S-JOB-FAILED"));
    }
}
