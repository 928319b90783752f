//! Access entries. EKS makes those of node roles itself.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::cluster::{self, Cluster};
use crate::aws::{
    ask::{Ask, page, uuid},
    error::AwsError,
    service::Asked,
    state::State,
};

fn principals(state: &State, cluster: &Cluster) -> BTreeSet<String> {
    let groups = state.node_groups.values().filter(|group| group.cluster == cluster.name);
    let mut roles: BTreeSet<String> = groups.map(|group| group.role.clone()).collect();
    roles.insert(state.iam_arn("role/admin"));
    roles
}

fn entries(state: &State, name: &str) -> Result<(Cluster, BTreeSet<String>), AwsError> {
    let cluster = cluster::find(state, name)?.clone();
    if cluster.setup.authentication_mode == "CONFIG_MAP" {
        let message = "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.";
        return Err(AwsError::bad("InvalidRequestException", message));
    }
    let principals = principals(state, &cluster);
    Ok((cluster, principals))
}

/// ListAccessEntries.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let (_, principals) = entries(state, input.text("clusterName"))?;
    let (page, next) = page(principals.into_iter().collect(), input.whole("maxResults"), input.maybe("nextToken"))?;
    Ok(json!({ "accessEntries": page, "nextToken": next }))
}

/// DescribeAccessEntry.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let (cluster, principals) = entries(state, input.text("clusterName"))?;
    let principal = input.text("principalArn");
    if !principals.contains(principal) {
        let message = format!(
            "The specified principalArn could not be found. You must create an access entry for the principal ARN {principal}."
        );
        return Err(AwsError::new(404, "ResourceNotFoundException", message));
    }
    let of_nodes = state.node_groups.values().any(|group| group.cluster == cluster.name && group.role == principal);
    let short = principal.rsplit('/').next().unwrap_or_default();
    let id = uuid(&format!("access/{}/{principal}", cluster.name));
    let path = format!("access-entry/{}/role/{}/{short}/{id}", cluster.name, state.setup.account);
    let (groups, user, kind) = if of_nodes {
        (vec!["system:nodes"], "system:node:{{EC2PrivateDNSName}}".to_owned(), "EC2_LINUX")
    } else {
        let user = format!("arn:aws:sts::{}:assumed-role/{short}/{{{{SessionName}}}}", state.setup.account);
        (Vec::new(), user, "STANDARD")
    };
    Ok(json!({ "accessEntry": {
        "clusterName": cluster.name, "principalArn": principal, "kubernetesGroups": groups, "username": user, "type": kind,
        "accessEntryArn": state.arn("eks", &path), "createdAt": cluster.created.to_string(),
        "modifiedAt": cluster.created.to_string(), "tags": {},
    }}))
}
