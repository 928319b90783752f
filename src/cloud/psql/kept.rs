//! What was made in a database server is remembered beside the installation: a ConfigMap that holds no secret, so that looking
//! needs no Job.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use landfall_core::{
    event::{Owner, Permissions},
    plan::InstallId,
    value::Late,
};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Psql;
use crate::cloud::{Trouble, marks};

/// One thing that was made, or found, in a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The server, as [`server`] calls it.
    pub server: String,
    /// Whether it was there before.
    pub was_there: bool,
    /// What else is known of it, e.g. the fingerprint of its password.
    pub about: BTreeMap<String, String>,
}

/// What tells one server from another: `host:port`, and an id where a later one may have the same name. None while a step has
/// not told it yet.
pub fn server(host: &Late<String>, port: &Late<u16>, id: Option<&Late<String>>) -> Option<String> {
    let place = format!("{}:{}", host.known()?, port.known()?);
    match id {
        None => Some(place),
        Some(id) => Some(format!("{place} {}", id.known()?)),
    }
}

/// The name of a Job and a ConfigMap for `what` (`role`, `database`) of this name, which may hold any sign.
pub fn object_name(what: &str, name: &str) -> String {
    let digest = Sha256::digest(format!("{what}/{name}"));
    let short: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let signs = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let slug: String = name.chars().take(30).map(signs).collect();
    format!("landfall-{what}-{}-{short}", slug.trim_matches('-'))
}

impl Psql {
    /// What was kept, and whose it is.
    pub async fn kept(&self, install: &InstallId) -> Result<Option<(Kept, Owner)>, Trouble> {
        let Some(map) = self.maps().await?.get_opt(&self.name).await? else { return Ok(None) };
        let owner = marks::owner(&map, install);
        let mut about = map.data.unwrap_or_default();
        let server = about.remove("server").unwrap_or_default();
        let was_there = about.remove("was_there").as_deref() == Some("true");
        Ok(Some((Kept { server, was_there, about }, owner)))
    }

    /// Keeps it.
    pub async fn keep(&self, kept: &Kept) -> Result<(), Trouble> {
        let mut data = kept.about.clone();
        data.insert("server".into(), kept.server.clone());
        data.insert("was_there".into(), kept.was_there.to_string());
        let map = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": self.name, "labels": self.labels },
            "data": data,
        });
        let by = PatchParams::apply(marks::MANAGER).force();
        self.maps().await?.patch(&self.name, &by, &Patch::Apply(&map)).await?;
        Ok(())
    }

    /// Forgets it.
    pub async fn forget(&self) -> Result<(), Trouble> {
        match self.maps().await?.delete(&self.name, &DeleteParams::default()).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn maps(&self) -> Result<Api<ConfigMap>, Trouble> {
        Ok(Api::namespaced(self.cloud.kube.client().await?, &self.namespace))
    }
}

/// What making, keeping and removing needs.
pub fn permissions(namespace: &str) -> Permissions {
    super::permissions(namespace).rbac(Some(namespace), "", "configmaps", &["get", "create", "patch", "delete"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_becomes_one_that_kubernetes_takes_and_none_becomes_anothers() {
        let one = object_name("role", "Orders_rw");
        assert!(one.starts_with("landfall-role-orders-rw-"), "{one}");
        assert_ne!(one, object_name("role", "orders-rw"));
        assert_ne!(object_name("role", "x"), object_name("database", "x"));
        assert!(object_name("database", &"é".repeat(60)).len() < 63);
    }
}
