//! Which storage classes are there, and which of them are the default?

use k8s_openapi::api::storage::v1::StorageClass;
use kube::{Api, ResourceExt, api::ListParams};

use super::{Kubernetes, Trouble};

/// The annotation that makes a class the default.
pub const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";
/// What it was called before Kubernetes 1.6; the API server still heeds it.
pub const BETA_DEFAULT: &str = "storageclass.beta.kubernetes.io/is-default-class";

/// All of them.
pub async fn all(kube: &Kubernetes) -> Result<Vec<StorageClass>, Trouble> {
    let classes: Api<StorageClass> = Api::all(kube.client().await?);
    Ok(classes.list(&ListParams::default()).await?.items)
}

/// Whether it is a default, by either annotation.
pub fn is_default(class: &StorageClass) -> bool {
    [DEFAULT, BETA_DEFAULT].iter().any(|name| class.annotations().get(*name).is_some_and(|value| value == "true"))
}

/// Names of the default ones.
pub fn defaults(classes: &[StorageClass]) -> Vec<String> {
    classes.iter().filter(|class| is_default(class)).map(ResourceExt::name_any).collect()
}
