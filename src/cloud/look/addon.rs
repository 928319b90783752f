//! How is an EKS add-on doing, and which roles do its pods take on?

use std::collections::BTreeMap;

use aws_sdk_eks::types::{Addon, AddonStatus};
use landfall_core::event::Problem;

use super::{
    maybe,
    shell::{aws, fix},
};
use crate::cloud::{Cloud, Trouble};

/// The add-on, if the cluster has it.
pub async fn find(cloud: &Cloud, cluster: &str, name: &str) -> Result<Option<Addon>, Trouble> {
    let eks = cloud.aws.eks().await?;
    let answer = maybe(eks.describe_addon().cluster_name(cluster).addon_name(name).send().await)?;
    Ok(answer.and_then(|answer| answer.addon))
}

/// What EKS says is wrong with it, one line each.
pub fn issues(addon: &Addon) -> Vec<String> {
    let issues = addon.health().map(|health| health.issues()).unwrap_or_default();
    issues
        .iter()
        .map(|issue| {
            let code = issue.code().map_or("Unknown", |code| code.as_str());
            format!("{code}: {}", issue.message().unwrap_or_default())
        })
        .collect()
}

/// Role by service account of its pod identity associations.
pub async fn pod_identities(cloud: &Cloud, cluster: &str, addon: &Addon) -> Result<BTreeMap<String, String>, Trouble> {
    let eks = cloud.aws.eks().await?;
    let mut roles = BTreeMap::new();
    for arn in addon.pod_identity_associations() {
        let id = arn.rsplit('/').next().unwrap_or(arn);
        let call = eks.describe_pod_identity_association().cluster_name(cluster).association_id(id).send().await;
        if let Some(found) = maybe(call)?.and_then(|answer| answer.association)
            && let (Some(account), Some(role)) = (found.service_account, found.role_arn)
        {
            roles.insert(account, role);
        }
    }
    Ok(roles)
}

/// It is there and does not work.
pub fn down(addon: &Addon, cluster: &str, region: &str) -> Problem {
    let name = addon.addon_name().unwrap_or_default();
    let status = addon.status().map_or("UNKNOWN", AddonStatus::as_str);
    let look = aws("eks describe-addon").with("--cluster-name", cluster).with("--addon-name", name).region(region);
    let told = issues(addon);
    let why = if told.is_empty() { "EKS names no reason.".to_owned() } else { told.join("; ") };
    Problem::new(
        "EKS-ADDON-DOWN",
        format!("the add-on {name} is {status}"),
        fix("Mend what EKS names, then try again; or delete the add-on and have it made again.", [look]),
    )
    .why(why)
}
