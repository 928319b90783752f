//! Groups of subnets that instances may be in.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::tags;
use crate::aws::{
    ask::{Ask, page},
    error::AwsError,
    service::Asked,
    state::State,
};

/// A group of subnets, all of one VPC.
#[derive(Clone, Debug)]
pub struct SubnetGroup {
    /// Name, in small letters.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The VPC.
    pub vpc: String,
    /// Ids.
    pub subnets: Vec<String>,
}

impl SubnetGroup {
    fn arn(&self, state: &State) -> String {
        state.arn("rds", &format!("subgrp:{}", self.name))
    }

    pub(super) fn answer(&self, state: &State) -> Value {
        let subnets: Vec<Value> = self
            .subnets
            .iter()
            .map(|id| {
                let zone = state.subnets.get(id).map(|subnet| subnet.zone.clone()).unwrap_or_default();
                json!({ "SubnetIdentifier": id, "SubnetAvailabilityZone": { "Name": zone }, "SubnetStatus": "Active" })
            })
            .collect();
        json!({
            "DBSubnetGroupName": self.name, "DBSubnetGroupDescription": self.description, "VpcId": self.vpc,
            "SubnetGroupStatus": "Complete", "Subnets": subnets, "DBSubnetGroupArn": self.arn(state),
        })
    }

    pub(super) fn kept(&self, state: &State) -> Value {
        let subnets: BTreeSet<&String> = self.subnets.iter().collect();
        json!({ "vpc": self.vpc, "subnets": subnets, "tags": state.tags.get(&self.arn(state)) })
    }
}

fn missing(name: &str) -> AwsError {
    AwsError::new(404, "DBSubnetGroupNotFoundFault", format!("DB subnet group '{name}' does not exist."))
}

/// The VPC of subnets that may be a group.
fn vpc_of(state: &State, ids: &[&str]) -> Result<String, AwsError> {
    let mut found = Vec::new();
    for id in ids {
        let Some(subnet) = state.subnets.get(*id) else {
            return Err(AwsError::bad(
                "InvalidSubnet",
                format!("Some input subnets in :[{}] are invalid.", ids.join(", ")),
            ));
        };
        found.push(subnet);
    }
    let vpcs: BTreeSet<&String> = found.iter().map(|subnet| &subnet.vpc).collect();
    if vpcs.len() > 1 {
        return Err(AwsError::bad("InvalidSubnet", "Subnets are not in the same VPC."));
    }
    let zones: BTreeSet<&String> = found.iter().map(|subnet| &subnet.zone).collect();
    if zones.len() < 2 {
        let message = format!(
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: {}. Add subnets to cover at least 2 AZs.",
            found.first().map_or("none", |subnet| &*subnet.zone)
        );
        return Err(AwsError::bad("DBSubnetGroupDoesNotCoverEnoughAZs", message));
    }
    Ok(vpcs.into_iter().next().cloned().unwrap_or_default())
}

/// CreateDBSubnetGroup.
pub fn create(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let name = input.text("DBSubnetGroupName").to_lowercase();
    if state.subnet_groups.contains_key(&name) {
        let message = format!("The DB subnet group '{name}' already exists.");
        return Err(AwsError::bad("DBSubnetGroupAlreadyExists", message));
    }
    let ids = input.texts("SubnetIds");
    let group = SubnetGroup {
        vpc: vpc_of(state, &ids)?,
        name: name.clone(),
        description: input.text("DBSubnetGroupDescription").to_owned(),
        subnets: ids.into_iter().map(str::to_owned).collect(),
    };
    state.tags.insert(group.arn(state), tags::map(input.list("Tags")));
    let answer = group.answer(state);
    state.subnet_groups.insert(name, group);
    Ok(json!({ "DBSubnetGroup": answer }))
}

/// DescribeDBSubnetGroups.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let name = input.maybe("DBSubnetGroupName").map(str::to_lowercase);
    if let Some(name) = name.as_ref().filter(|name| !state.subnet_groups.contains_key(*name)) {
        return Err(missing(name));
    }
    let found: Vec<Value> = state
        .subnet_groups
        .values()
        .filter(|group| name.as_ref().is_none_or(|name| group.name == *name))
        .map(|group| group.answer(state))
        .collect();
    let (page, next) = page(found, input.whole("MaxRecords").or(Some(100)), input.maybe("Marker"))?;
    Ok(json!({ "DBSubnetGroups": page, "Marker": next }))
}

/// ModifyDBSubnetGroup. Subnets of another VPC cannot be put in.
pub fn modify(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let name = input.text("DBSubnetGroupName").to_lowercase();
    let ids = input.texts("SubnetIds");
    let vpc = vpc_of(state, &ids)?;
    let Some(group) = state.subnet_groups.get_mut(&name) else { return Err(missing(&name)) };
    if group.vpc != vpc {
        return Err(AwsError::bad(
            "InvalidSubnet",
            "The new Subnets are not in the same Vpc as the existing subnet group",
        ));
    }
    group.subnets = ids.into_iter().map(str::to_owned).collect();
    if let Some(description) = input.maybe("DBSubnetGroupDescription") {
        group.description = description.to_owned();
    }
    let answer = group.clone();
    Ok(json!({ "DBSubnetGroup": answer.answer(state) }))
}

/// DeleteDBSubnetGroup.
pub fn delete(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let name = input.text("DBSubnetGroupName").to_lowercase();
    if let Some(user) = state.databases.values().find(|database| database.subnet_group == name) {
        let message = format!(
            "Cannot delete the subnet group '{name}' because at least one database instance: {} is still using it.",
            user.name
        );
        return Err(AwsError::bad("InvalidDBSubnetGroupStateFault", message));
    }
    let Some(group) = state.subnet_groups.remove(&name) else { return Err(missing(&name)) };
    let arn = group.arn(state);
    state.tags.remove(&arn);
    Ok(json!({}))
}
