//! Nodes as rows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use landfall_core::why::{NodeRow, Taint};
use serde::Deserialize;

use super::{
    board::State,
    quantity::{Quantity, amount},
    reflect::Kind,
};

/// The cluster's nodes.
pub struct Nodes;

impl Kind for Nodes {
    const NAME: &'static str = "nodes";
    type Object = Node;

    fn path(_namespace: &str) -> String {
        "/api/v1/nodes".into()
    }

    fn name(object: &Node) -> &str {
        &object.metadata.name
    }

    fn version(object: &Node) -> &str {
        &object.metadata.resource_version
    }

    fn set(state: &mut State, object: Node) {
        let row = row(object, state);
        state.nodes.insert(row.name.clone(), row.into());
    }

    fn remove(state: &mut State, name: &str) {
        state.nodes.remove(name);
    }

    fn names(state: &State) -> Vec<String> {
        state.nodes.keys().cloned().collect()
    }
}

/// What is read of a node.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Node {
    metadata: Metadata,
    spec: Spec,
    status: Status,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    name: String,
    resource_version: String,
    creation_timestamp: Option<Timestamp>,
    labels: BTreeMap<String, String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Spec {
    unschedulable: bool,
    taints: Vec<TaintObject>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct TaintObject {
    key: String,
    value: String,
    effect: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    allocatable: BTreeMap<String, Quantity>,
    conditions: Vec<Condition>,
    node_info: NodeInfo,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    reason: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NodeInfo {
    kubelet_version: String,
    architecture: String,
}

fn row(node: Node, state: &mut State) -> NodeRow {
    let ready = node.status.conditions.iter().find(|condition| condition.kind == "Ready");
    let pressure =
        node.status.conditions.iter().find(|condition| condition.kind != "Ready" && condition.status == "True");
    let is_ready = ready.is_some_and(|condition| condition.status == "True");
    let trouble = match (is_ready, pressure) {
        (false, _) => Some(ready.and_then(|condition| condition.reason.clone()).unwrap_or_else(|| "NotReady".into())),
        (true, Some(condition)) => Some(condition.kind.clone()),
        (true, None) => None,
    };
    let mut word = |text: Option<&String>| text.filter(|text| !text.is_empty()).map(|text| state.word(text));
    let labels = node.metadata.labels;
    let label = |name: &str| labels.get(name);
    NodeRow {
        ready: is_ready,
        trouble,
        cordoned: node.spec.unschedulable,
        since: node.metadata.creation_timestamp,
        instance_type: word(label("node.kubernetes.io/instance-type")),
        zone: word(label("topology.kubernetes.io/zone")),
        node_group: word(label("eks.amazonaws.com/nodegroup")),
        architecture: word(Some(&node.status.node_info.architecture)),
        version: word(Some(&node.status.node_info.kubelet_version)),
        taints: node
            .spec
            .taints
            .into_iter()
            .map(|taint| Taint { key: taint.key, value: taint.value, effect: taint.effect })
            .collect(),
        allocatable: node
            .status
            .allocatable
            .iter()
            .filter_map(|(name, quantity)| Some((name.clone(), amount(name, quantity)?)))
            .collect(),
        labels,
        name: node.metadata.name,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_node_that_is_not_ready_says_why() {
        let node = serde_json::from_value(json!({
            "metadata": { "name": "n-1", "labels": { "topology.kubernetes.io/zone": "us-east-2a", "capability": "gpu" } },
            "spec": { "taints": [{ "key": "nvidia.com/gpu", "effect": "NoSchedule" }] },
            "status": {
                "allocatable": { "cpu": "7910m", "nvidia.com/gpu": "1" },
                "conditions": [{ "type": "Ready", "status": "False", "reason": "KubeletNotReady" }]
            }
        }));
        let row = row(node.unwrap(), &mut State::default());
        assert_eq!(row.trouble.as_deref(), Some("KubeletNotReady"));
        assert_eq!(row.allocatable, BTreeMap::from([("cpu".into(), 7_910), ("nvidia.com/gpu".into(), 1)]));
        assert_eq!(row.zone.as_deref(), Some("us-east-2a"));
    }
}
