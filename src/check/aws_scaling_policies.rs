//! `aws.scaling_policies`: are the scaling policies on the node group's auto scaling group, with an alarm each?

use async_trait::async_trait;
use aws_sdk_autoscaling::types::ScalingPolicy;
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
            node_group,
            shell::{aws, fix},
        },
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The policies on the node group's auto scaling group, and the alarm behind each. Without them the number of nodes
/// never changes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScalingPolicies {
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
    /// The node group.
    node_group: String,
    /// Names of the policies.
    policies: Vec<String>,
}

#[async_trait]
impl Check for ScalingPolicies {
    const ABOUT: CheckAbout = CheckAbout {
        name: "aws.scaling_policies",
        code: "AWS-08",
        about: "scaling policies are attached",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] =
        &["AUTOSCALING-POLICY-IDLE", "AUTOSCALING-POLICY-MISSING", "EKS-SCALING-GROUP-MISSING"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let cluster = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let group = node_group::find(&cx.cloud, cluster, &self.node_group).await?;
        let Some(name) = group.as_ref().and_then(node_group::scaling_group) else {
            let what = format!("node group {} has no auto scaling group", self.node_group);
            let advice = "Wait until the node group is ACTIVE, or create it again.";
            return Ok(Outcome::Fail { problem: Problem::new("EKS-SCALING-GROUP-MISSING", what, advice) });
        };
        let client = cx.cloud.aws.autoscaling().await?;
        let pages = client.describe_policies().auto_scaling_group_name(name).into_paginator().items().send();
        let found = pages.collect::<Result<Vec<_>, _>>().await?;
        let region = cx.cloud.aws.region().await.unwrap_or_default();
        Ok(self.judge(&found, name, &region))
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let cluster = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let group = cx.target.arn("eks", &format!("nodegroup/{cluster}/{}/*", self.node_group));
        Permissions::default().iam(&group, ["eks:DescribeNodegroup"]).iam("*", ["autoscaling:DescribePolicies"])
    }
}

impl ScalingPolicies {
    fn judge(&self, found: &[ScalingPolicy], group: &str, region: &str) -> Outcome {
        let named = |name: &str| found.iter().find(|policy| policy.policy_name() == Some(name));
        let look = || aws("autoscaling describe-policies").with("--auto-scaling-group-name", group).region(region);
        let missing: Vec<&str> =
            self.policies.iter().map(String::as_str).filter(|name| named(name).is_none()).collect();
        if !missing.is_empty() {
            let what = format!("{group} has no policy {}", missing.join(", "));
            let advice = "Install again: the step that makes it looks and makes it anew.";
            let problem = Problem::new("AUTOSCALING-POLICY-MISSING", what, fix(advice, [look()]));
            return Outcome::Fail { problem };
        }
        let idle: Vec<&str> = self
            .policies
            .iter()
            .filter(|name| named(name).is_some_and(|policy| policy.alarms().is_empty()))
            .map(String::as_str)
            .collect();
        if !idle.is_empty() {
            let what = format!("no alarm calls {}", idle.join(", "));
            let advice = "Make the alarm whose action is this policy.";
            let problem = Problem::new("AUTOSCALING-POLICY-IDLE", what, fix(advice, [look()]));
            return Outcome::Warn { problem: problem.why("A step policy acts only when an alarm calls it.") };
        }
        Outcome::pass(format!("{} policies on {group}, each with an alarm", self.policies.len()))
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_autoscaling::types::Alarm;

    use super::*;

    #[test]
    fn missing_idle_and_called_policies_are_told_apart() {
        let check = ScalingPolicies { cluster: None, node_group: "gpu".into(), policies: vec!["out".into()] };
        let idle = ScalingPolicy::builder().policy_name("out").build();
        let called =
            ScalingPolicy::builder().policy_name("out").alarms(Alarm::builder().alarm_name("a").build()).build();
        assert!(matches!(check.judge(&[], "asg", ""), Outcome::Fail { .. }));
        assert!(matches!(check.judge(&[idle], "asg", ""), Outcome::Warn { .. }));
        assert!(matches!(check.judge(&[called], "asg", ""), Outcome::Pass { .. }));
    }
}
