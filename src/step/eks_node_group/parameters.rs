//! What a guide says of a node group.

use std::collections::BTreeMap;

use aws_sdk_eks::types::{
    LaunchTemplateSpecification, NodegroupScalingConfig, NodegroupUpdateConfig, NodegroupUpdateStrategies, Taint,
    TaintEffect, WarmPoolConfig, WarmPoolState,
};
use landfall_core::value::Late;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Parameters in a guide.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeGroup {
    /// Its name.
    pub name: String,
    /// The cluster; the target's where left out.
    #[serde(default)]
    pub cluster: Option<String>,
    /// The launch template as `id:version`.
    pub launch_template: Late<String>,
    /// e.g. `AL2023_x86_64_NVIDIA`; left out where the template names an image.
    #[serde(default)]
    pub ami_type: Option<String>,
    /// Release of the AMI type's image, as the plan froze it.
    #[serde(default)]
    pub release_version: Option<String>,
    /// Instance types, unless the launch template names one.
    #[serde(default)]
    pub instance_types: Vec<String>,
    /// ARN of the nodes' role.
    pub node_role: String,
    /// Subnets.
    pub subnets: Vec<String>,
    /// How many nodes.
    pub scaling: Scaling,
    /// Labels of the nodes.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Taints of the nodes.
    #[serde(default)]
    pub taints: Vec<NodeTaint>,
    /// Tags of the node group; they do not reach its instances.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Instances started in advance; only where `ami_type` is given.
    #[serde(default)]
    pub warm_pool: Option<WarmPool>,
    /// How nodes are replaced.
    #[serde(default)]
    pub update: Option<UpdateRules>,
}

/// How many nodes.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// At least.
    pub min: i32,
    /// At most.
    pub max: i32,
    /// At the start; afterwards whoever scales decides.
    pub desired: i32,
}

/// A taint, as Kubernetes writes it.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
pub struct NodeTaint {
    /// Key.
    pub key: String,
    /// Value.
    #[serde(default)]
    pub value: Option<String>,
    /// What it does.
    pub effect: Effect,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// They are not scheduled.
    #[serde(alias = "NO_SCHEDULE")]
    NoSchedule,
    /// They are evicted.
    #[serde(alias = "NO_EXECUTE")]
    NoExecute,
    /// They are scheduled elsewhere if possible.
    #[serde(alias = "PREFER_NO_SCHEDULE")]
    PreferNoSchedule,
}

/// A warm pool.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct WarmPool {
    /// Fewest instances kept ready.
    pub min: i32,
    /// Most instances, warm and running together.
    #[serde(default)]
    pub max_prepared: Option<i32>,
    /// How they wait.
    #[serde(default)]
    pub state: Option<PoolState>,
}

/// How instances of a warm pool wait.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum PoolState {
    /// Stopped: only their volumes cost.
    Stopped,
    /// Running: they cost as much as a node.
    Running,
    /// Hibernated.
    Hibernated,
}

/// How nodes are replaced.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct UpdateRules {
    /// `default` starts new nodes first; `minimal` takes old ones away first and needs no quota beyond the maximum.
    #[serde(default)]
    pub strategy: Option<Strategy>,
    /// Most nodes that are replaced at a time.
    #[serde(default)]
    pub max_unavailable: Option<i32>,
}

/// Which comes first, the new node or the old one's end.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The new node.
    Default,
    /// The old one's end.
    Minimal,
}

impl NodeGroup {
    /// Id and version of the launch template, once known.
    pub fn template(&self) -> Option<(&str, &str)> {
        self.launch_template.known()?.split_once(':')
    }

    /// The launch template as EKS takes it.
    pub fn template_specification(&self) -> Option<LaunchTemplateSpecification> {
        let (id, version) = self.template()?;
        Some(LaunchTemplateSpecification::builder().id(id).version(version).build())
    }
}

impl Scaling {
    /// As EKS takes it.
    pub fn config(self) -> NodegroupScalingConfig {
        NodegroupScalingConfig::builder().min_size(self.min).max_size(self.max).desired_size(self.desired).build()
    }

    /// From what EKS says.
    pub fn of(config: Option<&NodegroupScalingConfig>) -> Self {
        let number = |of: fn(&NodegroupScalingConfig) -> Option<i32>| config.and_then(of).unwrap_or_default();
        Self {
            min: number(NodegroupScalingConfig::min_size),
            max: number(NodegroupScalingConfig::max_size),
            desired: number(NodegroupScalingConfig::desired_size),
        }
    }
}

impl NodeTaint {
    /// As EKS takes it.
    pub fn config(&self) -> Taint {
        let effect = match self.effect {
            Effect::NoSchedule => TaintEffect::NoSchedule,
            Effect::NoExecute => TaintEffect::NoExecute,
            Effect::PreferNoSchedule => TaintEffect::PreferNoSchedule,
        };
        Taint::builder().key(&self.key).set_value(self.value.clone()).effect(effect).build()
    }

    /// From what EKS says.
    pub fn of(taint: &Taint) -> Option<Self> {
        let effect = match taint.effect()? {
            TaintEffect::NoSchedule => Effect::NoSchedule,
            TaintEffect::NoExecute => Effect::NoExecute,
            TaintEffect::PreferNoSchedule => Effect::PreferNoSchedule,
            _ => return None,
        };
        let value = taint.value().filter(|value| !value.is_empty()).map(str::to_owned);
        Some(Self { key: taint.key()?.to_owned(), value, effect })
    }
}

impl std::fmt::Display for NodeTaint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}:{:?}", self.key, self.value.as_deref().unwrap_or_default(), self.effect)
    }
}

impl WarmPool {
    /// As EKS takes it.
    pub fn config(self) -> WarmPoolConfig {
        let state = self.state.map(|state| match state {
            PoolState::Stopped => WarmPoolState::Stopped,
            PoolState::Running => WarmPoolState::Running,
            PoolState::Hibernated => WarmPoolState::Hibernated,
        });
        WarmPoolConfig::builder()
            .enabled(true)
            .min_size(self.min)
            .set_max_group_prepared_capacity(self.max_prepared)
            .set_pool_state(state)
            .build()
    }
}

impl UpdateRules {
    /// As EKS takes it.
    pub fn config(self) -> NodegroupUpdateConfig {
        let strategy = self.strategy.map(|strategy| match strategy {
            Strategy::Default => NodegroupUpdateStrategies::Default,
            Strategy::Minimal => NodegroupUpdateStrategies::Minimal,
        });
        NodegroupUpdateConfig::builder().set_update_strategy(strategy).set_max_unavailable(self.max_unavailable).build()
    }
}
