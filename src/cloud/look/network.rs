//! Where is a cluster in the network? Its VPC, its own security group, its subnets and the route tables of the private ones.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Filter, RouteTable};
use aws_sdk_eks::types::Cluster;

use super::{aside, subnet};
use crate::cloud::{Cloud, Trouble};

/// What others need to know to put something beside a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Its VPC.
    pub vpc: String,
    /// The security group that EKS gives the cluster and its managed nodes.
    pub security_group: String,
    /// Its subnets without a route to an internet gateway.
    pub private_subnets: Vec<String>,
    /// Its subnets with one.
    pub public_subnets: Vec<String>,
    /// Route tables of the private subnets.
    pub route_tables: Vec<String>,
}

/// The network of a cluster.
pub async fn of(cloud: &Cloud, cluster: &Cluster) -> Result<Network, Trouble> {
    let Some(network) = cluster.resources_vpc_config() else { return Ok(Network::default()) };
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let mut found = Network {
        vpc: text(network.vpc_id()),
        security_group: text(network.cluster_security_group_id()),
        ..Network::default()
    };
    if found.vpc.is_empty() {
        return Ok(found);
    }
    // Whoever may not look at the network still has a cluster.
    let tables = aside(tables(cloud, &found.vpc).await)?.unwrap_or_default();
    let subnets = aside(subnet::subnets(cloud, network.subnet_ids()).await)?.unwrap_or_default();
    let mut route_tables = BTreeSet::new();
    for there in &subnets {
        let id = there.subnet_id().unwrap_or_default().to_owned();
        let table = table_of(&tables, &id);
        let public = match table {
            Some(table) => to_internet(table),
            None => there.map_public_ip_on_launch().unwrap_or_default(),
        };
        if public {
            found.public_subnets.push(id);
            continue;
        }
        found.private_subnets.push(id);
        route_tables.extend(table.and_then(|table| table.route_table_id()).map(str::to_owned));
    }
    found.private_subnets.sort();
    found.public_subnets.sort();
    found.route_tables = route_tables.into_iter().collect();
    Ok(found)
}

async fn tables(cloud: &Cloud, vpc: &str) -> Result<Vec<RouteTable>, Trouble> {
    let filter = Filter::builder().name("vpc-id").values(vpc).build();
    let pages = cloud.aws.ec2().await?.describe_route_tables().filters(filter).into_paginator().items().send();
    Ok(pages.collect::<Result<Vec<_>, _>>().await?)
}

/// The table a subnet is associated with; the VPC's main one where with none.
fn table_of<'a>(tables: &'a [RouteTable], subnet: &str) -> Option<&'a RouteTable> {
    let own = tables.iter().find(|table| table.associations().iter().any(|to| to.subnet_id() == Some(subnet)));
    own.or_else(|| tables.iter().find(|table| table.associations().iter().any(|to| to.main() == Some(true))))
}

fn to_internet(table: &RouteTable) -> bool {
    table.routes().iter().any(|route| route.gateway_id().is_some_and(|gateway| gateway.starts_with("igw-")))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{Route, RouteTableAssociation};

    use super::*;

    #[test]
    fn a_subnet_without_a_table_of_its_own_has_the_main_one() {
        let association = |subnet: Option<&str>, main| {
            RouteTableAssociation::builder().set_subnet_id(subnet.map(str::to_owned)).main(main).build()
        };
        let route = |gateway: &str| Route::builder().gateway_id(gateway).build();
        let open = RouteTable::builder().route_table_id("rtb-1").associations(association(Some("subnet-a"), false));
        let main = RouteTable::builder().route_table_id("rtb-2").associations(association(None, true));
        let tables = [open.routes(route("igw-1")).build(), main.routes(route("local")).build()];
        assert!(to_internet(table_of(&tables, "subnet-a").unwrap()));
        let other = table_of(&tables, "subnet-b").unwrap();
        assert_eq!((other.route_table_id(), to_internet(other)), (Some("rtb-2"), false));
    }
}
