//! `aws.subnets`: which subnets does the cluster's VPC have, where, and how full are they?

use async_trait::async_trait;
use aws_sdk_ec2::types::Subnet;
use landfall_core::event::{Problem, Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::{cluster, subnet},
    },
    kind::{Context, Lookup, LookupAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subnets {
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
    /// The VPC, where no cluster says so yet.
    #[serde(default)]
    vpc: Option<String>,
}

#[async_trait]
impl Lookup for Subnets {
    const ABOUT: LookupAbout = LookupAbout { name: "aws.subnets", about: "subnets of the cluster's VPC" };
    const SERVICES: &'static [&'static str] = &["ec2", "eks"];

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let name = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        if let Some(vpc) = self.vpc.as_deref().filter(|vpc| !vpc.is_empty()) {
            let mut found = subnet::of_vpc(&cx.cloud, vpc).await?;
            found.sort_by(|one, other| {
                (public(one), one.availability_zone()).cmp(&(public(other), other.availability_zone()))
            });
            let rows = found.iter().map(|subnet| row(subnet, !public(subnet))).collect();
            return Ok(Table { columns: columns(), rows, note: format!("EC2 DescribeSubnets of {vpc}") });
        }
        let cluster = cluster::cluster(&cx.cloud, name).await?;
        let network = cluster.resources_vpc_config();
        let vpc = network.and_then(|network| network.vpc_id()).ok_or_else(|| {
            Problem::new("EKS-CLUSTER-CREATING", format!("cluster {name} has no VPC yet"), "Wait until it is ACTIVE.")
        })?;
        let of_cluster = network.map_or(&[][..], |network| network.subnet_ids());
        let mut found = subnet::of_vpc(&cx.cloud, vpc).await?;
        found.sort_by(|one, other| {
            (public(one), one.availability_zone()).cmp(&(public(other), other.availability_zone()))
        });
        let any_private = found.iter().any(|subnet| !public(subnet) && in_list(of_cluster, subnet));
        let rows = found
            .iter()
            .map(|subnet| {
                let suggested = in_list(of_cluster, subnet) && (!public(subnet) || !any_private);
                row(subnet, suggested)
            })
            .collect();
        Ok(Table {
            columns: columns(),
            rows,
            note: format!("EC2 DescribeSubnets of {vpc}; suggested: the cluster's own private ones"),
        })
    }
}

fn columns() -> Vec<String> {
    ["subnet", "zone", "addresses", "free", "kind", "name"].map(str::to_owned).to_vec()
}

fn in_list(ids: &[String], subnet: &Subnet) -> bool {
    ids.iter().any(|id| subnet.subnet_id() == Some(id))
}

/// Public as far as a subnet tells itself: it hands out public addresses, or is tagged for public load balancers.
fn public(subnet: &Subnet) -> bool {
    let tagged = subnet.tags().iter().any(|tag| tag.key() == Some("kubernetes.io/role/elb"));
    tagged || subnet.map_public_ip_on_launch().unwrap_or_default()
}

fn row(subnet: &Subnet, suggested: bool) -> Row {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let name = subnet.tags().iter().find(|tag| tag.key() == Some("Name")).and_then(|tag| tag.value());
    let free = subnet.available_ip_address_count().unwrap_or_default();
    let kind = if public(subnet) { "public" } else { "private" };
    Row {
        value: text(subnet.subnet_id()).into(),
        cells: vec![
            text(subnet.subnet_id()),
            text(subnet.availability_zone()),
            text(subnet.cidr_block()),
            free.to_string(),
            kind.to_owned(),
            text(name),
        ],
        rejected: (free <= 0).then(|| "no free addresses".to_owned()),
        suggested: suggested && free > 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_subnet_stays_visible_with_the_reason() {
        let full = Subnet::builder().subnet_id("subnet-a").available_ip_address_count(0).build();
        let row = row(&full, true);
        assert_eq!(row.rejected.as_deref(), Some("no free addresses"));
        assert!(!row.suggested);
    }
}
