//! Steps: one file a kind. Each changes one thing, and can tell from the world alone whether it is there.

pub mod helm_release;
mod helm_values;
pub mod kube_manifest;
pub mod kube_namespace;
pub mod kube_secret;
mod manifest_diff;
pub mod person_does;
pub mod registry_mirror;
mod secret_data;
