//! `autoscaling.policy`: a step policy on a node group's auto scaling group; an alarm calls it.

mod definition;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use aws_sdk_autoscaling::types::{ScalingPolicy, StepAdjustment};
use aws_sdk_eks::types::Nodegroup;
use landfall_core::{
    event::{Found, Owner, Permissions, Problem},
    value::Late,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::definition::Definition;
use crate::{
    cloud::{
        Trouble,
        look::{self, node_group, shell::aws},
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
    /// The node group whose auto scaling group it is on.
    node_group: String,
    /// The policy's name there.
    name: String,
    /// How many nodes more (or, negative, fewer).
    adjustment: i32,
    /// `lower`: acts above the alarm's threshold; `upper`: below it.
    bound: Bound,
    /// How long a new node is not counted, so that one peak does not start two.
    #[serde(default)]
    warmup_seconds: Option<i32>,
    /// Only orders this step after another, e.g. `{{ steps.gpu_node_group.arn }}`.
    #[serde(default)]
    #[allow(dead_code)]
    after: Option<Late<String>>,
}

/// Where the step begins, from the alarm's threshold.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Its lower end: it reaches upwards without end.
    Lower,
    /// Its upper end: it reaches downwards without end.
    Upper,
}

/// What others read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The policy's ARN, an alarm's action.
    pub arn: String,
    /// The auto scaling group.
    pub autoscaling_group: String,
}

#[async_trait]
impl Step for Policy {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        fixed: &["name", "node_group", "cluster"],
        ..StepAbout::new("autoscaling.policy", "ASG-01", "adds a step policy to a node group's auto scaling group")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some((group, scaling_group)) = self.group(cx).await? else { return Ok(Found::absent()) };
        let Some(found) = self.find(cx, &scaling_group).await? else { return Ok(Found::absent()) };
        let outputs =
            Outputs { arn: found.policy_arn().unwrap_or_default().to_owned(), autoscaling_group: scaling_group };
        // Policies carry no tags; they belong to whoever the node group belongs to.
        let owner = node_group::owner(&group, &cx.install);
        Ok(Found::there(outputs, self.definition().differences(&Definition::of(&found)), owner))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let Some((group, scaling_group)) = self.group(cx).await? else {
            let what = format!("node group {} has no auto scaling group", self.node_group);
            let fix = "Wait until the node group is ACTIVE, or create it again.";
            return Err(Problem::new("EKS-SCALING-GROUP-MISSING", what, fix).into());
        };
        let before = self.find(cx, &scaling_group).await?.map(|found| Definition::of(&found));
        self.put(cx, &scaling_group, &self.definition()).await?;
        let ours = node_group::owner(&group, &cx.install) == Owner::Ours;
        let before = before.filter(|before| !ours && *before != self.definition());
        Ok(Applied::Sent { before: before.map(|before| json!(before)) })
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some((_, scaling_group)) = self.group(cx).await? else { return Ok(()) };
        let Some(found) = self.find(cx, &scaling_group).await? else { return Ok(()) };
        if Definition::of(&found) != self.definition() {
            return Err(look::changed_since(&format!("policy {} of {scaling_group}", self.name)));
        }
        match made.before.clone().map(serde_json::from_value::<Definition>) {
            Some(Ok(before)) => self.put(cx, &scaling_group, &before).await,
            _ => {
                let client = cx.cloud.aws.autoscaling().await?;
                client.delete_policy().auto_scaling_group_name(scaling_group).policy_name(&self.name).send().await?;
                Ok(())
            }
        }
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let cluster = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let group = node_group::scaling_group_in_bash(cluster, &self.node_group, &cx.target.region);
        let bound = match self.bound {
            Bound::Lower => "MetricIntervalLowerBound",
            Bound::Upper => "MetricIntervalUpperBound",
        };
        let put = aws("autoscaling put-scaling-policy")
            .shell("--auto-scaling-group-name", &group)
            .with("--policy-name", &self.name)
            .with("--policy-type", "StepScaling")
            .with("--adjustment-type", "ChangeInCapacity")
            .json("--step-adjustments", &json!([{ bound: 0, "ScalingAdjustment": self.adjustment }]))
            .maybe("--estimated-instance-warmup", self.warmup_seconds)
            .region(&cx.target.region);
        vec![put.to_string()]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("deletes the scaling policy {} of node group {}", self.name, self.node_group)
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let cluster = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let group = cx.target.arn("eks", &format!("nodegroup/{cluster}/{}/*", self.node_group));
        let scaling_group = format!("autoScalingGroup:*:autoScalingGroupName/eks-{}-*", self.node_group);
        Permissions::default()
            .iam(&group, ["eks:DescribeNodegroup"])
            .iam(
                &cx.target.arn("autoscaling", &scaling_group),
                ["autoscaling:PutScalingPolicy", "autoscaling:DeletePolicy"],
            )
            .iam("*", ["autoscaling:DescribePolicies"])
    }
}

impl Policy {
    /// The node group and the name of its auto scaling group, once there is one.
    async fn group(&self, cx: &Context) -> Result<Option<(Nodegroup, String)>, Trouble> {
        let cluster = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let Some(group) = node_group::find(&cx.cloud, cluster, &self.node_group).await? else { return Ok(None) };
        let name = node_group::scaling_group(&group).map(str::to_owned);
        Ok(name.map(|name| (group, name)))
    }

    async fn find(&self, cx: &Context, scaling_group: &str) -> Result<Option<ScalingPolicy>, Trouble> {
        let client = cx.cloud.aws.autoscaling().await?;
        let answer =
            client.describe_policies().auto_scaling_group_name(scaling_group).policy_names(&self.name).send().await?;
        Ok(answer.scaling_policies.unwrap_or_default().into_iter().next())
    }

    fn definition(&self) -> Definition {
        let step = match self.bound {
            Bound::Lower => (Some(0), None, self.adjustment),
            Bound::Upper => (None, Some(0), self.adjustment),
        };
        Definition {
            kind: "StepScaling".into(),
            adjustment_type: "ChangeInCapacity".into(),
            steps: vec![step],
            warmup_seconds: self.warmup_seconds,
        }
    }

    async fn put(&self, cx: &Context, scaling_group: &str, definition: &Definition) -> Result<(), Trouble> {
        let client = cx.cloud.aws.autoscaling().await?;
        let bound = |thousandths: Option<i64>| thousandths.map(|number| number as f64 / 1000.0);
        let steps = definition
            .steps
            .iter()
            .map(|(lower, upper, adjustment)| {
                StepAdjustment::builder()
                    .set_metric_interval_lower_bound(bound(*lower))
                    .set_metric_interval_upper_bound(bound(*upper))
                    .scaling_adjustment(*adjustment)
                    .build()
            })
            .collect();
        client
            .put_scaling_policy()
            .auto_scaling_group_name(scaling_group)
            .policy_name(&self.name)
            .policy_type(&definition.kind)
            .adjustment_type(&definition.adjustment_type)
            .set_step_adjustments(Some(steps))
            .set_estimated_instance_warmup(definition.warmup_seconds)
            .send()
            .await?;
        Ok(())
    }
}
