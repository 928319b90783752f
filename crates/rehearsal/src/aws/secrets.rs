//! Secrets Manager: secrets the scenario keeps there.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    ask::{Ask, hex, page, uuid},
    error::AwsError,
    service::{Asked, Operation},
    state::State,
};

/// The operations of this service.
pub const OPERATIONS: &[(&str, Operation)] =
    &[("GetSecretValue", value), ("DescribeSecret", describe), ("ListSecrets", list)];

fn arn(state: &State, name: &str) -> String {
    state.arn("secretsmanager", &format!("secret:{name}-{}", hex(&format!("secret/{name}"), 6)))
}

fn find<'a>(state: &'a State, id: &str) -> Result<(&'a String, &'a String), AwsError> {
    let found = state.setup.secrets.iter().find(|(name, _)| *name == id || arn(state, name) == id);
    found.ok_or_else(|| AwsError::bad("ResourceNotFoundException", "Secrets Manager can't find the specified secret."))
}

fn value(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let (name, text) = find(state, input.text("SecretId"))?;
    let current = uuid(&format!("secret-version/{name}"));
    if input.maybe("VersionId").is_some_and(|wanted| wanted != current)
        || input.maybe("VersionStage").is_some_and(|stage| stage != "AWSCURRENT")
    {
        return Err(AwsError::bad(
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret value.",
        ));
    }
    Ok(json!({
        "ARN": arn(state, name), "Name": name, "SecretString": text, "VersionId": current,
        "VersionStages": ["AWSCURRENT"], "CreatedDate": (state.start - SignedDuration::from_hours(24 * 30)).to_string(),
    }))
}

fn described(state: &State, name: &str) -> Value {
    let made = (state.start - SignedDuration::from_hours(24 * 30)).to_string();
    json!({ "ARN": arn(state, name), "Name": name, "CreatedDate": made, "LastChangedDate": made })
}

fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let (name, _) = find(state, input.text("SecretId"))?;
    Ok(described(state, name))
}

fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    if !input.list("Filters").is_empty() {
        return Err(AwsError::not_simulated("secretsmanager ListSecrets with Filters"));
    }
    let all: Vec<Value> = state.setup.secrets.keys().map(|name| described(state, name)).collect();
    let (page, next) = page(all, input.whole("MaxResults"), input.maybe("NextToken"))?;
    Ok(json!({ "SecretList": page, "NextToken": next }))
}
