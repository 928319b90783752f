//! The caller, where it is a user, and the account's alias.

use serde_json::{Value, json};

use super::missing;
use crate::aws::{
    ask::{Ask, hex},
    error::AwsError,
    service::Asked,
    state::State,
};

/// GetUser. The session of a role has no user of its own.
pub fn get(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let own = asked.caller.split_once(":user/").map(|(_, name)| name.to_owned());
    let name = match (input.maybe("UserName"), own) {
        (Some(wanted), Some(own)) if own == wanted => own,
        (Some(wanted), _) => return Err(missing(format!("The user with name {wanted} cannot be found."))),
        (None, Some(own)) => own,
        (None, None) => {
            return Err(AwsError::bad(
                "ValidationError",
                "Must specify userName when calling with non-User credentials",
            ));
        }
    };
    Ok(json!({ "User": {
        "Path": "/", "UserName": name, "UserId": format!("AIDA{}", hex(&name, 17).to_uppercase()),
        "Arn": state.iam_arn(&format!("user/{name}")), "CreateDate": "2023-02-01T09:00:00Z",
    }}))
}

/// ListAccountAliases.
pub fn aliases(state: &mut State, _: &Value, _: &Asked) -> Result<Value, AwsError> {
    let aliases: Vec<&String> = state.setup.alias.iter().collect();
    Ok(json!({ "AccountAliases": aliases, "IsTruncated": false }))
}
