//! Inline and attached policies of roles.

use serde_json::{Value, json};

use super::{managed, missing, role};
use crate::aws::{
    ask::{Ask, page},
    document::{statements, texts},
    error::AwsError,
    service::Asked,
    state::State,
};

/// GetRolePolicy.
pub fn get(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let role = role::find(state, input)?;
    let name = input.text("PolicyName");
    let document = role.inline.get(name).ok_or_else(|| no_policy(name))?;
    Ok(json!({ "RoleName": role.name, "PolicyName": name, "PolicyDocument": role::encode(&document.to_string()) }))
}

/// What an identity may do, or IAM's refusal of what is none.
pub fn document(text: &str) -> Result<Value, AwsError> {
    let malformed = |message: &str| Err(AwsError::bad("MalformedPolicyDocument", message));
    let document = role::document(text)?;
    for statement in statements(&document).unwrap_or_default() {
        if statement.part("Principal").is_some() || statement.part("NotPrincipal").is_some() {
            return malformed("Policy document should not specify a principal.");
        }
        let resources: Vec<&str> =
            texts(&statement["Resource"]).into_iter().chain(texts(&statement["NotResource"])).collect();
        if resources.is_empty() {
            return malformed("Policy statement must contain resources.");
        }
        if resources.iter().any(|resource| *resource != "*" && !resource.starts_with("arn:")) {
            return malformed("Resource must be in ARN format or \"*\".");
        }
    }
    Ok(document)
}

/// PutRolePolicy.
pub fn put(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let document = document(input.text("PolicyDocument"))?;
    let role = role::find(state, input)?;
    role.inline.insert(input.text("PolicyName").to_owned(), document);
    Ok(json!({}))
}

/// DeleteRolePolicy.
pub fn delete(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let name = input.text("PolicyName");
    match role::find(state, input)?.inline.remove(name) {
        Some(_) => Ok(json!({})),
        None => Err(no_policy(name)),
    }
}

/// ListRolePolicies.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let names: Vec<String> = role::find(state, input)?.inline.keys().cloned().collect();
    let (page, next) = page(names, input.whole("MaxItems"), input.maybe("Marker"))?;
    Ok(json!({ "PolicyNames": page, "IsTruncated": next.is_some(), "Marker": next }))
}

/// ListAttachedRolePolicies.
pub fn attached(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let all: Vec<Value> = role::find(state, input)?
        .attached
        .iter()
        .map(|arn| json!({ "PolicyName": arn.rsplit('/').next(), "PolicyArn": arn }))
        .collect();
    let (page, next) = page(all, input.whole("MaxItems"), input.maybe("Marker"))?;
    Ok(json!({ "AttachedPolicies": page, "IsTruncated": next.is_some(), "Marker": next }))
}

/// AttachRolePolicy. Attaching what is attached is no error.
pub fn attach(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let arn = input.text("PolicyArn").to_owned();
    if managed::actions(&arn).is_none() {
        return Err(missing(format!("Policy {arn} does not exist or is not attachable.")));
    }
    let role = role::find(state, input)?;
    if !role.attached.contains(&arn) {
        role.attached.push(arn);
    }
    Ok(json!({}))
}

/// DetachRolePolicy.
pub fn detach(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let arn = input.text("PolicyArn");
    let role = role::find(state, input)?;
    let before = role.attached.len();
    role.attached.retain(|known| known != arn);
    if role.attached.len() == before { Err(missing(format!("Policy {arn} was not found."))) } else { Ok(json!({})) }
}

fn no_policy(name: &str) -> AwsError {
    missing(format!("The role policy with name {name} cannot be found."))
}
