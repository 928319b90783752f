//! Which gateway endpoints does a VPC have?

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, State, VpcEndpoint};
use landfall_core::{event::Owner, plan::InstallId};

use super::{marks, vpc::filter};
use crate::cloud::{Cloud, Trouble};

/// A gateway service's whole name, from `s3` or `dynamodb`.
pub fn service_name(region: &str, service: &str) -> String {
    if service.contains('.') { service.to_owned() } else { format!("com.amazonaws.{region}.{service}") }
}

/// The gateway endpoints of a VPC for a service that are there or come up.
pub async fn gateways(cloud: &Cloud, vpc: &str, service: &str) -> Result<Vec<VpcEndpoint>, Trouble> {
    described(cloud, vec![filter("vpc-id", &[vpc]), filter("service-name", &[service])]).await
}

/// Those with all of these tags, where the VPC is not known yet.
pub async fn marked(
    cloud: &Cloud,
    tags: &BTreeMap<String, String>,
    service: &str,
) -> Result<Vec<VpcEndpoint>, Trouble> {
    let mut filters = marks::filters(tags);
    filters.push(filter("service-name", &[service]));
    described(cloud, filters).await
}

async fn described(cloud: &Cloud, filters: Vec<Filter>) -> Result<Vec<VpcEndpoint>, Trouble> {
    let pages = cloud.aws.ec2().await?.describe_vpc_endpoints().set_filters(Some(filters));
    let found = pages.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await?;
    let gateway = |endpoint: &VpcEndpoint| {
        endpoint.vpc_endpoint_type().is_some_and(|kind| kind.as_str().eq_ignore_ascii_case("gateway"))
    };
    let gone = |endpoint: &VpcEndpoint| matches!(&*state(endpoint), "deleted" | "rejected" | "expired");
    Ok(found.into_iter().filter(|endpoint| gateway(endpoint) && !gone(endpoint)).collect())
}

/// Its state in small letters, e.g. `available`: EC2 answers them so, and documents them with a capital.
pub fn state(endpoint: &VpcEndpoint) -> String {
    endpoint.state().map_or("", State::as_str).to_lowercase()
}

/// Whose it is.
pub fn owner(endpoint: &VpcEndpoint, install: &InstallId) -> Owner {
    marks::owner(install, marks::pairs(endpoint.tags()))
}
