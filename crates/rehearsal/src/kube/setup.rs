//! What the cluster is like: the scenario's part `kubernetes`, with the defaults of an ordinary EKS cluster.
//!
//! ```yaml
//! kubernetes:
//!   gpu: device_plugin                    # or none, operator
//!   registries: { docker.example.com: { username: team, password: secret } }
//!   pods:                                 # the first rule that matches decides
//!     - name: search-                     # start of the pod's name
//!       logs: [starting, { after: 4s, line: migrating }]
//!       ready_when: { dns: auth.example.com, waiting: "waiting for auth.example.com" }
//!       then: [{ after: 2s, line: serving }]
//!     - { name: auth-, crash: { log: ["fatal: no database"], times: 2 } }
//!     - { name: web-, image_pull_failure: { reason: "manifest unknown", times: 3 } }
//!   objects: [{ apiVersion: v1, kind: Namespace, metadata: { name: shield } }]
//!   denied: [{ verb: list, group: "", resource: secrets, namespace: shield }]
//!   faults:
//!     - { outage: true, from: 5m, until: 7m }
//!     - { verb: create, resource: secrets, nth: 2, lose_answer: true }
//!     - { verb: list, resource: pods, status: 429, times: 3 }
//!     - { verb: apply, resource: deployments, conflict: argocd-controller }
//!     - { resource: pods, close_watch: 30s }
//! ```

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::Value;

use super::{access::Denied, faults::Fault, rule::Rule};
use crate::{aws, world::NodeSpec};

/// The scenario's part. Durations are written `90s`, `2m`, in simulated time. What is left out agrees with the
/// AWS account, whose first cluster this is.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Setup {
    /// What `/version` says, e.g. `v1.31.13-eks-ecaa3a6`.
    pub version: String,
    /// Region in the names of load balancers; the account's where it is left out.
    pub region: String,
    /// Who the caller is, in refusals and reviews; the account's caller where it is left out.
    pub user: String,
    /// Groups of the caller.
    pub groups: Vec<String>,
    /// People beside the caller, by the token they come with; what they may do stands in roles and bindings.
    pub users: Vec<User>,
    /// Accepted bearer tokens; any is when there are none.
    pub tokens: Vec<String>,
    /// Whether the kubeconfig that is handed out leads to the cluster; else it knows only another one, which is not running.
    pub context: bool,
    /// Issuer of service account tokens; the one that EKS names in DescribeCluster where it is left out.
    pub issuer: String,
    /// uid of `kube-system`, by which a cluster is recognised; a random one where it is left out.
    pub uid: Option<String>,
    /// How long ago everything that is there at the start was made.
    pub age: SignedDuration,
    /// Nodes beside those of the AWS account's node groups.
    pub nodes: Vec<NodeSetup>,
    /// Manifests that are there at the start; one of the same name replaces a default one.
    pub objects: Vec<Value>,
    /// Defaults to leave out, as `resource.group/namespace/name` (`storageclasses.storage.k8s.io//gp2`).
    pub without: Vec<String>,
    /// Is ingress-nginx there, with its Service of type LoadBalancer and IngressClass `nginx`?
    pub ingress_nginx: bool,
    /// Is it EKS Auto Mode, with its IngressClass `alb` served?
    pub auto_mode: Option<bool>,
    /// Does metrics-server answer `metrics.k8s.io`?
    pub metrics_server: Option<bool>,
    /// Is the EBS CSI driver there? The account's add-on decides where it is left out.
    pub ebs_csi: Option<bool>,
    /// Is cert-manager there?
    pub cert_manager: bool,
    /// What makes GPUs allocatable at the start.
    pub gpu: Gpu,
    /// How long things take.
    pub times: Times,
    /// How pods behave; the first that matches decides.
    pub pods: Vec<Rule>,
    /// What comes, or comes to be otherwise, while the rehearsal runs.
    pub arrivals: Vec<Arrival>,
    /// What products' own controllers make of custom objects.
    pub controllers: Vec<Controller>,
    /// Registries that want a login, host to credentials.
    pub registries: BTreeMap<String, Login>,
    /// What the caller may not do.
    pub denied: Vec<Denied>,
    /// What goes wrong with calls.
    pub faults: Vec<Fault>,
    /// How many changes watches can be resumed over.
    pub history: usize,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            version: String::new(),
            region: String::new(),
            user: String::new(),
            groups: vec!["system:authenticated".into()],
            users: Vec::new(),
            tokens: Vec::new(),
            context: true,
            issuer: String::new(),
            uid: None,
            age: SignedDuration::from_hours(6),
            nodes: Vec::new(),
            objects: Vec::new(),
            without: Vec::new(),
            ingress_nginx: true,
            auto_mode: None,
            metrics_server: None,
            ebs_csi: None,
            cert_manager: false,
            gpu: Gpu::None,
            times: Times::default(),
            pods: Vec::new(),
            arrivals: Vec::new(),
            controllers: Vec::new(),
            registries: BTreeMap::new(),
            denied: Vec::new(),
            faults: Vec::new(),
            history: 20_000,
        }
    }
}

impl Setup {
    /// Filled in from an account, so that both halves of the world tell the same story.
    pub fn in_account(&self, account: &aws::Account, of: &aws::Setup) -> Self {
        let mut whole = self.clone();
        let fill = |field: &mut String, from: &dyn Fn() -> Option<String>| {
            if field.is_empty() {
                *field = from().unwrap_or_default();
            }
        };
        let cluster = of.clusters.first();
        fill(&mut whole.version, &|| cluster.map(|cluster| format!("v{}.13-eks-ecaa3a6", cluster.version)));
        fill(&mut whole.region, &|| Some(of.region.clone()));
        fill(&mut whole.user, &|| Some(of.caller.clone()));
        fill(&mut whole.issuer, &|| account.issuer(&cluster?.name));
        whole.auto_mode = whole.auto_mode.or_else(|| Some(cluster?.auto_mode));
        whole.metrics_server =
            whole.metrics_server.or_else(|| Some(cluster?.addons.iter().any(|addon| addon == "metrics-server")));
        whole.ebs_csi =
            whole.ebs_csi.or_else(|| Some(cluster?.addons.iter().any(|addon| addon == "aws-ebs-csi-driver")));
        whole
    }

    /// What `/version` says.
    pub fn version(&self) -> &str {
        if self.version.is_empty() { "v1.31.13-eks-ecaa3a6" } else { &self.version }
    }

    /// Is it EKS Auto Mode?
    pub fn auto_mode(&self) -> bool {
        self.auto_mode.unwrap_or(false)
    }

    /// Is metrics-server there?
    pub fn metrics_server(&self) -> bool {
        self.metrics_server.unwrap_or(true)
    }
}

/// Somebody who comes with a token of their own, e.g. one that an OIDC issuer signed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The token.
    pub token: String,
    /// Who that is to the API server, with its prefix.
    pub name: String,
    /// Groups, with their prefix.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// An object that somebody else brings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    /// When, counted from the start.
    pub after: SignedDuration,
    /// Only once this object is there: `resource/namespace/name`.
    #[serde(default)]
    pub once: Option<String>,
    /// And no sooner than so long after that one was made: so it depends on no machine's speed.
    #[serde(default)]
    pub then: SignedDuration,
    /// It; one of its name is replaced.
    pub object: Value,
}

/// A product's own controller.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controller {
    /// Whose objects it acts on, e.g. `widgets.example.com`.
    pub watches: String,
    /// `namespace/name` of the Deployment it runs in; nothing happens before one of its pods is ready.
    #[serde(default)]
    pub deployment: Option<String>,
    /// How long it takes.
    #[serde(default)]
    pub after: SignedDuration,
    /// What it makes beside the object: manifests as a template over `object`.
    pub makes: String,
}

/// What makes GPUs allocatable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gpu {
    /// Nothing yet.
    #[default]
    None,
    /// NVIDIA's device plugin, with the affinity of its Helm chart.
    DevicePlugin,
    /// The GPU Operator, which labels GPU nodes itself.
    Operator,
}

/// Credentials a registry accepts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Login {
    /// User name.
    pub username: String,
    /// Password; any is accepted where it is left out.
    pub password: Option<String>,
}

/// Nodes that are there at the start.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NodeSetup {
    /// Name of the node, a prefix where there are several.
    pub name: String,
    /// How many.
    pub count: u32,
    /// Name of its node group.
    pub node_group: String,
    /// e.g. `m8g.large`.
    pub instance_type: String,
    /// `amd64` or `arm64`.
    pub architecture: String,
    /// Availability zone.
    pub zone: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Taints as Kubernetes writes them.
    pub taints: Vec<Value>,
    /// vCPU.
    pub cpu: u32,
    /// GiB.
    pub memory_gib: u32,
    /// GPUs.
    pub gpus: u32,
}

impl Default for NodeSetup {
    fn default() -> Self {
        Self {
            name: "ip-10-0-9-9.us-east-2.compute.internal".into(),
            count: 1,
            node_group: "general".into(),
            instance_type: "m7i.xlarge".into(),
            architecture: "amd64".into(),
            zone: "us-east-2a".into(),
            labels: BTreeMap::new(),
            taints: Vec::new(),
            cpu: 4,
            memory_gib: 16,
            gpus: 0,
        }
    }
}

impl NodeSetup {
    /// One spec a node.
    pub fn specs(&self, kubelet: &str) -> Vec<NodeSpec> {
        (0..self.count)
            .map(|n| NodeSpec {
                name: if self.count == 1 { self.name.clone() } else { format!("{}-{n}", self.name) },
                node_group: self.node_group.clone(),
                instance_type: self.instance_type.clone(),
                architecture: self.architecture.clone(),
                zone: self.zone.clone(),
                labels: self.labels.clone(),
                taints: self.taints.clone(),
                cpu: self.cpu,
                memory_gib: self.memory_gib,
                gpus: self.gpus,
                kubelet: kubelet.to_owned(),
            })
            .collect()
    }
}

/// How long things take, in simulated time.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Times {
    /// From a node's registration to Ready.
    pub node_ready: SignedDuration,
    /// Pulling a pod's images.
    pub pull: SignedDuration,
    /// Starting a pod's containers.
    pub start: SignedDuration,
    /// From started to ready.
    pub ready: SignedDuration,
    /// From ready to allocatable GPUs, for the device plugin.
    pub device_plugin: SignedDuration,
    /// A job's pod, from start to completion.
    pub job: SignedDuration,
    /// A pod's termination.
    pub terminate: SignedDuration,
    /// A namespace's, once it is empty.
    pub namespace: SignedDuration,
    /// From an ingress to its address.
    pub ingress: SignedDuration,
    /// From a Service of type LoadBalancer to its address.
    pub load_balancer: SignedDuration,
    /// Binding a volume.
    pub volume: SignedDuration,
    /// Issuing a certificate.
    pub certificate: SignedDuration,
    /// Between two tries of a mount or a container's configuration.
    pub retry: SignedDuration,
    /// Between two bookmarks of a watch.
    pub bookmark: SignedDuration,
}

impl Default for Times {
    fn default() -> Self {
        let seconds = SignedDuration::from_secs;
        Self {
            node_ready: seconds(8),
            pull: seconds(6),
            start: seconds(1),
            ready: seconds(2),
            device_plugin: seconds(3),
            job: seconds(5),
            terminate: seconds(3),
            namespace: seconds(5),
            ingress: seconds(40),
            load_balancer: seconds(90),
            volume: seconds(5),
            certificate: seconds(30),
            retry: seconds(10),
            bookmark: seconds(60),
        }
    }
}
