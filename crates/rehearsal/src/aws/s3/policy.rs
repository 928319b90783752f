//! Bucket policies.

use serde_json::{Value, json};

use super::bucket::find;
use crate::aws::{
    ask::Ask,
    document::{principals, statements, texts},
    error::AwsError,
    service::Asked,
    state::State,
};

/// PutBucketPolicy.
pub fn put(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let malformed = |message: &str| AwsError::bad("MalformedPolicy", message);
    let document: Value = serde_json::from_str(input.text("Policy"))
        .map_err(|_| malformed("Policies must be valid JSON and the first byte must be '{'"))?;
    statements(&document).map_err(|message| malformed(&message))?;
    let own = format!("arn:aws:s3:::{}", input.text("Bucket"));
    for statement in statements(&document).unwrap_or_default() {
        if statement.part("Principal").is_none() && statement.part("NotPrincipal").is_none() {
            return Err(malformed("Missing required field Principal"));
        }
        let resources: Vec<&str> =
            texts(&statement["Resource"]).into_iter().chain(texts(&statement["NotResource"])).collect();
        if resources.is_empty() {
            return Err(malformed("Missing required field Resource"));
        }
        if resources.iter().any(|resource| *resource != own && !resource.starts_with(&format!("{own}/"))) {
            return Err(malformed("Policy has invalid resource"));
        }
        for principal in principals(statement) {
            if !super::super::iam::exists(state, &principal) {
                return Err(malformed("Invalid principal in policy"));
            }
        }
    }
    let public = statements(&document).unwrap_or_default().into_iter().any(|statement| {
        statement.text("Effect") == "Allow"
            && statement.part("Condition").is_none()
            && principals(statement).iter().any(|principal| principal == "*")
    });
    let bucket = find(state, input, asked)?;
    if public && bucket.block.as_ref().is_some_and(|block| block.yes("BlockPublicPolicy")) {
        let message = format!(
            "User: {} is not authorized to perform: s3:PutBucketPolicy on resource: \"{own}\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
            asked.caller
        );
        return Err(AwsError::new(403, "AccessDenied", message));
    }
    bucket.policy = Some(document);
    Ok(json!({}))
}

/// GetBucketPolicy.
pub fn get(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let policy = find(state, input, asked)?.policy.clone();
    let policy = policy.ok_or_else(|| AwsError::new(404, "NoSuchBucketPolicy", "The bucket policy does not exist"))?;
    Ok(json!({ "Policy": policy.to_string() }))
}

/// DeleteBucketPolicy. Deleting what is not there is no error.
pub fn delete(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    find(state, input, asked)?.policy = None;
    Ok(json!({}))
}
