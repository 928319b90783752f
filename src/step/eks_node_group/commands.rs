//! What a person would type to make a node group.

use serde_json::json;

use super::parameters::{NodeGroup, NodeTaint};
use crate::{cloud::look::shell::aws, kind::PlanView};

/// Creates it, and waits for it.
pub fn commands(step: &NodeGroup, cx: &PlanView<'_>) -> Vec<String> {
    let cluster = step.cluster.as_deref().unwrap_or(&cx.target.cluster);
    let scaling = step.scaling;
    let taints: Vec<_> = step.taints.iter().map(taint_json).collect();
    let template = match step.template() {
        Some((id, version)) => format!("id={id},version={version}"),
        None => step.launch_template.to_string(),
    };
    let sizes = format!("minSize={},maxSize={},desiredSize={}", scaling.min, scaling.max, scaling.desired);
    let mut create = aws("eks create-nodegroup")
        .with("--cluster-name", cluster)
        .with("--nodegroup-name", &step.name)
        .with("--scaling-config", sizes)
        .list("--subnets", &step.subnets)
        .with("--launch-template", template)
        .with("--node-role", &step.node_role)
        .maybe("--ami-type", step.ami_type.as_ref())
        .maybe("--release-version", step.release_version.as_ref())
        .list("--instance-types", &step.instance_types);
    if !step.labels.is_empty() {
        create = create.json("--labels", &json!(step.labels));
    }
    if !taints.is_empty() {
        create = create.json("--taints", &json!(taints));
    }
    if !step.tags.is_empty() {
        create = create.json("--tags", &json!(step.tags));
    }
    if let Some(update) = step.update {
        let config = update.config();
        let mut json = serde_json::Map::new();
        config.update_strategy().map(|strategy| json.insert("updateStrategy".into(), strategy.as_str().into()));
        config.max_unavailable().map(|most| json.insert("maxUnavailable".into(), most.into()));
        create = create.json("--update-config", &json.into());
    }
    if let Some(pool) = step.warm_pool {
        let config = pool.config();
        let mut json =
            serde_json::Map::from_iter([("enabled".into(), true.into()), ("minSize".into(), pool.min.into())]);
        pool.max_prepared.map(|most| json.insert("maxGroupPreparedCapacity".into(), most.into()));
        config.pool_state().map(|state| json.insert("poolState".into(), state.as_str().into()));
        create = create.json("--warm-pool-config", &json.into());
    }
    let wait = aws("eks wait nodegroup-active")
        .with("--cluster-name", cluster)
        .with("--nodegroup-name", &step.name)
        .region(&cx.target.region);
    vec![create.region(&cx.target.region).to_string(), wait.to_string()]
}

fn taint_json(taint: &NodeTaint) -> serde_json::Value {
    let config = taint.config();
    let effect = config.effect().map(|effect| effect.as_str());
    match &taint.value {
        Some(value) => json!({ "key": taint.key, "value": value, "effect": effect }),
        None => json!({ "key": taint.key, "effect": effect }),
    }
}
