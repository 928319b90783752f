//! Aliases: a name for a key, one of a kind in account and region.

use serde_json::{Value, json};

use super::key::{find, usable};
use crate::aws::{
    ask::{Ask, page},
    error::AwsError,
    service::Asked,
    state::State,
};

fn arn(state: &State, alias: &str) -> String {
    state.arn("kms", alias)
}

/// CreateAlias.
pub fn create(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let alias = input.text("AliasName").to_owned();
    if !alias.starts_with("alias/") || alias.starts_with("alias/aws/") {
        return Err(AwsError::bad(
            "InvalidAliasNameException",
            "Alias must start with the prefix \"alias/\". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        ));
    }
    if state.aliases.contains_key(&alias) {
        let message = format!("An alias with the name {} already exists", arn(state, &alias));
        return Err(AwsError::bad("AlreadyExistsException", message));
    }
    let id = usable(state, input.text("TargetKeyId"))?.id.clone();
    state.aliases.insert(alias, id);
    Ok(json!({}))
}

/// UpdateAlias.
pub fn update(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let alias = input.text("AliasName").to_owned();
    let id = usable(state, input.text("TargetKeyId"))?.id.clone();
    let missing = format!("Alias {} is not found.", arn(state, &alias));
    match state.aliases.get_mut(&alias) {
        Some(target) => *target = id,
        None => return Err(AwsError::bad("NotFoundException", missing)),
    }
    Ok(json!({}))
}

/// DeleteAlias.
pub fn delete(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let alias = input.text("AliasName");
    match state.aliases.remove(alias) {
        Some(_) => Ok(json!({})),
        None => Err(AwsError::bad("NotFoundException", format!("Alias {} is not found.", arn(state, alias)))),
    }
}

/// ListAliases.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let of = match input.maybe("KeyId") {
        Some(id) => Some(find(state, id)?.id.clone()),
        None => None,
    };
    let all: Vec<Value> = state
        .aliases
        .iter()
        .filter(|(_, id)| of.as_ref().is_none_or(|of| of == *id))
        .map(|(alias, id)| json!({ "AliasName": alias, "AliasArn": arn(state, alias), "TargetKeyId": id }))
        .collect();
    let (page, next) = page(all, input.whole("Limit").or(Some(50)), input.maybe("Marker"))?;
    Ok(json!({ "Aliases": page, "Truncated": next.is_some(), "NextMarker": next }))
}
