//! `ec2.vpc`: is the VPC there, whose else is it, and do names resolve in it?

use async_trait::async_trait;
use aws_sdk_ec2::types::VpcAttributeName;
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Owner, Permissions, Problem},
    value::Late,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::{
            aside, cluster, database,
            shell::{aws, fix},
            vpc,
        },
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The VPC: whether it is there, whether names resolve in it, and which other clusters use it. EKS does not work in one
/// without DNS.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// Its id.
    vpc: Late<String>,
    /// The EKS clusters that belong in it; others, and databases of others, are then warned of.
    #[serde(default)]
    only_for: Option<Vec<String>>,
    /// Databases (RDS instances) that belong in it beside those of this install.
    #[serde(default)]
    databases: Vec<String>,
    /// Whether DNS names and resolution must be on, as EKS' private endpoint and RDS' names need them.
    #[serde(default = "yes")]
    dns: bool,
}

fn yes() -> bool {
    true
}

/// What lives in the VPC.
#[derive(Default)]
struct Seen {
    clusters: Vec<String>,
    /// Databases of others.
    databases: Vec<String>,
    resolution: bool,
    names: bool,
}

#[async_trait]
impl Check for Vpc {
    const ABOUT: CheckAbout =
        CheckAbout { name: "ec2.vpc", code: "EC2-05", about: "a VPC of one's own", touches: Touches::Nothing };
    const PROBLEMS: &'static [&'static str] = &["EC2-VPC-DNS", "EC2-VPC-MISSING", "EC2-VPC-SHARED"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let Some(vpc) = self.vpc.known() else { return Ok(Outcome::skip("the VPC is not made yet")) };
        let region = &cx.target.region;
        let Some(found) = vpc::find(&cx.cloud, vpc).await? else {
            let list = aws("ec2 describe-vpcs").region(region);
            let problem = Problem::new(
                "EC2-VPC-MISSING",
                format!("there is no VPC {vpc} in {region}"),
                fix("Choose one that is there, or correct the region.", [list]),
            );
            return Ok(Outcome::Fail { problem });
        };
        let mut seen = Seen { resolution: true, names: true, ..Seen::default() };
        if self.dns {
            seen.resolution = attribute(cx, vpc, VpcAttributeName::EnableDnsSupport).await?;
            seen.names = attribute(cx, vpc, VpcAttributeName::EnableDnsHostnames).await?;
        }
        if self.only_for.is_some() {
            seen.clusters = clusters(cx, vpc).await?;
            seen.databases = self.others(cx, vpc).await?;
        }
        Ok(self.judge(vpc, found.cidr_block().unwrap_or_default(), &seen, region))
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let mut wanted = Permissions::default().iam("*", ["ec2:DescribeVpcs"]);
        if self.dns {
            wanted = wanted.iam("*", ["ec2:DescribeVpcAttribute"]);
        }
        if self.only_for.is_some() {
            wanted = wanted
                .iam("*", ["eks:ListClusters"])
                .iam(&cx.target.arn("eks", "cluster/*"), ["eks:DescribeCluster"])
                .iam(&cx.target.arn("rds", "db:*"), ["rds:DescribeDBInstances"]);
        }
        wanted
    }
}

impl Vpc {
    /// Databases in the VPC that neither this install made nor the guide names.
    async fn others(&self, cx: &Context, vpc: &str) -> Result<Vec<String>, Trouble> {
        // Whoever may not look at databases is not told of them.
        let all = aside(database::instances(&cx.cloud).await)?.unwrap_or_default();
        let of_others = all.iter().filter(|instance| {
            database::vpc(instance) == Some(vpc) && database::owner(instance, &cx.install) != Owner::Ours
        });
        let names = of_others.filter_map(|instance| instance.db_instance_identifier().map(str::to_owned));
        Ok(names.filter(|name| !self.databases.contains(name)).collect())
    }

    fn judge(&self, vpc: &str, cidr: &str, seen: &Seen, region: &str) -> Outcome {
        if !(seen.resolution && seen.names) {
            let modify = |flag: &str| aws("ec2 modify-vpc-attribute").with("--vpc-id", vpc).flag(flag).region(region);
            let off = if seen.resolution { "DNS host names" } else { "DNS resolution" };
            let problem = Problem::new(
                "EC2-VPC-DNS",
                format!("{off} are off in {vpc}").replace("resolution are", "resolution is"),
                fix("Have both turned on.", [modify("--enable-dns-support"), modify("--enable-dns-hostnames")]),
            );
            let why = "Nodes find EKS' private endpoint and the database by names that only then lead inside the VPC.";
            return Outcome::Fail { problem: problem.why(why) };
        }
        let belong = self.only_for.as_deref().unwrap_or_default();
        let strangers: Vec<String> = seen
            .clusters
            .iter()
            .filter(|cluster| !belong.contains(cluster))
            .map(|cluster| format!("the cluster {cluster}"))
            .chain(seen.databases.iter().map(|database| format!("the database {database}")))
            .collect();
        if !strangers.is_empty() {
            let problem = Problem::new(
                "EC2-VPC-SHARED",
                format!("{vpc} is also that of {}", strangers.join(", ")),
                "Choose a VPC of its own for this environment; or go on, if sharing this one is meant.",
            );
            let why = "What shares a VPC can reach each other unless security groups say otherwise, and shares its addresses and limits.";
            return Outcome::Warn { problem: problem.why(why) };
        }
        Outcome::pass(match seen.clusters.is_empty() {
            true => format!("{vpc}, {cidr}"),
            false => format!("{vpc}, {cidr}, of {}", seen.clusters.join(", ")),
        })
    }
}

async fn attribute(cx: &Context, vpc: &str, name: VpcAttributeName) -> Result<bool, Trouble> {
    let ec2 = cx.cloud.aws.ec2().await?;
    let answer = ec2.describe_vpc_attribute().vpc_id(vpc).attribute(name).send().await?;
    let on = answer.enable_dns_support().or(answer.enable_dns_hostnames());
    Ok(on.and_then(|on| on.value()).unwrap_or_default())
}

async fn clusters(cx: &Context, vpc: &str) -> Result<Vec<String>, Trouble> {
    Ok(cluster::by_vpc(&cx.cloud).await?.remove(vpc).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(seen: &Seen) -> String {
        let check = Vpc {
            vpc: Late::Known("vpc-1".into()),
            only_for: Some(vec!["pay-1".into()]),
            databases: Vec::new(),
            dns: true,
        };
        let outcome = check.judge("vpc-1", "10.0.0.0/16", seen, "us-east-2");
        outcome.problem().map_or_else(|| "pass".into(), |problem| problem.code.clone())
    }

    #[test]
    fn others_in_the_vpc_are_warned_of_and_dns_that_is_off_fails() {
        let seen = || Seen { clusters: vec!["pay-1".into()], resolution: true, names: true, ..Seen::default() };
        assert_eq!(code(&seen()), "pass");
        assert_eq!(code(&Seen { names: false, ..seen() }), "EC2-VPC-DNS");
        assert_eq!(code(&Seen { resolution: false, ..seen() }), "EC2-VPC-DNS");
        assert_eq!(code(&Seen { clusters: vec!["pay-1".into(), "shop".into()], ..seen() }), "EC2-VPC-SHARED");
        assert_eq!(code(&Seen { databases: vec!["shop-db".into()], ..seen() }), "EC2-VPC-SHARED");
    }
}
