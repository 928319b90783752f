//! VPCs: the one that subnets are in unless they say otherwise, and others.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::filter;
use crate::aws::{
    ask::{Ask, hex, page},
    error::AwsError,
    quotas,
    service::Asked,
    setup::VpcSetup,
    state::State,
};

/// A VPC. Its tags are with those of everything that keeps none itself.
#[derive(Clone, Debug)]
pub struct Vpc {
    /// `vpc-…`.
    pub id: String,
    /// Addresses.
    pub cidr: String,
    /// Whether names are resolved in it.
    pub resolution: bool,
    /// Whether what runs in it has names.
    pub names: bool,
    /// Whether its private subnets lead out through a NAT gateway.
    pub nat: bool,
}

impl Vpc {
    /// The account's own, as it is unless somebody changes it.
    pub fn home(id: String) -> Self {
        Self { id, cidr: "10.0.0.0/16".to_owned(), resolution: true, names: true, nat: true }
    }

    /// As the scenario has it.
    pub fn of(setup: &VpcSetup) -> Self {
        Self { id: setup.id.clone(), cidr: setup.cidr.clone(), resolution: setup.dns, names: setup.dns, nat: setup.nat }
    }

    fn answer(&self, state: &State) -> Value {
        let tags = state.tags.get(&self.id).cloned().unwrap_or_default();
        json!({
            "VpcId": self.id, "State": "available", "CidrBlock": self.cidr, "IsDefault": false,
            "InstanceTenancy": "default", "OwnerId": state.setup.account, "Tags": filter::tags(&tags),
        })
    }
}

/// Id of the account's own VPC in this region.
pub fn home_id(state: &State) -> String {
    format!("vpc-0{}", hex(&format!("vpc/{}/{}", state.setup.account, state.region), 16))
}

/// The VPC a request means.
pub fn find<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Vpc, AwsError> {
    let missing = || AwsError::bad("InvalidVpcID.NotFound", format!("The vpc ID '{id}' does not exist"));
    state.vpcs.get_mut(id).ok_or_else(missing)
}

/// DescribeVpcs.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let ids = input.texts("VpcIds");
    for id in &ids {
        find(state, id)?;
    }
    let mut found = Vec::new();
    for vpc in state.vpcs.values().filter(|vpc| ids.is_empty() || ids.contains(&&*vpc.id)) {
        let tags = state.tags.get(&vpc.id).cloned().unwrap_or_default();
        let fits = filter::passes(input.list("Filters"), |name| match name {
            "vpc-id" => Some(vec![vpc.id.clone()]),
            "cidr" | "cidr-block-association.cidr-block" => Some(vec![vpc.cidr.clone()]),
            "is-default" | "isDefault" => Some(vec!["false".to_owned()]),
            "state" => Some(vec!["available".to_owned()]),
            _ => filter::tag_values(name, &tags),
        })?;
        if fits {
            found.push(vpc.answer(state));
        }
    }
    let (page, next) = page(found, input.whole("MaxResults"), input.maybe("NextToken"))?;
    Ok(json!({ "Vpcs": page, "NextToken": next }))
}

/// CreateVpc.
pub fn create(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let Some(cidr) = input.maybe("CidrBlock") else {
        return Err(AwsError::bad("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided."));
    };
    if state.vpcs.len() as f64 >= quotas::value(state, quotas::VPCS) {
        return Err(AwsError::bad("VpcLimitExceeded", "The maximum number of VPCs has been reached."));
    }
    let id = format!("vpc-0{}", hex(&format!("vpc/{}/{}", state.vpcs.len(), asked.now), 16));
    // CloudFormation's VPCs have both on; CreateVpc alone leaves names off.
    let vpc = Vpc { id: id.clone(), cidr: cidr.to_owned(), resolution: true, names: false, nat: true };
    state.tags.insert(id.clone(), filter::specified(input.list("TagSpecifications"), "vpc"));
    let answer = vpc.answer(state);
    state.vpcs.insert(id, vpc);
    Ok(json!({ "Vpc": answer }))
}

/// DeleteVpc. What is in it goes first.
pub fn delete(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let id = input.text("VpcId");
    find(state, id)?;
    let in_use = state.subnets.values().any(|subnet| subnet.vpc == id)
        || state.security_groups.values().any(|group| group.vpc == id)
        || state.endpoints.values().any(|endpoint| endpoint.vpc == id);
    if in_use {
        let message = format!("The vpc '{id}' has dependencies and cannot be deleted.");
        return Err(AwsError::bad("DependencyViolation", message));
    }
    state.vpcs.remove(id);
    state.tags.remove(id);
    Ok(json!({}))
}

/// DescribeVpcAttribute.
pub fn attribute(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let id = input.text("VpcId");
    let vpc = find(state, id)?;
    let name = input.text("Attribute");
    let (member, value) = match name {
        "enableDnsSupport" => ("EnableDnsSupport", vpc.resolution),
        "enableDnsHostnames" => ("EnableDnsHostnames", vpc.names),
        _ => return Err(AwsError::not_simulated(&format!("ec2 DescribeVpcAttribute {name}"))),
    };
    Ok(json!({ "VpcId": id, member: { "Value": value } }))
}

/// ModifyVpcAttribute.
pub fn modify_attribute(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let vpc = find(state, input.text("VpcId"))?;
    if let Some(value) = input.part("EnableDnsSupport") {
        vpc.resolution = value.yes("Value");
    }
    if let Some(value) = input.part("EnableDnsHostnames") {
        vpc.names = value.yes("Value");
    }
    Ok(json!({}))
}

/// What every VPC is, for a snapshot.
pub fn kept(state: &State) -> BTreeMap<String, Value> {
    let of = |vpc: &Vpc| json!({ "cidr": vpc.cidr, "resolution": vpc.resolution, "names": vpc.names, "tags": state.tags.get(&vpc.id) });
    state.vpcs.values().map(|vpc| (vpc.id.clone(), of(vpc))).collect()
}
