//! Access keys of users. The secret half is told once, when a key is made.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{missing, user};
use crate::aws::{
    ask::{Ask, hex, page},
    error::AwsError,
    service::Asked,
    state::State,
};

/// An access key.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// Its id, which is no secret.
    pub id: String,
    /// `Active` or `Inactive`.
    pub status: String,
    /// When it was made.
    pub created: Timestamp,
}

/// CreateAccessKey. A user has two at most.
pub fn create(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let user = user::find(state, input)?;
    if user.keys.len() >= 2 {
        return Err(AwsError::new(409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2"));
    }
    let id = format!("AKIA{}", hex(&format!("{}/{}/{}", user.arn, user.keys.len(), asked.now), 16).to_uppercase());
    user.keys.push(AccessKey { id: id.clone(), status: "Active".to_owned(), created: asked.now });
    Ok(json!({ "AccessKey": {
        "UserName": user.name, "AccessKeyId": id, "Status": "Active",
        "SecretAccessKey": hex(&format!("secret/{id}"), 40), "CreateDate": asked.now.to_string(),
    }}))
}

/// ListAccessKeys.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let user = user::find(state, input)?;
    let all: Vec<Value> = user
        .keys
        .iter()
        .map(|key| {
            json!({ "UserName": user.name, "AccessKeyId": key.id, "Status": key.status, "CreateDate": key.created.to_string() })
        })
        .collect();
    let (page, next) = page(all, input.whole("MaxItems"), input.maybe("Marker"))?;
    Ok(json!({ "AccessKeyMetadata": page, "IsTruncated": next.is_some(), "Marker": next }))
}

/// UpdateAccessKey.
pub fn update(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let id = input.text("AccessKeyId");
    let user = user::find(state, input)?;
    let key = user.keys.iter_mut().find(|key| key.id == id).ok_or_else(|| no_key(id))?;
    key.status = input.text("Status").to_owned();
    Ok(json!({}))
}

/// DeleteAccessKey.
pub fn delete(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let id = input.text("AccessKeyId");
    let user = user::find(state, input)?;
    let before = user.keys.len();
    user.keys.retain(|key| key.id != id);
    if user.keys.len() == before { Err(no_key(id)) } else { Ok(json!({})) }
}

fn no_key(id: &str) -> AwsError {
    missing(format!("The Access Key with id {id} cannot be found."))
}
