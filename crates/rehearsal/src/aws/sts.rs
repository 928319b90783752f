//! STS: who am I, and who may I be.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    ask::{Ask, hex},
    error::AwsError,
    iam,
    service::{Asked, Operation},
    state::State,
};

/// The operations of this service.
pub const OPERATIONS: &[(&str, Operation)] = &[("GetCallerIdentity", identity), ("AssumeRole", assume)];

fn identity(state: &mut State, _: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let caller = &asked.caller;
    let user_id = match caller.split('/').collect::<Vec<_>>()[..] {
        [head, role, session] if head.ends_with(":assumed-role") => {
            format!("{}:{session}", iam::role::id(&state.iam_arn(&format!("role/{role}"))))
        }
        [_, name] => format!("AIDA{}", hex(name, 17).to_uppercase()),
        _ => state.setup.account.clone(),
    };
    Ok(json!({ "Account": state.setup.account, "Arn": caller, "UserId": user_id }))
}

fn assume(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let arn = input.text("RoleArn");
    let session = input.text("RoleSessionName");
    let Some(role) = iam::role_of_arn(state, arn) else {
        let message = format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}", asked.caller);
        return Err(AwsError::new(403, "AccessDenied", message));
    };
    let name = role.name.clone();
    let lasts = SignedDuration::from_secs(input.whole("DurationSeconds").unwrap_or(3600));
    // The access key id carries the role, so that later calls know who asks.
    let key = format!("ASIA{}", hex(&format!("{arn}/{session}/{}", asked.now), 16).to_uppercase());
    let caller = format!("arn:aws:sts::{}:assumed-role/{name}/{session}", state.setup.account);
    state.tokens.insert(("session".to_owned(), key.clone()), (caller.clone(), Value::Null));
    Ok(json!({
        "Credentials": {
            "AccessKeyId": key, "SecretAccessKey": hex(&format!("secret/{key}"), 40), "SessionToken": hex(&format!("token/{key}"), 64),
            "Expiration": (asked.now + lasts).to_string(),
        },
        "AssumedRoleUser": { "AssumedRoleId": format!("{}:{session}", iam::role::id(arn)), "Arn": caller },
    }))
}
