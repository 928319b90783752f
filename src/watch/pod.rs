//! What is read of a pod; everything else is left out as it is read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::quantity::Quantity;

/// What is read of a pod.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Pod {
    pub(super) metadata: Metadata,
    pub(super) spec: Spec,
    pub(super) status: Status,
}

/// What is read of any object's metadata.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Metadata {
    /// Name.
    pub name: String,
    /// Version.
    pub resource_version: String,
    /// Since when.
    pub creation_timestamp: Option<Timestamp>,
    /// Being deleted since.
    pub deletion_timestamp: Option<Timestamp>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Spec {
    pub(super) node_name: Option<String>,
    pub(super) node_selector: BTreeMap<String, String>,
    pub(super) tolerations: Vec<TolerationObject>,
    pub(super) affinity: Option<Affinity>,
    pub(super) volumes: Vec<Volume>,
    pub(super) containers: Vec<ContainerSpec>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct TolerationObject {
    pub(super) key: String,
    pub(super) value: Option<String>,
    pub(super) operator: String,
    pub(super) effect: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Affinity {
    pub(super) node_affinity: Option<NodeAffinity>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct NodeAffinity {
    #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")]
    pub(super) required: Option<Terms>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Terms {
    pub(super) node_selector_terms: Vec<Term>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Term {
    pub(super) match_expressions: Vec<Expression>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Expression {
    pub(super) key: String,
    pub(super) operator: String,
    pub(super) values: Vec<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Volume {
    pub(super) persistent_volume_claim: Option<ClaimName>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ClaimName {
    pub(super) claim_name: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ContainerSpec {
    pub(super) name: String,
    pub(super) resources: Resources,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Resources {
    pub(super) requests: BTreeMap<String, Quantity>,
    pub(super) limits: BTreeMap<String, Quantity>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Status {
    pub(super) phase: String,
    pub(super) reason: Option<String>,
    pub(super) conditions: Vec<Condition>,
    pub(super) container_statuses: Vec<ContainerStatus>,
    pub(super) init_container_statuses: Vec<ContainerStatus>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Condition {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) message: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ContainerStatus {
    pub(super) name: String,
    pub(super) image: String,
    pub(super) ready: bool,
    pub(super) restart_count: u32,
    pub(super) state: ContainerState,
    pub(super) last_state: ContainerState,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ContainerState {
    pub(super) waiting: Option<Waiting>,
    pub(super) running: Option<serde::de::IgnoredAny>,
    pub(super) terminated: Option<Terminated>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Waiting {
    pub(super) reason: String,
    pub(super) message: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Terminated {
    pub(super) exit_code: i32,
    pub(super) reason: String,
    pub(super) message: String,
}
