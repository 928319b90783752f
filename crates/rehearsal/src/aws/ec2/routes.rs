//! Route tables, worked out from the subnets: a main one, one for the public subnets, one for the private ones of each zone.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{endpoint, filter};
use crate::aws::{
    ask::{Ask, hex, page},
    error::AwsError,
    service::Asked,
    state::State,
};

/// A route table.
#[derive(Clone, Debug)]
pub struct RouteTable {
    /// `rtb-…`.
    pub id: String,
    /// Its VPC.
    pub vpc: String,
    /// Its `Name`.
    pub name: String,
    /// Whether it holds for subnets that name no other.
    pub main: bool,
    /// The subnets that name it.
    pub subnets: Vec<String>,
    /// Whether its subnets are public.
    pub public: bool,
}

impl RouteTable {
    fn new(vpc: &str, name: &str) -> Self {
        Self {
            id: id(vpc, name),
            vpc: vpc.to_owned(),
            name: name.to_owned(),
            main: name == "main",
            subnets: Vec::new(),
            public: name == "public",
        }
    }
}

/// `rtb-…` of a VPC's table: `main`, `public` or `private-ZONE`.
pub fn id(vpc: &str, name: &str) -> String {
    format!("rtb-0{}", hex(&format!("rtb/{vpc}/{name}"), 16))
}

/// All of them.
pub fn tables(state: &State) -> Vec<RouteTable> {
    let mut all = Vec::new();
    for vpc in state.vpcs.keys() {
        let mut tables = BTreeMap::from([("main".to_owned(), RouteTable::new(vpc, "main"))]);
        for subnet in state.subnets.values().filter(|subnet| subnet.vpc == *vpc) {
            let name = if subnet.public { "public".to_owned() } else { format!("private-{}", subnet.zone) };
            let table = tables.entry(name.clone()).or_insert_with(|| RouteTable::new(vpc, &name));
            table.subnets.push(subnet.id.clone());
        }
        all.extend(tables.into_values());
    }
    all
}

/// DescribeRouteTables.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let (ids, all) = (input.texts("RouteTableIds"), tables(state));
    if let Some(id) = ids.iter().find(|id| !all.iter().any(|table| table.id == **id)) {
        let message = format!("The routeTable ID '{id}' does not exist");
        return Err(AwsError::bad("InvalidRouteTableID.NotFound", message));
    }
    let mut found = Vec::new();
    for table in all.iter().filter(|table| ids.is_empty() || ids.contains(&&*table.id)) {
        let mut tags = state.tags.get(&table.id).cloned().unwrap_or_default();
        tags.entry("Name".to_owned()).or_insert_with(|| table.name.clone());
        let fits = filter::passes(input.list("Filters"), |name| match name {
            "route-table-id" | "association.route-table-id" => Some(vec![table.id.clone()]),
            "vpc-id" => Some(vec![table.vpc.clone()]),
            "association.subnet-id" => Some(table.subnets.clone()),
            "association.main" => Some(vec![table.main.to_string()]),
            _ => filter::tag_values(name, &tags),
        })?;
        if fits {
            found.push(answer(state, table, &tags));
        }
    }
    let (page, next) = page(found, input.whole("MaxResults"), input.maybe("NextToken"))?;
    Ok(json!({ "RouteTables": page, "NextToken": next }))
}

fn answer(state: &State, table: &RouteTable, tags: &BTreeMap<String, String>) -> Value {
    let vpc = state.vpcs.get(&table.vpc);
    let active = |to: Value| {
        let mut route = json!({ "State": "active", "Origin": "CreateRoute" });
        if let (Some(route), Value::Object(to)) = (route.as_object_mut(), to) {
            route.extend(to);
        }
        route
    };
    let cidr = vpc.map_or("10.0.0.0/16", |vpc| &*vpc.cidr);
    let mut routes = vec![
        json!({ "DestinationCidrBlock": cidr, "GatewayId": "local", "State": "active", "Origin": "CreateRouteTable" }),
    ];
    let gateway = |kind: &str| format!("{kind}-0{}", hex(&format!("{kind}/{}", table.vpc), 16));
    if table.public {
        routes.push(active(json!({ "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway("igw") })));
    } else if !table.subnets.is_empty() && vpc.is_some_and(|vpc| vpc.nat) {
        routes.push(active(json!({ "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": gateway("nat") })));
    }
    for endpoint in state.endpoints.values().filter(|endpoint| endpoint.tables.contains(&table.id)) {
        let list = endpoint::prefix_list(&endpoint.service);
        routes.push(active(json!({ "DestinationPrefixListId": list, "GatewayId": endpoint.id })));
    }
    let association = |suffix: &str| format!("rtbassoc-0{}", hex(&format!("{}/{suffix}", table.id), 16));
    let mut associations: Vec<Value> = table
        .subnets
        .iter()
        .map(|subnet| {
            json!({
                "Main": false, "RouteTableAssociationId": association(subnet), "RouteTableId": table.id,
                "SubnetId": subnet, "AssociationState": { "State": "associated" },
            })
        })
        .collect();
    if table.main {
        associations.push(json!({
            "Main": true, "RouteTableAssociationId": association("main"), "RouteTableId": table.id,
            "AssociationState": { "State": "associated" },
        }));
    }
    json!({
        "RouteTableId": table.id, "VpcId": table.vpc, "OwnerId": state.setup.account, "Routes": routes,
        "Associations": associations, "PropagatingVgws": [], "Tags": filter::tags(tags),
    })
}
