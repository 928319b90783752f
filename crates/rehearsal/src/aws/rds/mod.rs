//! RDS: database servers that take their time, the groups of subnets they are in, and their last snapshots.

mod database;
pub mod instance;
pub mod life;
mod modify;
mod offer;
mod snapshot;
mod subnet_group;
mod tags;

use jiff::Timestamp;
use serde_json::{Map, Value};

pub use database::Database;
pub use snapshot::Snapshot;
pub use subnet_group::SubnetGroup;

use super::{ec2::Rule, service::Operation, setup::DatabaseSetup, state::State};

/// The operations of this service.
pub const OPERATIONS: &[(&str, Operation)] = &[
    ("CreateDBInstance", instance::create),
    ("DescribeDBInstances", instance::describe),
    ("ModifyDBInstance", modify::modify),
    ("DeleteDBInstance", instance::delete),
    ("StartDBInstance", instance::start),
    ("StopDBInstance", instance::stop),
    ("CreateDBSubnetGroup", subnet_group::create),
    ("DescribeDBSubnetGroups", subnet_group::describe),
    ("ModifyDBSubnetGroup", subnet_group::modify),
    ("DeleteDBSubnetGroup", subnet_group::delete),
    ("DescribeDBSnapshots", snapshot::describe),
    ("DeleteDBSnapshot", snapshot::delete),
    ("AddTagsToResource", tags::add),
    ("RemoveTagsFromResource", tags::remove),
    ("ListTagsForResource", tags::list),
    ("DescribeOrderableDBInstanceOptions", offer::describe),
    ("DescribeEvents", life::events),
];

/// A database that the scenario says is there, with a group of its VPC's private subnets.
pub fn furnish(state: &mut State, setup: &DatabaseSetup, start: Timestamp) {
    let vpc = setup.vpc.clone().unwrap_or_else(|| super::ec2::vpc::home_id(state));
    let name = format!("{}-subnets", setup.name);
    let private = state.subnets.values().filter(|subnet| subnet.vpc == vpc && !subnet.public);
    let subnets = private.map(|subnet| subnet.id.clone()).collect();
    let group = SubnetGroup { name: name.clone(), description: name.clone(), vpc, subnets };
    state.tags.insert(state.arn("rds", &format!("subgrp:{name}")), std::collections::BTreeMap::new());
    state.subnet_groups.insert(name.clone(), group);
    let database = Database::of(setup, name, state, start);
    state.tags.insert(database.arn(state), setup.tags.clone());
    state.databases.insert(setup.name.clone(), database);
}

/// Whether a database takes connections from a cluster's nodes and pods: it is up, and a rule of one of its security groups
/// lets the cluster's own in.
pub fn lets_in(state: &State, address: &str, cluster: &str) -> Option<bool> {
    let database = state.databases.values().find(|database| database.address(state) == address)?;
    let source = state.clusters.get(cluster).map(|cluster| cluster.security_group.as_str());
    let lets = |rule: &Rule| {
        let port = rule.protocol == "-1" || (rule.from <= database.port() && database.port() <= rule.to);
        database.groups.contains(&rule.group) && !rule.egress && port && rule.source.as_deref() == source
    };
    let up = !matches!(&*database.status, "creating" | "stopped" | "stopping" | "deleting");
    Some(up && source.is_some() && state.rules.values().any(lets))
}

/// Every instance, for a snapshot of the account.
pub fn kept_instances(state: &State) -> Map<String, Value> {
    state.databases.values().map(|database| (database.name.clone(), database.kept(state))).collect()
}

/// Every group of subnets, for a snapshot of the account.
pub fn kept_subnet_groups(state: &State) -> Map<String, Value> {
    state.subnet_groups.values().map(|group| (group.name.clone(), group.kept(state))).collect()
}

/// Of which instances there are last snapshots: their names hold the time.
pub fn kept_snapshots(state: &State) -> Vec<&str> {
    let mut of: Vec<&str> = state.database_snapshots.values().map(|snapshot| &*snapshot.database).collect();
    of.sort_unstable();
    of
}
