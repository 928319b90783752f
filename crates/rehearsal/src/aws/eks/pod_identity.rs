//! Pod identity associations.

use serde_json::{Value, json};

use super::cluster;
use crate::aws::{
    ask::{Ask, hex, page},
    error::AwsError,
    iam,
    service::Asked,
    state::State,
};

/// CreatePodIdentityAssociation.
pub fn create(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let cluster = cluster::find(state, input.text("clusterName"))?.name.clone();
    iam::role_of_arn(state, input.text("roleArn")).ok_or_else(|| {
        AwsError::bad("InvalidParameterException", format!("Role {} does not exist", input.text("roleArn")))
    })?;
    let same = |known: &Value| {
        ["clusterName", "namespace", "serviceAccount"].iter().all(|name| known.text(name) == input.text(name))
    };
    if let Some(known) = state.pod_identities.values().find(|known| same(known)) {
        let message = format!("Association already exists: {}", known.text("associationId"));
        return Err(AwsError::new(409, "ResourceInUseException", message));
    }
    let (namespace, account) = (input.text("namespace"), input.text("serviceAccount"));
    let id = format!("a-{}", hex(&format!("pod-identity/{cluster}/{namespace}/{account}"), 17));
    let association = json!({
        "clusterName": cluster, "namespace": namespace, "serviceAccount": account, "roleArn": input.text("roleArn"),
        "associationArn": state.arn("eks", &format!("podidentityassociation/{cluster}/{id}")), "associationId": id,
        "tags": input.part("tags").cloned().unwrap_or_else(|| json!({})),
        "createdAt": asked.now.to_string(), "modifiedAt": asked.now.to_string(),
    });
    state.pod_identities.insert(id, association.clone());
    Ok(json!({ "association": association }))
}

/// The associations that an add-on makes for its service accounts.
pub fn of_addon(state: &mut State, cluster: &str, wanted: &[Value], asked: &Asked) -> Result<Vec<Value>, AwsError> {
    let mut made = Vec::new();
    for one in wanted {
        let input = json!({
            "clusterName": cluster, "namespace": "kube-system", "serviceAccount": one["serviceAccount"], "roleArn": one["roleArn"],
        });
        made.push(create(state, &input, asked)?["association"].clone());
    }
    Ok(made)
}

/// UpdatePodIdentityAssociation: another role.
pub fn update(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let mut association = find(state, input)?.clone();
    if let Some(role) = input.maybe("roleArn") {
        iam::role_of_arn(state, role)
            .ok_or_else(|| AwsError::bad("InvalidParameterException", format!("Role {role} does not exist")))?;
        association["roleArn"] = role.into();
    }
    association["modifiedAt"] = asked.now.to_string().into();
    state.pod_identities.insert(association.text("associationId").to_owned(), association.clone());
    Ok(json!({ "association": association }))
}

fn find<'a>(state: &'a State, input: &Value) -> Result<&'a Value, AwsError> {
    let cluster = cluster::find(state, input.text("clusterName"))?;
    let id = input.text("associationId");
    state
        .pod_identities
        .get(id)
        .filter(|known| known.text("clusterName") == cluster.name)
        .ok_or_else(|| AwsError::new(404, "ResourceNotFoundException", format!("No association found for id: {id}")))
}

/// DescribePodIdentityAssociation.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    Ok(json!({ "association": find(state, input)? }))
}

/// DeletePodIdentityAssociation.
pub fn delete(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let association = find(state, input)?.clone();
    state.pod_identities.remove(association.text("associationId"));
    Ok(json!({ "association": association }))
}

/// ListPodIdentityAssociations.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let cluster = cluster::find(state, input.text("clusterName"))?.name.clone();
    let fits = |known: &&Value| {
        known.text("clusterName") == cluster
            && ["namespace", "serviceAccount"]
                .iter()
                .all(|name| input.maybe(name).is_none_or(|wanted| wanted == known.text(name)))
    };
    let short = ["clusterName", "namespace", "serviceAccount", "associationArn", "associationId"];
    let found: Vec<Value> = state
        .pod_identities
        .values()
        .filter(fits)
        .map(|known| short.iter().map(|name| ((*name).to_owned(), known[*name].clone())).collect())
        .collect();
    let (page, next) = page(found, input.whole("maxResults"), input.maybe("nextToken"))?;
    Ok(json!({ "associations": page, "nextToken": next }))
}
