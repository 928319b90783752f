//! Bringing a node group that is there to what the guide says, or back to what it was.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use aws_sdk_eks::types::{Nodegroup, UpdateLabelsPayload, UpdateTaintsPayload};
use landfall_core::event::{Difference, Owner, Problem};
use serde_json::Value;

use super::parameters::{NodeGroup, NodeTaint, Scaling};
use crate::{
    cloud::{Cloud, Trouble, look::node_group},
    kind::{Applied, Context, Job},
};

/// Sends what is different. EKS takes one update at a time, so a second one waits for the first.
pub async fn change(
    step: &NodeGroup,
    cx: &Context,
    found: &Nodegroup,
    differences: &[Difference],
    token: &str,
) -> Result<Applied, Trouble> {
    if let Some(fixed) = differences.iter().find(|difference| difference.fixed) {
        return Err(Problem::new(
            "EKS-NODE-GROUP-FIXED",
            format!("{} of node group {} is {}, not {}", fixed.field, step.name, fixed.found, fixed.wanted),
            "Give the node group another name in Inputs, or delete it first and install again.",
        )
        .why("EKS cannot change this of a node group that exists.")
        .into());
    }
    let named = |prefix: &str| differences.iter().any(|difference| difference.field.starts_with(prefix));
    if named("tags.") {
        let eks = cx.cloud.aws.eks().await?;
        let tags = step.tags.clone().into_iter().collect();
        eks.tag_resource().set_resource_arn(found.nodegroup_arn.clone()).set_tags(Some(tags)).send().await?;
    }
    let config = ["scaling.", "labels.", "taints", "update.", "warm_pool."].iter().any(|prefix| named(prefix));
    let version = named("launch_template.version") || named("release_version");
    let ours = node_group::owner(found, &cx.install) == Owner::Ours;
    let before = (!ours).then(|| super::differences::before(found));
    if config {
        send_config(step, cx, found, token).await?;
    }
    if version && config {
        // The engine looks at the world meanwhile; the second update goes out once the first is through.
        let (cloud, step) = (cx.cloud.clone(), step.clone());
        let (cluster, token) = (cluster(&step, cx).to_owned(), format!("{token}-version"));
        let job: Job = Box::pin(async move {
            settled(&cloud, &cluster, &step.name).await?;
            send_version(&step, &cloud, &cluster, &token).await
        });
        return Ok(match before {
            Some(before) => Applied::StartedOver { before, job },
            None => Applied::Started(job),
        });
    }
    if version {
        send_version(step, &cx.cloud, cluster(step, cx), token).await?;
    }
    Ok(Applied::Sent { before })
}

fn cluster<'a>(step: &'a NodeGroup, cx: &'a Context) -> &'a str {
    step.cluster.as_deref().unwrap_or(&cx.target.cluster)
}

async fn send_config(step: &NodeGroup, cx: &Context, found: &Nodegroup, token: &str) -> Result<(), Trouble> {
    let there = Scaling::of(found.scaling_config());
    // What whoever scales decided stays, within the new limits.
    let scaling = Scaling {
        desired: there.desired.clamp(step.scaling.min, step.scaling.max.max(step.scaling.min)),
        ..step.scaling
    };
    let labels = step.labels.clone().into_iter().collect();
    let wanted: Vec<_> = step.taints.clone();
    let extra: Vec<_> = found
        .taints()
        .iter()
        .filter(|taint| NodeTaint::of(taint).is_none_or(|taint| !wanted.contains(&taint)))
        .cloned()
        .collect();
    let taints = UpdateTaintsPayload::builder()
        .set_add_or_update_taints(some(wanted.iter().map(NodeTaint::config).collect()))
        .set_remove_taints(some(extra))
        .build();
    let eks = cx.cloud.aws.eks().await?;
    eks.update_nodegroup_config()
        .client_request_token(token)
        .cluster_name(cluster(step, cx))
        .nodegroup_name(&step.name)
        .scaling_config(scaling.config())
        .set_labels(
            (!step.labels.is_empty())
                .then(|| UpdateLabelsPayload::builder().set_add_or_update_labels(Some(labels)).build()),
        )
        .set_taints((taints.add_or_update_taints.is_some() || taints.remove_taints.is_some()).then_some(taints))
        .set_update_config(step.update.map(|update| update.config()))
        .set_warm_pool_config(step.warm_pool.map(|pool| pool.config()))
        .send()
        .await?;
    Ok(())
}

async fn send_version(step: &NodeGroup, cloud: &Cloud, cluster: &str, token: &str) -> Result<(), Trouble> {
    let eks = cloud.aws.eks().await?;
    eks.update_nodegroup_version()
        .client_request_token(token)
        .cluster_name(cluster)
        .nodegroup_name(&step.name)
        .set_launch_template(step.template_specification())
        .set_release_version(step.release_version.clone())
        .send()
        .await?;
    Ok(())
}

/// Waits until no update runs any more.
pub async fn settled(cloud: &Cloud, cluster: &str, name: &str) -> Result<Option<Nodegroup>, Trouble> {
    loop {
        match node_group::find(cloud, cluster, name).await? {
            Some(group) if matches!(node_group::status(&group), "UPDATING" | "DELETING" | "CREATING") => {
                cloud.clock().sleep(Duration::from_secs(15)).await;
            }
            other => return Ok(other),
        }
    }
}

/// Puts back what was there before, each field only where it still has our value.
pub async fn restore(step: &NodeGroup, cx: &Context, found: &Nodegroup, before: &Value) -> Result<(), Trouble> {
    tags_back(step, cx, found, before).await?;
    let there = Scaling::of(found.scaling_config());
    let was: Option<Scaling> = serde_json::from_value(before["scaling"].clone()).ok();
    let scaling = was.filter(|was| (there.min, there.max) == (step.scaling.min, step.scaling.max) && *was != there);
    let labels: BTreeMap<String, String> = serde_json::from_value(before["labels"].clone()).unwrap_or_default();
    let changed = node_group::labels_back(&step.labels, &labels, |key| {
        found.labels().and_then(|labels| labels.get(key)).cloned()
    });
    if scaling.is_none() && changed.is_none() {
        return Ok(());
    }
    let eks = cx.cloud.aws.eks().await?;
    eks.update_nodegroup_config()
        .cluster_name(cluster(step, cx))
        .nodegroup_name(&step.name)
        .set_scaling_config(scaling.map(Scaling::config))
        .set_labels(changed)
        .send()
        .await?;
    Ok(())
}

/// Our tags go back to what they were, those that are still as we set them.
async fn tags_back(step: &NodeGroup, cx: &Context, found: &Nodegroup, before: &Value) -> Result<(), Trouble> {
    let Ok(was) = serde_json::from_value::<HashMap<String, String>>(before["tags"].clone()) else { return Ok(()) };
    let there = |key: &String| found.tags().and_then(|tags| tags.get(key));
    let ours = step.tags.iter().filter(|(key, value)| there(key) == Some(*value) && was.get(*key) != Some(*value));
    let (mut back, mut gone) = (HashMap::new(), Vec::new());
    for (key, _) in ours {
        match was.get(key) {
            Some(value) => drop(back.insert(key.clone(), value.clone())),
            None => gone.push(key.clone()),
        }
    }
    let (eks, arn) = (cx.cloud.aws.eks().await?, found.nodegroup_arn.clone());
    if !back.is_empty() {
        eks.tag_resource().set_resource_arn(arn.clone()).set_tags(Some(back)).send().await?;
    }
    if !gone.is_empty() {
        eks.untag_resource().set_resource_arn(arn).set_tag_keys(Some(gone)).send().await?;
    }
    Ok(())
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}
