//! Inline and attached policies of users.

use serde_json::{Value, json};

use super::{managed, missing, role, role_policy, user};
use crate::aws::{
    ask::{Ask, page},
    error::AwsError,
    service::Asked,
    state::State,
};

/// GetUserPolicy.
pub fn get(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let user = user::find(state, input)?;
    let name = input.text("PolicyName");
    let document = user.inline.get(name).ok_or_else(|| no_policy(name))?;
    Ok(json!({ "UserName": user.name, "PolicyName": name, "PolicyDocument": role::encode(&document.to_string()) }))
}

/// PutUserPolicy.
pub fn put(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let document = role_policy::document(input.text("PolicyDocument"))?;
    user::find(state, input)?.inline.insert(input.text("PolicyName").to_owned(), document);
    Ok(json!({}))
}

/// DeleteUserPolicy.
pub fn delete(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let name = input.text("PolicyName");
    match user::find(state, input)?.inline.remove(name) {
        Some(_) => Ok(json!({})),
        None => Err(no_policy(name)),
    }
}

/// ListUserPolicies.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let names: Vec<String> = user::find(state, input)?.inline.keys().cloned().collect();
    let (page, next) = page(names, input.whole("MaxItems"), input.maybe("Marker"))?;
    Ok(json!({ "PolicyNames": page, "IsTruncated": next.is_some(), "Marker": next }))
}

/// ListAttachedUserPolicies.
pub fn attached(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let user = user::find(state, input)?;
    let named = |arn: &String| json!({ "PolicyName": arn.rsplit('/').next(), "PolicyArn": arn });
    let all: Vec<Value> = user.attached.iter().map(named).collect();
    let (page, next) = page(all, input.whole("MaxItems"), input.maybe("Marker"))?;
    Ok(json!({ "AttachedPolicies": page, "IsTruncated": next.is_some(), "Marker": next }))
}

/// AttachUserPolicy. Attaching what is attached is no error.
pub fn attach(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let arn = input.text("PolicyArn").to_owned();
    if managed::actions(&arn).is_none() {
        return Err(missing(format!("Policy {arn} does not exist or is not attachable.")));
    }
    let user = user::find(state, input)?;
    if !user.attached.contains(&arn) {
        user.attached.push(arn);
    }
    Ok(json!({}))
}

/// DetachUserPolicy.
pub fn detach(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let arn = input.text("PolicyArn");
    let user = user::find(state, input)?;
    let before = user.attached.len();
    user.attached.retain(|known| known != arn);
    if user.attached.len() == before { Err(missing(format!("Policy {arn} was not found."))) } else { Ok(json!({})) }
}

fn no_policy(name: &str) -> AwsError {
    missing(format!("The user policy with name {name} cannot be found."))
}
