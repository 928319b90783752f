//! Instances come and go: launches where there is capacity, quota and room, joins, and ends.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::group::{Activity, Group};
use crate::{
    aws::{
        ask::{Ask, hex, uuid},
        ec2::{
            Instance, images, instances,
            network::{ADDRESSES_PER_INSTANCE, free_addresses},
            types,
        },
        eks::{NodeGroup, join, node_group::{Issue, scaling_group_name}},
        quotas,
        state::State,
    },
    world::{Happening, NodeSpec},
};

/// Makes the scaling group of a node group, tagged as EKS tags it.
pub fn found(state: &mut State, group: &NodeGroup) {
    let name = scaling_group_name(&group.cluster, &group.name);
    let cluster = &group.cluster;
    let tags = [
        ("eks:cluster-name".to_owned(), cluster.clone()),
        ("eks:nodegroup-name".to_owned(), group.name.clone()),
        ("k8s.io/cluster-autoscaler/enabled".to_owned(), "true".to_owned()),
        (format!("k8s.io/cluster-autoscaler/{cluster}"), "owned".to_owned()),
        (format!("kubernetes.io/cluster/{cluster}"), "owned".to_owned()),
    ];
    let scaling_group = Group {
        name: name.clone(),
        node_group: (cluster.clone(), group.name.clone()),
        scaling: group.scaling,
        subnets: group.subnets.clone(),
        instance_types: group.instance_types.clone(),
        created: state.now,
        next_launch: state.now,
        launches: 0,
        activities: Vec::new(),
        tags: BTreeMap::from(tags),
    };
    state.groups.insert(name, scaling_group);
}

/// Gives a node group's scaling group its new sizes, and its nodes their new labels and taints.
pub fn follow(state: &mut State, group: &NodeGroup) {
    let Some(name) = group.scaling_group.as_deref() else { return };
    if let Some(scaling_group) = state.groups.get_mut(name) {
        scaling_group.scaling = group.scaling;
        scaling_group.next_launch = state.now;
    }
    let nodes: Vec<NodeSpec> = state
        .instances
        .values()
        .filter(|instance| instance.group == name && instance.joined.is_some() && instance.lives())
        .map(|instance| node(&state.region, group, instance))
        .collect();
    state.happenings.extend(nodes.into_iter().map(Happening::NodeJoined));
}

/// Ends all instances of a group.
pub fn empty(state: &mut State, name: &str) {
    if let Some(group) = state.groups.get_mut(name) {
        group.scaling.min = 0;
        group.scaling.desired = 0;
    }
}

/// Takes away a group, with its policies; what still runs ends at once.
pub fn remove(state: &mut State, name: &str) {
    empty(state, name);
    let all: Vec<String> = living(state, name).into_iter().map(|instance| instance.id.clone()).collect();
    for id in all {
        end(state, &id, "the auto scaling group was deleted");
    }
    state.groups.remove(name);
    state.policies.retain(|(group, _), _| group != name);
}

/// One step to `state.now`, for all groups and instances.
pub fn step(state: &mut State) {
    let names: Vec<String> = state.groups.keys().cloned().collect();
    for name in names {
        size(state, &name);
    }
    let ids: Vec<String> = state.instances.keys().cloned().collect();
    for id in ids {
        live(state, &id);
    }
}

fn living<'a>(state: &'a State, name: &str) -> Vec<&'a Instance> {
    let mut all: Vec<&Instance> =
        state.instances.values().filter(|instance| instance.group == name && instance.lives()).collect();
    all.sort_by_key(|instance| (instance.generation, instance.launched));
    all
}

/// Launches what is wanted and ends what is too much. During an update the new ones come first.
fn size(state: &mut State, name: &str) {
    let Some(group) = state.groups.get(name) else { return };
    let wanted = usize::try_from(group.scaling.desired).unwrap_or_default();
    let generation = state.node_groups.get(&group.node_group).map_or(0, |node_group| node_group.generation);
    let may_launch = state.now >= group.next_launch;
    let all = living(state, name);
    let current = all.iter().filter(|instance| instance.generation == generation).count();
    let ready = all.iter().filter(|instance| instance.generation == generation && instance.joined.is_some()).count();
    if current < wanted {
        if may_launch {
            launch(state, name, wanted - current, generation);
        }
        return;
    }
    if all.len() > wanted && (ready >= wanted || wanted == 0) {
        let excess = all.len() - wanted;
        let ids: Vec<String> = all.iter().take(excess).map(|instance| instance.id.clone()).collect();
        for id in ids {
            end(state, &id, &format!("the desired capacity is {wanted}"));
        }
    }
}

fn launch(state: &mut State, name: &str, count: usize, generation: u32) {
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

struct Obstacle {
    code: &'static str,
    health: &'static str,
    message: String,
    everywhere: bool,
}

/// What stands in the way of a launch: image, offering, quota, addresses or capacity.
fn obstacle(state: &State, group: &NodeGroup, kind: &types::InstanceType, zone: &str, subnet: &str) -> Option<Obstacle> {
    let name = kind.name;
    if group.ami_type == "CUSTOM" && !images::images(state).iter().any(|image| image.id == group.release) {
        let message = format!("The image id '[{}]' does not exist", group.release);
        return Some(Obstacle { code: "InvalidAMIID.NotFound", health: "AmiIdNotFound", message, everywhere: true });
    }
    if !types::offered(state, name, zone) {
        let message = format!(
            "Your requested instance type ({name}) is not supported in your requested Availability Zone ({zone})."
        );
        return Some(Obstacle { code: "InvalidFleetConfiguration", health: "AsgInstanceLaunchFailures", message, everywhere: false });
    }
    let limit = quotas::value(state, kind.quota());
    if f64::from(quotas::used(state, kind.quota()) + kind.vcpu) > limit {
        let message = format!(
            "You have requested more vCPU capacity than your current vCPU limit of {limit} allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit."
        );
        return Some(Obstacle { code: "VcpuLimitExceeded", health: "AsgInstanceLaunchFailures", message, everywhere: true });
    }
    let free = state.subnets.get(subnet).map_or(0, |subnet| free_addresses(state, subnet));
    if free < ADDRESSES_PER_INSTANCE {
        let message = format!("There are not enough free addresses in subnet '{subnet}' to satisfy the requested number of instances.");
        return Some(Obstacle { code: "InsufficientFreeAddressesInSubnet", health: "InsufficientFreeAddresses", message, everywhere: false });
    }
    let passed = state.now.duration_since(state.start);
    let starved = state.setup.no_capacity.iter().any(|want| {
        let here = want.zones.is_empty() || want.zones.iter().any(|known| known == zone);
        let this = if want.instance_types.is_empty() { kind.gpus.is_some() } else { want.instance_types.iter().any(|known| known == name) };
        here && this && want.until.is_none_or(|until| passed < until)
    });
    starved.then(|| Obstacle {
        code: "InsufficientInstanceCapacity",
        health: "AsgInstanceLaunchFailures",
        message: format!(
            "We currently do not have sufficient {name} capacity in the Availability Zone you requested ({zone}). Our system will be working on provisioning additional capacity."
        ),
        everywhere: false,
    })
}

fn fail(state: &mut State, name: &str, group: &NodeGroup, zone: &str, subnet: &str, obstacle: &Obstacle) {
    let now = state.now;
    let text = format!("Could not launch On-Demand Instances. {} - {} Launching EC2 instance failed.", obstacle.code, obstacle.message);
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
    let template_tags = group.template_data(state).map(|data| data.list("TagSpecifications").to_vec()).unwrap_or_default();
    let join = state.setup.join.clone();
    let alive = living(state, name).len() as i32;
    let Some(scaling_group) = state.groups.get_mut(name) else { return };
    scaling_group.launches += 1;
    let id = format!("i-0{}", hex(&format!("instance/{name}/{}", scaling_group.launches), 16));
    let mut tags = scaling_group.tags.clone();
    tags.insert("aws:autoscaling:groupName".to_owned(), name.to_owned());
    tags.extend(crate::aws::ec2::filter::specified(&template_tags, "instance"));
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

/// Lets one instance start, join, or be gone.
fn live(state: &mut State, id: &str) {
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

fn end(state: &mut State, id: &str, why: &str) {
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

/// The node an instance becomes, with the labels EKS gives it.
pub fn node(region: &str, group: &NodeGroup, instance: &instances::Instance) -> NodeSpec {
    let architecture = if instance.kind.arm { "arm64" } else { "amd64" };
    let mut labels = group.labels.clone();
    let mut put = |key: &str, value: &str| drop(labels.insert(key.to_owned(), value.to_owned()));
    let name = instance.node(region);
    put("eks.amazonaws.com/nodegroup", &group.name);
    put("eks.amazonaws.com/nodegroup-image", &instance.image);
    put("eks.amazonaws.com/capacityType", &group.capacity);
    if let Some((id, _, version)) = &group.template {
        put("eks.amazonaws.com/sourceLaunchTemplateId", id);
        put("eks.amazonaws.com/sourceLaunchTemplateVersion", &version.to_string());
    }
    put("kubernetes.io/arch", architecture);
    put("kubernetes.io/os", "linux");
    put("kubernetes.io/hostname", &name);
    put("node.kubernetes.io/instance-type", instance.kind.name);
    put("topology.kubernetes.io/region", region);
    put("topology.kubernetes.io/zone", &instance.zone);
    let taints = group
        .taints
        .iter()
        .map(|taint| {
            let effect = match taint.text("effect") {
                "NO_SCHEDULE" => "NoSchedule",
                "NO_EXECUTE" => "NoExecute",
                "PREFER_NO_SCHEDULE" => "PreferNoSchedule",
                other => other,
            };
            let mut written = json!({ "key": taint.text("key"), "effect": effect });
            if let Some(value) = taint.maybe("value") {
                written["value"] = Value::from(value);
            }
            written
        })
        .collect();
    NodeSpec {
        name,
        node_group: group.name.clone(),
        instance_type: instance.kind.name.to_owned(),
        architecture: architecture.to_owned(),
        zone: instance.zone.clone(),
        labels,
        taints,
        cpu: instance.kind.vcpu,
        memory_gib: instance.kind.memory_gib,
        gpus: instance.kind.gpus.map_or(0, |(count, ..)| count),
        kubelet: instance.kubelet.clone(),
    }
}
