//! Is data lost when an object is deleted? Told by what it is: what it stores, and what goes with it.

use serde_json::Value;

/// Whether data goes with this object. What another kind stores (a database's own resource) only a guide can say.
pub fn holds_data(object: &Value) -> bool {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let group = text("/apiVersion").rsplit_once('/').map_or("", |(group, _)| group);
    match (group, text("/kind")) {
        // Everything inside goes with a namespace, and every object of its kind with a definition.
        ("", "PersistentVolumeClaim" | "PersistentVolume" | "Namespace")
        | ("apiextensions.k8s.io", "CustomResourceDefinition")
        | ("snapshot.storage.k8s.io", "VolumeSnapshot" | "VolumeSnapshotContent")
        | ("groupsnapshot.storage.k8s.io", "VolumeGroupSnapshot" | "VolumeGroupSnapshotContent") => true,
        // Its claims outlive it, unless it says otherwise.
        ("apps", "StatefulSet") => text("/spec/persistentVolumeClaimRetentionPolicy/whenDeleted") == "Delete",
        // What could not be read may be any of these.
        (_, kind) => kind.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_stores_something_and_what_takes_it_along_holds_data() {
        let of = |version: &str, kind: &str| holds_data(&json!({ "apiVersion": version, "kind": kind }));
        assert!(of("v1", "PersistentVolumeClaim") && of("v1", "PersistentVolume") && of("v1", "Namespace"));
        assert!(of("apiextensions.k8s.io/v1", "CustomResourceDefinition"));
        assert!(of("snapshot.storage.k8s.io/v1", "VolumeSnapshot"));
        assert!(!of("v1", "ConfigMap") && !of("apps/v1", "Deployment") && !of("apps/v1", "StatefulSet"));
        assert!(!of("example.com/v1", "PersistentVolumeClaim"), "another's kind of that name");
        let claims = json!({ "apiVersion": "apps/v1", "kind": "StatefulSet",
            "spec": { "persistentVolumeClaimRetentionPolicy": { "whenDeleted": "Delete" } } });
        assert!(holds_data(&claims));
        assert!(holds_data(&json!("<missing.j2>")), "nobody can tell");
    }
}
