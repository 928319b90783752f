//! What goes when its owner goes?

use serde_json::Value;

use crate::kube::{object, objects::Key, state::State};

/// Deletes what has no owner left.
pub fn collect(state: &mut State, uid: &str) {
    let owned: Vec<Key> = state.objects.owned_by(uid).cloned().collect();
    for key in owned {
        let Some(value) = state.objects.value(&key) else { continue };
        let others = object::list(value, "/metadata/ownerReferences").iter().any(|owner| {
            let other = object::text(owner, "/uid");
            other != uid
                && state.kind_of(owner).is_some_and(|kind| {
                    let namespace = if kind.namespaced { key.namespace.as_str() } else { "" };
                    state
                        .objects
                        .find(&kind.id, namespace, object::text(owner, "/name"))
                        .is_some_and(|found| object::uid(found) == other)
                })
        });
        if !others {
            state.begin_removal(&key, None);
        }
    }
}

/// Goes on with a foreground deletion: first what is owned, then the owner.
pub fn foreground(state: &mut State, key: &Key) {
    let Some(value) = state.objects.value(key) else { return };
    let waits = object::list(value, "/metadata/finalizers").iter().any(|finalizer| finalizer == "foregroundDeletion");
    if !waits || !object::is_deleting(value) {
        return;
    }
    let uid = object::uid(value).to_owned();
    let owned: Vec<Key> = state.objects.owned_by(&uid).cloned().collect();
    if !owned.is_empty() {
        for key in owned {
            let owner = state.objects.value(&key).map(|object| object::uid(object).to_owned()).unwrap_or_default();
            if state.objects.owned_by(&owner).next().is_some() {
                state.hold_for_owned(&key);
            }
            state.begin_removal(&key, None);
        }
        // What went at once left nothing behind that would bring us here again.
        if state.objects.owned_by(&uid).next().is_none() {
            state.objects.touch(key.clone());
        }
        return;
    }
    state.objects.change(key, |object| {
        if let Some(Value::Array(finalizers)) = object.pointer_mut("/metadata/finalizers") {
            finalizers.retain(|finalizer| finalizer != "foregroundDeletion");
        }
    });
    if state.objects.value(key).is_some_and(|object| object::list(object, "/metadata/finalizers").is_empty()) {
        state.objects.remove(key);
    }
}
