//! Deployments roll from one ReplicaSet to the next.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    Work,
    event::{self, From},
    make,
};
use crate::kube::{object, objects::Key, state::State};

const SELF: From<'_> = From::Controller("deployment-controller");

/// Sees to the ReplicaSets, and says how far it got.
pub fn touched(state: &mut State, key: &Key) {
    let Some(deployment) = state.objects.value(key).cloned() else { return };
    if object::is_deleting(&deployment) {
        return;
    }
    let wanted = object::int(&deployment, "/spec/replicas").unwrap_or(1);
    let hash = object::fingerprint(&deployment["spec"]["template"]);
    let current = Key::new("replicasets.apps", &key.namespace, &format!("{}-{hash}", key.name));
    let old: Vec<(Key, i64, i64)> = sets(state, &deployment).filter(|(set, ..)| *set != current).collect();
    let recreate = object::text(&deployment, "/spec/strategy/type") == "Recreate";
    let waits = recreate && old.iter().any(|(.., replicas)| *replicas > 0);
    match state.objects.value(&current).map(|set| object::int(set, "/spec/replicas").unwrap_or(0)) {
        None => {
            make_set(state, &deployment, &current, &hash, if waits { 0 } else { wanted }, old.len() + 1);
        }
        Some(has) if has != wanted && !waits => scale(state, &deployment, &current, has, wanted),
        Some(_) => {}
    }
    let available =
        state.objects.value(&current).and_then(|set| object::int(set, "/status/availableReplicas")).unwrap_or(0);
    for (set, has, _) in &old {
        if *has > 0 && (recreate || available >= wanted) {
            scale(state, &deployment, set, *has, 0);
        }
    }
    report(state, key, &deployment, &current, wanted);
}

// key, spec.replicas, status.replicas
fn sets<'a>(state: &'a State, deployment: &'a Value) -> impl Iterator<Item = (Key, i64, i64)> + use<'a> {
    state.objects.owned_values(object::uid(deployment), "replicasets.apps").map(|set| {
        let key = Key::new("replicasets.apps", object::namespace(set), object::name(set));
        (key, object::int(set, "/spec/replicas").unwrap_or(0), object::int(set, "/status/replicas").unwrap_or(0))
    })
}

fn make_set(state: &mut State, deployment: &Value, key: &Key, hash: &str, replicas: i64, revision: usize) {
    let mut spec = json!({ "replicas": replicas, "selector": deployment["spec"]["selector"], "template": deployment["spec"]["template"] });
    object::set(&mut spec, &["selector", "matchLabels", "pod-template-hash"], hash);
    object::set(&mut spec, &["template", "metadata", "labels", "pod-template-hash"], hash);
    let labels = spec["template"]["metadata"]["labels"].clone();
    let revision = revision.to_string();
    make(
        state,
        "replicasets.apps",
        json!({
            "metadata": {
                "name": key.name, "namespace": key.namespace, "labels": labels, "ownerReferences": object::controlled_by(deployment),
                "annotations": {
                    "deployment.kubernetes.io/desired-replicas": replicas.to_string(),
                    "deployment.kubernetes.io/revision": revision,
                },
            },
            "spec": spec,
        }),
    );
    let own = Key::new("deployments.apps", &key.namespace, object::name(deployment));
    state.objects.change(&own, |deployment| {
        object::set(deployment, &["metadata", "annotations", "deployment.kubernetes.io/revision"], revision)
    });
    if replicas > 0 {
        event::normal(
            state,
            deployment,
            SELF,
            "ScalingReplicaSet",
            &format!("Scaled up replica set {} from 0 to {replicas}", key.name),
        );
    }
    let deadline = object::int(deployment, "/spec/progressDeadlineSeconds").unwrap_or(600);
    state.later(SignedDuration::from_secs(deadline), Work::Look(own));
}

fn scale(state: &mut State, deployment: &Value, set: &Key, from: i64, to: i64) {
    state.objects.change(set, |set| {
        object::set(set, &["spec", "replicas"], to);
        let generation = object::int(set, "/metadata/generation").unwrap_or(1) + 1;
        object::set(set, &["metadata", "generation"], generation);
    });
    let way = if to > from { "up" } else { "down" };
    event::normal(
        state,
        deployment,
        SELF,
        "ScalingReplicaSet",
        &format!("Scaled {way} replica set {} from {from} to {to}", set.name),
    );
}

fn report(state: &mut State, key: &Key, deployment: &Value, current: &Key, wanted: i64) {
    let all: Vec<&Value> = state.objects.owned_values(object::uid(deployment), "replicasets.apps").collect();
    let sum = |field: &str| all.iter().filter_map(|set| object::int(set, field)).sum::<i64>();
    let (replicas, ready, available) =
        (sum("/status/replicas"), sum("/status/readyReplicas"), sum("/status/availableReplicas"));
    let set = state.objects.value(current);
    let updated = set.and_then(|set| object::int(set, "/status/replicas")).unwrap_or(0);
    let done = available >= wanted && updated >= wanted && replicas == updated;
    let made = set
        .and_then(|set| object::text(set, "/metadata/creationTimestamp").parse::<Timestamp>().ok())
        .unwrap_or(state.now);
    let deadline = object::int(deployment, "/spec/progressDeadlineSeconds").unwrap_or(600);
    let late = state.now.duration_since(made).as_secs() >= deadline;
    let now = state.now;
    state.objects.change(key, |deployment| {
        let conditions = object::at(deployment, "/status/conditions").cloned();
        deployment["status"] = json!({ "observedGeneration": deployment["metadata"]["generation"] });
        for (field, count) in [
            ("replicas", replicas),
            ("updatedReplicas", updated),
            ("readyReplicas", ready),
            ("availableReplicas", available),
            ("unavailableReplicas", (wanted - available).max(0)),
        ] {
            if count > 0 {
                deployment["status"][field] = count.into();
            }
        }
        if let Some(conditions) = conditions {
            deployment["status"]["conditions"] = conditions;
        }
        let minimum = wanted - wanted / 4;
        if available >= minimum {
            object::set_condition(
                deployment,
                "Available",
                true,
                "MinimumReplicasAvailable",
                "Deployment has minimum availability.",
                now,
            );
        } else {
            object::set_condition(
                deployment,
                "Available",
                false,
                "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability.",
                now,
            );
        }
        let name = &current.name;
        if done {
            object::set_condition(
                deployment,
                "Progressing",
                true,
                "NewReplicaSetAvailable",
                &format!("ReplicaSet \"{name}\" has successfully progressed."),
                now,
            );
        } else if late {
            object::set_condition(
                deployment,
                "Progressing",
                false,
                "ProgressDeadlineExceeded",
                &format!("ReplicaSet \"{name}\" has timed out progressing."),
                now,
            );
        } else {
            object::set_condition(
                deployment,
                "Progressing",
                true,
                "ReplicaSetUpdated",
                &format!("ReplicaSet \"{name}\" is progressing."),
                now,
            );
        }
    });
}
