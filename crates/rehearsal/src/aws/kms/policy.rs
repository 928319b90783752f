//! Key policies. KMS refuses what is malformed, names nobody, or would lock its author out.

use serde_json::{Value, json};

use super::key::{find, usable};
use crate::aws::{
    ask::Ask,
    document::{principals, statements, texts},
    error::AwsError,
    iam::{self, evaluate::means},
    service::Asked,
    state::State,
};

/// The policy a key has that was made without one.
pub fn usual(state: &State) -> Value {
    json!({
        "Version": "2012-10-17", "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": { "AWS": state.iam_arn("root") },
            "Action": "kms:*", "Resource": "*",
        }],
    })
}

/// A policy, or KMS' refusal of what is none.
pub fn read(state: &State, text: &str, asked: &Asked, bypass: bool) -> Result<Value, AwsError> {
    let malformed = |message: &str| AwsError::bad("MalformedPolicyDocumentException", message);
    let document: Value = serde_json::from_str(text).map_err(|_| malformed("This policy contains invalid Json"))?;
    let mut keeps_the_key = false;
    for statement in statements(&document).map_err(|message| malformed(&message))? {
        let named = principals(statement);
        if named.is_empty() && statement["Principal"].part("Service").is_none() {
            return Err(malformed("Policy statement must contain principals."));
        }
        if statement.part("Resource").is_none() {
            return Err(malformed("Policy statement must contain resources."));
        }
        if !named.iter().all(|principal| iam::exists(state, principal)) {
            return Err(malformed("Policy contains a statement with one or more invalid principals."));
        }
        let own = [state.iam_arn("root"), asked.caller.clone(), iam::role_arn_of_session(state, &asked.caller)];
        keeps_the_key |= statement.text("Effect") == "Allow"
            && named.iter().any(|principal| own.contains(principal))
            && texts(&statement["Action"]).iter().any(|pattern| means(pattern, "kms:PutKeyPolicy"));
    }
    if !keeps_the_key && !bypass {
        return Err(malformed("The new key policy will not allow you to update the key policy in the future."));
    }
    Ok(document)
}

/// GetKeyPolicy.
pub fn get(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let key = find(state, input.text("KeyId"))?;
    Ok(json!({ "Policy": key.policy.to_string(), "PolicyName": "default" }))
}

/// PutKeyPolicy.
pub fn put(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let document = read(state, input.text("Policy"), asked, input.yes("BypassPolicyLockoutSafetyCheck"))?;
    usable(state, input.text("KeyId"))?.policy = document;
    Ok(json!({}))
}
