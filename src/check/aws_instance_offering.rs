//! `aws.instance_offering`: do the zones of the subnets have this instance type?

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, LocationType};
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::{
            shell::{aws, fix},
            subnet,
        },
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// Whether EC2 has the instance type in the zones of these subnets. It differs by zone, and an auto scaling group stays
/// short of nodes in a zone without it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceOffering {
    /// e.g. `g4dn.2xlarge`.
    instance_type: String,
    /// The subnets nodes will be in.
    subnets: Vec<String>,
}

#[async_trait]
impl Check for InstanceOffering {
    const ABOUT: CheckAbout = CheckAbout {
        name: "aws.instance_offering",
        code: "AWS-05",
        about: "the zones have this instance type",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["EC2-NOT-OFFERED"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let mut zones: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for subnet in subnet::subnets(&cx.cloud, &self.subnets).await? {
            let (Some(zone), Some(id)) = (subnet.availability_zone(), subnet.subnet_id()) else { continue };
            zones.entry(zone.to_owned()).or_default().push(id.to_owned());
        }
        let filter = Filter::builder().name("instance-type").values(&self.instance_type).build();
        let pages = cx
            .cloud
            .aws
            .ec2()
            .await?
            .describe_instance_type_offerings()
            .location_type(LocationType::AvailabilityZone)
            .filters(filter)
            .into_paginator()
            .items()
            .send();
        let offered: Vec<String> =
            pages.collect::<Result<Vec<_>, _>>().await?.into_iter().filter_map(|offer| offer.location).collect();
        let region = cx.cloud.aws.region().await.unwrap_or_default();
        Ok(self.judge(&zones, &offered, &region))
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default().iam("*", ["ec2:DescribeSubnets", "ec2:DescribeInstanceTypeOfferings"])
    }
}

impl InstanceOffering {
    fn judge(&self, zones: &BTreeMap<String, Vec<String>>, offered: &[String], region: &str) -> Outcome {
        if zones.is_empty() {
            return Outcome::skip("none of the subnets exists");
        }
        let (there, missing): (Vec<_>, Vec<_>) = zones.iter().partition(|(zone, _)| offered.contains(zone));
        if missing.is_empty() {
            let names: Vec<&str> = there.iter().map(|(zone, _)| zone.as_str()).collect();
            return Outcome::pass(format!("{} offered in {}", self.instance_type, names.join(", ")));
        }
        let list = aws("ec2 describe-instance-type-offerings")
            .with("--location-type", "availability-zone")
            .with("--filters", format!("Name=instance-type,Values={}", self.instance_type))
            .region(region);
        let missing_zones: Vec<&str> = missing.iter().map(|(zone, _)| zone.as_str()).collect();
        let missing_subnets: Vec<&str> = missing.iter().flat_map(|(_, ids)| ids.iter().map(String::as_str)).collect();
        let what = format!("{} is not offered in {}", self.instance_type, missing_zones.join(", "));
        let why = match offered {
            [] => format!("No zone of {region} offers it."),
            offered => format!("It is offered in {}.", offered.join(", ")),
        };
        if there.is_empty() {
            let advice = "Choose subnets in a zone that has it, or another instance type.";
            let problem = Problem::new("EC2-NOT-OFFERED", what, fix(advice, [list])).why(why);
            return Outcome::Fail { problem };
        }
        let advice = format!("Leave out {}: launches there fail and delay the others.", missing_subnets.join(", "));
        Outcome::Warn { problem: Problem::new("EC2-NOT-OFFERED", what, fix(advice, [list])).why(why) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(offered: &[&str]) -> Outcome {
        let check = InstanceOffering { instance_type: "g4dn.2xlarge".into(), subnets: vec![] };
        let zones = BTreeMap::from([
            ("us-east-2a".to_owned(), vec!["subnet-a".to_owned()]),
            ("us-east-2b".to_owned(), vec!["subnet-b".to_owned()]),
        ]);
        check.judge(&zones, &offered.iter().map(|zone| (*zone).to_owned()).collect::<Vec<_>>(), "us-east-2")
    }

    #[test]
    fn every_zone_having_it_passes() {
        assert!(matches!(judge(&["us-east-2a", "us-east-2b"]), Outcome::Pass { .. }));
    }

    #[test]
    fn a_zone_without_it_is_warned_of_with_the_subnet_to_leave_out() {
        let outcome = judge(&["us-east-2a"]);
        assert!(matches!(outcome, Outcome::Warn { .. }));
        assert!(outcome.problem().unwrap().fix.contains("subnet-b"));
    }

    #[test]
    fn no_zone_having_it_fails() {
        assert!(matches!(judge(&["us-east-2c"]), Outcome::Fail { .. }));
    }
}
