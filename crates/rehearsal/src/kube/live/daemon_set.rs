//! DaemonSets keep one pod on every node that suits.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Work,
    event::{self, From},
    fit, is_active, make_pod, next_name,
};
use crate::kube::{object, objects::Key, state::State};

const SELF: From<'_> = From::Controller("daemonset-controller");
const HASH: &str = "controller-revision-hash";

/// Makes and deletes pods, and counts them.
pub fn touched(state: &mut State, key: &Key) {
    let Some(set) = state.objects.value(key).cloned() else { return };
    if object::is_deleting(&set) {
        return;
    }
    let hash = object::fingerprint(&set["spec"]["template"]);
    let template = with_tolerations(&set["spec"]["template"]);
    let mut pods: BTreeMap<String, (Key, bool, bool)> = BTreeMap::new();
    for pod in state.objects.owned_values(object::uid(&set), "pods").filter(|pod| is_active(pod)) {
        let current = object::label(pod, HASH).is_some_and(|label| *label == hash);
        pods.insert(
            node_of(pod).to_owned(),
            (Key::new("pods", &key.namespace, object::name(pod)), object::condition(pod, "Ready"), current),
        );
    }
    let nodes: Vec<String> = state
        .objects
        .values("nodes", "")
        .filter(|node| fit::suits(&template["spec"], node))
        .map(|node| object::name(node).to_owned())
        .collect();
    for node in nodes.iter().filter(|node| !pods.contains_key(*node)) {
        let name = next_name(state, &set);
        let generation = object::int(&set, "/metadata/generation").unwrap_or(1).to_string();
        let labels = [(HASH, hash.as_str()), ("pod-template-generation", generation.as_str())];
        let made = make_pod(state, &set, &name, &labels, |pod| {
            pod["spec"]["tolerations"] = template["spec"]["tolerations"].clone();
            pin(&mut pod["spec"], node);
        });
        match made {
            Ok(_) => event::normal(state, &set, SELF, "SuccessfulCreate", &format!("Created pod: {name}")),
            Err(why) => {
                event::warning(state, &set, SELF, "FailedCreate", &format!("Error creating: {why}"));
                state.later(state.setup.times.retry, Work::Look(key.clone()));
                break;
            }
        }
    }
    let mut replaced = pods.values().any(|(_, ready, _)| !ready);
    for (node, (pod, _, current)) in &pods {
        let stale = !current && !replaced;
        if !nodes.contains(node) || stale {
            replaced |= stale;
            state.begin_removal(pod, None);
            event::normal(state, &set, SELF, "SuccessfulDelete", &format!("Deleted pod: {}", pod.name));
        }
    }
    report(state, key, &set, &hash, nodes.len());
}

fn report(state: &mut State, key: &Key, set: &Value, hash: &str, desired: usize) {
    let (mut all, mut ready, mut updated) = (0, 0, 0);
    for pod in state.objects.owned_values(object::uid(set), "pods").filter(|pod| is_active(pod)) {
        all += 1;
        ready += i64::from(object::condition(pod, "Ready"));
        updated += i64::from(object::label(pod, HASH).is_some_and(|label| label == hash));
    }
    let desired = i64::try_from(desired).unwrap_or(i64::MAX);
    state.objects.change(key, |set| {
        let mut status = json!({
            "observedGeneration": set["metadata"]["generation"], "desiredNumberScheduled": desired, "currentNumberScheduled": all,
            "numberReady": ready, "numberMisscheduled": 0,
        });
        for (field, count) in [("updatedNumberScheduled", updated), ("numberAvailable", ready), ("numberUnavailable", desired - ready)] {
            if count > 0 {
                status[field] = count.into();
            }
        }
        set["status"] = status;
    });
}

/// What the controller adds: Kubernetes, "DaemonSet", "Taints and tolerations".
fn with_tolerations(template: &Value) -> Value {
    let mut template = template.clone();
    let tolerations = object::slot(&mut template, &["spec", "tolerations"]);
    if !tolerations.is_array() {
        *tolerations = json!([]);
    }
    if let Value::Array(tolerations) = tolerations {
        for (key, effect) in [
            ("not-ready", "NoExecute"),
            ("unreachable", "NoExecute"),
            ("disk-pressure", "NoSchedule"),
            ("memory-pressure", "NoSchedule"),
            ("pid-pressure", "NoSchedule"),
            ("unschedulable", "NoSchedule"),
        ] {
            tolerations
                .push(json!({ "key": format!("node.kubernetes.io/{key}"), "operator": "Exists", "effect": effect }));
        }
    }
    template
}

fn pin(spec: &mut Value, node: &str) {
    let field = json!([{ "key": "metadata.name", "operator": "In", "values": [node] }]);
    let terms = object::slot(
        spec,
        &["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"],
    );
    match terms {
        Value::Array(terms) if !terms.is_empty() => {
            terms.iter_mut().for_each(|term| term["matchFields"] = field.clone())
        }
        other => *other = json!([{ "matchFields": field }]),
    }
}

/// The node a pod runs on, or is meant for.
fn node_of(pod: &Value) -> &str {
    let bound = object::text(pod, "/spec/nodeName");
    if bound.is_empty() { fit::pinned_to(pod).unwrap_or_default() } else { bound }
}
