//! The one VPC, its subnets and security groups, and the region's zones.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::filter;
use crate::aws::{
    ask::{Ask, hex, page},
    error::AwsError,
    service::Asked,
    setup::SubnetSetup,
    state::State,
};

/// A subnet.
#[derive(Clone, Debug)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// Zone, e.g. `us-east-2a`.
    pub zone: String,
    /// Addresses.
    pub cidr: String,
    /// Free addresses before any instance of ours.
    pub free: i64,
    /// Whether it has a route to an internet gateway.
    pub public: bool,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl Subnet {
    /// As the scenario has it, tagged as EKS' load balancers want it.
    pub fn new(setup: &SubnetSetup) -> Self {
        let (name, role) = if setup.public {
            ("public", "kubernetes.io/role/elb")
        } else {
            ("private", "kubernetes.io/role/internal-elb")
        };
        Self {
            id: setup.id.clone(),
            zone: setup.zone.clone(),
            cidr: setup.cidr.clone(),
            free: setup.free,
            public: setup.public,
            tags: BTreeMap::from([
                ("Name".to_owned(), format!("pay-{name}-{}", setup.zone)),
                (role.to_owned(), "1".to_owned()),
            ]),
        }
    }
}

/// Id of the account's VPC in this region.
pub fn vpc_id(state: &State) -> String {
    format!("vpc-0{}", hex(&format!("vpc/{}/{}", state.setup.account, state.region), 16))
}

/// Free addresses of a subnet: an instance takes eleven, its own and those the VPC CNI keeps warm.
pub fn free_addresses(state: &State, subnet: &Subnet) -> i64 {
    let taken = state.instances.values().filter(|instance| instance.subnet == subnet.id && instance.lives()).count();
    (subnet.free - 11 * taken as i64).max(0)
}

/// Addresses an instance takes from its subnet.
pub const ADDRESSES_PER_INSTANCE: i64 = 11;

/// DescribeSubnets.
pub fn subnets(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let ids = input.texts("SubnetIds");
    if let Some(id) = ids.iter().find(|id| !state.subnets.contains_key(**id)) {
        return Err(AwsError::bad("InvalidSubnetID.NotFound", format!("The subnet ID '{id}' does not exist")));
    }
    let vpc = vpc_id(state);
    let mut found = Vec::new();
    for subnet in state.subnets.values().filter(|subnet| ids.is_empty() || ids.contains(&&*subnet.id)) {
        let free = free_addresses(state, subnet);
        let fits = filter::passes(input.list("Filters"), |name| match name {
            "subnet-id" => Some(vec![subnet.id.clone()]),
            "vpc-id" => Some(vec![vpc.clone()]),
            "state" => Some(vec!["available".to_owned()]),
            "availability-zone" | "availabilityZone" => Some(vec![subnet.zone.clone()]),
            "cidr-block" => Some(vec![subnet.cidr.clone()]),
            "map-public-ip-on-launch" => Some(vec![subnet.public.to_string()]),
            "available-ip-address-count" => Some(vec![free.to_string()]),
            _ => filter::tag_values(name, &subnet.tags),
        })?;
        if fits {
            found.push(json!({
                "SubnetId": subnet.id, "SubnetArn": state.arn("ec2", &format!("subnet/{}", subnet.id)), "VpcId": vpc,
                "State": "available", "OwnerId": state.setup.account, "CidrBlock": subnet.cidr,
                "AvailabilityZone": subnet.zone, "AvailabilityZoneId": zone_id(&subnet.zone),
                "AvailableIpAddressCount": free, "DefaultForAz": false, "MapPublicIpOnLaunch": subnet.public,
                "AssignIpv6AddressOnCreation": false, "Tags": filter::tags(&subnet.tags),
            }));
        }
    }
    let (page, next) = page(found, input.whole("MaxResults"), input.maybe("NextToken"))?;
    let mut answer = json!({ "Subnets": page });
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

/// DescribeVpcs.
pub fn vpcs(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let vpc = vpc_id(state);
    if let Some(id) = input.texts("VpcIds").iter().find(|id| **id != vpc) {
        return Err(AwsError::bad("InvalidVpcID.NotFound", format!("The vpc ID '{id}' does not exist")));
    }
    let tags = BTreeMap::from([("Name".to_owned(), "pay".to_owned())]);
    let fits = !state.subnets.is_empty()
        && filter::passes(input.list("Filters"), |name| match name {
            "vpc-id" => Some(vec![vpc.clone()]),
            "cidr" | "cidr-block-association.cidr-block" => Some(vec!["10.0.0.0/16".to_owned()]),
            "is-default" | "isDefault" => Some(vec!["false".to_owned()]),
            "state" => Some(vec!["available".to_owned()]),
            _ => filter::tag_values(name, &tags),
        })?;
    let item = json!({
        "VpcId": vpc, "State": "available", "CidrBlock": "10.0.0.0/16", "IsDefault": false,
        "InstanceTenancy": "default", "OwnerId": state.setup.account, "Tags": filter::tags(&tags),
    });
    Ok(json!({ "Vpcs": if fits { vec![item] } else { Vec::new() } }))
}

/// DescribeSecurityGroups: the VPC's default one and each cluster's own.
pub fn security_groups(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let vpc = vpc_id(state);
    let mut groups = vec![(default_group(state), "default".to_owned(), "default VPC security group".to_owned())];
    for cluster in state.clusters.values() {
        let name = format!("eks-cluster-sg-{}-{}", cluster.name, hex(&cluster.name, 9));
        groups.push((cluster.security_group.clone(), name, "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as any managed workloads.".to_owned()));
    }
    let (ids, names) = (input.texts("GroupIds"), input.texts("GroupNames"));
    if let Some(id) = ids.iter().find(|id| !groups.iter().any(|(known, ..)| known == **id)) {
        return Err(AwsError::bad("InvalidGroup.NotFound", format!("The security group '{id}' does not exist")));
    }
    let mut found = Vec::new();
    for (id, name, description) in groups {
        let named = (ids.is_empty() || ids.contains(&&*id)) && (names.is_empty() || names.contains(&&*name));
        let tags = state.tags.get(&id).cloned().unwrap_or_default();
        let fits = filter::passes(input.list("Filters"), |filter| match filter {
            "group-id" => Some(vec![id.clone()]),
            "group-name" => Some(vec![name.clone()]),
            "vpc-id" => Some(vec![vpc.clone()]),
            _ => filter::tag_values(filter, &tags),
        })?;
        if named && fits {
            let everywhere = json!([{ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] }]);
            let itself =
                json!([{ "IpProtocol": "-1", "UserIdGroupPairs": [{ "GroupId": id, "UserId": state.setup.account }] }]);
            found.push(json!({
                "GroupId": id, "GroupName": name, "Description": description, "OwnerId": state.setup.account,
                "VpcId": vpc, "IpPermissions": itself, "IpPermissionsEgress": everywhere, "Tags": filter::tags(&tags),
            }));
        }
    }
    Ok(json!({ "SecurityGroups": found }))
}

fn default_group(state: &State) -> String {
    format!("sg-0{}", hex(&format!("default-sg/{}", state.region), 16))
}

/// DescribeRegions.
pub fn regions(_: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let wanted = input.texts("RegionNames");
    let names = [
        "ap-northeast-1",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ];
    if let Some(wrong) = wanted.iter().find(|name| !names.contains(name)) {
        return Err(AwsError::bad("InvalidParameterValue", format!("Invalid region provided: {{{wrong}}}")));
    }
    let mut found = Vec::new();
    for name in names.iter().filter(|name| wanted.is_empty() || wanted.contains(name)) {
        let endpoint = format!("ec2.{name}.amazonaws.com");
        let fits = filter::passes(input.list("Filters"), |filter| match filter {
            "region-name" => Some(vec![(*name).to_owned()]),
            "endpoint" => Some(vec![endpoint.clone()]),
            "opt-in-status" => Some(vec!["opt-in-not-required".to_owned()]),
            _ => None,
        })?;
        if fits {
            found.push(json!({ "RegionName": name, "Endpoint": endpoint, "OptInStatus": "opt-in-not-required" }));
        }
    }
    Ok(json!({ "Regions": found }))
}

/// DescribeAvailabilityZones.
pub fn zones(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let wanted = input.texts("ZoneNames");
    let mut found = Vec::new();
    for zone in zone_names(&state.region) {
        let fits = filter::passes(input.list("Filters"), |filter| match filter {
            "zone-name" => Some(vec![zone.clone()]),
            "region-name" => Some(vec![state.region.clone()]),
            "state" => Some(vec!["available".to_owned()]),
            "zone-type" => Some(vec!["availability-zone".to_owned()]),
            "opt-in-status" => Some(vec!["opt-in-not-required".to_owned()]),
            _ => None,
        })?;
        if fits && (wanted.is_empty() || wanted.contains(&&*zone)) {
            found.push(json!({
                "ZoneName": zone, "ZoneId": zone_id(&zone), "RegionName": state.region, "State": "available",
                "ZoneType": "availability-zone", "OptInStatus": "opt-in-not-required", "GroupName": state.region,
            }));
        }
    }
    Ok(json!({ "AvailabilityZones": found }))
}

/// The three zones of a region.
pub fn zone_names(region: &str) -> [String; 3] {
    ["a", "b", "c"].map(|letter| format!("{region}{letter}"))
}

/// `use2-az1` for `us-east-2a`.
fn zone_id(zone: &str) -> String {
    let letter = zone.chars().last().unwrap_or('a');
    let short: String = zone.split('-').map(|part| part.chars().next().unwrap_or_default()).collect();
    let number = (letter as u8).saturating_sub(b'a') + 1;
    let digit: String = zone.chars().filter(char::is_ascii_digit).collect();
    let country = zone.split('-').next().unwrap_or_default();
    format!("{country}{}{digit}-az{number}", short.chars().nth(1).unwrap_or_default())
}
