//! `aws.regions`: which regions does this account use?

use async_trait::async_trait;
use landfall_core::event::{Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::Trouble,
    kind::{Context, Lookup, LookupAbout},
};

/// No parameters.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Regions {}

#[async_trait]
impl Lookup for Regions {
    const ABOUT: LookupAbout = LookupAbout { name: "aws.regions", about: "regions this account uses" };
    const SERVICES: &'static [&'static str] = &["ec2"];

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let answer = cx.cloud.aws.ec2().await?.describe_regions().send().await?;
        let here = cx.cloud.aws.region().await;
        let rows = answer
            .regions()
            .iter()
            .filter_map(|region| region.region_name())
            .map(|name| Row {
                value: name.into(),
                cells: vec![name.to_owned()],
                suggested: here.as_deref() == Some(name),
                ..Row::default()
            })
            .collect();
        Ok(Table { columns: vec!["region".into()], rows, note: "EC2 DescribeRegions".into() })
    }
}
