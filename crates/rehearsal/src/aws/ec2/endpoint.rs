//! Gateway endpoints: ways to S3 and DynamoDB for the route tables that have them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{filter, routes, vpc};
use crate::aws::{
    ask::{Ask, hex, page},
    document::statements,
    error::AwsError,
    service::Asked,
    state::State,
};

/// A gateway endpoint. Its tags are with those of everything that keeps none itself.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `vpce-…`.
    pub id: String,
    /// Its VPC.
    pub vpc: String,
    /// `com.amazonaws.REGION.s3`.
    pub service: String,
    /// Route tables that lead to it.
    pub tables: BTreeSet<String>,
    /// What may be asked through it.
    pub policy: Value,
    /// When it was made.
    pub created: Timestamp,
}

impl Endpoint {
    fn answer(&self, state: &State) -> Value {
        let tags = state.tags.get(&self.id).cloned().unwrap_or_default();
        json!({
            "VpcEndpointId": self.id, "VpcEndpointType": "Gateway", "VpcId": self.vpc, "ServiceName": self.service,
            "State": "available", "PolicyDocument": self.policy.to_string(), "RouteTableIds": self.tables,
            "SubnetIds": [], "Groups": [], "PrivateDnsEnabled": false, "RequesterManaged": false,
            "NetworkInterfaceIds": [], "DnsEntries": [], "CreationTimestamp": self.created.to_string(),
            "OwnerId": state.setup.account, "Tags": filter::tags(&tags),
        })
    }
}

/// `pl-…` of a service.
pub fn prefix_list(service: &str) -> String {
    format!("pl-{}", hex(&format!("prefix-list/{service}"), 8))
}

/// CreateVpcEndpoint.
pub fn create(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let (id, service) = (input.text("VpcId"), input.text("ServiceName"));
    vpc::find(state, id)?;
    if input.maybe("VpcEndpointType").is_some_and(|kind| kind != "Gateway") {
        return Err(AwsError::not_simulated("ec2 CreateVpcEndpoint of another type than Gateway"));
    }
    let region = &state.region;
    if !["s3", "dynamodb"].iter().any(|name| service == format!("com.amazonaws.{region}.{name}")) {
        let message = format!("The Vpc Endpoint Service '{service}' does not exist");
        return Err(AwsError::bad("InvalidServiceName", message));
    }
    let tables: BTreeSet<String> = input.texts("RouteTableIds").into_iter().map(str::to_owned).collect();
    may_lead(state, id, service, &tables)?;
    let policy = match input.maybe("PolicyDocument") {
        Some(text) => read(text)?,
        None => usual(),
    };
    let endpoint = Endpoint {
        id: format!("vpce-0{}", hex(&format!("vpce/{id}/{service}/{}/{}", state.endpoints.len(), asked.now), 16)),
        vpc: id.to_owned(),
        service: service.to_owned(),
        tables,
        policy,
        created: asked.now,
    };
    let tags = filter::specified(input.list("TagSpecifications"), "vpc-endpoint");
    state.tags.insert(endpoint.id.clone(), tags);
    let answer = endpoint.answer(state);
    state.endpoints.insert(endpoint.id.clone(), endpoint);
    Ok(json!({ "VpcEndpoint": answer, "ClientToken": input.maybe("ClientToken") }))
}

/// Whether route tables are in the VPC and have no way to the service yet.
fn may_lead(state: &State, vpc: &str, service: &str, tables: &BTreeSet<String>) -> Result<(), AwsError> {
    let all = routes::tables(state);
    for id in tables {
        let Some(table) = all.iter().find(|table| table.id == *id) else {
            let message = format!("The routeTable ID '{id}' does not exist");
            return Err(AwsError::bad("InvalidRouteTableId.NotFound", message));
        };
        if table.vpc != vpc {
            let message = format!("Route table {id} belongs to another network: {}", table.vpc);
            return Err(AwsError::bad("InvalidParameter", message));
        }
        if state.endpoints.values().any(|endpoint| endpoint.service == service && endpoint.tables.contains(id)) {
            let list = prefix_list(service);
            let message = format!("route table {id} already has a route with destination-prefix-list-id {list}");
            return Err(AwsError::bad("RouteAlreadyExists", message));
        }
    }
    Ok(())
}

fn read(text: &str) -> Result<Value, AwsError> {
    let malformed = |message: String| AwsError::bad("InvalidParameter", format!("Invalid policy document: {message}"));
    let document: Value = serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
    statements(&document).map_err(malformed)?;
    Ok(document)
}

/// What an endpoint has that was given no policy: everything.
fn usual() -> Value {
    json!({ "Version": "2008-10-17", "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" }] })
}

/// DescribeVpcEndpoints.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let ids = input.texts("VpcEndpointIds");
    if let Some(id) = ids.iter().find(|id| !state.endpoints.contains_key(**id)) {
        return Err(missing(id));
    }
    let mut found = Vec::new();
    for endpoint in state.endpoints.values().filter(|endpoint| ids.is_empty() || ids.contains(&&*endpoint.id)) {
        let tags = state.tags.get(&endpoint.id).cloned().unwrap_or_default();
        let fits = filter::passes(input.list("Filters"), |name| match name {
            "vpc-id" => Some(vec![endpoint.vpc.clone()]),
            "service-name" => Some(vec![endpoint.service.clone()]),
            "vpc-endpoint-id" => Some(vec![endpoint.id.clone()]),
            "vpc-endpoint-state" => Some(vec!["available".to_owned()]),
            "vpc-endpoint-type" => Some(vec!["Gateway".to_owned()]),
            _ => filter::tag_values(name, &tags),
        })?;
        if fits {
            found.push(endpoint.answer(state));
        }
    }
    let (page, next) = page(found, input.whole("MaxResults"), input.maybe("NextToken"))?;
    Ok(json!({ "VpcEndpoints": page, "NextToken": next }))
}

/// ModifyVpcEndpoint.
pub fn modify(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let id = input.text("VpcEndpointId");
    let Some(endpoint) = state.endpoints.get(id).cloned() else { return Err(missing(id)) };
    let add: BTreeSet<String> = input.texts("AddRouteTableIds").into_iter().map(str::to_owned).collect();
    may_lead(state, &endpoint.vpc, &endpoint.service, &add)?;
    let policy = match input.maybe("PolicyDocument") {
        Some(text) => read(text)?,
        None if input.yes("ResetPolicy") => usual(),
        None => endpoint.policy,
    };
    if let Some(endpoint) = state.endpoints.get_mut(id) {
        endpoint.tables.extend(add);
        let gone = input.texts("RemoveRouteTableIds");
        endpoint.tables.retain(|table| !gone.contains(&&**table));
        endpoint.policy = policy;
    }
    Ok(json!({ "Return": true }))
}

/// DeleteVpcEndpoints.
pub fn delete(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let mut unsuccessful = Vec::new();
    for id in input.texts("VpcEndpointIds") {
        if state.endpoints.remove(id).is_none() {
            let error = missing(id);
            unsuccessful.push(json!({ "ResourceId": id, "Error": { "Code": error.code, "Message": error.message } }));
            continue;
        }
        state.tags.remove(id);
        // A token is good for one endpoint's life.
        state.tokens.retain(|_, (_, answer)| answer["VpcEndpoint"]["VpcEndpointId"] != *id);
    }
    Ok(json!({ "Unsuccessful": unsuccessful }))
}

fn missing(id: &str) -> AwsError {
    AwsError::bad("InvalidVpcEndpointId.NotFound", format!("The Vpc Endpoint Id '{id}' does not exist"))
}

/// What every endpoint is, for a snapshot.
pub fn kept(state: &State) -> BTreeMap<String, Value> {
    let of = |endpoint: &Endpoint| json!({ "tables": endpoint.tables, "policy": endpoint.policy, "tags": state.tags.get(&endpoint.id) });
    let named =
        state.endpoints.values().map(|endpoint| (format!("{}/{}", endpoint.vpc, endpoint.service), of(endpoint)));
    named.collect()
}
