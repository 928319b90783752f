//! Launches: zone after zone, and what is told of those that fail.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use super::{
    fleet::living,
    group::{Activity, Group},
    obstacle::{Obstacle, obstacle},
};
use crate::aws::{
    ask::{Ask, hex, uuid},
    ec2::{Instance, filter, images, types},
    eks::{NodeGroup, join, node_group::Issue},
    state::State,
};

/// Launches so many instances, or as many as there is capacity, quota and room for.
pub fn launch(state: &mut State, name: &str, count: usize, generation: u32) {
    let mut without = BTreeSet::new();
    for _ in 0..count {
        if !launch_one(state, name, generation, &mut without) {
            let again = state.now + state.setup.timings.launch_again;
            if let Some(group) = state.groups.get_mut(name) {
                group.next_launch = again;
            }
            return;
        }
    }
}

/// Tries zone after zone, the emptiest first; says whether an instance was launched.
fn launch_one(state: &mut State, name: &str, generation: u32, without: &mut BTreeSet<String>) -> bool {
    let Some(group) = state.groups.get(name) else { return false };
    let Some(node_group) = state.node_groups.get(&group.node_group).cloned() else { return false };
    let Some(kind) = group.instance_types.first().and_then(|first| types::find(first)) else { return false };
    let mut subnets: Vec<(usize, String, String)> = group
        .subnets
        .iter()
        .filter_map(|id| state.subnets.get(id))
        .map(|subnet| {
            let here = state.instances.values().filter(|it| it.group == *name && it.lives() && it.zone == subnet.zone);
            (here.count(), subnet.zone.clone(), subnet.id.clone())
        })
        .collect();
    subnets.sort();
    for (_, zone, subnet) in subnets {
        if without.contains(&zone) {
            continue;
        }
        match obstacle(state, &node_group, kind, &zone, &subnet) {
            None => {
                start(state, name, &node_group, kind, &zone, &subnet, generation);
                return true;
            }
            Some(obstacle) => {
                fail(state, name, &node_group, &zone, &subnet, &obstacle);
                without.insert(zone);
                if obstacle.everywhere {
                    return false;
                }
            }
        }
    }
    false
}

fn fail(state: &mut State, name: &str, group: &NodeGroup, zone: &str, subnet: &str, obstacle: &Obstacle) {
    let now = state.now;
    let text = format!(
        "Could not launch On-Demand Instances. {} - {} Launching EC2 instance failed.",
        obstacle.code, obstacle.message
    );
    if let Some(scaling_group) = state.groups.get_mut(name) {
        let id = uuid(&format!("activity/{name}/{}", scaling_group.activities.len()));
        scaling_group.activities.push(Activity {
            id,
            description: "Launching a new EC2 instance.  Status Reason: ".to_owned() + &text,
            cause: cause(now, scaling_group),
            start: now,
            end: Some(now),
            status: "Failed",
            message: Some(text.clone()),
            instance: None,
            place: json!({ "Subnet ID": subnet, "Availability Zone": zone }),
        });
    }
    if let Some(node_group) = state.node_groups.get_mut(&(group.cluster.clone(), group.name.clone())) {
        node_group.raise(Issue { code: obstacle.health, message: text, resources: vec![name.to_owned()], since: now });
    }
}

fn start(
    state: &mut State,
    name: &str,
    group: &NodeGroup,
    kind: &'static types::InstanceType,
    zone: &str,
    subnet: &str,
    generation: u32,
) {
    let now = state.now;
    let verdict = join::verdict(state, group);
    let images = images::images(state);
    let image = if group.ami_type == "CUSTOM" {
        images.iter().find(|image| image.id == group.release)
    } else {
        images.iter().find(|image| image.release == group.release && image.family.ami_type == group.ami_type)
    };
    let kubelet = image.map(|image| image.kubelet).unwrap_or("1.31.14");
    let image = image.map(|image| image.id.clone()).unwrap_or_else(|| group.release.clone());
    let address = address(state, subnet, name);
    let template_tags =
        group.template_data(state).map(|data| data.list("TagSpecifications").to_vec()).unwrap_or_default();
    let join = state.setup.join.clone();
    let alive = living(state, name).len() as i32;
    let Some(scaling_group) = state.groups.get_mut(name) else { return };
    scaling_group.launches += 1;
    let id = format!("i-0{}", hex(&format!("instance/{name}/{}", scaling_group.launches), 16));
    let mut tags = scaling_group.tags.clone();
    tags.insert("aws:autoscaling:groupName".to_owned(), name.to_owned());
    tags.extend(filter::specified(&template_tags, "instance"));
    scaling_group.activities.push(Activity {
        id: uuid(&format!("activity/{name}/{}", scaling_group.activities.len())),
        description: format!("Launching a new EC2 instance: {id}"),
        cause: cause(now, scaling_group),
        start: now,
        end: None,
        status: "InProgress",
        message: None,
        instance: Some(id.clone()),
        place: json!({ "Subnet ID": subnet, "Availability Zone": zone }),
    });
    let instance = Instance {
        id: id.clone(),
        group: name.to_owned(),
        kind,
        subnet: subnet.to_owned(),
        zone: zone.to_owned(),
        address,
        image,
        kubelet: format!("v{kubelet}-eks-{}", hex(kubelet, 7)),
        generation,
        launched: now,
        state: "pending",
        joins: verdict.map(|()| now + join.after + join.apart * alive),
        joined: None,
        ends: None,
        tags,
    };
    state.instances.insert(id, instance);
}

fn cause(now: Timestamp, group: &Group) -> String {
    format!(
        "At {} an instance was started in response to a difference between desired and actual capacity, desired capacity {}.",
        now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        group.scaling.desired
    )
}

/// A free address of the subnet: its first octets and a number of this launch's own.
fn address(state: &State, subnet: &str, name: &str) -> String {
    let cidr = state.subnets.get(subnet).map(|subnet| subnet.cidr.clone()).unwrap_or_default();
    let base: Vec<&str> = cidr.split(['.', '/']).take(3).collect();
    let launches = state.groups.get(name).map_or(0, |group| group.launches);
    let seed = u32::from_str_radix(&hex(&format!("address/{name}/{launches}"), 4), 16).unwrap_or(0);
    let taken: BTreeSet<&str> = state.instances.values().map(|instance| &*instance.address).collect();
    (0..240)
        .map(|offset| format!("{}.{}", base.join("."), 10 + (seed + offset) % 240))
        .find(|address| !taken.contains(&**address))
        .unwrap_or_default()
}
