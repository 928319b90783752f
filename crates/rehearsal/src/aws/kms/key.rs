//! Keys.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{policy, tags::tag_map};
use crate::aws::{
    ask::{Ask, page, uuid},
    error::AwsError,
    service::Asked,
    setup::KeySetup,
    state::State,
};

/// A customer key.
#[derive(Clone, Debug)]
pub struct Key {
    /// Id.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// What its maker wrote.
    pub description: String,
    /// Who may do what with it.
    pub policy: Value,
    /// When it was made.
    pub created: Timestamp,
    /// When it is gone, once that was asked for.
    pub deletion: Option<Timestamp>,
    /// Whether it is made anew every year.
    pub rotates: bool,
    /// `SYMMETRIC_DEFAULT` …
    pub spec: String,
    /// `ENCRYPT_DECRYPT` …
    pub usage: String,
    /// Whether it can be used.
    pub enabled: bool,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Grants by id.
    pub grants: BTreeMap<String, Value>,
}

impl Key {
    /// As the scenario has it.
    pub fn of(setup: &KeySetup, state: &State, start: Timestamp) -> Self {
        Self {
            id: setup.id.clone(),
            arn: state.arn("kms", &format!("key/{}", setup.id)),
            description: String::new(),
            policy: setup.policy.clone().unwrap_or_else(|| policy::usual(state)),
            created: start - SignedDuration::from_hours(24 * 120),
            deletion: None,
            rotates: true,
            spec: setup.spec.clone(),
            usage: "ENCRYPT_DECRYPT".to_owned(),
            enabled: setup.enabled,
            tags: BTreeMap::new(),
            grants: BTreeMap::new(),
        }
    }

    fn state(&self) -> &'static str {
        match (self.deletion, self.enabled) {
            (Some(_), _) => "PendingDeletion",
            (None, true) => "Enabled",
            (None, false) => "Disabled",
        }
    }

    fn answer(&self, account: &str) -> Value {
        let algorithms: Option<[&str; 1]> = (self.spec == "SYMMETRIC_DEFAULT").then_some(["SYMMETRIC_DEFAULT"]);
        json!({
            "AWSAccountId": account, "KeyId": self.id, "Arn": self.arn, "CreationDate": self.created.to_string(),
            "Enabled": self.state() == "Enabled", "Description": self.description, "KeyUsage": self.usage,
            "KeyState": self.state(), "DeletionDate": self.deletion.map(|at| at.to_string()), "Origin": "AWS_KMS",
            "KeyManager": "CUSTOMER", "CustomerMasterKeySpec": self.spec, "KeySpec": self.spec,
            "EncryptionAlgorithms": algorithms, "MultiRegion": false,
        })
    }
}

/// The key an id, ARN or alias means.
pub fn find<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Key, AwsError> {
    let bare = id.strip_prefix(&state.arn("kms", "")).unwrap_or(id);
    let id = match state.aliases.get(bare) {
        Some(id) => id.clone(),
        None => bare.trim_start_matches("key/").to_owned(),
    };
    let missing = if bare.starts_with("alias/") {
        format!("Alias {} is not found.", state.arn("kms", bare))
    } else {
        format!("Key '{}' does not exist", state.arn("kms", &format!("key/{id}")))
    };
    state.keys.get_mut(&id).ok_or_else(|| AwsError::bad("NotFoundException", missing))
}

/// The same, refused where it is on its way out.
pub fn usable<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Key, AwsError> {
    let key = find(state, id)?;
    match key.deletion {
        Some(_) => Err(AwsError::bad("KMSInvalidStateException", format!("{} is pending deletion.", key.arn))),
        None => Ok(key),
    }
}

/// CreateKey.
pub fn create(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let policy = match input.maybe("Policy") {
        Some(text) => policy::read(state, text, asked, input.yes("BypassPolicyLockoutSafetyCheck"))?,
        None => policy::usual(state),
    };
    let id = uuid(&format!("key/{}/{}", state.keys.len(), asked.now));
    let text = |name: &str, or: &str| input.maybe(name).unwrap_or(or).to_owned();
    let key = Key {
        arn: state.arn("kms", &format!("key/{id}")),
        id: id.clone(),
        description: text("Description", ""),
        policy,
        created: asked.now,
        deletion: None,
        rotates: false,
        spec: text("KeySpec", "SYMMETRIC_DEFAULT"),
        usage: text("KeyUsage", "ENCRYPT_DECRYPT"),
        enabled: true,
        tags: tag_map(input.list("Tags")),
        grants: BTreeMap::new(),
    };
    let answer = key.answer(&state.setup.account);
    state.keys.insert(id, key);
    Ok(json!({ "KeyMetadata": answer }))
}

/// DescribeKey.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let account = state.setup.account.clone();
    Ok(json!({ "KeyMetadata": find(state, input.text("KeyId"))?.answer(&account) }))
}

/// ListKeys.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let all: Vec<Value> = state.keys.values().map(|key| json!({ "KeyId": key.id, "KeyArn": key.arn })).collect();
    let (page, next) = page(all, input.whole("Limit").or(Some(100)), input.maybe("Marker"))?;
    Ok(json!({ "Keys": page, "Truncated": next.is_some(), "NextMarker": next }))
}

/// ScheduleKeyDeletion. A key can be had back until then.
pub fn schedule_deletion(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let days = input.whole("PendingWindowInDays").unwrap_or(30);
    let key = usable(state, input.text("KeyId"))?;
    let at = asked.now + SignedDuration::from_hours(24 * days);
    key.deletion = Some(at);
    Ok(
        json!({ "KeyId": key.arn, "DeletionDate": at.to_string(), "KeyState": "PendingDeletion", "PendingWindowInDays": days }),
    )
}

/// CancelKeyDeletion. The key is disabled afterwards.
pub fn cancel_deletion(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let key = find(state, input.text("KeyId"))?;
    if key.deletion.take().is_none() {
        return Err(AwsError::bad("KMSInvalidStateException", format!("{} is not pending deletion.", key.arn)));
    }
    key.enabled = false;
    Ok(json!({ "KeyId": key.arn }))
}

/// EnableKey.
pub fn enable(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    usable(state, input.text("KeyId"))?.enabled = true;
    Ok(json!({}))
}

/// EnableKeyRotation.
pub fn enable_rotation(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let key = usable(state, input.text("KeyId"))?;
    if key.spec != "SYMMETRIC_DEFAULT" {
        return Err(AwsError::bad("UnsupportedOperationException", "Rotation is only supported for symmetric keys"));
    }
    key.rotates = true;
    Ok(json!({}))
}

/// GetKeyRotationStatus.
pub fn rotation(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    Ok(json!({ "KeyRotationEnabled": find(state, input.text("KeyId"))?.rotates }))
}
