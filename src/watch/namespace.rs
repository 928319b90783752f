//! Whether the namespace is there.

use serde::Deserialize;

use super::{board::State, pod::Metadata, reflect::Kind};

/// The one namespace that is watched.
pub struct Namespaces;

impl Kind for Namespaces {
    const NAME: &'static str = "namespaces";
    type Object = Namespace;

    fn path(namespace: &str) -> String {
        format!("/api/v1/namespaces?fieldSelector=metadata.name%3D{namespace}")
    }

    fn name(object: &Namespace) -> &str {
        &object.metadata.name
    }

    fn version(object: &Namespace) -> &str {
        &object.metadata.resource_version
    }

    fn set(state: &mut State, object: Namespace) {
        state.namespaces.insert(object.metadata.name);
    }

    fn remove(state: &mut State, name: &str) {
        state.namespaces.remove(name);
    }

    fn names(state: &State) -> Vec<String> {
        state.namespaces.iter().cloned().collect()
    }
}

/// What is read of a namespace.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Namespace {
    metadata: Metadata,
}
