//! What does EKS say of a cluster?

use std::collections::BTreeMap;

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

/// Names of the region's clusters by the id of their VPC.
pub async fn by_vpc(cloud: &Cloud) -> Result<BTreeMap<String, Vec<String>>, Trouble> {
    let pages = cloud.aws.eks().await?.list_clusters().into_paginator().items().send();
    let names = pages.collect::<Result<Vec<_>, _>>().await?;
    let described = futures::future::join_all(names.iter().map(|name| find(cloud, name))).await;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, answer) in names.into_iter().zip(described) {
        // Clusters that may not be looked at are nobody's here.
        let Some(cluster) = super::aside(answer)?.flatten() else { continue };
        if let Some(vpc) = cluster.resources_vpc_config().and_then(|network| network.vpc_id()) {
            found.entry(vpc.to_owned()).or_default().push(name);
        }
    }
    Ok(found)
}
