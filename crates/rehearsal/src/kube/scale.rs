//! The `scale` subresource.

use serde_json::{Value, json};

use super::{
    object,
    objects::Key,
    refusal::Refusal,
    resource::Resource,
    state::State,
    write::{Manner, PatchKind},
};

/// The Scale of an object.
pub fn of(object: &Value) -> Value {
    let labels = object::at(object, "/spec/selector/matchLabels").and_then(Value::as_object);
    let selector: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    let metadata = &object["metadata"];
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"], "creationTimestamp": metadata["creationTimestamp"],
        },
        "spec": { "replicas": object::int(object, "/spec/replicas").unwrap_or(0) },
        "status": { "replicas": object::int(object, "/status/replicas").unwrap_or(0), "selector": selector.join(",") },
    })
}

/// Replaces the Scale.
pub fn put(state: &mut State, kind: &Resource, key: &Key, scale: &Value, manner: &Manner) -> Result<Value, Refusal> {
    let mut patch = json!({ "spec": { "replicas": scale["spec"]["replicas"] } });
    let version = object::text(scale, "/metadata/resourceVersion");
    if !version.is_empty() {
        patch["metadata"] = json!({ "resourceVersion": version });
    }
    self::patch(state, kind, key, &patch, manner)
}

/// Patches the Scale.
pub fn patch(state: &mut State, kind: &Resource, key: &Key, patch: &Value, manner: &Manner) -> Result<Value, Refusal> {
    let Some(replicas) = object::int(patch, "/spec/replicas").filter(|replicas| *replicas >= 0) else {
        return Err(Refusal::invalid(
            kind,
            &key.name,
            "spec.replicas",
            "Invalid value: must be a whole number, at least 0",
        ));
    };
    let mut change = json!({ "spec": { "replicas": replicas } });
    if let Some(version) = object::at(patch, "/metadata/resourceVersion") {
        change["metadata"] = json!({ "resourceVersion": version });
    }
    state.patch(kind, key, "", PatchKind::Merge, change, manner).map(|object| of(&object))
}
