//! The scheduler: which node gets a pod, and what does it say when none does?

use std::{collections::BTreeMap, sync::Arc};

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

/// Looks at every pod that has no node.
pub fn run(state: &mut State) {
    let nodes: Vec<Arc<Object>> = state.objects.list("nodes", "", None).cloned().collect();
    let waiting: Vec<Key> = state.unscheduled.iter().cloned().collect();
    for key in waiting {
        let Some(found) = state.objects.get(&key).cloned() else { continue };
        let spec = &found.value["spec"];
        let requests = fit::requests(spec);
        match volumes(state, &found.value).and_then(|()| choose(state, spec, &requests, &nodes, &found.value)) {
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
    let said = object::list(pod, "/status/conditions").iter().any(|old| old["type"] == "PodScheduled" && old["message"] == message);
    if said {
        return;
    }
    let now = state.now;
    state.objects.change(key, |pod| object::set_condition(pod, "PodScheduled", false, "Unschedulable", message, now));
    event::warning(state, pod, SELF, "FailedScheduling", message);
}

fn choose(state: &State, spec: &Value, requests: &Amounts, nodes: &[Arc<Object>], pod: &Value) -> Result<String, String> {
    if nodes.is_empty() {
        return Err("no nodes available to schedule pods".into());
    }
    let pinned = fit::pinned_to(pod);
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut helpless = 0;
    let mut best: Option<(i128, &str)> = None;
    for node in nodes {
        let name = object::name(&node.value);
        if pinned.is_some_and(|pinned| pinned != name) {
            *reasons.entry("node(s) didn't satisfy plugin(s) [NodeAffinity]".into()).or_default() += 1;
            helpless += 1;
            continue;
        }
        let requested = state.requested.get(name);
        let against = fit::against(spec, requests, &node.value, requested);
        if against.is_empty() {
            let load = requested.and_then(|all| all.get("cpu")).copied().unwrap_or(0);
            let pods = requested.and_then(|all| all.get("pods")).copied().unwrap_or(0);
            let load = load + pods / 100;
            if best.is_none_or(|(least, _)| load < least) {
                best = Some((load, name));
            }
        } else {
            helpless += usize::from(!against.iter().any(|reason| reason.starts_with("Insufficient") || reason == "Too many pods"));
            for reason in against {
                *reasons.entry(reason).or_default() += 1;
            }
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
        format!("0/{all} nodes are available: {}. preemption: 0/{all} nodes are available: {}.", told.join(", "), preemption.join(", "))
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
        let class = state.objects.find("storageclasses.storage.k8s.io", "", object::text(found, "/spec/storageClassName"));
        let later = class.is_some_and(|class| object::text(class, "/volumeBindingMode") == "WaitForFirstConsumer");
        if object::text(found, "/status/phase") != "Bound" && !later {
            return Err(format!(
                "0/{all} nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/{all} nodes are available: {all} Preemption is not helpful for scheduling."
            ));
        }
    }
    Ok(())
}
