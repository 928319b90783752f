//! Claims that are not bound, and StorageClasses.

use std::collections::BTreeMap;

use landfall_core::why::ClaimRow;
use serde::Deserialize;

use super::{board::State, pod::Metadata, reflect::Kind};

/// Volume claims of the namespace.
pub struct Claims;

impl Kind for Claims {
    const NAME: &'static str = "persistentvolumeclaims";
    type Object = Claim;

    fn path(namespace: &str) -> String {
        format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims")
    }

    fn name(object: &Claim) -> &str {
        &object.metadata.name
    }

    fn version(object: &Claim) -> &str {
        &object.metadata.resource_version
    }

    fn set(state: &mut State, object: Claim) {
        let name = object.metadata.name;
        if object.status.phase == "Bound" {
            state.claims.remove(&name);
            return;
        }
        let class = object.spec.storage_class_name.filter(|class| !class.is_empty());
        let row = ClaimRow { name: name.clone(), phase: object.status.phase, class, class_exists: None };
        state.claims.insert(name, row);
    }

    fn remove(state: &mut State, name: &str) {
        state.claims.remove(name);
    }

    fn names(state: &State) -> Vec<String> {
        state.claims.keys().cloned().collect()
    }
}

/// What is read of a claim.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Claim {
    metadata: Metadata,
    spec: ClaimSpec,
    status: ClaimStatus,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ClaimSpec {
    storage_class_name: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct ClaimStatus {
    phase: String,
}

/// StorageClasses of the cluster.
pub struct Classes;

/// Marks the default one.
const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

impl Kind for Classes {
    const NAME: &'static str = "storageclasses";
    type Object = Class;

    fn path(_namespace: &str) -> String {
        "/apis/storage.k8s.io/v1/storageclasses".into()
    }

    fn name(object: &Class) -> &str {
        &object.metadata.name
    }

    fn version(object: &Class) -> &str {
        &object.metadata.resource_version
    }

    fn set(state: &mut State, object: Class) {
        let default = object.metadata.annotations.get(DEFAULT).is_some_and(|value| value == "true");
        state.classes.insert(object.metadata.name, default);
    }

    fn remove(state: &mut State, name: &str) {
        state.classes.remove(name);
    }

    fn names(state: &State) -> Vec<String> {
        state.classes.keys().cloned().collect()
    }
}

/// What is read of a StorageClass.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Class {
    metadata: ClassMetadata,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ClassMetadata {
    name: String,
    resource_version: String,
    annotations: BTreeMap<String, String>,
}
