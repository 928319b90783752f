//! What does RDS say of an instance, and which groups of subnets are there?

use std::collections::BTreeMap;

use aws_sdk_rds::types::{DbInstance, DbSubnetGroup};
use landfall_core::{
    event::{Owner, Problem},
    plan::InstallId,
};

use super::{
    marks, maybe,
    shell::{aws, fix},
};
use crate::cloud::{Cloud, Trouble};

/// How an instance is, as far as kinds tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It takes connections, and nothing is being changed.
    Ready,
    /// It is being made, changed, backed up or taken away; that passes.
    Busy,
    /// Somebody stopped it.
    Stopped,
    /// It cannot become right by waiting.
    Down,
}

/// The instance; none where there is no such one.
pub async fn instance(cloud: &Cloud, name: &str) -> Result<Option<DbInstance>, Trouble> {
    let answer = cloud.aws.rds().await?.describe_db_instances().db_instance_identifier(name).send().await;
    Ok(maybe(answer)?.and_then(|answer| answer.db_instances.unwrap_or_default().into_iter().next()))
}

/// All instances of the region.
pub async fn instances(cloud: &Cloud) -> Result<Vec<DbInstance>, Trouble> {
    let pages = cloud.aws.rds().await?.describe_db_instances().into_paginator().items().send();
    Ok(pages.collect::<Result<Vec<_>, _>>().await?)
}

/// The subnet group; none where there is no such one.
pub async fn subnet_group(cloud: &Cloud, name: &str) -> Result<Option<DbSubnetGroup>, Trouble> {
    let answer = cloud.aws.rds().await?.describe_db_subnet_groups().db_subnet_group_name(name).send().await;
    Ok(maybe(answer)?.and_then(|answer| answer.db_subnet_groups.unwrap_or_default().into_iter().next()))
}

/// Tags of something of RDS.
pub async fn tags(cloud: &Cloud, arn: &str) -> Result<BTreeMap<String, String>, Trouble> {
    let answer = cloud.aws.rds().await?.list_tags_for_resource().resource_name(arn).send().await?;
    Ok(pairs(answer.tag_list()).map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
}

/// Tags as pairs.
pub fn pairs(tags: &[aws_sdk_rds::types::Tag]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().filter_map(|tag| Some((tag.key()?, tag.value()?)))
}

/// Whose an instance is.
pub fn owner(instance: &DbInstance, install: &InstallId) -> Owner {
    marks::owner(install, pairs(instance.tag_list()))
}

/// The VPC it is in.
pub fn vpc(instance: &DbInstance) -> Option<&str> {
    instance.db_subnet_group()?.vpc_id()
}

/// Its status as RDS says it, e.g. `creating`.
pub fn status(instance: &DbInstance) -> &str {
    instance.db_instance_status().unwrap_or("unknown")
}

/// What its status comes down to: RDS User Guide, "Viewing Amazon RDS DB instance status".
pub fn life(instance: &DbInstance) -> Life {
    match status(instance) {
        "available" | "storage-optimization" => Life::Ready,
        "stopped" => Life::Stopped,
        "failed"
        | "restore-error"
        | "storage-full"
        | "insufficient-capacity"
        | "inaccessible-encryption-credentials" => Life::Down,
        status if status.starts_with("incompatible-") => Life::Down,
        _ => Life::Busy,
    }
}

/// There is none of that name.
pub fn missing(name: &str, region: &str) -> Problem {
    let list = aws("rds describe-db-instances").with("--query", "DBInstances[].DBInstanceIdentifier").region(region);
    Problem::new(
        "RDS-MISSING",
        format!("there is no RDS instance {name} in {region}"),
        fix("Correct the name or the region, or have it made.", [list]),
    )
}

/// It is there and does not work.
pub fn down(instance: &DbInstance, region: &str) -> Problem {
    let name = instance.db_instance_identifier().unwrap_or_default();
    let status = status(instance);
    let why = match status {
        "storage-full" => "Its storage is full; it takes no more writes.",
        "insufficient-capacity" => "AWS has no such instance free there just now.",
        "inaccessible-encryption-credentials" => "RDS may not use the KMS key that its storage is encrypted with.",
        "failed" | "restore-error" => "RDS could not bring it up; its events say why.",
        _ => "What it was given does not fit together; its events say what.",
    };
    let events = aws("rds describe-events").with("--source-identifier", name).with("--source-type", "db-instance");
    Problem::new(
        "RDS-DOWN",
        format!("the RDS instance {name} is {status}"),
        fix("Read its events, and mend what they name.", [events.with("--duration", 1440).region(region)]),
    )
    .why(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_told_from_what_does_not() {
        let of = |status: &str| life(&DbInstance::builder().db_instance_status(status).build());
        for ready in ["available", "storage-optimization"] {
            assert_eq!(of(ready), Life::Ready, "{ready}");
        }
        for busy in ["creating", "backing-up", "modifying", "deleting", "starting", "upgrading", "a-new-word"] {
            assert_eq!(of(busy), Life::Busy, "{busy}");
        }
        for down in ["failed", "storage-full", "incompatible-network"] {
            assert_eq!(of(down), Life::Down, "{down}");
        }
        assert_eq!(of("stopped"), Life::Stopped);
    }
}
