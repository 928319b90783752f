//! `eks.node_group`: a managed node group, watched while it comes up.

mod commands;
mod differences;
pub mod parameters;
mod story;
#[cfg(test)]
mod tests;
mod update;

use async_trait::async_trait;
use aws_sdk_eks::types::{AmiTypes, Nodegroup, NodegroupStatus};
use landfall_core::{
    catalogue::Again,
    clock::Span,
    event::{Found, Host, Owner, Permissions, Problem, Recovery, Waiting},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use parameters::NodeGroup;
use parameters::NodeTaint;

use crate::{
    cloud::{
        Cloud, Trouble, aws_hosts,
        look::{health, node_group},
    },
    kind::{Applied, Context, Job, Made, PlanView, Step, StepAbout},
};

/// What others read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The node group's ARN.
    pub arn: String,
    /// Name of its auto scaling group.
    pub autoscaling_group: String,
    /// Its status, e.g. `ACTIVE`.
    pub status: String,
    /// Kubernetes version of its nodes.
    pub version: String,
    /// Release of its image.
    pub release_version: String,
}

#[async_trait]
impl Step for NodeGroup {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::Token,
        costs: Some("its EC2 instances and their volumes by the hour"),
        fixed: &["name", "cluster", "node_role", "subnets", "ami_type", "instance_types"],
        interval: Span::seconds(15),
        deadline: Span::minutes(25),
        usual: Some("3 to 6 minutes"),
        ..StepAbout::new("eks.node_group", "EKS-10", "makes a managed node group")
    };
    const NAMES_HOSTS: bool = true;

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some(group) = node_group::find(&cx.cloud, self.cluster(cx), &self.name).await? else {
            return Ok(Found::absent());
        };
        let owner = node_group::owner(&group, &cx.install);
        match group.status() {
            Some(NodegroupStatus::Creating | NodegroupStatus::Updating | NodegroupStatus::Deleting) => {
                Ok(Found::pending(story::waiting(cx, &group).await?, owner))
            }
            Some(NodegroupStatus::Active) => Ok(self.active(&group, owner)),
            _ => {
                let story = story::waiting(cx, &group).await?;
                Ok(Found::broken(self.broken(&group, &story), self.ways_out(&group), owner))
            }
        }
    }

    async fn apply(&self, cx: &Context, token: &str) -> Result<Applied, Trouble> {
        self.refuse()?;
        let found = node_group::find(&cx.cloud, self.cluster(cx), &self.name).await?;
        match found {
            None => {
                create(self, &cx.cloud, self.cluster(cx), cx.tags(), token).await?;
                Ok(Applied::made())
            }
            Some(group) if group.status() == Some(&NodegroupStatus::Deleting) => {
                let (step, cloud, cluster) = (self.clone(), cx.cloud.clone(), self.cluster(cx).to_owned());
                let (tags, token) = (cx.tags(), token.to_owned());
                let job: Job = Box::pin(async move {
                    update::settled(&cloud, &cluster, &step.name).await?;
                    create(&step, &cloud, &cluster, tags, &token).await
                });
                Ok(Applied::Started(job))
            }
            Some(group) => {
                let differences = differences::differences(self, &group);
                if differences.is_empty() || group.status() != Some(&NodegroupStatus::Active) {
                    return Ok(Applied::made());
                }
                update::change(self, cx, &group, &differences, token).await
            }
        }
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(group) = node_group::find(&cx.cloud, self.cluster(cx), &self.name).await? else { return Ok(()) };
        match (&made.before, node_group::owner(&group, &cx.install)) {
            (_, Owner::Ours) => self.delete(cx, &group).await,
            (Some(before), _) => update::restore(self, cx, &group, before).await,
            (None, _) => Ok(()),
        }
    }

    async fn recover(&self, cx: &Context, _recovery: &str) -> Result<(), Trouble> {
        match node_group::find(&cx.cloud, self.cluster(cx), &self.name).await? {
            Some(group) => self.delete(cx, &group).await,
            None => Ok(()),
        }
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        commands::commands(self, cx)
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("deletes the node group {}, its nodes and what runs on them", self.name)
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let cluster = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let role = cx.target.arn("iam", "role/aws-service-role/eks-nodegroup.amazonaws.com/*");
        Permissions::default()
            .iam(&cx.target.arn("eks", &format!("cluster/{cluster}")), ["eks:CreateNodegroup"])
            .iam(
                &cx.target.arn("eks", &format!("nodegroup/{cluster}/{}/*", self.name)),
                [
                    "eks:DescribeNodegroup",
                    "eks:UpdateNodegroupConfig",
                    "eks:UpdateNodegroupVersion",
                    "eks:DeleteNodegroup",
                    "eks:TagResource",
                    "eks:UntagResource",
                ],
            )
            .iam(&self.node_role, ["iam:PassRole", "iam:GetRole", "iam:ListAttachedRolePolicies"])
            .iam(&role, ["iam:CreateServiceLinkedRole"])
            // EKS checks these of whoever gives it a launch template.
            .iam(
                "*",
                [
                    "ec2:RunInstances",
                    "ec2:CreateTags",
                    "ec2:DescribeSubnets",
                    "ec2:DescribeSecurityGroups",
                    "ec2:DescribeLaunchTemplateVersions",
                    "ec2:GetConsoleOutput",
                    "autoscaling:DescribeAutoScalingGroups",
                    "autoscaling:DescribeScalingActivities",
                ],
            )
            .rbac(None, "", "nodes", &["list"])
    }

    /// What a node needs to join and to start EKS's own pods: EKS User Guide, "Deploy private clusters with limited internet access".
    fn hosts(&self, cx: &PlanView<'_>) -> Vec<Host> {
        let region = &cx.target.region;
        let node = |host: String, why: &str| Host::from_here(host, 443, why).reached_by("nodes");
        vec![
            node(aws_hosts::api_host("ec2", region), "a node describes itself to join the cluster"),
            node(aws_hosts::api_host("eks", region), "a node asks for its cluster to join it"),
            node(aws_hosts::api_host("ecr", region), "EKS's own images are pulled"),
            node(aws_hosts::registries(region), "EKS's own images are pulled"),
            node(aws_hosts::bucket_host("*", region), "layers of ECR's images"),
        ]
    }
}

impl NodeGroup {
    fn cluster<'a>(&'a self, cx: &'a Context) -> &'a str {
        self.cluster.as_deref().unwrap_or(&cx.target.cluster)
    }

    fn active(&self, group: &Nodegroup, owner: Owner) -> Found<Outputs> {
        let Some(scaling_group) = node_group::scaling_group(group) else {
            return Found::pending(Waiting::on("ACTIVE, but without an auto scaling group yet"), owner);
        };
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let outputs = Outputs {
            arn: text(group.nodegroup_arn()),
            autoscaling_group: scaling_group.to_owned(),
            status: node_group::status(group).to_owned(),
            version: text(group.version()),
            release_version: text(group.release_version()),
        };
        Found::there(outputs, differences::differences(self, group), owner)
    }

    fn broken(&self, group: &Nodegroup, story: &Waiting) -> Problem {
        let status = node_group::status(group);
        let found = health::problems(group).into_iter().next().or_else(|| story.problem.clone());
        let mut problem = found.unwrap_or_else(|| {
            let fix = "Delete it and create it again, or look at its events in the EKS console.";
            Problem::new("EKS-NODE-GROUP-DOWN", "EKS gives no reason", fix)
        });
        problem.what = format!("{} is {status}: {}", self.name, problem.what);
        if !story.story.is_empty() {
            problem.why = format!("{}\n{}", problem.why, story.story.join("\n"));
        }
        problem
    }

    fn ways_out(&self, group: &Nodegroup) -> Vec<Recovery> {
        let size = group.scaling_config().and_then(|scaling| scaling.desired_size()).unwrap_or_default();
        vec![Recovery {
            id: "recreate".into(),
            does: "delete the node group and create it again".into(),
            loses: format!("its {size} nodes and what runs on them"),
        }]
    }

    /// What EKS would refuse, said before anything is sent.
    fn refuse(&self) -> Result<(), Trouble> {
        if self.launch_template.known().is_some_and(|text| text.split_once(':').is_none()) {
            let what = format!("launch_template is {}, not id:version", self.launch_template);
            return Err(Trouble::guide(what, "Use the launch template's `reference`."));
        }
        if self.template().is_none() {
            return Err(Trouble::guide(
                "the launch template is not known yet",
                "Make the step run after the one that makes it.",
            ));
        }
        let managed = self.ami_type.as_deref().is_some_and(|ami| ami != "CUSTOM");
        if self.warm_pool.is_some() && !managed {
            return Err(Trouble::guide(
                "a warm pool needs ami_type: EKS does not support it with an image of one's own",
                "Leave warm_pool out, or use an AMI type.",
            ));
        }
        let scaling = self.scaling;
        if !(scaling.min <= scaling.desired && scaling.desired <= scaling.max && scaling.max >= 1) {
            let what = format!("min {} ≤ desired {} ≤ max {} does not hold", scaling.min, scaling.desired, scaling.max);
            return Err(Trouble::guide(what, "Correct the numbers of nodes in Inputs."));
        }
        Ok(())
    }

    async fn delete(&self, cx: &Context, group: &Nodegroup) -> Result<(), Trouble> {
        if group.status() == Some(&NodegroupStatus::Deleting) {
            return Ok(());
        }
        let eks = cx.cloud.aws.eks().await?;
        eks.delete_nodegroup().cluster_name(self.cluster(cx)).nodegroup_name(&self.name).send().await?;
        Ok(())
    }
}

async fn create(
    step: &NodeGroup,
    cloud: &Cloud,
    cluster: &str,
    marks: std::collections::BTreeMap<String, String>,
    token: &str,
) -> Result<(), Trouble> {
    let some = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    let taints: Vec<_> = step.taints.iter().map(NodeTaint::config).collect();
    let tags = step.tags.clone().into_iter().chain(marks).collect();
    let eks = cloud.aws.eks().await?;
    eks.create_nodegroup()
        // The SDK makes up another token at each call: a lost answer would become a second request.
        .client_request_token(token)
        .cluster_name(cluster)
        .nodegroup_name(&step.name)
        .set_launch_template(step.template_specification())
        .set_ami_type(step.ami_type.as_deref().map(AmiTypes::from))
        .set_release_version(step.release_version.clone())
        .set_instance_types(some(&step.instance_types))
        .node_role(&step.node_role)
        .set_subnets(Some(step.subnets.clone()))
        .scaling_config(step.scaling.config())
        .set_labels(Some(step.labels.clone().into_iter().collect()))
        .set_taints((!taints.is_empty()).then_some(taints))
        .set_tags(Some(tags))
        .set_update_config(step.update.map(|update| update.config()))
        .set_warm_pool_config(step.warm_pool.map(|pool| pool.config()))
        .send()
        .await?;
    Ok(())
}
