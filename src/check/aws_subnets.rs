//! `aws.subnets`: do the subnets exist, belong to the cluster's VPC, and have free addresses in two zones?

use std::collections::BTreeSet;

use async_trait::async_trait;
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
            cluster,
            shell::{aws, fix},
            subnet,
        },
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The subnets of the new nodes: whether they are in the cluster's VPC, their free addresses, and their zones. Every
/// pod takes an address; where none is left, nodes and pods stop coming up.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subnets {
    /// Ids.
    subnets: Vec<String>,
    /// How many addresses nodes and their pods need, in all of them together.
    free_addresses: u32,
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
    /// The VPC they must be in, where no cluster says so yet.
    #[serde(default)]
    vpc: Option<String>,
}

#[derive(Default)]
struct Seen {
    id: String,
    vpc: String,
    zone: String,
    free: u32,
}

#[async_trait]
impl Check for Subnets {
    const ABOUT: CheckAbout =
        CheckAbout { name: "aws.subnets", code: "AWS-06", about: "subnets for the nodes", touches: Touches::Nothing };
    const PROBLEMS: &'static [&'static str] =
        &["EC2-NO-ADDRESSES", "EC2-ONE-ZONE", "EC2-SUBNET-MISSING", "EC2-SUBNET-OTHER-VPC"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let seen: Vec<Seen> = subnet::subnets(&cx.cloud, &self.subnets)
            .await?
            .into_iter()
            .map(|subnet| Seen {
                id: subnet.subnet_id.unwrap_or_default(),
                vpc: subnet.vpc_id.unwrap_or_default(),
                zone: subnet.availability_zone.unwrap_or_default(),
                free: subnet.available_ip_address_count.and_then(|free| u32::try_from(free).ok()).unwrap_or_default(),
            })
            .collect();
        let name = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let cluster = match &self.vpc {
            None => cluster::find(&cx.cloud, name).await?,
            Some(_) => None,
        };
        let vpc = cluster.as_ref().and_then(|cluster| cluster.resources_vpc_config()).and_then(|vpc| vpc.vpc_id());
        let vpc = self.vpc.as_deref().or(vpc);
        let region = cx.cloud.aws.region().await.unwrap_or_default();
        Ok(self.judge(&seen, vpc, name, &region))
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let name = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        Permissions::default()
            .iam("*", ["ec2:DescribeSubnets"])
            .iam(&cx.target.arn("eks", &format!("cluster/{name}")), ["eks:DescribeCluster"])
    }
}

impl Subnets {
    fn judge(&self, seen: &[Seen], vpc: Option<&str>, cluster: &str, region: &str) -> Outcome {
        let list = || aws("ec2 describe-subnets").list("--subnet-ids", &self.subnets).region(region);
        let fail = |code: &str, what: String, advice: &str, why: String| Outcome::Fail {
            problem: Problem::new(code, what, fix(advice, [list()])).why(why),
        };
        let missing: Vec<&str> =
            self.subnets.iter().filter(|id| !seen.iter().any(|subnet| subnet.id == **id)).map(String::as_str).collect();
        if !missing.is_empty() {
            return fail(
                "EC2-SUBNET-MISSING",
                format!("there is no subnet {} in {region}", missing.join(", ")),
                "Choose from the table in Inputs, or correct the region.",
                "EC2 does not know it in this account and region.".into(),
            );
        }
        let strangers: Vec<&str> = seen
            .iter()
            .filter(|subnet| vpc.is_some_and(|vpc| subnet.vpc != vpc))
            .map(|subnet| subnet.id.as_str())
            .collect();
        if !strangers.is_empty() {
            return fail(
                "EC2-SUBNET-OTHER-VPC",
                match &self.vpc {
                    None => format!("{} belongs to another VPC than cluster {cluster}", strangers.join(", ")),
                    Some(vpc) => format!("{} is not in {vpc}", strangers.join(", ")),
                },
                "Choose subnets of that VPC.",
                format!("The nodes have to be in {}.", vpc.unwrap_or_default()),
            );
        }
        let free: u32 = seen.iter().map(|subnet| subnet.free).sum();
        if free < self.free_addresses {
            return fail(
                "EC2-NO-ADDRESSES",
                format!("{free} free addresses, {} needed", self.free_addresses),
                "Choose larger subnets, or free addresses in these.",
                "Every node takes addresses for itself and, with the VPC CNI, for its pods.".into(),
            );
        }
        let zones: BTreeSet<&str> = seen.iter().map(|subnet| subnet.zone.as_str()).collect();
        if zones.len() < 2 {
            let what = format!("all subnets are in {}", zones.first().copied().unwrap_or("one zone"));
            let why = "When that zone has no GPU capacity, or fails, there is no other to go to.";
            let advice = "Add a subnet in another zone that offers the instance type.";
            return Outcome::Warn { problem: Problem::new("EC2-ONE-ZONE", what, fix(advice, [list()])).why(why) };
        }
        Outcome::pass(format!("{} subnets in {} zones, {free} free addresses", seen.len(), zones.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(id: &str, vpc: &str, zone: &str, free: u32) -> Seen {
        Seen { id: id.into(), vpc: vpc.into(), zone: zone.into(), free }
    }

    fn judge(seen: &[Seen]) -> Outcome {
        let check = Subnets { subnets: vec!["a".into(), "b".into()], free_addresses: 100, cluster: None, vpc: None };
        check.judge(seen, Some("vpc-1"), "pay-1", "us-east-2")
    }

    fn code(outcome: &Outcome) -> &str {
        outcome.problem().map_or("", |problem| &problem.code)
    }

    #[test]
    fn a_missing_a_foreign_and_a_full_subnet_are_told_apart() {
        let a = || subnet("a", "vpc-1", "us-east-2a", 60);
        assert_eq!(code(&judge(&[a()])), "EC2-SUBNET-MISSING");
        assert_eq!(code(&judge(&[a(), subnet("b", "vpc-2", "us-east-2b", 60)])), "EC2-SUBNET-OTHER-VPC");
        assert_eq!(code(&judge(&[a(), subnet("b", "vpc-1", "us-east-2b", 6)])), "EC2-NO-ADDRESSES");
        assert_eq!(code(&judge(&[a(), subnet("b", "vpc-1", "us-east-2a", 60)])), "EC2-ONE-ZONE");
        assert!(matches!(judge(&[a(), subnet("b", "vpc-1", "us-east-2b", 60)]), Outcome::Pass { .. }));
    }
}
