//! The scheduler: which node gets a pod, and what does it say when none does?

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use serde_json::Value;

use super::{
    event::{self, From},
    fit::{self, Amounts},
    pod,
};
use crate::kube::{
    object,
    objects::{Key, Object},
    state::State,
};

const SELF: From<'_> = From::Controller("default-scheduler");

/// A node, and what it offers.
struct Candidate {
    node: Arc<Object>,
    name: String,
    offered: Amounts,
}

/// Why each node is out of the question for the pods of one controller, which are alike.
type Unsuited = HashMap<String, Vec<Option<String>>>;

/// Looks at every pod that has no node.
pub fn run(state: &mut State) {
    let nodes = state.objects.list("nodes", "", None).cloned();
    let nodes: Vec<Candidate> = nodes
        .map(|node| Candidate {
            name: object::name(&node.value).to_owned(),
            offered: fit::allocatable(&node.value),
            node,
        })
        .collect();
    let mut unsuited = Unsuited::new();
    let waiting: Vec<Key> = state.unscheduled.iter().cloned().collect();
    for key in waiting {
        let Some(found) = state.objects.get(&key).cloned() else { continue };
        let requests = fit::requests(&found.value["spec"]);
        match volumes(state, &found.value).and_then(|()| choose(state, &found.value, &requests, &nodes, &mut unsuited))
        {
            Ok(node) => {
                state.unscheduled.remove(&key);
                pod::bind(state, &key, &node, requests);
                let message = format!("Successfully assigned {}/{} to {node}", key.namespace, key.name);
                event::normal(state, &found.value, SELF, "Scheduled", &message);
            }
            Err(message) => refuse(state, &key, &found.value, &message),
        }
    }
}

fn refuse(state: &mut State, key: &Key, pod: &Value, message: &str) {
    let said = object::list(pod, "/status/conditions")
        .iter()
        .any(|old| old["type"] == "PodScheduled" && old["message"] == message);
    if said {
        return;
    }
    let now = state.now;
    state.objects.change(key, |pod| object::set_condition(pod, "PodScheduled", false, "Unschedulable", message, now));
    event::warning(state, pod, SELF, "FailedScheduling", message);
}

fn choose(
    state: &State,
    pod: &Value,
    requests: &Amounts,
    nodes: &[Candidate],
    unsuited: &mut Unsuited,
) -> Result<String, String> {
    if nodes.is_empty() {
        return Err("no nodes available to schedule pods".into());
    }
    let pinned = fit::pinned_to(pod);
    let alike = if pinned.is_some() { None } else { object::controller(pod) };
    let alike = alike.map_or_else(|| object::uid(pod), |owner| object::text(owner, "/uid"));
    let against = unsuited.entry(alike.to_owned()).or_insert_with(|| {
        let other = |node: &Value| pinned.is_some_and(|pinned| pinned != object::name(node));
        let why = |candidate: &Candidate| {
            let node = &candidate.node.value;
            if other(node) {
                return Some("node(s) didn't satisfy plugin(s) [NodeAffinity]".into());
            }
            fit::against(&pod["spec"], node)
        };
        nodes.iter().map(why).collect()
    });
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut helpless = 0;
    let mut best: Option<(i128, &str)> = None;
    for (candidate, against) in nodes.iter().zip(against) {
        if let Some(reason) = against {
            *reasons.entry(reason.clone()).or_default() += 1;
            helpless += 1;
            continue;
        }
        let name = candidate.name.as_str();
        let requested = state.requested.get(name);
        let lacking = fit::lacking(requests, &candidate.offered, requested);
        if lacking.is_empty() {
            let of = |what: &str| requested.and_then(|all| all.get(what)).copied().unwrap_or(0);
            let load = of("cpu") + of("pods") / 100;
            if best.is_none_or(|(least, _)| load < least) {
                best = Some((load, name));
            }
        }
        for reason in lacking {
            *reasons.entry(reason).or_default() += 1;
        }
    }
    best.map(|(_, name)| name.to_owned()).ok_or_else(|| {
        // The words of kube-scheduler's FitError, reasons sorted as text.
        let mut told: Vec<String> = reasons.into_iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        told.sort();
        let all = nodes.len();
        let mut preemption = Vec::new();
        if all > helpless {
            preemption.push(format!("{} No preemption victims found for incoming pod", all - helpless));
        }
        if helpless > 0 {
            preemption.push(format!("{helpless} Preemption is not helpful for scheduling"));
        }
        format!(
            "0/{all} nodes are available: {}. preemption: 0/{all} nodes are available: {}.",
            told.join(", "),
            preemption.join(", ")
        )
    })
}

/// Are the pod's volume claims there, and bound where they bind at once?
fn volumes(state: &State, pod: &Value) -> Result<(), String> {
    let all = state.objects.values("nodes", "").count();
    for volume in object::list(pod, "/spec/volumes") {
        let claim = object::text(volume, "/persistentVolumeClaim/claimName");
        if claim.is_empty() {
            continue;
        }
        let Some(found) = state.objects.find("persistentvolumeclaims", object::namespace(pod), claim) else {
            return Err(format!(
                "0/{all} nodes are available: persistentvolumeclaim \"{claim}\" not found. preemption: 0/{all} nodes are available: {all} Preemption is not helpful for scheduling."
            ));
        };
        let class =
            state.objects.find("storageclasses.storage.k8s.io", "", object::text(found, "/spec/storageClassName"));
        let later = class.is_some_and(|class| object::text(class, "/volumeBindingMode") == "WaitForFirstConsumer");
        if object::text(found, "/status/phase") != "Bound" && !later {
            return Err(format!(
                "0/{all} nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/{all} nodes are available: {all} Preemption is not helpful for scheduling."
            ));
        }
    }
    Ok(())
}
