//! No node takes the pod: resources, taints, selectors, affinity.

use jiff::Timestamp;

use super::{Cause, Chain, NodeRow, PodRow, PodWait, Running, Snapshot, Taint, Toleration, cloud};

pub(super) fn why(
    snapshot: &Snapshot,
    pod: &PodRow,
    wait: &PodWait,
    now: Timestamp,
    running: &[Running<'_>],
) -> Option<Chain> {
    let said = wait.unschedulable.as_deref()?;
    let mut causes = if snapshot.nodes.is_empty() {
        vec![Cause::new("K8S-NO-NODES", "there are no nodes", "Add a node group.")]
    } else {
        resources(snapshot, pod)
            .or_else(|| selector(snapshot, wait))
            .or_else(|| affinity(wait, said))
            .or_else(|| taint(snapshot, wait))
            .or_else(|| room(said))
            .map(|cause| vec![cause])?
    };
    // Nodes on their way explain a missing resource or label; they do not explain a taint.
    if causes.iter().all(|cause| cause.code != "K8S-TAINT") {
        let coming = cloud::nodes(running, now);
        if let (Some(last), false) = (causes.last_mut(), coming.is_empty()) {
            last.fix.clear();
        }
        causes.extend(coming);
    }
    Some(Chain::of(&pod.name, "Pending", causes))
}

/// An extended resource nobody offers, or all of which is taken.
fn resources(snapshot: &Snapshot, pod: &PodRow) -> Option<Cause> {
    let extended = pod.requests.iter().filter(|(name, wanted)| name.contains('/') && **wanted > 0);
    for (name, wanted) in extended {
        let offered: Vec<i64> = snapshot
            .nodes
            .iter()
            .filter_map(|node| node.allocatable.get(&**name).copied())
            .filter(|amount| *amount > 0)
            .collect();
        if offered.is_empty() {
            let gpu_nodes = snapshot.nodes.iter().filter(|node| is_gpu(node)).count();
            if &**name == "nvidia.com/gpu" && gpu_nodes > 0 {
                return Some(Cause::new(
                    "K8S-NO-DEVICE-PLUGIN",
                    format!("no node offers {name} although {gpu_nodes} have GPUs"),
                    "Install the NVIDIA device plugin, and look at its pods on the GPU nodes.",
                ));
            }
            return Some(Cause::new(
                "K8S-NO-RESOURCE",
                format!("no node offers {name}"),
                format!("Add nodes that offer {name}."),
            ));
        }
        if offered.iter().all(|amount| amount < wanted) {
            return Some(Cause::new(
                "K8S-TOO-LARGE",
                format!("it asks for {wanted} {name}, no node has that many"),
                "Use larger nodes, or ask for less.",
            ));
        }
        let taken: i64 = snapshot
            .pods
            .iter()
            .filter(|other| other.node.is_some() && !matches!(&*other.status, "Succeeded" | "Completed"))
            .filter_map(|other| other.requests.get(name))
            .sum();
        let all: i64 = offered.iter().sum();
        if all - taken < *wanted {
            return Some(Cause::new(
                "K8S-TAKEN",
                format!("all {all} {name} are taken"),
                "Raise the node group's maximum, or stop what holds them.",
            ));
        }
    }
    None
}

fn is_gpu(node: &NodeRow) -> bool {
    let kind = node.instance_type.as_deref().unwrap_or_default();
    ["g4", "g5", "g6", "p3", "p4", "p5"].iter().any(|family| kind.starts_with(family))
}

/// No node carries the labels the pod selects.
fn selector(snapshot: &Snapshot, wait: &PodWait) -> Option<Cause> {
    let missing = wait
        .node_selector
        .iter()
        .find(|(key, value)| !snapshot.nodes.iter().any(|node| node.labels.get(*key) == Some(value)));
    if let Some((key, value)) = missing {
        return Some(Cause::new(
            "K8S-SELECTOR",
            format!("no node has the label {key}={value}"),
            format!("Label the nodes it is meant for:\n$ kubectl label nodes NAME {key}={value}"),
        ));
    }
    let all = |node: &NodeRow| wait.node_selector.iter().all(|(key, value)| node.labels.get(key) == Some(value));
    (!wait.node_selector.is_empty() && !snapshot.nodes.iter().any(|node| all(node))).then(|| {
        let labels: Vec<String> = wait.node_selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
        Cause::new(
            "K8S-SELECTOR",
            format!("no single node has all of {}", labels.join(", ")),
            "Put the labels on the same nodes.",
        )
    })
}

fn affinity(wait: &PodWait, said: &str) -> Option<Cause> {
    if wait.affinity.is_empty() || !said.contains("affinity") || said.contains("volume node affinity") {
        return None;
    }
    Some(Cause::new(
        "K8S-AFFINITY",
        format!("no node fits its affinity: {}", wait.affinity.join(", ")),
        "Add nodes that fit, or change the release's affinity.",
    ))
}

/// Every node that would do has a taint the pod does not tolerate.
fn taint(snapshot: &Snapshot, wait: &PodWait) -> Option<Cause> {
    let candidates: Vec<_> = snapshot
        .nodes
        .iter()
        .filter(|node| wait.node_selector.iter().all(|(key, value)| node.labels.get(key) == Some(value)))
        .collect();
    let refused: Vec<&Taint> = candidates
        .iter()
        .filter_map(|node| {
            node.taints
                .iter()
                .find(|taint| hard(taint) && !wait.tolerations.iter().any(|toleration| tolerates(toleration, taint)))
        })
        .collect();
    let first = refused.first().filter(|_| refused.len() == candidates.len())?;
    let value = if first.value.is_empty() { String::new() } else { format!("={}", first.value) };
    Some(Cause::new(
        "K8S-TAINT",
        format!(
            "{} nodes have the taint {}{value}:{} which it does not tolerate",
            refused.len(),
            first.key,
            first.effect
        ),
        "Give the release that toleration, or take the taint away where it is not meant.",
    ))
}

fn hard(taint: &Taint) -> bool {
    matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute")
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    (toleration.key.is_empty() || toleration.key == taint.key)
        && toleration.value.as_ref().is_none_or(|value| *value == taint.value)
        && (toleration.effect.is_empty() || toleration.effect == taint.effect)
}

/// What the scheduler itself says about ordinary resources.
fn room(said: &str) -> Option<Cause> {
    for (word, what) in
        [("Insufficient cpu", "CPU"), ("Insufficient memory", "memory"), ("Too many pods", "room for more pods")]
    {
        if said.contains(word) {
            return Some(Cause::new(
                "K8S-NO-ROOM",
                format!("no node has enough {what} left"),
                "Add nodes, or raise the node group's maximum.",
            ));
        }
    }
    if said.contains("unschedulable") {
        return Some(Cause::new("K8S-CORDONED", "the nodes are cordoned", "Uncordon them:\n$ kubectl uncordon NAME"));
    }
    None
}
