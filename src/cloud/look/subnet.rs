//! Which subnets are these?

use aws_sdk_ec2::types::{Filter, Subnet};

use crate::cloud::{Cloud, Trouble};

/// Those of the subnets that exist. A filter, not ids: one wrong id would fail the whole call.
pub async fn subnets(cloud: &Cloud, ids: &[String]) -> Result<Vec<Subnet>, Trouble> {
    filtered(cloud, "subnet-id", ids.to_vec()).await
}

/// All subnets of a VPC.
pub async fn of_vpc(cloud: &Cloud, vpc: &str) -> Result<Vec<Subnet>, Trouble> {
    filtered(cloud, "vpc-id", vec![vpc.to_owned()]).await
}

async fn filtered(cloud: &Cloud, name: &str, values: Vec<String>) -> Result<Vec<Subnet>, Trouble> {
    let filter = Filter::builder().name(name).set_values(Some(values)).build();
    let pages = cloud.aws.ec2().await?.describe_subnets().filters(filter).into_paginator().items().send();
    Ok(pages.collect::<Result<Vec<_>, _>>().await?)
}
