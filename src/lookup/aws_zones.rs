//! `aws.zones`: which availability zones does the region have for this account?

use async_trait::async_trait;
use aws_sdk_ec2::{
    config::{Config, Region},
    types::Filter,
};
use landfall_core::event::{Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::Trouble,
    kind::{Context, Lookup, LookupAbout},
};

/// Zones where EKS places no control plane: EKS User Guide, "VPC and subnet requirements". Their ids are the same in every account.
const NO_CONTROL_PLANE: [&str; 3] = ["use1-az3", "usw1-az2", "cac1-az3"];
/// How many are suggested: a control plane needs two, and three survive the loss of one with a majority left.
const SUGGESTED: usize = 3;

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Zones {
    /// The region; the target's where left out.
    #[serde(default)]
    region: Option<String>,
}

#[async_trait]
impl Lookup for Zones {
    const ABOUT: LookupAbout = LookupAbout { name: "aws.zones", about: "availability zones of a region" };
    const SERVICES: &'static [&'static str] = &["ec2"];

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        // Local and Wavelength Zones hold no control plane.
        let ordinary = Filter::builder().name("zone-type").values("availability-zone").build();
        let asked = cx.cloud.aws.ec2().await?.describe_availability_zones().filters(ordinary);
        let answer = match self.region.clone().filter(|region| !region.is_empty()) {
            // A region tells only of its own zones.
            Some(region) => {
                asked.customize().config_override(Config::builder().region(Region::new(region))).send().await?
            }
            None => asked.send().await?,
        };
        let mut zones: Vec<(String, String, String)> = answer
            .availability_zones()
            .iter()
            .map(|zone| {
                let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
                let state = zone.state().map_or("unknown", |state| state.as_str());
                (text(zone.zone_name()), text(zone.zone_id()), state.to_owned())
            })
            .collect();
        zones.sort();
        Ok(table(&zones))
    }
}

fn table(zones: &[(String, String, String)]) -> Table {
    let mut suggested = 0;
    let rows = zones
        .iter()
        .map(|(name, id, state)| {
            let rejected = if state != "available" {
                Some(format!("it is {state}"))
            } else if NO_CONTROL_PLANE.contains(&id.as_str()) {
                Some("EKS places no control plane there".to_owned())
            } else {
                None
            };
            let fits = rejected.is_none() && suggested < SUGGESTED;
            suggested += usize::from(fits);
            Row {
                value: name.as_str().into(),
                cells: vec![name.clone(), id.clone(), state.clone()],
                rejected,
                suggested: fits,
            }
        })
        .collect();
    Table {
        columns: ["zone", "id", "state"].map(str::to_owned).to_vec(),
        rows,
        note: "EC2 DescribeAvailabilityZones".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_without_control_planes_is_shown_with_the_reason() {
        let zone = |name: &str, id: &str| (name.to_owned(), id.to_owned(), "available".to_owned());
        let zones = [("a", "use1-az1"), ("b", "use1-az3"), ("c", "use1-az4"), ("d", "use1-az6"), ("e", "use1-az5")];
        let table = table(&zones.map(|(letter, id)| zone(&format!("us-east-1{letter}"), id)));
        let suggested: Vec<bool> = table.rows.iter().map(|row| row.suggested).collect();
        assert_eq!(suggested, [true, false, true, true, false]);
        assert_eq!(table.rows[1].rejected.as_deref(), Some("EKS places no control plane there"));
    }
}
