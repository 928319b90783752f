//! Auto scaling groups and their activities.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::aws::{
    ask::{Ask, page, uuid},
    ec2::filter,
    eks::node_group::Scaling,
    error::AwsError,
    service::Asked,
    state::State,
};

/// An auto scaling group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Name.
    pub name: String,
    /// Its cluster and node group.
    pub node_group: (String, String),
    /// Fewest, most and wanted instances.
    pub scaling: Scaling,
    /// Subnets.
    pub subnets: Vec<String>,
    /// Types it may launch.
    pub instance_types: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it may try again to launch.
    pub next_launch: Timestamp,
    /// How many instances it ever launched.
    pub launches: u32,
    /// What it did, oldest first.
    pub activities: Vec<Activity>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// Something a group did or failed to do.
#[derive(Clone, Debug)]
pub struct Activity {
    /// Id.
    pub id: String,
    /// What.
    pub description: String,
    /// Why.
    pub cause: String,
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// `InProgress`, `Successful`, `Failed`.
    pub status: &'static str,
    /// What went wrong.
    pub message: Option<String>,
    /// The instance it is about.
    pub instance: Option<String>,
    /// Where.
    pub place: Value,
}

impl Group {
    /// Its ARN.
    pub fn arn(&self, state: &State) -> String {
        let id = uuid(&format!("scaling-group/{}", self.name));
        state.arn("autoscaling", &format!("autoScalingGroup:{id}:autoScalingGroupName/{}", self.name))
    }

    /// Its tags as Auto Scaling answers them.
    pub fn tag_list(&self) -> Vec<Value> {
        self.tags
            .iter()
            .map(|(key, value)| {
                json!({
                    "ResourceId": self.name, "ResourceType": "auto-scaling-group", "Key": key, "Value": value,
                    "PropagateAtLaunch": true,
                })
            })
            .collect()
    }

    fn answer(&self, state: &State) -> Value {
        let instances: Vec<Value> = state
            .instances
            .values()
            .filter(|instance| instance.group == self.name && instance.state != "terminated")
            .map(|instance| {
                let life = match instance.state {
                    "pending" => "Pending",
                    "running" => "InService",
                    _ => "Terminating",
                };
                json!({
                    "InstanceId": instance.id, "InstanceType": instance.kind.name, "AvailabilityZone": instance.zone,
                    "LifecycleState": life, "HealthStatus": "Healthy", "ProtectedFromScaleIn": false,
                })
            })
            .collect();
        let mut zones: Vec<&str> =
            self.subnets.iter().filter_map(|id| state.subnets.get(id)).map(|subnet| &*subnet.zone).collect();
        zones.sort_unstable();
        zones.dedup();
        let overrides: Vec<Value> = self.instance_types.iter().map(|name| json!({ "InstanceType": name })).collect();
        let template =
            state.node_groups.get(&self.node_group).map(|group| format!("eks-{}", group.id())).unwrap_or_default();
        json!({
            "AutoScalingGroupName": self.name, "AutoScalingGroupARN": self.arn(state),
            "MixedInstancesPolicy": {
                "LaunchTemplate": {
                    "LaunchTemplateSpecification": { "LaunchTemplateName": template, "Version": "1" }, "Overrides": overrides,
                },
                "InstancesDistribution": {
                    "OnDemandAllocationStrategy": "prioritized", "OnDemandBaseCapacity": 0,
                    "OnDemandPercentageAboveBaseCapacity": 100, "SpotAllocationStrategy": "lowest-price", "SpotInstancePools": 2,
                },
            },
            "MinSize": self.scaling.min, "MaxSize": self.scaling.max, "DesiredCapacity": self.scaling.desired,
            "DefaultCooldown": 300, "AvailabilityZones": zones, "LoadBalancerNames": [], "TargetGroupARNs": [],
            "HealthCheckType": "EC2", "HealthCheckGracePeriod": 15, "Instances": instances,
            "CreatedTime": self.created.to_string(), "SuspendedProcesses": [], "VPCZoneIdentifier": self.subnets.join(","),
            "EnabledMetrics": [], "Tags": self.tag_list(), "TerminationPolicies": ["AllocationStrategy", "OldestLaunchTemplate", "OldestInstance"],
            "NewInstancesProtectedFromScaleIn": false, "CapacityRebalance": true,
            "ServiceLinkedRoleARN": state.iam_arn("role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"),
        })
    }
}

/// DescribeAutoScalingGroups. A name that nothing has is no error, it is not in the answer.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let names = input.texts("AutoScalingGroupNames");
    let mut found = Vec::new();
    for group in state.groups.values().filter(|group| names.is_empty() || names.contains(&&*group.name)) {
        if filter::passes(input.list("Filters"), |name| filter::tag_values(name, &group.tags))? {
            found.push(group.answer(state));
        }
    }
    let (page, next) = page(found, input.whole("MaxRecords"), input.maybe("NextToken"))?;
    Ok(json!({ "AutoScalingGroups": page, "NextToken": next }))
}

/// DescribeScalingActivities, newest first.
pub fn activities(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let wanted = input.maybe("AutoScalingGroupName");
    let ids = input.texts("ActivityIds");
    let mut found: Vec<(Timestamp, Value)> = Vec::new();
    for group in state.groups.values().filter(|group| wanted.is_none_or(|wanted| wanted == group.name)) {
        for activity in group.activities.iter().rev().filter(|it| ids.is_empty() || ids.contains(&&*it.id)) {
            found.push((activity.start, json!({
                "ActivityId": activity.id, "AutoScalingGroupName": group.name, "AutoScalingGroupARN": group.arn(state),
                "Description": activity.description, "Cause": activity.cause, "StartTime": activity.start.to_string(),
                "EndTime": activity.end.map(|end| end.to_string()), "StatusCode": activity.status,
                "StatusMessage": activity.message, "Progress": if activity.end.is_some() { 100 } else { 50 },
                "Details": activity.place.to_string(),
            })));
        }
    }
    found.sort_by_key(|(start, _)| std::cmp::Reverse(*start));
    let all = found.into_iter().map(|(_, activity)| activity).collect();
    let (page, next) = page(all, input.whole("MaxRecords").or(Some(100)), input.maybe("NextToken"))?;
    Ok(json!({ "Activities": page, "NextToken": next }))
}

/// DescribeWarmPool: the one EKS made for the node group, if any.
pub fn warm_pool(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let group = find(state, input.text("AutoScalingGroupName"))?;
    let asked = state.node_groups.get(&group.node_group).and_then(|node_group| node_group.extras.get("warmPoolConfig"));
    Ok(match asked {
        Some(config) if config["enabled"] != false => json!({
            "WarmPoolConfiguration": {
                "MinSize": config.whole("minSize").unwrap_or(0), "MaxGroupPreparedCapacity": config.whole("maxGroupPreparedCapacity"),
                "PoolState": config.maybe("poolState").map(|state| if state == "HIBERNATED" { "Hibernated" } else if state == "RUNNING" { "Running" } else { "Stopped" }),
            },
            "Instances": [],
        }),
        _ => json!({ "Instances": [] }),
    })
}

/// The group a request means.
pub fn find<'a>(state: &'a State, name: &str) -> Result<&'a Group, AwsError> {
    state.groups.get(name).ok_or_else(|| {
        AwsError::bad(
            "ValidationError",
            format!("AutoScalingGroup name not found - AutoScalingGroup '{name}' not found"),
        )
    })
}
