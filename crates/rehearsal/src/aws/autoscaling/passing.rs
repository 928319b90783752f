//! How an instance starts, joins its cluster, and is gone.

use serde_json::json;

use super::group::Activity;
use crate::{
    aws::{ask::uuid, eks::node::node, state::State},
    world::Happening,
};

/// Lets one instance start, join, or be gone.
pub fn live(state: &mut State, id: &str) {
    let (now, timings) = (state.now, state.setup.timings.clone());
    let Some(instance) = state.instances.get_mut(id) else { return };
    if instance.state == "pending" && now >= instance.launched + timings.launch {
        instance.state = "running";
        let name = instance.group.clone();
        finish(state, &name, id, "Successful");
    }
    let Some(instance) = state.instances.get_mut(id) else { return };
    if instance.state == "running"
        && instance.joined.is_none()
        && let Ok(joins) = &instance.joins
        && now >= *joins
    {
        instance.joined = Some(now);
        let instance = instance.clone();
        let group = state.node_groups.values().find(|group| group.scaling_group.as_deref() == Some(&instance.group));
        if let Some(group) = group {
            let spec = node(&state.region, group, &instance);
            state.happenings.push(Happening::NodeJoined(spec));
        }
    }
    let region = state.region.clone();
    let Some(instance) = state.instances.get_mut(id) else { return };
    if instance.state == "shutting-down" && instance.ends.is_some_and(|ends| now >= ends + timings.launch) {
        instance.state = "terminated";
        let (joined, name, group) = (instance.joined.is_some(), instance.node(&region), instance.group.clone());
        if joined {
            state.happenings.push(Happening::NodeLeft { name });
        }
        finish(state, &group, id, "Successful");
    }
}

/// Ends an instance, for a reason its group's activities show.
pub fn end(state: &mut State, id: &str, why: &str) {
    let now = state.now;
    let Some(instance) = state.instances.get_mut(id) else { return };
    if !instance.lives() {
        return;
    }
    instance.state = "shutting-down";
    instance.ends = Some(now);
    let (group, zone, subnet) = (instance.group.clone(), instance.zone.clone(), instance.subnet.clone());
    if let Some(group) = state.groups.get_mut(&group) {
        group.activities.push(Activity {
            id: uuid(&format!("activity/{}/{}", group.name, group.activities.len())),
            description: format!("Terminating EC2 instance: {id}"),
            cause: format!("At {} an instance was taken out of service: {why}.", now.strftime("%Y-%m-%dT%H:%M:%SZ")),
            start: now,
            end: None,
            status: "InProgress",
            message: None,
            instance: Some(id.to_owned()),
            place: json!({ "Subnet ID": subnet, "Availability Zone": zone }),
        });
    }
}

fn finish(state: &mut State, group: &str, id: &str, status: &'static str) {
    let now = state.now;
    let Some(group) = state.groups.get_mut(group) else { return };
    for activity in group.activities.iter_mut().filter(|it| it.end.is_none() && it.instance.as_deref() == Some(id)) {
        activity.status = status;
        activity.end = Some(now);
    }
}
