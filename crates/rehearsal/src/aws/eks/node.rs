//! The node an instance becomes, as the cluster is told of it.

use serde_json::{Value, json};

use super::NodeGroup;
use crate::{
    aws::{ask::Ask, ec2::Instance},
    world::NodeSpec,
};

/// The node an instance becomes, with the labels EKS gives it.
pub fn node(region: &str, group: &NodeGroup, instance: &Instance) -> NodeSpec {
    let architecture = if instance.kind.arm { "arm64" } else { "amd64" };
    let mut labels = group.labels.clone();
    let mut put = |key: &str, value: &str| drop(labels.insert(key.to_owned(), value.to_owned()));
    let name = instance.node(region);
    put("eks.amazonaws.com/nodegroup", &group.name);
    put("eks.amazonaws.com/nodegroup-image", &instance.image);
    put("eks.amazonaws.com/capacityType", &group.capacity);
    if let Some((id, _, version)) = &group.template {
        put("eks.amazonaws.com/sourceLaunchTemplateId", id);
        put("eks.amazonaws.com/sourceLaunchTemplateVersion", &version.to_string());
    }
    put("kubernetes.io/arch", architecture);
    put("kubernetes.io/os", "linux");
    put("kubernetes.io/hostname", &name);
    put("node.kubernetes.io/instance-type", instance.kind.name);
    put("topology.kubernetes.io/region", region);
    put("topology.kubernetes.io/zone", &instance.zone);
    let taints = group
        .taints
        .iter()
        .map(|taint| {
            let effect = match taint.text("effect") {
                "NO_SCHEDULE" => "NoSchedule",
                "NO_EXECUTE" => "NoExecute",
                "PREFER_NO_SCHEDULE" => "PreferNoSchedule",
                other => other,
            };
            let mut written = json!({ "key": taint.text("key"), "effect": effect });
            if let Some(value) = taint.maybe("value") {
                written["value"] = Value::from(value);
            }
            written
        })
        .collect();
    NodeSpec {
        name,
        node_group: group.name.clone(),
        instance_type: instance.kind.name.to_owned(),
        architecture: architecture.to_owned(),
        zone: instance.zone.clone(),
        labels,
        taints,
        cpu: instance.kind.vcpu,
        memory_gib: instance.kind.memory_gib,
        gpus: instance.kind.gpus.map_or(0, |(count, ..)| count),
        kubelet: instance.kubelet.clone(),
    }
}
