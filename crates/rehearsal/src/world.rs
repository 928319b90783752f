//! The shared state behind all doors, and the one task that moves it on.

use std::{sync::Arc, time::Duration};

use crate::{Clock, Scenario, aws, kube, outside};

/// Everything that exists in a rehearsal. Each part locks itself; no lock is held across an await.
#[derive(Debug)]
pub struct World {
    /// Simulated time.
    pub clock: Clock,
    /// What was asked for.
    pub scenario: Scenario,
    /// The AWS account.
    pub aws: aws::Account,
    /// The cluster's objects.
    pub cluster: kube::Store,
    /// Names and hosts.
    pub outside: outside::Outside,
}

/// What one part of the world tells the others.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// An instance of a node group joined the cluster: a Node object appears. For a node that is there
    /// already: its node group's labels or taints changed.
    NodeJoined(NodeSpec),
    /// An instance went away: its Node object and pods disappear.
    NodeLeft {
        /// The Node object's name.
        name: String,
    },
    /// An ingress or service got its load balancer; DNS may follow.
    LoadBalancerReady {
        /// Namespace of the ingress or service.
        namespace: String,
        /// Its name.
        ingress: String,
        /// The load balancer's own DNS name.
        hostname: String,
    },
    /// Which load balancers find subnets in the cluster's VPC has changed.
    LoadBalancerRoom(aws::Room),
    /// An add-on of the cluster became active: what it brings is in the cluster.
    AddonActive {
        /// e.g. `aws-ebs-csi-driver`.
        name: String,
    },
    /// An add-on went, and what it brought.
    AddonGone {
        /// e.g. `aws-ebs-csi-driver`.
        name: String,
    },
    /// A container was started whose program speaks to the outside; it waits for how that ends.
    ContainerStarted {
        /// Its pod's namespace.
        namespace: String,
        /// Its pod.
        pod: String,
        /// Its pod's uid.
        uid: String,
        /// What it runs, with which variables and files.
        asked: Box<outside::psql::Asked>,
    },
    /// A DNS name started to resolve; pods that waited for it may go on.
    NameResolves {
        /// Without a trailing dot.
        name: String,
    },
}

/// What a Node object needs to know of its instance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeSpec {
    /// `ip-10-0-1-23.us-east-2.compute.internal`.
    pub name: String,
    /// Name of the managed node group.
    pub node_group: String,
    /// e.g. `g4dn.2xlarge`.
    pub instance_type: String,
    /// `amd64` or `arm64`.
    pub architecture: String,
    /// Availability zone, e.g. `us-east-2a`.
    pub zone: String,
    /// Node-group labels (and what EKS adds).
    pub labels: std::collections::BTreeMap<String, String>,
    /// Taints as Kubernetes writes them.
    pub taints: Vec<serde_json::Value>,
    /// vCPU.
    pub cpu: u32,
    /// GiB.
    pub memory_gib: u32,
    /// GPUs of the instance; allocatable only once a device plugin runs there.
    pub gpus: u32,
    /// kubelet's version, e.g. `v1.31.13-eks-ecaa3a6`.
    pub kubelet: String,
}

impl World {
    /// The world at the start of a scenario.
    pub fn new(scenario: Scenario, clock: Clock) -> Self {
        let aws = aws::Account::new(&scenario.aws, clock);
        let kubernetes = scenario.kubernetes.in_account(&aws, &scenario.aws);
        let cluster = kube::Store::new(&kubernetes, clock);
        let outside = outside::Outside::new(&scenario.outside, clock);
        Self { clock, aws, cluster, outside, scenario }
    }

    /// The EKS cluster whose API server is the one that is served: the first of the account's.
    pub fn cluster_name(&self) -> String {
        self.scenario.aws.clusters.first().map(|cluster| cluster.name.clone()).unwrap_or_default()
    }

    /// What an install left in database servers that are there; what was in a server of AWS goes with it.
    pub fn databases_left(&self) -> serde_json::Value {
        let mut left = self.outside.snapshot();
        if let Some(hosts) = left.as_object_mut() {
            hosts.retain(|host, _| !host.contains(".rds.") || self.aws.database_lets_in(host, "").is_some());
        }
        left
    }

    /// Moves the world on every 20 ms of real time until dropped; watches wake by what it changes.
    pub async fn run(self: Arc<Self>) {
        let mut beat = tokio::time::interval(Duration::from_millis(20));
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            beat.tick().await;
            self.settle();
        }
    }

    /// One step: each part moves on to now and tells the others what happened.
    pub fn settle(&self) {
        let now = self.clock.now();
        let mut happenings = self.outside.settle(now);
        happenings.extend(self.aws.settle(now));
        happenings.extend(self.cluster.settle(now, &happenings));
        for happening in &happenings {
            if let Happening::ContainerStarted { namespace, pod, uid, asked } = happening {
                self.cluster.ends(namespace, pod, uid, outside::psql::run(self, asked));
            }
        }
        self.outside.hear(now, &happenings);
    }
}
