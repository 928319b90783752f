//! Tags, by ARN.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::aws::{ask::Ask, error::AwsError, service::Asked, state::State};

/// Tags of a request.
pub fn map(tags: &[Value]) -> BTreeMap<String, String> {
    tags.iter().map(|tag| (tag.text("Key").to_owned(), tag.text("Value").to_owned())).collect()
}

/// Tags as RDS answers them.
pub fn list_of(state: &State, arn: &str) -> Value {
    let tags = state.tags.get(arn).into_iter().flatten();
    tags.map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

fn of<'a>(state: &'a mut State, input: &Value) -> Result<&'a mut BTreeMap<String, String>, AwsError> {
    let arn = input.text("ResourceName");
    let (code, what) = match arn.split(':').nth(5) {
        Some("db") => ("DBInstanceNotFound", "DBInstance"),
        Some("subgrp") => ("DBSubnetGroupNotFoundFault", "DB subnet group"),
        Some("snapshot") => ("DBSnapshotNotFound", "DBSnapshot"),
        _ => {
            return Err(AwsError::bad(
                "InvalidParameterValue",
                format!("The specified resource name {arn} is not valid"),
            ));
        }
    };
    let missing = || AwsError::new(404, code, format!("{what} not found: {arn}"));
    state.tags.get_mut(arn).ok_or_else(missing)
}

/// AddTagsToResource.
pub fn add(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    of(state, input)?.extend(map(input.list("Tags")));
    Ok(json!({}))
}

/// RemoveTagsFromResource.
pub fn remove(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let keys = input.texts("TagKeys");
    of(state, input)?.retain(|key, _| !keys.contains(&&**key));
    Ok(json!({}))
}

/// ListTagsForResource.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    of(state, input)?;
    Ok(json!({ "TagList": list_of(state, input.text("ResourceName")) }))
}
