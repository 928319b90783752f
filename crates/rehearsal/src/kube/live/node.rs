//! Nodes: instances that joined.

use serde_json::json;

use super::{
    Work,
    event::{self, From},
    gpu, make,
};
use crate::{
    kube::{object, objects::Key, state::State},
    world::NodeSpec,
};

const SELF: From<'_> = From::Controller("node-controller");

/// An instance registers itself.
pub fn join(state: &mut State, spec: &NodeSpec) {
    if state.objects.find("nodes", "", &spec.name).is_some() {
        adapt(state, spec);
        return;
    }
    state.machines.insert(spec.name.clone(), spec.clone());
    let now = object::stamp(state.now);
    let region = spec.zone.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    let mut labels = json!({
        "beta.kubernetes.io/arch": spec.architecture, "beta.kubernetes.io/instance-type": spec.instance_type, "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": spec.architecture, "kubernetes.io/hostname": spec.name, "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": spec.instance_type, "topology.kubernetes.io/region": region, "topology.kubernetes.io/zone": spec.zone,
        "failure-domain.beta.kubernetes.io/region": region, "failure-domain.beta.kubernetes.io/zone": spec.zone,
    });
    if !spec.node_group.is_empty() {
        labels["eks.amazonaws.com/nodegroup"] = spec.node_group.as_str().into();
    }
    for (key, value) in &spec.labels {
        labels[key] = value.as_str().into();
    }
    gpu::label_by_bootstrap(spec, &mut labels);
    let capacity = json!({
        "cpu": spec.cpu.to_string(), "memory": format!("{}Ki", u64::from(spec.memory_gib) * 1024 * 1000),
        "ephemeral-storage": "62900204Ki", "pods": pods(spec).to_string(), "hugepages-1Gi": "0", "hugepages-2Mi": "0",
    });
    let allocatable = json!({
        "cpu": format!("{}m", (u64::from(spec.cpu) * 1000).saturating_sub(70)), "memory": format!("{}Ki", (u64::from(spec.memory_gib) * 1000 * 1024).saturating_sub(1024 * 700)),
        "ephemeral-storage": "56895086Ki", "pods": pods(spec).to_string(), "hugepages-1Gi": "0", "hugepages-2Mi": "0",
    });
    let mut taints = spec.taints.clone();
    taints.push(json!({ "key": "node.kubernetes.io/not-ready", "effect": "NoSchedule" }));
    let address = address(&spec.name);
    let made = make(
        state,
        "nodes",
        json!({
            "metadata": { "name": spec.name, "labels": labels, "annotations": { "node.alpha.kubernetes.io/ttl": "0" } },
            "spec": { "providerID": format!("aws:///{}/{}", spec.zone, instance(&spec.name)), "taints": taints },
            "status": {
                "capacity": capacity, "allocatable": allocatable,
                "addresses": [{ "type": "InternalIP", "address": address }, { "type": "Hostname", "address": spec.name }, { "type": "InternalDNS", "address": spec.name }],
                "daemonEndpoints": { "kubeletEndpoint": { "Port": 10250 } },
                "nodeInfo": {
                    "architecture": spec.architecture, "containerRuntimeVersion": "containerd://1.7.27", "kernelVersion": "6.1.141-155.222.amzn2023",
                    "kubeletVersion": spec.kubelet, "kubeProxyVersion": spec.kubelet, "operatingSystem": "linux", "osImage": "Amazon Linux 2023.7.20250623",
                    "machineID": "", "systemUUID": "", "bootID": "",
                },
                "conditions": conditions(false, &now),
            },
        }),
    );
    if made.is_some() {
        make(
            state,
            "leases.coordination.k8s.io",
            json!({
                "metadata": { "name": spec.name, "namespace": "kube-node-lease" },
                "spec": { "holderIdentity": spec.name, "leaseDurationSeconds": 40, "renewTime": now.replace('Z', ".000000Z") },
            }),
        );
        if state.now < state.start {
            ready(state, &spec.name);
        } else {
            state.later(state.setup.times.node_ready, Work::NodeReady(spec.name.clone()));
        }
    }
}

/// Its node group has other labels or taints now; what others set stays.
fn adapt(state: &mut State, spec: &NodeSpec) {
    let before = state.machines.insert(spec.name.clone(), spec.clone()).unwrap_or_default();
    state.objects.change(&Key::new("nodes", "", &spec.name), |node| {
        for key in before.labels.keys().filter(|key| !spec.labels.contains_key(*key)) {
            object::unset(node, &["metadata", "labels", key]);
        }
        for (key, value) in &spec.labels {
            object::set(node, &["metadata", "labels", key], value.as_str());
        }
        let mut taints = object::list(node, "/spec/taints").to_vec();
        taints.retain(|taint| !before.taints.contains(taint));
        taints.extend(spec.taints.iter().cloned());
        if taints.is_empty() {
            object::unset(node, &["spec", "taints"]);
        } else {
            object::set(node, &["spec", "taints"], taints);
        }
    });
}

// One address for each pod and a few for the host, as the VPC CNI counts: 29 and 58 are usual sizes.
fn pods(spec: &NodeSpec) -> u32 {
    match spec.cpu {
        0..=2 => 29,
        3..=16 => 58,
        _ => 234,
    }
}

fn conditions(ready: bool, now: &str) -> serde_json::Value {
    let pressure = |kind: &str, reason: &str, message: &str| json!({ "type": kind, "status": "False", "reason": reason, "message": message, "lastHeartbeatTime": now, "lastTransitionTime": now });
    let (status, reason, message) = if ready {
        ("True", "KubeletReady", "kubelet is posting ready status")
    } else {
        (
            "False",
            "KubeletNotReady",
            "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
        )
    };
    json!([
        pressure("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        pressure("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        pressure("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        { "type": "Ready", "status": status, "reason": reason, "message": message, "lastHeartbeatTime": now, "lastTransitionTime": now },
    ])
}

/// The address in `ip-10-0-1-23.…`, or some other one that stays the same.
fn address(name: &str) -> String {
    let parts: Vec<&str> = name
        .strip_prefix("ip-")
        .and_then(|rest| rest.split('.').next())
        .map(|first| first.split('-').collect())
        .unwrap_or_default();
    if let [a, b, c, d, ..] = parts[..] {
        return format!("{a}.{b}.{c}.{d}");
    }
    let bytes = object::suffix(name, 2).into_bytes();
    format!("10.0.{}.{}", bytes.first().copied().unwrap_or(1), bytes.get(1).copied().unwrap_or(1))
}

fn instance(name: &str) -> String {
    let hex: String =
        object::suffix(name, 17).bytes().map(|byte| char::from(b"0123456789abcdef"[usize::from(byte % 16)])).collect();
    format!("i-{hex}")
}

/// Its network is there.
pub fn ready(state: &mut State, name: &str) {
    let key = Key::new("nodes", "", name);
    let now = object::stamp(state.now);
    state.objects.change(&key, |node| {
        node["status"]["conditions"] = conditions(true, &now);
        if let Some(serde_json::Value::Array(taints)) = node.pointer_mut("/spec/taints") {
            taints.retain(|taint| taint["key"] != "node.kubernetes.io/not-ready");
            if taints.is_empty() {
                object::unset(node, &["spec", "taints"]);
            }
        }
    });
    if let Some(node) = state.objects.value(&key).cloned() {
        event::normal(
            state,
            &node,
            From::Kubelet(name, ""),
            "NodeReady",
            &format!("Node {name} status is now: NodeReady"),
        );
        event::normal(
            state,
            &node,
            SELF,
            "RegisteredNode",
            &format!("Node {name} event: Registered Node {name} in Controller"),
        );
    }
    gpu::discover(state, name);
}

/// The instance is gone; so are its pods.
pub fn leave(state: &mut State, name: &str) {
    state.machines.remove(name);
    state.objects.remove(&Key::new("nodes", "", name));
    state.objects.remove(&Key::new("leases.coordination.k8s.io", "kube-node-lease", name));
}

/// A node came, changed or went: what depends on nodes looks again.
pub fn touched(state: &mut State, key: &Key) {
    let sets: Vec<Key> = state
        .objects
        .values("daemonsets.apps", "")
        .map(|set| Key::new("daemonsets.apps", object::namespace(set), object::name(set)))
        .collect();
    for set in sets {
        state.objects.touch(set);
    }
    if state.objects.get(key).is_none() {
        let stranded: Vec<Key> =
            state.runs.iter().filter(|(_, run)| run.node == key.name).map(|(pod, _)| pod.clone()).collect();
        for pod in stranded {
            state.objects.remove(&pod);
        }
    }
    state.schedule = true;
}
