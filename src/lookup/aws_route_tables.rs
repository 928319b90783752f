//! `aws.route_tables`: which route tables does a VPC have, and where do they lead?

use async_trait::async_trait;
use landfall_core::event::{Problem, Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::{cluster, vpc},
    },
    kind::{Context, Lookup, LookupAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteTables {
    /// The VPC; the target cluster's where left out or empty.
    #[serde(default)]
    vpc: Option<String>,
}

#[async_trait]
impl Lookup for RouteTables {
    const ABOUT: LookupAbout = LookupAbout { name: "aws.route_tables", about: "route tables of a VPC" };
    const SERVICES: &'static [&'static str] = &["ec2", "eks"];

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let vpc = match self.vpc.clone().filter(|vpc| !vpc.is_empty()) {
            Some(vpc) => vpc,
            None => of_cluster(cx).await?,
        };
        let tables = vpc::route_tables(&cx.cloud, &vpc).await?;
        let rows = tables
            .iter()
            .map(|table| {
                let leads = match (table.internet, table.nat) {
                    (true, _) => "to the internet",
                    (false, true) => "out through NAT",
                    (false, false) => "nowhere outside",
                };
                Row {
                    value: table.id.as_str().into(),
                    cells: vec![table.id.clone(), table.name.clone(), table.subnets.join(", "), leads.to_owned()],
                    rejected: None,
                    suggested: table.is_private(),
                }
            })
            .collect();
        Ok(Table {
            columns: ["route table", "name", "subnets", "leads"].map(str::to_owned).to_vec(),
            rows,
            note: format!("EC2 DescribeRouteTables of {vpc}; suggested: those of its private subnets"),
        })
    }
}

async fn of_cluster(cx: &Context) -> Result<String, Trouble> {
    let name = &cx.target.cluster;
    let cluster = cluster::cluster(&cx.cloud, name).await?;
    let vpc = cluster.resources_vpc_config().and_then(|network| network.vpc_id());
    vpc.map(str::to_owned).ok_or_else(|| {
        let what = format!("cluster {name} has no VPC yet");
        Problem::new("EKS-CLUSTER-CREATING", what, "Wait until it is ACTIVE.").into()
    })
}
