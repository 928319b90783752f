//! `aws.quota`: is there room in a vCPU quota for what the guide is about to start?

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, Instance};
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
            self,
            instance_type::{Quota as Limit, instance_types, quota},
            marks,
            shell::{aws, fix},
        },
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The account's quota of running on-demand vCPU for the instance family, less what runs already, beside what the
/// install may start at most. EC2 refuses whatever goes beyond; then the node group never comes up.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// What will be started, e.g. `g4dn.2xlarge`; its family decides the quota, its size the vCPU.
    instance_type: String,
    /// How many at most; nodes this install already runs are among them.
    count: u32,
}

#[async_trait]
impl Check for Quota {
    const ABOUT: CheckAbout =
        CheckAbout { name: "aws.quota", code: "AWS-04", about: "room in the vCPU quota", touches: Touches::Nothing };
    const PROBLEMS: &'static [&'static str] = &["AWS-QUOTA-LOW"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let Some(limit) = quota(&self.instance_type) else {
            return Ok(Outcome::skip(format!("no vCPU quota is known for {}", self.instance_type)));
        };
        let types = instance_types(&cx.cloud, std::slice::from_ref(&self.instance_type)).await?;
        let needed = self.count * types.first().map_or(0, |found| found.vcpu);
        let allowed = allowed(cx, limit).await?;
        let used = used(cx, limit).await?;
        if used + needed <= allowed {
            return Ok(Outcome::pass(format!("{used} of {allowed} vCPU used, {needed} more needed")));
        }
        let asked = requested(cx, limit).await?;
        let region = cx.cloud.aws.region().await.unwrap_or_default();
        Ok(Outcome::Fail { problem: self.too_low(limit, &region, Room { needed, used, allowed }, asked) })
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default()
            .iam("*", ["servicequotas:GetServiceQuota", "ec2:DescribeInstances", "ec2:DescribeInstanceTypes"])
    }
}

struct Room {
    needed: u32,
    used: u32,
    allowed: u32,
}

impl Quota {
    fn too_low(&self, limit: Limit, region: &str, room: Room, asked: Option<String>) -> Problem {
        let Room { needed, used, allowed } = room;
        let what = format!("{used} of {allowed} vCPU used in {region}, {needed} more needed");
        let request = aws("service-quotas request-service-quota-increase")
            .with("--service-code", "ec2")
            .with("--quota-code", limit.code)
            .with("--desired-value", used + needed)
            .region(region);
        let ask = "Ask AWS for more (minutes to days), choose a smaller maximum, or stop what is not needed.";
        let why = format!(
            "{} × {} need {needed} vCPU; quota {} ({}) is {allowed}.{}",
            self.count,
            self.instance_type,
            limit.code,
            limit.name,
            asked.map_or_else(String::new, |asked| format!(" {asked}")),
        );
        Problem::new("AWS-QUOTA-LOW", what, fix(ask, [request])).why(why)
    }
}

/// The quota's value; AWS's default where the account never had its own.
async fn allowed(cx: &Context, limit: Limit) -> Result<u32, Trouble> {
    let client = cx.cloud.aws.servicequotas().await?;
    let applied = client.get_service_quota().service_code("ec2").quota_code(limit.code).send().await;
    let value = match look::maybe(applied)? {
        Some(answer) => answer.quota.and_then(|quota| quota.value),
        None => {
            let answer =
                client.get_aws_default_service_quota().service_code("ec2").quota_code(limit.code).send().await?;
            answer.quota.and_then(|quota| quota.value)
        }
    };
    // Quotas are whole numbers in a float.
    Ok(value.map_or(0, |value| value.clamp(0.0, f64::from(u32::MAX)) as u32))
}

/// vCPU that count against the quota and are not this install's own nodes.
async fn used(cx: &Context, limit: Limit) -> Result<u32, Trouble> {
    let running = Filter::builder().name("instance-state-name").values("pending").values("running").build();
    let pages = cx.cloud.aws.ec2().await?.describe_instances().filters(running).into_paginator().items().send();
    let reservations = pages.collect::<Result<Vec<_>, _>>().await?;
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for instance in reservations.iter().flat_map(|reservation| reservation.instances()) {
        let Some(name) = instance.instance_type().map(|name| name.as_str()) else { continue };
        if quota(name) == Some(limit) && counts_against(instance, cx) {
            *counts.entry(name.to_owned()).or_default() += 1;
        }
    }
    if counts.is_empty() {
        return Ok(0);
    }
    let names: Vec<String> = counts.keys().cloned().collect();
    let types = instance_types(&cx.cloud, &names).await?;
    Ok(types.iter().map(|found| found.vcpu * counts.get(&found.name).copied().unwrap_or_default()).sum())
}

/// Spot has a quota of its own; our own nodes are among those counted already.
fn counts_against(instance: &Instance, cx: &Context) -> bool {
    let ours =
        instance.tags().iter().any(|tag| tag.key() == Some(marks::INSTALL) && tag.value() == Some(cx.install.as_str()));
    instance.instance_lifecycle().is_none() && !ours
}

/// An increase that was asked for and is not decided yet.
async fn requested(cx: &Context, limit: Limit) -> Result<Option<String>, Trouble> {
    let client = cx.cloud.aws.servicequotas().await?;
    let answer = client
        .list_requested_service_quota_change_history_by_quota()
        .service_code("ec2")
        .quota_code(limit.code)
        .send()
        .await;
    let open =
        look::aside(answer)?.and_then(|answer| {
            answer.requested_quotas.unwrap_or_default().into_iter().find(|change| {
                change.status().is_some_and(|status| matches!(status.as_str(), "PENDING" | "CASE_OPENED"))
            })
        });
    Ok(open.map(|change| {
        let status = change.status().map_or("PENDING", |status| status.as_str());
        format!("{} were asked for already ({status}).", change.desired_value().unwrap_or_default())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fix_is_one_command_with_the_value_that_is_needed() {
        let check = Quota { instance_type: "g4dn.2xlarge".into(), count: 2 };
        let limit = quota("g4dn.2xlarge").unwrap();
        let problem = check.too_low(limit, "us-east-2", Room { needed: 16, used: 8, allowed: 8 }, None);
        assert_eq!(problem.what, "8 of 8 vCPU used in us-east-2, 16 more needed");
        assert!(problem.fix.ends_with(
            "\n$ aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-DB2E81BA --desired-value 24 --region us-east-2"
        ));
        assert!(problem.why.contains("2 × g4dn.2xlarge need 16 vCPU; quota L-DB2E81BA"));
    }
}
