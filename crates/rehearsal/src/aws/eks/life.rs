//! How time passes over node groups: from CREATING to ACTIVE or not, through updates, to their end.

use jiff::Timestamp;

use super::{
    node_group::{Issue, NodeGroup, scaling_group_name},
    update,
};
use crate::aws::{autoscaling::fleet, state::State};

/// One step to `state.now`.
pub fn step(state: &mut State) {
    super::cluster::step(state);
    let keys: Vec<(String, String)> = state.node_groups.keys().cloned().collect();
    for key in &keys {
        begin(state, key);
    }
    fleet::step(state);
    for key in &keys {
        go_on(state, key);
    }
    update::step(state);
    super::addon::step(state);
    super::identity_provider::step(state);
}

/// Gives a new node group its scaling group, and takes it from one that goes.
fn begin(state: &mut State, key: &(String, String)) {
    let (now, timings) = (state.now, state.setup.timings.clone());
    let Some(group) = state.node_groups.get(key) else { return };
    if group.status == "CREATING" && group.scaling_group.is_none() && now >= group.created + timings.scaling_group {
        let group = group.clone();
        fleet::found(state, &group);
        if let Some(group) = state.node_groups.get_mut(key) {
            group.scaling_group = Some(scaling_group_name(&key.0, &key.1));
        }
        return;
    }
    let Some(deleting) = group.deleting else { return };
    if now >= deleting + timings.delete * 2 {
        if let Some(name) = group.scaling_group.clone() {
            fleet::remove(state, &name);
        }
        state.node_groups.remove(key);
        // A token is good for one node group's life.
        state.tokens.retain(|_, (_, answer)| {
            let made = &answer["nodegroup"];
            made["nodegroupName"] != *key.1 || made["clusterName"] != *key.0
        });
    } else if now >= deleting + timings.delete
        && let Some(name) = group.scaling_group.clone()
    {
        fleet::empty(state, &name);
    }
}

/// Looks at the node group's instances and decides what has become of it.
fn go_on(state: &mut State, key: &(String, String)) {
    let now = state.now;
    let Some(group) = state.node_groups.get(key) else { return };
    let Some(name) = group.scaling_group.clone() else { return };
    if matches!(&*group.status, "DELETING" | "CREATE_FAILED" | "UPDATING") {
        return;
    }
    let alive: Vec<_> =
        state.instances.values().filter(|instance| instance.group == name && instance.lives()).collect();
    let wanted = usize::try_from(group.scaling.desired).unwrap_or_default();
    let joined = alive.iter().filter(|instance| instance.joined.is_some()).count();
    let timings = &state.setup.timings;
    let late: Vec<String> = alive
        .iter()
        .filter(|instance| instance.joined.is_none() && now >= instance.launched + timings.join_gives_up)
        .map(|instance| instance.id.clone())
        .collect();
    let born = state.groups.get(&name).map_or(group.created, |scaling_group| scaling_group.created);
    let starved = alive.len() < wanted && now >= born + timings.launch_gives_up;
    let complete = joined >= wanted && alive.len() >= wanted;
    let (active_after, failed_after) = (timings.active, timings.failed);
    let Some(group) = state.node_groups.get_mut(key) else { return };
    if complete {
        let since = *group.complete.get_or_insert(now);
        if group.status != "ACTIVE" && now >= since + active_after {
            become_(group, "ACTIVE", now);
            group.issues.clear();
        }
        return;
    }
    group.complete = None;
    if !late.is_empty() {
        let message = "Instances failed to join the kubernetes cluster".to_owned();
        group.raise(Issue { code: "NodeCreationFailure", message, resources: late, since: now });
    }
    let failing_since =
        group.issues.iter().filter(|issue| issue.code == "NodeCreationFailure").map(|issue| issue.since).min();
    let given_up = failing_since.is_some_and(|since| now >= since + failed_after) || starved;
    if given_up {
        let failed = if group.status == "CREATING" { "CREATE_FAILED" } else { "DEGRADED" };
        if group.status != failed {
            become_(group, failed, now);
        }
    }
}

fn become_(group: &mut NodeGroup, status: &str, now: Timestamp) {
    group.status = status.to_owned();
    group.modified = now;
}
