//! Where is a cluster in the network? Its VPC, its own security group, its subnets and the route tables of the private ones.

use std::collections::BTreeSet;

use aws_sdk_eks::types::Cluster;

use super::{aside, subnet, vpc};
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
    let tables = aside(vpc::route_tables(cloud, &found.vpc).await)?.unwrap_or_default();
    let subnets = aside(subnet::subnets(cloud, network.subnet_ids()).await)?.unwrap_or_default();
    let mut route_tables = BTreeSet::new();
    for there in &subnets {
        let id = there.subnet_id().unwrap_or_default().to_owned();
        let table = tables.iter().find(|table| table.subnets.contains(&id));
        let public = match table {
            Some(table) => table.internet,
            None => there.map_public_ip_on_launch().unwrap_or_default(),
        };
        if public {
            found.public_subnets.push(id);
            continue;
        }
        found.private_subnets.push(id);
        route_tables.extend(table.map(|table| table.id.clone()));
    }
    found.private_subnets.sort();
    found.public_subnets.sort();
    found.route_tables = route_tables.into_iter().collect();
    Ok(found)
}
