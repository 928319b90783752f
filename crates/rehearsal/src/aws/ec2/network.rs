//! Subnets, and the region's zones.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{filter, vpc};
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
    /// Its VPC.
    pub vpc: String,
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
    pub fn new(setup: &SubnetSetup, home: &str) -> Self {
        let (name, role) = if setup.public {
            ("public", "kubernetes.io/role/elb")
        } else {
            ("private", "kubernetes.io/role/internal-elb")
        };
        Self {
            id: setup.id.clone(),
            vpc: setup.vpc.clone().unwrap_or_else(|| home.to_owned()),
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
    let mut found = Vec::new();
    for subnet in state.subnets.values().filter(|subnet| ids.is_empty() || ids.contains(&&*subnet.id)) {
        let free = free_addresses(state, subnet);
        let fits = filter::passes(input.list("Filters"), |name| match name {
            "subnet-id" => Some(vec![subnet.id.clone()]),
            "vpc-id" => Some(vec![subnet.vpc.clone()]),
            "state" => Some(vec!["available".to_owned()]),
            "availability-zone" | "availabilityZone" => Some(vec![subnet.zone.clone()]),
            "cidr-block" => Some(vec![subnet.cidr.clone()]),
            "map-public-ip-on-launch" => Some(vec![subnet.public.to_string()]),
            "available-ip-address-count" => Some(vec![free.to_string()]),
            _ => filter::tag_values(name, &subnet.tags),
        })?;
        if fits {
            found.push(answer(state, subnet));
        }
    }
    let (page, next) = page(found, input.whole("MaxResults"), input.maybe("NextToken"))?;
    let mut answer = json!({ "Subnets": page });
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

fn answer(state: &State, subnet: &Subnet) -> Value {
    json!({
        "SubnetId": subnet.id, "SubnetArn": state.arn("ec2", &format!("subnet/{}", subnet.id)), "VpcId": subnet.vpc,
        "State": "available", "OwnerId": state.setup.account, "CidrBlock": subnet.cidr,
        "AvailabilityZone": subnet.zone, "AvailabilityZoneId": zone_id(&subnet.zone),
        "AvailableIpAddressCount": free_addresses(state, subnet), "DefaultForAz": false,
        "MapPublicIpOnLaunch": subnet.public, "AssignIpv6AddressOnCreation": false, "Tags": filter::tags(&subnet.tags),
    })
}

/// CreateSubnet. It is public where its tags say that load balancers of the internet may be in it.
pub fn create_subnet(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let (vpc, cidr) = (input.text("VpcId").to_owned(), input.text("CidrBlock").to_owned());
    vpc::find(state, &vpc)?;
    let zones = zone_names(&state.region);
    let zone = input.maybe("AvailabilityZone").unwrap_or(&zones[0]).to_owned();
    if !zones.contains(&zone) {
        let message = format!(
            "Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: {}.",
            zones.join(", ")
        );
        return Err(AwsError::bad("InvalidParameterValue", message));
    }
    if state.subnets.values().any(|subnet| subnet.vpc == vpc && subnet.cidr == cidr) {
        let message = format!("The CIDR '{cidr}' conflicts with another subnet");
        return Err(AwsError::bad("InvalidSubnet.Conflict", message));
    }
    let tags = filter::specified(input.list("TagSpecifications"), "subnet");
    let subnet = Subnet {
        id: format!("subnet-0{}", hex(&format!("subnet/{vpc}/{cidr}"), 16)),
        vpc,
        zone,
        cidr,
        free: 251,
        public: tags.contains_key("kubernetes.io/role/elb"),
        tags,
    };
    let answer = answer(state, &subnet);
    state.subnets.insert(subnet.id.clone(), subnet);
    Ok(json!({ "Subnet": answer }))
}

/// DeleteSubnet.
pub fn delete_subnet(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let id = input.text("SubnetId");
    if !state.subnets.contains_key(id) {
        return Err(AwsError::bad("InvalidSubnetID.NotFound", format!("The subnet ID '{id}' does not exist")));
    }
    let grouped = state.subnet_groups.values().any(|group| group.subnets.iter().any(|subnet| subnet == id));
    if grouped || state.instances.values().any(|instance| instance.subnet == id && instance.lives()) {
        let message = format!("The subnet '{id}' has dependencies and cannot be deleted.");
        return Err(AwsError::bad("DependencyViolation", message));
    }
    state.subnets.remove(id);
    Ok(json!({}))
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
