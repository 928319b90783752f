//! Who offers an extended resource such as `nvidia.com/gpu` to pods? A device plugin's DaemonSet, or the vendor's operator.

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use kube::{Api, Client, ResourceExt, api::ListParams};
use landfall_core::{event::Owner, plan::InstallId};
use serde::Serialize;

use super::{Trouble, release};

/// What sort of thing offers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A device plugin of its own.
    DevicePlugin,
    /// The vendor's operator, which brings a plugin along.
    GpuOperator,
}

/// Somebody who offers a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// What sort of thing.
    pub by: By,
    /// `namespace/name`.
    pub name: String,
    /// The Helm release that made it, as `namespace/name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// On how many nodes it should run.
    #[serde(skip)]
    pub desired: i32,
    /// On how many it is ready.
    #[serde(skip)]
    pub ready: i32,
}

impl Offer {
    /// Whether this install made it. Who may not see Helm's records takes it for somebody else's.
    pub async fn ours(&self, client: &Client, install: &InstallId) -> bool {
        let Some((namespace, name)) = self.release.as_deref().and_then(|release| release.split_once('/')) else {
            return false;
        };
        let release = release::latest(client, namespace, name).await;
        matches!(release, Ok(Some(release)) if release.owner(install) == Owner::Ours)
    }
}

/// Everybody who offers a resource, operators first.
pub async fn offers(client: &Client, resource: &str) -> Result<Vec<Offer>, Trouble> {
    // nvidia.com/gpu → nvidia
    let vendor = resource.split('.').next().unwrap_or(resource).to_owned();
    let everything = ListParams::default();
    let daemon_sets = Api::<DaemonSet>::all(client.clone());
    let deployments = Api::<Deployment>::all(client.clone());
    let (daemon_sets, deployments) = futures::try_join!(daemon_sets.list(&everything), deployments.list(&everything))?;
    let operators = deployments.items.iter().filter(|deployment| operates(deployment, &vendor)).map(|deployment| {
        let status = deployment.status.clone().unwrap_or_default();
        Offer {
            by: By::GpuOperator,
            name: place(deployment),
            release: release(deployment),
            desired: status.replicas.unwrap_or(0),
            ready: status.ready_replicas.unwrap_or(0),
        }
    });
    let plugins = daemon_sets.items.iter().filter(|daemon_set| plugs(daemon_set, &vendor)).map(|daemon_set| {
        let status = daemon_set.status.clone().unwrap_or_default();
        Offer {
            by: if operated(daemon_set) { By::GpuOperator } else { By::DevicePlugin },
            name: place(daemon_set),
            release: release(daemon_set),
            desired: status.desired_number_scheduled,
            ready: status.number_ready,
        }
    });
    Ok(operators.chain(plugins).collect())
}

fn plugs(daemon_set: &DaemonSet, vendor: &str) -> bool {
    let containers = daemon_set.spec.iter().flat_map(|spec| spec.template.spec.iter()).flat_map(|pod| &pod.containers);
    let images = containers.filter_map(|container| container.image.clone());
    let words = [daemon_set.name_any()].into_iter().chain(daemon_set.labels().values().cloned()).chain(images);
    words.into_iter().any(|word| word.contains(vendor) && word.contains("device-plugin"))
}

/// Whether the operator made it: it owns what it makes through its ClusterPolicy.
fn operated(daemon_set: &DaemonSet) -> bool {
    daemon_set.owner_references().iter().any(|owner| owner.kind == "ClusterPolicy")
        || daemon_set.labels().get("app.kubernetes.io/managed-by").is_some_and(|by| by == "gpu-operator")
        || daemon_set.namespace().as_deref() == Some("gpu-operator")
}

fn operates(deployment: &Deployment, vendor: &str) -> bool {
    let name = deployment.name_any();
    let label = deployment.labels().get("app.kubernetes.io/name").map(String::as_str);
    vendor == "nvidia" && (name == "gpu-operator" || label == Some("gpu-operator"))
}

fn place(object: &impl ResourceExt) -> String {
    format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any())
}

fn release(object: &impl ResourceExt) -> Option<String> {
    let annotation = |name: &str| object.annotations().get(name).cloned();
    let name = annotation("meta.helm.sh/release-name")?;
    Some(format!("{}/{name}", annotation("meta.helm.sh/release-namespace").or_else(|| object.namespace())?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn daemon_set(name: &str, image: &str) -> DaemonSet {
        serde_json::from_value(json!({
            "metadata": {"name": name, "namespace": "kube-system"},
            "spec": {"selector": {}, "template": {"spec": {"containers": [{"name": "c", "image": image}]}}},
        }))
        .unwrap()
    }

    #[test]
    fn a_device_plugin_is_known_by_its_name_or_image() {
        assert!(plugs(&daemon_set("nvidia-device-plugin-daemonset", "x"), "nvidia"));
        assert!(plugs(&daemon_set("gpu", "nvcr.io/nvidia/k8s-device-plugin:v0.17"), "nvidia"));
        assert!(!plugs(&daemon_set("nvidia-dcgm-exporter", "nvcr.io/nvidia/k8s/dcgm-exporter:4"), "nvidia"));
        assert!(!plugs(&daemon_set("neuron-device-plugin", "x"), "nvidia"));
    }
}
