//! `aws.node_group`: does a node group have the size, the architecture and the health the guide asks for?

use async_trait::async_trait;
use aws_sdk_eks::types::{Nodegroup, NodegroupStatus};
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
            health,
            instance_type::{InstanceType, instance_types},
            node_group,
            shell::{aws, fix},
        },
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// A node group's state, size, architecture and health as EKS reports it. Pods find no place on one that is full, too
/// small, or of another architecture than their images.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeGroup {
    /// Name.
    node_group: String,
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
    /// Fewest nodes.
    #[serde(default)]
    nodes: Option<u32>,
    /// Fewest vCPU of all nodes together.
    #[serde(default)]
    vcpu: Option<u32>,
    /// Least memory of all nodes together.
    #[serde(default)]
    memory_gib: Option<u32>,
    /// Fewest GPUs of all nodes together.
    #[serde(default)]
    gpus: Option<u32>,
    /// How many nodes more it may get than it has.
    #[serde(default)]
    room: u32,
    /// Architectures the images exist for, e.g. `[amd64]`; nodes of another cannot run them.
    #[serde(default)]
    architectures: Vec<String>,
    /// Whether it must be ACTIVE, without health issues.
    #[serde(default)]
    active: bool,
}

#[async_trait]
impl Check for NodeGroup {
    const ABOUT: CheckAbout = CheckAbout {
        name: "aws.node_group",
        code: "EKS-03",
        about: "a node group's size and health",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &[
        "EKS-ARCHITECTURE",
        "EKS-NODE-GROUP-CREATING",
        "EKS-NODE-GROUP-DOWN",
        "EKS-NODE-GROUP-FULL",
        "EKS-NODE-GROUP-MISSING",
        "EKS-NODE-GROUP-SMALL",
    ];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let cluster = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let region = cx.cloud.aws.region().await.unwrap_or_default();
        let Some(group) = node_group::find(&cx.cloud, cluster, &self.node_group).await? else {
            let what = format!("there is no node group {} in cluster {cluster}", self.node_group);
            let list = aws("eks list-nodegroups").with("--cluster-name", cluster).region(&region);
            let problem = Problem::new("EKS-NODE-GROUP-MISSING", what, fix("Choose another, or create it.", [list]));
            return Ok(Outcome::Fail { problem });
        };
        if let Some(outcome) = self.unhealthy(&group) {
            return Ok(outcome);
        }
        let types = types(cx, &group).await?;
        Ok(self.judge(&group, &types))
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let cluster = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let group = cx.target.arn("eks", &format!("nodegroup/{cluster}/{}/*", self.node_group));
        Permissions::default()
            .iam(&group, ["eks:DescribeNodegroup"])
            .iam("*", ["autoscaling:DescribeAutoScalingGroups", "ec2:DescribeInstanceTypes"])
    }
}

impl NodeGroup {
    fn unhealthy(&self, group: &Nodegroup) -> Option<Outcome> {
        let status = node_group::status(group);
        let first = health::problems(group).into_iter().next();
        match (group.status(), first) {
            (Some(NodegroupStatus::Active | NodegroupStatus::Updating), None) => None,
            (Some(NodegroupStatus::Creating), first) if self.active => {
                let why = first.map_or_else(String::new, |problem| problem.what);
                let what = format!("{} is {status}", self.node_group);
                let problem = Problem::new("EKS-NODE-GROUP-CREATING", what, "Wait; 3 to 6 minutes are usual.").why(why);
                Some(Outcome::NotYet { problem })
            }
            (Some(NodegroupStatus::Active | NodegroupStatus::Updating), Some(problem)) if !self.active => {
                Some(Outcome::Warn { problem })
            }
            (_, Some(problem)) => Some(Outcome::Fail { problem }),
            (_, None) if self.active => {
                let what = format!("{} is {status}", self.node_group);
                let fix = "Look at its events in the EKS console, or create it again.";
                Some(Outcome::Fail { problem: Problem::new("EKS-NODE-GROUP-DOWN", what, fix) })
            }
            (_, None) => None,
        }
    }

    fn judge(&self, group: &Nodegroup, types: &[InstanceType]) -> Outcome {
        let desired = group.scaling_config().and_then(|scaling| scaling.desired_size()).unwrap_or_default();
        let nodes = u32::try_from(desired).unwrap_or_default();
        // Several types: the smallest is what can be counted on.
        let least = |of: fn(&InstanceType) -> u64| types.iter().map(of).min().unwrap_or_default() * u64::from(nodes);
        let vcpu = least(|found| u64::from(found.vcpu));
        let memory = least(|found| found.memory_mib) / 1024;
        let gpus = least(|found| u64::from(found.gpus));
        let names: Vec<&str> = types.iter().map(|found| found.name.as_str()).collect();
        let fact = format!("{nodes} × {}: {vcpu} vCPU, {memory} GiB", names.join("/"));
        let mut short = Vec::new();
        let mut want = |wanted: Option<u32>, found: u64, unit: &str| {
            if wanted.is_some_and(|wanted| found < u64::from(wanted)) {
                short.push(format!("{found} of {} {unit}", wanted.unwrap_or_default()));
            }
        };
        want(self.nodes, u64::from(nodes), "nodes");
        want(self.vcpu, vcpu, "vCPU");
        want(self.memory_gib, memory, "GiB");
        want(self.gpus, gpus, "GPUs");
        if !short.is_empty() {
            let what = format!("{} has {}", self.node_group, short.join(", "));
            let fix = "Raise its desired size, or use larger instances.";
            return Outcome::Fail { problem: Problem::new("EKS-NODE-GROUP-SMALL", what, fix).why(fact) };
        }
        let most = group.scaling_config().and_then(|scaling| scaling.max_size()).unwrap_or_default();
        let most = u32::try_from(most).unwrap_or_default();
        if self.room > 0 && most < nodes + self.room {
            let what = format!("{} cannot grow: it has {nodes} nodes and may have {most}", self.node_group);
            let cluster = group.cluster_name().unwrap_or_default();
            let raise = aws("eks update-nodegroup-config")
                .with("--cluster-name", cluster)
                .with("--nodegroup-name", &self.node_group)
                .with("--scaling-config", format!("maxSize={}", nodes + self.room.max(nodes)));
            let why = "An autoscaler adds nodes up to the group's largest size, and none beyond.";
            let problem = Problem::new("EKS-NODE-GROUP-FULL", what, fix("Raise its largest size.", [raise])).why(why);
            return Outcome::Fail { problem };
        }
        let other = types.iter().find(|found| {
            !self.architectures.is_empty() && !found.architectures.iter().any(|name| self.architectures.contains(name))
        });
        if let Some(other) = other {
            let runs = other.architectures.join(", ");
            let what = format!("{} nodes are {runs}, the images are {}", other.name, self.architectures.join(", "));
            let fix = "Use instances of that architecture, or images built for several.";
            let why = "An image of another architecture ends with `exec format error`.";
            return Outcome::Fail { problem: Problem::new("EKS-ARCHITECTURE", what, fix).why(why) };
        }
        Outcome::pass(fact)
    }
}

/// The instance types that really run, or that it would launch.
async fn types(cx: &Context, group: &Nodegroup) -> Result<Vec<InstanceType>, Trouble> {
    let mut names: Vec<String> = group.instance_types().to_vec();
    if names.is_empty()
        && let Some(name) = node_group::scaling_group(group)
        && let Some(found) = node_group::auto_scaling_group(&cx.cloud, name).await?
    {
        names = found.instances().iter().filter_map(|instance| instance.instance_type().map(str::to_owned)).collect();
        names.sort();
        names.dedup();
    }
    if names.is_empty() { Ok(Vec::new()) } else { instance_types(&cx.cloud, &names).await }
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::{Issue, NodegroupHealth, NodegroupIssueCode, NodegroupScalingConfig};

    use super::*;

    fn group(status: NodegroupStatus, desired: i32) -> aws_sdk_eks::types::builders::NodegroupBuilder {
        Nodegroup::builder()
            .status(status)
            .scaling_config(NodegroupScalingConfig::builder().desired_size(desired).build())
    }

    fn m8g() -> InstanceType {
        InstanceType {
            name: "m8g.large".into(),
            vcpu: 2,
            memory_mib: 8192,
            gpus: 0,
            architectures: vec!["arm64".into()],
        }
    }

    #[test]
    fn pool_totals_are_counted() {
        let check = NodeGroup { vcpu: Some(4), memory_gib: Some(16), ..NodeGroup::default() };
        let outcome = check.judge(&group(NodegroupStatus::Active, 2).build(), &[m8g()]);
        assert_eq!(outcome, Outcome::pass("2 × m8g.large: 4 vCPU, 16 GiB"));
        let outcome = check.judge(&group(NodegroupStatus::Active, 1).build(), &[m8g()]);
        assert_eq!(outcome.problem().unwrap().code, "EKS-NODE-GROUP-SMALL");
    }

    #[test]
    fn a_group_at_its_largest_size_cannot_grow() {
        let of = |max: i32| {
            let scaling = NodegroupScalingConfig::builder().desired_size(2).max_size(max).build();
            Nodegroup::builder().status(NodegroupStatus::Active).scaling_config(scaling).build()
        };
        let check = NodeGroup { room: 1, ..NodeGroup::default() };
        assert_eq!(check.judge(&of(2), &[m8g()]).problem().unwrap().code, "EKS-NODE-GROUP-FULL");
        assert_eq!(check.judge(&of(3), &[m8g()]), Outcome::pass("2 × m8g.large: 4 vCPU, 16 GiB"));
    }

    #[test]
    fn an_architecture_the_images_do_not_exist_for_fails() {
        let check = NodeGroup { architectures: vec!["amd64".into()], ..NodeGroup::default() };
        let outcome = check.judge(&group(NodegroupStatus::Active, 2).build(), &[m8g()]);
        assert_eq!(outcome.problem().unwrap().code, "EKS-ARCHITECTURE");
    }

    #[test]
    fn a_group_that_must_be_active_is_waited_for_or_failed() {
        let check = NodeGroup { active: true, ..NodeGroup::default() };
        let outcome = |group: Nodegroup| check.unhealthy(&group);
        assert!(matches!(outcome(group(NodegroupStatus::Creating, 2).build()), Some(Outcome::NotYet { .. })));
        let issue = Issue::builder().code(NodegroupIssueCode::NodeCreationFailure).message("x").build();
        let sick = group(NodegroupStatus::Degraded, 2).health(NodegroupHealth::builder().issues(issue).build()).build();
        assert!(matches!(outcome(sick), Some(Outcome::Fail { .. })));
        assert!(outcome(group(NodegroupStatus::Active, 2).build()).is_none());
    }
}
