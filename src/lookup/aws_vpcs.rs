//! `aws.vpcs`: which VPCs are in this region, and whose?

use async_trait::async_trait;
use landfall_core::event::{Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::{aside, cluster, vpc},
    },
    kind::{Context, Lookup, LookupAbout},
};

/// No parameters.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vpcs {}

#[async_trait]
impl Lookup for Vpcs {
    const ABOUT: LookupAbout = LookupAbout { name: "aws.vpcs", about: "VPCs of this region" };
    const SERVICES: &'static [&'static str] = &["ec2", "eks"];

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let pages = cx.cloud.aws.ec2().await?.describe_vpcs().into_paginator().items().send();
        let vpcs = pages.collect::<Result<Vec<_>, _>>().await?;
        let clusters = aside(cluster::by_vpc(&cx.cloud).await)?.unwrap_or_default();
        let rows = vpcs
            .iter()
            .map(|vpc| {
                let id = vpc.vpc_id().unwrap_or_default();
                let of = clusters.get(id).cloned().unwrap_or_default();
                let name = match (vpc::name(vpc.tags()), vpc.is_default()) {
                    ("", Some(true)) => "default",
                    (name, _) => name,
                };
                Row {
                    value: id.into(),
                    suggested: of.contains(&cx.target.cluster) || vpcs.len() == 1,
                    cells: vec![
                        id.to_owned(),
                        name.to_owned(),
                        vpc.cidr_block().unwrap_or_default().to_owned(),
                        of.join(", "),
                    ],
                    rejected: None,
                }
            })
            .collect();
        Ok(Table {
            columns: ["VPC", "name", "addresses", "clusters in it"].map(str::to_owned).to_vec(),
            rows,
            note: "EC2 DescribeVpcs, EKS DescribeCluster".into(),
        })
    }
}
