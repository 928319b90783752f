//! StatefulSets keep numbered pods, one after the other.

use serde_json::{Value, json};

use super::{
    Work,
    event::{self, From},
    make, make_pod,
};
use crate::kube::{object, objects::Key, state::State};

const SELF: From<'_> = From::Controller("statefulset-controller");
const HASH: &str = "controller-revision-hash";

/// Makes and deletes pods, and counts them.
pub fn touched(state: &mut State, key: &Key) {
    let Some(set) = state.objects.value(key).cloned() else { return };
    if object::is_deleting(&set) {
        return;
    }
    let wanted = object::int(&set, "/spec/replicas").unwrap_or(1);
    let revision = format!("{}-{}", key.name, object::fingerprint(&set["spec"]["template"]));
    let parallel = object::text(&set, "/spec/podManagementPolicy") == "Parallel";
    for number in 0..wanted {
        let name = format!("{}-{number}", key.name);
        let pod = Key::new("pods", &key.namespace, &name);
        match state.objects.value(&pod) {
            Some(found) if object::condition(found, "Ready") || parallel => {}
            Some(found) if matches!(object::text(found, "/status/phase"), "Failed" | "Succeeded") => {
                state.begin_removal(&pod, Some(0));
                state.objects.touch(key.clone());
                break;
            }
            Some(_) => break,
            None => {
                if !make_numbered(state, &set, key, &name, number, &revision) {
                    break;
                }
                if !parallel {
                    break;
                }
            }
        }
    }
    replace(state, &set, key, wanted, &revision);
    report(state, key, &set, &revision);
}

fn make_numbered(state: &mut State, set: &Value, key: &Key, name: &str, number: i64, revision: &str) -> bool {
    let mut claims = Vec::new();
    for claim in object::list(set, "/spec/volumeClaimTemplates") {
        let claim_name = format!("{}-{name}", object::name(claim));
        claims.push((object::name(claim).to_owned(), claim_name.clone()));
        if state.objects.find("persistentvolumeclaims", &key.namespace, &claim_name).is_none() {
            let labels = object::at(set, "/spec/selector/matchLabels").cloned().unwrap_or_else(|| json!({}));
            make(
                state,
                "persistentvolumeclaims",
                json!({ "metadata": { "name": claim_name, "namespace": key.namespace, "labels": labels }, "spec": claim["spec"] }),
            );
            event::normal(
                state,
                set,
                SELF,
                "SuccessfulCreate",
                &format!("create Claim {claim_name} Pod {name} in StatefulSet {} success", key.name),
            );
        }
    }
    let index = number.to_string();
    let labels =
        [(HASH, revision), ("statefulset.kubernetes.io/pod-name", name), ("apps.kubernetes.io/pod-index", &index)];
    let made = make_pod(state, set, name, &labels, |pod| {
        pod["spec"]["hostname"] = name.into();
        let volumes = object::slot(&mut pod["spec"], &["volumes"]);
        if !volumes.is_array() {
            *volumes = json!([]);
        }
        if let Value::Array(volumes) = volumes {
            volumes.extend(
                claims
                    .iter()
                    .map(|(volume, claim)| json!({ "name": volume, "persistentVolumeClaim": { "claimName": claim } })),
            );
        }
    });
    match made {
        Ok(_) => {
            event::normal(
                state,
                set,
                SELF,
                "SuccessfulCreate",
                &format!("create Pod {name} in StatefulSet {} successful", key.name),
            );
            true
        }
        Err(why) => {
            event::warning(
                state,
                set,
                SELF,
                "FailedCreate",
                &format!("create Pod {name} in StatefulSet {} failed error: {why}", key.name),
            );
            state.later(state.setup.times.retry, Work::Look(key.clone()));
            false
        }
    }
}

/// Deletes pods beyond the number wanted, and one with an old template where all others are ready.
fn replace(state: &mut State, set: &Value, key: &Key, wanted: i64, revision: &str) {
    let pods: Vec<(Key, i64, bool, bool, bool)> = state
        .objects
        .owned_values(object::uid(set), "pods")
        .map(|pod| {
            let number = object::name(pod).rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(0);
            let current = object::label(pod, HASH).is_some_and(|label| label == revision);
            (
                Key::new("pods", &key.namespace, object::name(pod)),
                number,
                object::condition(pod, "Ready"),
                current,
                object::is_deleting(pod),
            )
        })
        .collect();
    let deleting = pods.iter().any(|(.., deleting)| *deleting);
    if deleting {
        return;
    }
    let unready_current = pods.iter().any(|(_, number, ready, current, _)| *number < wanted && !ready && *current);
    let surplus = pods.iter().filter(|(_, number, ..)| *number >= wanted).max_by_key(|(_, number, ..)| *number);
    let stale =
        pods.iter().filter(|(.., current, _)| !current && !unready_current).max_by_key(|(_, number, ..)| *number);
    if let Some((pod, ..)) = surplus.or(stale) {
        state.begin_removal(pod, None);
        event::normal(
            state,
            set,
            SELF,
            "SuccessfulDelete",
            &format!("delete Pod {} in StatefulSet {} successful", pod.name, key.name),
        );
    }
}

fn report(state: &mut State, key: &Key, set: &Value, revision: &str) {
    let (mut all, mut ready, mut updated) = (0, 0, 0);
    for pod in state.objects.owned_values(object::uid(set), "pods").filter(|pod| !object::is_deleting(pod)) {
        all += 1;
        ready += i64::from(object::condition(pod, "Ready"));
        updated += i64::from(object::label(pod, HASH).is_some_and(|label| label == revision));
    }
    state.objects.change(key, |set| {
        let mut status = json!({
            "observedGeneration": set["metadata"]["generation"], "replicas": all, "availableReplicas": ready,
            "currentRevision": revision, "updateRevision": revision, "collisionCount": 0,
        });
        for (field, count) in [("readyReplicas", ready), ("currentReplicas", updated), ("updatedReplicas", updated)] {
            if count > 0 {
                status[field] = count.into();
            }
        }
        set["status"] = status;
    });
}
