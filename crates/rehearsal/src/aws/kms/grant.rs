//! Grants: who may use a key without being named in its policy.

use serde_json::{Value, json};

use super::key::{find, usable};
use crate::aws::{
    ask::{Ask, hex, page},
    error::AwsError,
    iam,
    service::Asked,
    state::State,
};

/// CreateGrant. The same grant under the same name is the same grant.
pub fn create(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let grantee = input.text("GranteePrincipal");
    if !iam::exists(state, grantee) {
        return Err(AwsError::bad("InvalidArnException", format!("The principal {grantee} does not exist")));
    }
    let key = usable(state, input.text("KeyId"))?;
    let mut grant = input.clone();
    grant["KeyId"] = key.arn.clone().into();
    let same = |known: &&Value| {
        input.part("Name").is_some()
            && ["Name", "GranteePrincipal", "RetiringPrincipal", "Operations", "Constraints"]
                .iter()
                .all(|field| known.get(field) == grant.get(field))
    };
    let id = match key.grants.values().find(same) {
        Some(known) => known.text("GrantId").to_owned(),
        None => hex(&format!("grant/{}/{}/{}", key.id, key.grants.len(), asked.now), 64),
    };
    grant["GrantId"] = id.clone().into();
    grant["CreationDate"] = asked.now.to_string().into();
    grant["IssuingAccount"] = format!("arn:aws:iam::{}:root", state.setup.account).into();
    if let Some(grant) = grant.as_object_mut() {
        grant.remove("GrantTokens");
        grant.remove("DryRun");
    }
    usable(state, input.text("KeyId"))?.grants.insert(id.clone(), grant);
    Ok(json!({ "GrantId": id, "GrantToken": hex(&format!("token/{id}"), 64) }))
}

/// ListGrants.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let key = find(state, input.text("KeyId"))?;
    let wanted = |grant: &&Value| {
        ["GrantId", "GranteePrincipal"].iter().all(|name| input.maybe(name).is_none_or(|text| text == grant.text(name)))
    };
    let all: Vec<Value> = key.grants.values().filter(wanted).cloned().collect();
    let (page, next) = page(all, input.whole("Limit").or(Some(50)), input.maybe("Marker"))?;
    Ok(json!({ "Grants": page, "Truncated": next.is_some(), "NextMarker": next }))
}

/// RevokeGrant.
pub fn revoke(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let id = input.text("GrantId");
    match find(state, input.text("KeyId"))?.grants.remove(id) {
        Some(_) => Ok(json!({})),
        None => Err(AwsError::bad("NotFoundException", format!("Grant ID {id} not found"))),
    }
}

/// RetireGrant.
pub fn retire(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    if input.maybe("GrantToken").is_some() {
        return Err(AwsError::not_simulated("kms RetireGrant by token"));
    }
    revoke(state, input, asked)
}
