//! ReplicaSets keep as many pods as they are told.

use serde_json::{Value, json};

use super::{
    Work,
    event::{self, From},
    is_active, make_pod, next_name,
};
use crate::kube::{object, objects::Key, state::State};

const SELF: From<'_> = From::Controller("replicaset-controller");

/// Makes and deletes pods, and counts them.
pub fn touched(state: &mut State, key: &Key) {
    let Some(set) = state.objects.value(key).cloned() else { return };
    if object::is_deleting(&set) {
        return;
    }
    let wanted = usize::try_from(object::int(&set, "/spec/replicas").unwrap_or(1)).unwrap_or(0);
    let pods: Vec<(Key, bool)> = state
        .objects
        .owned_values(object::uid(&set), "pods")
        .filter(|pod| is_active(pod))
        .map(|pod| (Key::new("pods", &key.namespace, object::name(pod)), object::condition(pod, "Ready")))
        .collect();
    for _ in pods.len()..wanted {
        let name = next_name(state, &set);
        match make_pod(state, &set, &name, &[], |_| {}) {
            Ok(_) => event::normal(state, &set, SELF, "SuccessfulCreate", &format!("Created pod: {name}")),
            Err(why) => {
                event::warning(state, &set, SELF, "FailedCreate", &format!("Error creating: {why}"));
                state.later(state.setup.times.retry, Work::Look(key.clone()));
                break;
            }
        }
    }
    let mut surplus: Vec<&(Key, bool)> = pods.iter().collect();
    surplus.sort_by_key(|(_, ready)| *ready);
    for (pod, _) in surplus.into_iter().take(pods.len().saturating_sub(wanted)) {
        state.begin_removal(pod, None);
        event::normal(state, &set, SELF, "SuccessfulDelete", &format!("Deleted pod: {}", pod.name));
    }
    let (mut all, mut ready) = (0, 0);
    for pod in state.objects.owned_values(object::uid(&set), "pods").filter(|pod| is_active(pod)) {
        all += 1;
        ready += i64::from(object::condition(pod, "Ready"));
    }
    state.objects.change(key, |set| {
        let mut counts: Value = json!({ "replicas": all, "fullyLabeledReplicas": all });
        if ready > 0 {
            counts["readyReplicas"] = ready.into();
            counts["availableReplicas"] = ready.into();
        }
        set["status"] = counts;
        let generation = set["metadata"]["generation"].clone();
        set["status"]["observedGeneration"] = generation;
    });
}
