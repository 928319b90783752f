//! What is watched, as small rows: only what screens and causal lines read.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

/// Everything watched, at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The namespace it is about.
    pub namespace: String,
    /// Whether the namespace is there; none where nobody could look.
    pub namespace_there: Option<bool>,
    /// Whether it is current.
    pub link: Link,
    /// Kinds nobody lets us look at, e.g. `nodes`.
    pub denied: Vec<String>,
    /// Kinds whose answers could not be read, and why.
    pub unreadable: Vec<(String, String)>,
    /// Nodes by name.
    pub nodes: Vec<Arc<NodeRow>>,
    /// Pods of the namespace by name.
    pub pods: Vec<Arc<PodRow>>,
    /// Events of the namespace, newest first.
    pub events: Vec<Arc<EventRow>>,
    /// Log lines of pods, oldest first.
    pub logs: Vec<Arc<LogLine>>,
    /// How many lines there have been; the last of them are in `logs`.
    pub logged: u64,
    /// The log of the pod that was chosen.
    pub pod_log: Option<Arc<PodLog>>,
    /// Volume claims that are not bound.
    pub claims: Vec<Arc<ClaimRow>>,
    /// Ingresses.
    pub ingresses: Vec<Arc<IngressRow>>,
    /// Names of the StorageClasses that are marked as default.
    pub default_classes: Vec<String>,
    /// Whether StorageClasses could be listed.
    pub classes_known: bool,
}

impl Snapshot {
    /// Whether the namespace is known not to be there yet.
    pub fn waits_for_namespace(&self) -> bool {
        self.namespace_there == Some(false)
    }
}

/// One pod's log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodLog {
    /// Which pod.
    pub pod: Arc<str>,
    /// Its last lines, oldest first.
    pub lines: Vec<Arc<LogLine>>,
    /// How many lines there have been since it was chosen.
    pub logged: u64,
}

/// Whether what is watched is current.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// Nobody watches.
    #[default]
    Off,
    /// The first lists are on their way.
    Connecting,
    /// Current.
    Live,
    /// The connection dropped; it is being made again.
    Lost {
        /// Since when.
        since: Timestamp,
        /// What was said.
        why: String,
    },
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeRow {
    /// Name.
    pub name: String,
    /// Its Ready condition.
    pub ready: bool,
    /// Why not, or pressure conditions.
    pub trouble: Option<String>,
    /// Made not schedulable by somebody.
    pub cordoned: bool,
    /// Since when it exists.
    pub since: Option<Timestamp>,
    /// Instance type.
    pub instance_type: Option<Arc<str>>,
    /// Zone.
    pub zone: Option<Arc<str>>,
    /// `amd64`, `arm64`.
    pub architecture: Option<Arc<str>>,
    /// kubelet's version.
    pub version: Option<Arc<str>>,
    /// The EKS node group it belongs to.
    pub node_group: Option<Arc<str>>,
    /// Labels that selectors may name.
    pub labels: BTreeMap<String, String>,
    /// Taints.
    pub taints: Vec<Taint>,
    /// What can be asked of it: `cpu` in thousandths, `memory` in bytes, extended resources in pieces.
    pub allocatable: BTreeMap<String, i64>,
}

impl NodeRow {
    /// Its short code.
    pub fn code(&self) -> String {
        super::code('N', &self.name)
    }
}

/// A node's taint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taint {
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
    /// `NoSchedule`, `NoExecute`, `PreferNoSchedule`.
    pub effect: String,
}

/// A pod's toleration; empty key tolerates every key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Toleration {
    /// Key.
    pub key: String,
    /// Value; none where it only has to exist.
    pub value: Option<String>,
    /// Effect; empty tolerates every effect.
    pub effect: String,
}

/// A pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodRow {
    /// Name.
    pub name: String,
    /// What `kubectl get pods` would say: `Running`, `Pending`, `CrashLoopBackOff` …
    pub status: Arc<str>,
    /// Ready containers.
    pub ready: u16,
    /// All containers.
    pub containers: u16,
    /// Restarts, all containers together.
    pub restarts: u32,
    /// Since when it exists.
    pub since: Option<Timestamp>,
    /// The node it runs on.
    pub node: Option<Arc<str>>,
    /// What it asks of a node, as in [`NodeRow::allocatable`]; only kept where it counts (extended resources) or it waits.
    pub requests: BTreeMap<Arc<str>, i64>,
    /// Why it is not ready; only where it is not.
    pub waits: Option<Box<PodWait>>,
}

impl PodRow {
    /// Its short code.
    pub fn code(&self) -> String {
        super::code('P', &self.name)
    }

    /// Ready, or done.
    pub fn settled(&self) -> bool {
        (self.containers > 0 && self.ready == self.containers) || matches!(&*self.status, "Succeeded" | "Completed")
    }
}

/// Why a pod is not ready, as far as its own status tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodWait {
    /// The scheduler's message, where no node took it.
    pub unschedulable: Option<String>,
    /// Selector.
    pub node_selector: BTreeMap<String, String>,
    /// Required node affinity names these labels with these values, e.g. `topology.kubernetes.io/zone in us-east-2a`.
    pub affinity: Vec<String>,
    /// Tolerations.
    pub tolerations: Vec<Toleration>,
    /// Names of its volume claims.
    pub claims: Vec<String>,
    /// Containers that are not ready.
    pub containers: Vec<Container>,
}

/// A container that is not ready.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Container {
    /// Name.
    pub name: String,
    /// An init container.
    pub init: bool,
    /// Image.
    pub image: String,
    /// `ImagePullBackOff`, `CrashLoopBackOff`, `CreateContainerConfigError` … ; empty where it runs and is not ready.
    pub reason: String,
    /// What was said with it.
    pub message: String,
    /// Exit code of the last run, and why it ended (`OOMKilled`, `Error`).
    pub last_exit: Option<(i32, String)>,
    /// Restarts.
    pub restarts: u32,
}

/// An event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventRow {
    /// Its object's name.
    pub name: String,
    /// When last.
    pub at: Option<Timestamp>,
    /// A warning.
    pub warning: bool,
    /// Kind and name, e.g. `Pod/auth-0`.
    pub about: String,
    /// e.g. `FailedScheduling`.
    pub reason: String,
    /// What it says.
    pub message: String,
    /// How often.
    pub count: u32,
}

impl EventRow {
    /// Its short code.
    pub fn code(&self) -> String {
        super::code('E', &self.name)
    }
}

/// A line of a pod's log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogLine {
    /// Pod, with container after a slash where it has several.
    pub pod: Arc<str>,
    /// The line, redacted.
    pub line: String,
}

/// A volume claim that is not bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimRow {
    /// Name.
    pub name: String,
    /// `Pending`, `Lost`.
    pub phase: String,
    /// StorageClass asked for; none means the default one.
    pub class: Option<String>,
    /// Whether that class exists; unknown where classes could not be listed.
    pub class_exists: Option<bool>,
}

/// An ingress.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IngressRow {
    /// Name.
    pub name: String,
    /// Class.
    pub class: Option<String>,
    /// Host names.
    pub hosts: Vec<String>,
    /// Address, once it has one.
    pub address: Option<String>,
    /// Since when it exists.
    pub since: Option<Timestamp>,
}
