//! Namespaces: what every one gets, and how it goes.

use serde_json::json;

use super::{Work, make};
use crate::kube::{object, objects::Key, state::State};

/// Gives a namespace what it needs, or goes on taking it away.
pub fn touched(state: &mut State, key: &Key) {
    let Some(namespace) = state.objects.value(key) else { return };
    let name = key.name.clone();
    if !object::is_deleting(namespace) {
        if state.objects.find("serviceaccounts", &name, "default").is_none() {
            make(state, "serviceaccounts", json!({ "metadata": { "name": "default", "namespace": name } }));
        }
        if state.objects.find("configmaps", &name, "kube-root-ca.crt").is_none() {
            make(
                state,
                "configmaps",
                json!({ "metadata": { "name": "kube-root-ca.crt", "namespace": name }, "data": { "ca.crt": "" } }),
            );
        }
        return;
    }
    let uid = object::uid(namespace).to_owned();
    for content in state.objects.in_namespace(&name) {
        if state.objects.value(&content).is_some_and(|object| !object::is_deleting(object)) {
            state.begin_removal(&content, None);
        }
    }
    if state.objects.in_namespace(&name).is_empty() && state.begun.insert(format!("{uid}/gone")) {
        state.later(state.setup.times.namespace, Work::Namespace(key.clone()));
    }
}

/// Takes an empty namespace away.
pub fn finish(state: &mut State, key: &Key) {
    let Some(namespace) = state.objects.value(key) else { return };
    let uid = object::uid(namespace).to_owned();
    if object::is_deleting(namespace) && state.objects.in_namespace(&key.name).is_empty() {
        state.objects.remove(key);
    } else {
        state.begun.remove(&format!("{uid}/gone"));
        state.objects.touch(key.clone());
    }
}
