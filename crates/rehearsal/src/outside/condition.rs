//! When does a route answer as declared: once an ingress, a name, pods are there, for the right caller.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::Value;

use super::host::Call;
use crate::{World, tools::cluster::Cluster};

/// All of these must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// `namespace/name` of an ingress or service that has its load balancer.
    pub ingress: Option<String>,
    /// A DNS name that resolves.
    pub name: Option<String>,
    /// Pods that are ready.
    pub pods: Option<Pods>,
    /// Time since the start.
    pub after: Option<SignedDuration>,
    /// `Authorization: Bearer` holds what a Secret of the cluster holds.
    pub bearer: Option<SecretKey>,
    /// Headers with exactly these values.
    pub headers: BTreeMap<String, String>,
    /// Text in the request's body.
    pub body: Option<String>,
}

/// Pods that must be ready, all of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pods {
    /// Where.
    pub namespace: String,
    /// Label selector; every pod of the namespace where left out.
    #[serde(default)]
    pub selector: String,
    /// How many there must be.
    #[serde(default = "one")]
    pub at_least: usize,
}

fn one() -> usize {
    1
}

/// A key of a Secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretKey {
    /// Where.
    pub namespace: String,
    /// The Secret.
    pub secret: String,
    /// Its key.
    pub key: String,
}

impl When {
    /// Whether all of it holds for this call, now.
    pub async fn holds(&self, world: &World, call: &Call) -> bool {
        let outside = &world.outside;
        let here = self.ingress.as_ref().is_none_or(|ingress| outside.has_load_balancer(ingress))
            && self.name.as_ref().is_none_or(|name| outside.resolves(name))
            && self.after.is_none_or(|after| outside.age() >= after)
            && self.headers.iter().all(|(name, value)| call.header(name) == Some(value))
            && self.body.as_ref().is_none_or(|text| String::from_utf8_lossy(&call.body).contains(text.as_str()));
        if !here {
            return false;
        }
        if self.ingress.is_none() && self.pods.is_none() && self.bearer.is_none() {
            return true;
        }
        let (pods, bearer, token) = (self.pods.clone(), self.bearer.clone(), call.bearer().map(str::to_owned));
        if pods.is_none() && bearer.is_none() {
            return true;
        }
        let Some(cluster) = outside.cluster() else { return false };
        let asked = tokio::task::spawn_blocking(move || {
            pods.is_none_or(|pods| pods.ready(&cluster))
                && bearer.is_none_or(|key| token.is_some() && key.value(&cluster) == token)
        });
        asked.await.unwrap_or(false)
    }
}

impl Pods {
    fn ready(&self, cluster: &Cluster) -> bool {
        let Ok(list) = cluster.list(&format!("/api/v1/namespaces/{}/pods", self.namespace), &self.selector) else {
            return false;
        };
        list.len() >= self.at_least && list.iter().all(is_ready)
    }
}

impl SecretKey {
    fn value(&self, cluster: &Cluster) -> Option<String> {
        let secret = cluster.get(&format!("/api/v1/namespaces/{}/secrets/{}", self.namespace, self.secret)).ok()??;
        let bytes = STANDARD.decode(secret["data"][&self.key].as_str()?).ok()?;
        String::from_utf8(bytes).ok()
    }
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    let ready = conditions.is_some_and(|all| all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True"));
    ready || pod["status"]["phase"] == "Succeeded"
}
