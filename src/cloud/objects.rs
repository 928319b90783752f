//! Where in the API are objects of a kind that is only known by name?

use kube::{
    Api, Client,
    core::{DynamicObject, GroupVersionKind},
    discovery::{Scope, oneshot},
};
use landfall_core::event::Problem;

use super::Trouble;

/// The API of a kind, as the cluster names it.
pub async fn api(
    client: &Client,
    api_version: &str,
    kind: &str,
    namespace: Option<&str>,
) -> Result<Api<DynamicObject>, Trouble> {
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    let gvk = GroupVersionKind::gvk(group, version, kind);
    let (resource, capabilities) = oneshot::pinned_kind(client, &gvk).await.map_err(|error| match error {
        kube::Error::Api(status) if status.code != 404 => Trouble::from(kube::Error::Api(status)),
        kube::Error::Api(_) | kube::Error::Discovery(_) => Problem::new(
            "K8S-KIND-MISSING",
            format!("the cluster knows no {api_version} {kind}"),
            "Install what brings it (its CRD) first, or use the version the cluster has.\n$ kubectl api-resources",
        )
        .into(),
        other => Trouble::from(other),
    })?;
    Ok(match (capabilities.scope, namespace) {
        (Scope::Namespaced, Some(namespace)) => Api::namespaced_with(client.clone(), namespace, &resource),
        _ => Api::all_with(client.clone(), &resource),
    })
}
