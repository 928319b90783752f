//! What is set on a bucket: encryption, what is closed to the public, versions, tags.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::bucket::find;
use crate::aws::{ask::Ask, error::AwsError, service::Asked, state::State};

/// PutBucketEncryption.
pub fn put_encryption(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let wanted = input.part("ServerSideEncryptionConfiguration").cloned().unwrap_or_default();
    let Some(first) = wanted.list("Rules").first() else {
        return Err(AwsError::bad(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        ));
    };
    let by_default = first.part("ApplyServerSideEncryptionByDefault").cloned().unwrap_or_default();
    if by_default.text("SSEAlgorithm") == "AES256" && by_default.part("KMSMasterKeyID").is_some() {
        return Err(AwsError::bad(
            "InvalidArgument",
            "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
        ));
    }
    find(state, input, asked)?.encryption = wanted;
    Ok(json!({}))
}

/// GetBucketEncryption.
pub fn encryption(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    Ok(json!({ "ServerSideEncryptionConfiguration": find(state, input, asked)?.encryption }))
}

/// PutPublicAccessBlock. What is left out is open.
pub fn put_block(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let wanted = input.part("PublicAccessBlockConfiguration").cloned().unwrap_or_default();
    let all = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
    let block = all.into_iter().map(|name| (name.to_owned(), Value::Bool(wanted.yes(name)))).collect();
    find(state, input, asked)?.block = Some(block);
    Ok(json!({}))
}

/// GetPublicAccessBlock.
pub fn block(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let message = "The public access block configuration was not found";
    let block = find(state, input, asked)?.block.clone();
    let block = block.ok_or_else(|| AwsError::new(404, "NoSuchPublicAccessBlockConfiguration", message))?;
    Ok(json!({ "PublicAccessBlockConfiguration": block }))
}

/// DeletePublicAccessBlock.
pub fn delete_block(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    find(state, input, asked)?.block = None;
    Ok(json!({}))
}

/// PutBucketVersioning.
pub fn put_versioning(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let status = input.part("VersioningConfiguration").and_then(|wanted| wanted.maybe("Status")).map(str::to_owned);
    let bucket = find(state, input, asked)?;
    bucket.versioning = Some(status.ok_or_else(|| {
        AwsError::bad("IllegalVersioningConfigurationException", "The Versioning element must be specified")
    })?);
    Ok(json!({}))
}

/// GetBucketVersioning. Nothing where it was never set.
pub fn versioning(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    Ok(json!({ "Status": find(state, input, asked)?.versioning }))
}

/// PutBucketTagging: all of them at once.
pub fn put_tags(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let tags = tag_map(input.part("Tagging").map(|wanted| wanted.list("TagSet")).unwrap_or_default());
    find(state, input, asked)?.tags = tags;
    Ok(json!({}))
}

/// GetBucketTagging.
pub fn tags(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let tags = &find(state, input, asked)?.tags;
    if tags.is_empty() {
        return Err(AwsError::new(404, "NoSuchTagSet", "The TagSet does not exist"));
    }
    let set: Vec<Value> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Ok(json!({ "TagSet": set }))
}

/// DeleteBucketTagging.
pub fn delete_tags(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    find(state, input, asked)?.tags.clear();
    Ok(json!({}))
}

/// Tags as S3 writes them.
pub fn tag_map(tags: &[Value]) -> BTreeMap<String, String> {
    tags.iter().map(|tag| (tag.text("Key").to_owned(), tag.text("Value").to_owned())).collect()
}
