//! What does EKS say of a cluster's identity providers of people?

use aws_sdk_eks::types::{IdentityProviderConfig, OidcIdentityProviderConfig};

use crate::cloud::{Cloud, Trouble};

/// The only type there is: EKS API reference, `IdentityProviderConfig`.
pub const OIDC: &str = "oidc";

/// One configuration by its name.
pub fn named(name: &str) -> Result<IdentityProviderConfig, Trouble> {
    IdentityProviderConfig::builder()
        .r#type(OIDC)
        .name(name)
        .build()
        .map_err(|error| Trouble::guide(error.to_string(), "Correct the provider's name."))
}

/// The configuration of that name, if there is one.
pub async fn find(cloud: &Cloud, cluster: &str, name: &str) -> Result<Option<OidcIdentityProviderConfig>, Trouble> {
    let eks = cloud.aws.eks().await?;
    let asked = eks.describe_identity_provider_config().cluster_name(cluster).identity_provider_config(named(name)?);
    let answer = super::maybe(asked.send().await)?;
    Ok(answer.and_then(|answer| answer.identity_provider_config).and_then(|config| config.oidc))
}

/// The names of all that are associated.
pub async fn all(cloud: &Cloud, cluster: &str) -> Result<Vec<String>, Trouble> {
    let eks = cloud.aws.eks().await?;
    let answer = eks.list_identity_provider_configs().cluster_name(cluster).send().await?;
    Ok(answer.identity_provider_configs().iter().map(|config| config.name().to_owned()).collect())
}
