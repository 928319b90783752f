//! The world's hands in a real cluster: what EKS, kubelets and load balancers would do there.
//!
//! Where a real API server stands in for the simulated one, instances of the simulated account become fake nodes
//! (kwok runs their pods), GPUs become allocatable once a device plugin is ready on their node, and the addresses of
//! real ingresses reach the DNS server.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    World,
    tools::cluster::{Cluster, ClusterError},
    world::{Happening, NodeSpec},
};

/// Label of a node's managed node group.
const NODE_GROUP: &str = "eks.amazonaws.com/nodegroup";

/// Moves the world on around a real cluster until dropped.
pub async fn run(world: Arc<World>, cluster: Cluster) {
    let mut hands = Hands { cluster, groups: None, waiting: BTreeMap::new(), reached: BTreeSet::new() };
    let mut due: Vec<Happening> = Vec::new();
    let mut beat = tokio::time::interval(Duration::from_millis(200));
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        beat.tick().await;
        let now = world.clock.now();
        let _names_matter_to_simulated_pods_only = world.outside.settle(now);
        due.extend(world.aws.settle(now));
        let Ok((back, left, heard)) = tokio::task::spawn_blocking(move || {
            let (left, heard) = hands.act(due);
            (hands, left, heard)
        })
        .await
        else {
            return tracing::error!("the world lost its hands in the real cluster");
        };
        (hands, due) = (back, left);
        world.outside.hear(now, &heard);
    }
}

/// What they know.
struct Hands {
    cluster: Cluster,
    /// Node groups whose nodes the cluster brought along.
    groups: Option<BTreeSet<String>>,
    /// GPUs of nodes on which no device plugin is ready yet.
    waiting: BTreeMap<String, u32>,
    /// Ingresses and services whose address is known.
    reached: BTreeSet<String>,
}

impl Hands {
    /// Does what is due; returns what could not be done yet, and what was seen.
    fn act(&mut self, due: Vec<Happening>) -> (Vec<Happening>, Vec<Happening>) {
        let mut left = Vec::new();
        for happening in due {
            if let Err(error) = self.one(&happening) {
                tracing::warn!(%error, "the real cluster did not take in {happening:?}; trying again");
                left.push(happening);
            }
        }
        let seen = self.offer_gpus().and_then(|()| self.addresses());
        let heard = seen.unwrap_or_else(|error| {
            tracing::warn!(%error, "the real cluster did not answer; trying again");
            Vec::new()
        });
        (left, heard)
    }

    fn one(&mut self, happening: &Happening) -> Result<(), ClusterError> {
        match happening {
            Happening::NodeJoined(spec) => self.join(spec),
            Happening::NodeLeft { name } => {
                self.waiting.remove(name);
                self.cluster.delete(&format!("/api/v1/nodes/{name}"))
            }
            _ => Ok(()),
        }
    }

    fn join(&mut self, spec: &NodeSpec) -> Result<(), ClusterError> {
        if self.groups.is_none() {
            let nodes = self.cluster.list("/api/v1/nodes", "")?;
            let group = |node: &Value| node["metadata"]["labels"][NODE_GROUP].as_str().map(str::to_owned);
            self.groups = Some(nodes.iter().filter_map(group).collect());
        }
        let patch = json!({"metadata": {"labels": spec.labels}, "spec": {"taints": spec.taints}});
        if self.groups.as_ref().is_some_and(|groups| groups.contains(&spec.node_group)) {
            for node in self.cluster.list("/api/v1/nodes", &format!("{NODE_GROUP}={}", spec.node_group))? {
                self.cluster.merge(
                    &format!("/api/v1/nodes/{}", node["metadata"]["name"].as_str().unwrap_or_default()),
                    &patch,
                )?;
            }
            return Ok(());
        }
        let path = format!("/api/v1/nodes/{}", spec.name);
        if self.cluster.get(&path)?.is_some() {
            return self.cluster.merge(&path, &patch).map(drop);
        }
        self.cluster.create("/api/v1/nodes", &node(spec))?;
        if spec.gpus > 0 {
            self.waiting.insert(spec.name.clone(), spec.gpus);
        }
        Ok(())
    }

    /// A node's GPUs can be had once a device plugin's pod is ready there.
    fn offer_gpus(&mut self) -> Result<(), ClusterError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let pods = self.cluster.list("/api/v1/pods", "")?;
        let plugins = pods
            .iter()
            .filter(|pod| pod["metadata"]["name"].as_str().is_some_and(|name| name.contains("device-plugin")));
        let ready = plugins.filter(|pod| {
            let conditions = pod["status"]["conditions"].as_array();
            conditions.is_some_and(|all| all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True"))
        });
        let nodes: BTreeSet<_> = ready.filter_map(|pod| pod["spec"]["nodeName"].as_str()).collect();
        let offered: Vec<_> = self
            .waiting
            .iter()
            .filter(|(name, _)| nodes.contains(name.as_str()))
            .map(|(name, gpus)| (name.clone(), *gpus))
            .collect();
        for (name, gpus) in offered {
            let resource = json!({"nvidia.com/gpu": gpus.to_string()});
            let status = json!({"status": {"capacity": resource, "allocatable": resource}});
            self.cluster.merge(&format!("/api/v1/nodes/{name}/status"), &status)?;
            self.waiting.remove(&name);
        }
        Ok(())
    }

    /// Addresses that ingresses and services got since the last look.
    fn addresses(&mut self) -> Result<Vec<Happening>, ClusterError> {
        let mut heard = Vec::new();
        for path in ["/apis/networking.k8s.io/v1/ingresses", "/api/v1/services"] {
            for object in self.cluster.list(path, "")? {
                let (namespace, name) = (word(&object["metadata"], "namespace"), word(&object["metadata"], "name"));
                let hostname = word(&object["status"]["loadBalancer"]["ingress"][0], "hostname");
                if !hostname.is_empty() && self.reached.insert(format!("{namespace}/{name}")) {
                    let (namespace, ingress, hostname) = (namespace.to_owned(), name.to_owned(), hostname.to_owned());
                    heard.push(Happening::LoadBalancerReady { namespace, ingress, hostname });
                }
            }
        }
        Ok(heard)
    }
}

fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// A node that kwok keeps alive.
fn node(spec: &NodeSpec) -> Value {
    let region = spec.zone.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    let mut labels = json!({
        "kubernetes.io/arch": spec.architecture, "kubernetes.io/os": "linux", "kubernetes.io/hostname": spec.name,
        "node.kubernetes.io/instance-type": spec.instance_type,
        "topology.kubernetes.io/zone": spec.zone, "topology.kubernetes.io/region": region,
        "type": "kwok",
    });
    if !spec.node_group.is_empty() {
        labels[NODE_GROUP] = json!(spec.node_group);
    }
    for (key, value) in &spec.labels {
        labels[key] = json!(value);
    }
    let resources = json!({
        "cpu": spec.cpu.to_string(), "memory": format!("{}Gi", spec.memory_gib), "pods": "58", "ephemeral-storage": "56895086Ki",
    });
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {
            "name": spec.name, "labels": labels,
            "annotations": {"kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0"},
        },
        "spec": {"taints": spec.taints, "providerID": format!("aws:///{}/{}", spec.zone, spec.name)},
        "status": {
            "capacity": resources, "allocatable": resources,
            "nodeInfo": {
                "architecture": spec.architecture, "operatingSystem": "linux", "kubeletVersion": spec.kubelet, "kubeProxyVersion": spec.kubelet,
                "osImage": "Amazon Linux 2023", "containerRuntimeVersion": "containerd://1.7.27", "kernelVersion": "6.1.141",
                "bootID": "", "machineID": "", "systemUUID": "",
            },
        },
    })
}
