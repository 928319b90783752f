//! What does EKS say of a node group?

use std::collections::{BTreeMap, HashMap};

use aws_sdk_autoscaling::types::AutoScalingGroup;
use aws_sdk_eks::types::{Nodegroup, UpdateLabelsPayload};
use landfall_core::{event::Owner, plan::InstallId};

use super::marks;
use crate::cloud::{Cloud, Trouble};

/// The node group, if there is one of that name in that cluster.
pub async fn find(cloud: &Cloud, cluster: &str, name: &str) -> Result<Option<Nodegroup>, Trouble> {
    let eks = cloud.aws.eks().await?;
    let answer = eks.describe_nodegroup().cluster_name(cluster).nodegroup_name(name).send().await;
    Ok(super::maybe(answer)?.and_then(|answer| answer.nodegroup))
}

/// The name of its auto scaling group, once it has one. The CLI prints a missing one as `None`.
pub fn scaling_group(group: &Nodegroup) -> Option<&str> {
    let groups = group.resources()?.auto_scaling_groups();
    groups.first()?.name().filter(|name| !name.is_empty() && *name != "None")
}

/// The auto scaling group itself.
pub async fn auto_scaling_group(cloud: &Cloud, name: &str) -> Result<Option<AutoScalingGroup>, Trouble> {
    let client = cloud.aws.autoscaling().await?;
    let answer = client.describe_auto_scaling_groups().auto_scaling_group_names(name).send().await?;
    Ok(answer.auto_scaling_groups.unwrap_or_default().into_iter().next())
}

/// Whose it is.
pub fn owner(group: &Nodegroup, install: &InstallId) -> Owner {
    let tags = group.tags().into_iter().flatten();
    marks::owner(install, tags.map(|(key, value)| (key.as_str(), value.as_str())))
}

/// Its status as EKS says it, e.g. `CREATING`.
pub fn status(group: &Nodegroup) -> &str {
    group.status().map_or("UNKNOWN", |status| status.as_str())
}

/// `$(aws eks describe-nodegroup …)`: how bash finds the auto scaling group's name.
pub fn scaling_group_in_bash(cluster: &str, name: &str, region: &str) -> String {
    let query = super::shell::aws("eks describe-nodegroup")
        .with("--cluster-name", cluster)
        .with("--nodegroup-name", name)
        .with("--query", "nodegroup.resources.autoScalingGroups[0].name")
        .with("--output", "text")
        .region(region);
    format!("\"$({})\"", query.one_line())
}

/// The labels that go back to what they were, or away, where they still have our value.
pub fn labels_back(
    ours: &BTreeMap<String, String>,
    before: &BTreeMap<String, String>,
    there: impl Fn(&str) -> Option<String>,
) -> Option<UpdateLabelsPayload> {
    let still = |key: &str, value: &str| there(key).as_deref() == Some(value);
    let mut back = HashMap::new();
    let mut away = Vec::new();
    for (key, value) in ours.iter().filter(|(key, value)| still(key, value)) {
        match before.get(key) {
            Some(was) if was != value => {
                back.insert(key.clone(), was.clone());
            }
            Some(_) => {}
            None => away.push(key.clone()),
        }
    }
    if back.is_empty() && away.is_empty() {
        return None;
    }
    let back = (!back.is_empty()).then_some(back);
    Some(
        UpdateLabelsPayload::builder()
            .set_add_or_update_labels(back)
            .set_remove_labels((!away.is_empty()).then_some(away))
            .build(),
    )
}
