//! Scaling groups come, go, and keep as many instances as they are to have.

use std::collections::BTreeMap;

use super::{
    group::Group,
    launch::launch,
    passing::{end, live},
};
use crate::{
    aws::{
        ec2::Instance,
        eks::{NodeGroup, node::node, node_group::scaling_group_name},
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

/// Instances of a group that are there or on their way, oldest first.
pub fn living<'a>(state: &'a State, name: &str) -> Vec<&'a Instance> {
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
