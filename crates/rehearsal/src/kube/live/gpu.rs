//! GPUs: which instance has which, who labels the nodes, and when are they allocatable?

use serde_json::{Value, json};

use super::Work;
use crate::{
    kube::{object, objects::Key, setup::Gpu, state::State},
    world::NodeSpec,
};

/// The resource's name.
pub const RESOURCE: &str = "nvidia.com/gpu";
const PLUGIN: &str = "nvidia-device-plugin";
const FEATURES: &str = "node-feature-discovery-worker";
const GPU_FEATURES: &str = "gpu-feature-discovery";

/// nodeadm adds the label from Kubernetes 1.35 on (facts: amazon-eks-ami).
pub fn label_by_bootstrap(spec: &NodeSpec, labels: &mut Value) {
    let minor = spec.kubelet.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok()).unwrap_or(0);
    if spec.gpus > 0 && minor >= 35 {
        object::default(labels, &["nvidia.com/gpu.present"], "true");
    }
}

/// The GPU Operator labels a GPU node as soon as it is ready.
pub fn discover(state: &mut State, node: &str) {
    if state.setup.gpu == Gpu::Operator {
        label(state, node, true);
    }
}

fn label(state: &mut State, node: &str, product: bool) {
    let Some(machine) = state.machines.get(node).filter(|machine| machine.gpus > 0).cloned() else { return };
    state.objects.change(&Key::new("nodes", "", node), |node| {
        let mut labels = vec![("feature.node.kubernetes.io/pci-10de.present", "true".to_owned())];
        if product {
            labels.push(("nvidia.com/gpu.present", "true".to_owned()));
            labels.push(("nvidia.com/gpu.count", machine.gpus.to_string()));
            labels.push(("nvidia.com/gpu.product", self::product(&machine.instance_type).replace(' ', "-")));
            labels.push(("nvidia.com/gpu.deploy.device-plugin", "true".to_owned()));
        }
        for (key, value) in labels {
            object::set(node, &["metadata", "labels", key], value);
        }
    });
}

/// A pod of some DaemonSet got ready or went: does that change what its node offers?
pub fn pod_changed(state: &mut State, pod: &Value, node: &str) {
    let Some(owner) = object::controller(pod).filter(|owner| owner["kind"] == "DaemonSet") else { return };
    let set = object::text(owner, "/name");
    if set.contains(PLUGIN) {
        state.later(state.setup.times.device_plugin, Work::Gpus(node.to_owned()));
    } else if set.contains(GPU_FEATURES) {
        label(state, node, true);
    } else if set.contains(FEATURES) {
        label(state, node, false);
    }
}

/// Sets a node's GPUs to what its device plugin, if one is ready there, reports.
pub fn refresh(state: &mut State, node: &str) {
    let plugged = state.runs.iter().any(|(key, run)| {
        run.node == node
            && state.objects.value(key).is_some_and(|pod| {
                object::controller(pod).is_some_and(|owner| object::text(owner, "/name").contains(PLUGIN))
                    && object::condition(pod, "Ready")
            })
    });
    let gpus = state.machines.get(node).map_or(0, |machine| machine.gpus);
    state.objects.change(&Key::new("nodes", "", node), |node| {
        let known = object::at(node, "/status/capacity").is_some_and(|capacity| capacity.get(RESOURCE).is_some());
        if gpus == 0 || (!plugged && !known) {
            return;
        }
        // A kubelet keeps the capacity of a plugin that went away and offers none of it.
        object::set(node, &["status", "capacity", RESOURCE], gpus.to_string());
        object::set(node, &["status", "allocatable", RESOURCE], if plugged { gpus.to_string() } else { "0".into() });
    });
}

/// NVIDIA's name of an instance type's GPU.
fn product(instance_type: &str) -> &'static str {
    match instance_type.split('.').next().unwrap_or_default() {
        "g5" => "NVIDIA A10G",
        "g6" => "NVIDIA L4",
        "g6e" => "NVIDIA L40S",
        "p3" => "Tesla V100-SXM2-16GB",
        "p4d" => "NVIDIA A100-SXM4-40GB",
        "p5" => "NVIDIA H100 80GB HBM3",
        _ => "Tesla T4",
    }
}

/// What `nvidia-smi` says on a node, with so many GPUs given to the container.
pub fn table(machine: &NodeSpec, gpus: u32) -> Vec<String> {
    let rule = "+-----------------------------------------------------------------------------------------+";
    let mut lines = vec![
        rule.to_owned(),
        format!("| {:<87} |", "NVIDIA-SMI 580.95.05              Driver Version: 580.95.05      CUDA Version: 13.0"),
        rule.to_owned(),
        format!("| {:<5}{:<44}{:<38} |", "GPU", "Name", "Memory-Usage        GPU-Util"),
        rule.to_owned(),
    ];
    for number in 0..gpus.max(1) {
        lines.push(format!(
            "| {number:<5}{:<44}{:<38} |",
            product(&machine.instance_type),
            "0MiB /  15360MiB          0%"
        ));
    }
    lines.extend([rule.to_owned(), format!("| {:<87} |", "No running processes found"), rule.to_owned()]);
    lines
}

/// The device plugin's DaemonSet, with the affinity of its Helm chart (facts: k8s-device-plugin), or the operator's.
pub fn daemon_set(operator: bool) -> Value {
    let (namespace, name) =
        if operator { ("gpu-operator", "nvidia-device-plugin-daemonset") } else { ("nvidia-device-plugin", PLUGIN) };
    let labels = json!({ "app.kubernetes.io/name": PLUGIN });
    let mut spec = json!({
        "tolerations": [{ "key": RESOURCE, "operator": "Exists", "effect": "NoSchedule" }],
        "containers": [{ "name": "nvidia-device-plugin-ctr", "image": "nvcr.io/nvidia/k8s-device-plugin:v0.17.4" }],
    });
    if operator {
        spec["nodeSelector"] = json!({ "nvidia.com/gpu.deploy.device-plugin": "true" });
    } else {
        let term = |key: &str, value: &str| json!({ "matchExpressions": [{ "key": key, "operator": "In", "values": [value] }] });
        let terms = json!([
            term("feature.node.kubernetes.io/pci-10de.present", "true"),
            term("nvidia.com/gpu.present", "true")
        ]);
        spec["affinity"] = json!({ "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": terms } } });
    }
    json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": { "name": name, "namespace": namespace, "labels": labels },
        "spec": { "selector": { "matchLabels": labels }, "template": { "metadata": { "labels": labels }, "spec": spec } },
    })
}
