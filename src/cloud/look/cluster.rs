//! What does EKS say of a cluster?

use aws_sdk_eks::types::Cluster;
use landfall_core::event::Problem;

use super::shell::{aws, fix};
use crate::cloud::{Cloud, Trouble};

/// The cluster, if there is one of that name.
pub async fn find(cloud: &Cloud, name: &str) -> Result<Option<Cluster>, Trouble> {
    let answer = cloud.aws.eks().await?.describe_cluster().name(name).send().await;
    Ok(super::maybe(answer)?.and_then(|answer| answer.cluster))
}

/// The cluster; a problem if there is none of that name.
pub async fn cluster(cloud: &Cloud, name: &str) -> Result<Cluster, Trouble> {
    match find(cloud, name).await? {
        Some(cluster) => Ok(cluster),
        None => Err(missing(cloud, name).await.into()),
    }
}

/// What to say where there is no such cluster: which ones there are.
pub async fn missing(cloud: &Cloud, name: &str) -> Problem {
    let region = cloud.aws.region().await.unwrap_or_default();
    let others = match cloud.aws.eks().await {
        Ok(eks) => eks.list_clusters().send().await.map(|answer| answer.clusters.unwrap_or_default()),
        Err(_) => Ok(Vec::new()),
    };
    let there = match others {
        Ok(names) if names.is_empty() => format!("There is no EKS cluster in {region}."),
        Ok(names) => format!("Clusters in {region}: {}.", names.join(", ")),
        Err(_) => "The list of clusters could not be read.".into(),
    };
    Problem::new(
        "EKS-CLUSTER-MISSING",
        format!("there is no EKS cluster {name:?} in {region}"),
        fix("Correct the name, the region or the account.", [aws("eks list-clusters").region(&region)]),
    )
    .why(there)
}

/// Parts of a cluster's ARN: partition and account.
pub fn partition_and_account(cluster: &Cluster) -> Option<(&str, &str)> {
    let mut parts = cluster.arn()?.split(':');
    let partition = parts.nth(1)?;
    let account = parts.nth(2)?;
    Some((partition, account))
}

/// The cluster's OIDC issuer, `https://…`.
pub fn issuer(cluster: &Cluster) -> Option<&str> {
    cluster.identity()?.oidc()?.issuer()
}
