//! How does a node group differ from what the guide says? Only what the guide says is compared.

use std::collections::BTreeMap;

use aws_sdk_eks::types::Nodegroup;
use landfall_core::event::Difference;

use super::parameters::{NodeGroup, NodeTaint, Scaling};

/// Every difference; `fixed` ones need a new node group.
pub fn differences(step: &NodeGroup, found: &Nodegroup) -> Vec<Difference> {
    let mut list = Vec::new();
    let mut compare = |field: &str, wanted: String, found: String, fixed: bool| {
        if wanted != found {
            list.push(Difference { field: field.into(), wanted, found, fixed });
        }
    };
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    compare("node_role", step.node_role.clone(), text(found.node_role()), true);
    compare("subnets", sorted(&step.subnets), sorted(found.subnets()), true);
    if let Some(ami_type) = &step.ami_type {
        compare("ami_type", ami_type.clone(), text(found.ami_type().map(|ami| ami.as_str())), true);
    }
    if !step.instance_types.is_empty() {
        compare("instance_types", step.instance_types.join(", "), found.instance_types().join(", "), true);
    }
    if let Some((id, version)) = step.template() {
        let there = found.launch_template();
        compare("launch_template", id.to_owned(), text(there.and_then(|there| there.id())), true);
        compare("launch_template.version", version.to_owned(), text(there.and_then(|there| there.version())), false);
    }
    if let Some(release) = &step.release_version {
        compare("release_version", release.clone(), text(found.release_version()), false);
    }
    // Whoever scales changes the desired size; only the limits are the guide's.
    let scaling = Scaling::of(found.scaling_config());
    compare("scaling.min", step.scaling.min.to_string(), scaling.min.to_string(), false);
    compare("scaling.max", step.scaling.max.to_string(), scaling.max.to_string(), false);
    for (key, value) in &step.labels {
        let there = found.labels().and_then(|labels| labels.get(key));
        compare(&format!("labels.{key}"), value.clone(), there.map_or_else(|| "not set".into(), Clone::clone), false);
    }
    compare("taints", taints(step.taints.clone()), taints(found.taints().iter().filter_map(NodeTaint::of)), false);
    for (key, value) in &step.tags {
        let there = found.tags().and_then(|tags| tags.get(key));
        compare(&format!("tags.{key}"), value.clone(), there.map_or_else(|| "not set".into(), Clone::clone), false);
    }
    if let Some(pool) = step.warm_pool {
        let there = found.warm_pool_config().filter(|there| there.enabled() != Some(false));
        let size = there.and_then(|there| there.min_size());
        compare(
            "warm_pool.min",
            pool.min.to_string(),
            size.map_or_else(|| "none".into(), |size| size.to_string()),
            false,
        );
    }
    if let Some(update) = step.update {
        let (wanted, there) = (update.config(), found.update_config());
        if let Some(strategy) = wanted.update_strategy() {
            let found = there.and_then(|there| there.update_strategy()).map_or("DEFAULT", |strategy| strategy.as_str());
            compare("update.strategy", strategy.as_str().to_owned(), found.to_owned(), false);
        }
        if let Some(most) = wanted.max_unavailable() {
            let found = there.and_then(|there| there.max_unavailable());
            let found = found.map_or_else(|| "not set".into(), |most| most.to_string());
            compare("update.max_unavailable", most.to_string(), found, false);
        }
    }
    list
}

fn sorted(ids: &[String]) -> String {
    let mut ids = ids.to_vec();
    ids.sort();
    ids.join(", ")
}

fn taints(list: impl IntoIterator<Item = NodeTaint>) -> String {
    let mut list: Vec<NodeTaint> = list.into_iter().collect();
    list.sort();
    if list.is_empty() {
        return "none".into();
    }
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What an update would change, as the journal keeps it to restore.
pub fn before(found: &Nodegroup) -> serde_json::Value {
    let labels: BTreeMap<&String, &String> = found.labels().into_iter().flatten().collect();
    let tags: BTreeMap<&String, &String> = found.tags().into_iter().flatten().collect();
    let taints: Vec<NodeTaint> = found.taints().iter().filter_map(NodeTaint::of).collect();
    let template = found.launch_template();
    serde_json::json!({
        "scaling": Scaling::of(found.scaling_config()),
        "labels": labels,
        "taints": taints,
        "tags": tags,
        "launch_template": template.and_then(|there| Some(format!("{}:{}", there.id()?, there.version()?))),
        "release_version": found.release_version(),
    })
}
