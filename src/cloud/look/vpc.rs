//! Where do the subnets of a VPC lead? Its route tables, and which of its subnets are private.

use aws_sdk_ec2::types::{Filter, RouteTable as Described, SecurityGroup, Vpc};

use super::subnet;
use crate::cloud::{Cloud, Trouble};

/// A route table, as kinds ask about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteTable {
    /// `rtb-…`.
    pub id: String,
    /// Its `Name` tag.
    pub name: String,
    /// Whether it holds for subnets that name no other.
    pub main: bool,
    /// The subnets it holds for.
    pub subnets: Vec<String>,
    /// Whether it leads to an internet gateway: its subnets are public.
    pub internet: bool,
    /// Whether it leads to a NAT gateway or instance.
    pub nat: bool,
}

/// A filter by name and values.
pub fn filter(name: &str, values: &[&str]) -> Filter {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// The VPC; none where there is no such one.
pub async fn find(cloud: &Cloud, id: &str) -> Result<Option<Vpc>, Trouble> {
    let answer = cloud.aws.ec2().await?.describe_vpcs().filters(filter("vpc-id", &[id])).send().await?;
    Ok(answer.vpcs.unwrap_or_default().into_iter().next())
}

/// All route tables of a VPC; the main one knows the subnets that name no other.
pub async fn route_tables(cloud: &Cloud, vpc: &str) -> Result<Vec<RouteTable>, Trouble> {
    let pages = cloud.aws.ec2().await?.describe_route_tables().filters(filter("vpc-id", &[vpc]));
    let described = pages.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await?;
    let mut tables: Vec<RouteTable> = described.iter().map(of).collect();
    let named: Vec<String> = tables.iter().flat_map(|table| table.subnets.clone()).collect();
    let subnets = subnet::of_vpc(cloud, vpc).await?;
    if let Some(main) = tables.iter_mut().find(|table| table.main) {
        main.subnets.extend(subnets.into_iter().filter_map(|subnet| subnet.subnet_id).filter(|id| !named.contains(id)));
    }
    Ok(tables)
}

/// The route tables of the private subnets.
pub async fn private_tables(cloud: &Cloud, vpc: &str) -> Result<Vec<String>, Trouble> {
    let tables = route_tables(cloud, vpc).await?;
    Ok(tables.into_iter().filter(RouteTable::is_private).map(|table| table.id).collect())
}

/// The private subnets of a VPC; all where it has none.
pub async fn private_subnets(cloud: &Cloud, vpc: &str) -> Result<Vec<String>, Trouble> {
    let tables = route_tables(cloud, vpc).await?;
    let of = |private: bool| -> Vec<String> {
        let chosen = tables.iter().filter(|table| !private || table.is_private());
        let mut ids: Vec<String> = chosen.flat_map(|table| table.subnets.clone()).collect();
        ids.sort();
        ids
    };
    let private = of(true);
    Ok(if private.is_empty() { of(false) } else { private })
}

/// A VPC's security group of this name.
pub async fn security_group(cloud: &Cloud, vpc: &str, name: &str) -> Result<Option<SecurityGroup>, Trouble> {
    let filters = vec![filter("group-name", &[name]), filter("vpc-id", &[vpc])];
    let answer = cloud.aws.ec2().await?.describe_security_groups().set_filters(Some(filters)).send().await?;
    Ok(answer.security_groups.unwrap_or_default().into_iter().next())
}

impl RouteTable {
    /// Holds for subnets, none of which is reached from the internet.
    pub fn is_private(&self) -> bool {
        !self.internet && !self.subnets.is_empty()
    }
}

fn of(table: &Described) -> RouteTable {
    let routes = table.routes();
    RouteTable {
        id: table.route_table_id().unwrap_or_default().to_owned(),
        name: name(table.tags()).to_owned(),
        main: table.associations().iter().any(|association| association.main() == Some(true)),
        subnets: table
            .associations()
            .iter()
            .filter_map(|association| association.subnet_id().map(str::to_owned))
            .collect(),
        internet: routes.iter().any(|route| route.gateway_id().is_some_and(|id| id.starts_with("igw-"))),
        nat: routes.iter().any(|route| {
            let everywhere = route.destination_cidr_block() == Some("0.0.0.0/0");
            route.nat_gateway_id().is_some() || (everywhere && route.instance_id().is_some())
        }),
    }
}

/// The `Name` tag; empty where there is none.
pub fn name(tags: &[aws_sdk_ec2::types::Tag]) -> &str {
    tags.iter().find(|tag| tag.key() == Some("Name")).and_then(|tag| tag.value()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{Route, RouteTableAssociation};

    use super::*;

    #[test]
    fn a_way_to_an_internet_gateway_makes_subnets_public() {
        let table = |route: Route| {
            let association = RouteTableAssociation::builder().subnet_id("subnet-a").build();
            of(&Described::builder().route_table_id("rtb-a").associations(association).routes(route).build())
        };
        let public =
            table(Route::builder().destination_cidr_block("0.0.0.0/0").gateway_id("igw-0123456789abcdef0").build());
        assert!(public.internet && !public.is_private());
        let private =
            table(Route::builder().destination_cidr_block("0.0.0.0/0").nat_gateway_id("nat-0123456789abcdef0").build());
        assert!(private.nat && private.is_private());
        let endpoint = table(Route::builder().destination_prefix_list_id("pl-1").gateway_id("vpce-0123").build());
        assert!(endpoint.is_private());
    }
}
