//! Tags of scaling groups.

use serde_json::{Value, json};

use super::group;
use crate::aws::{ask::Ask, ec2::filter, error::AwsError, service::Asked, state::State};

/// DescribeTags.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let mut found = Vec::new();
    for tag in state.groups.values().flat_map(group::Group::tag_list) {
        let fits = filter::passes(input.list("Filters"), |name| match name {
            "auto-scaling-group" => Some(vec![tag.text("ResourceId").to_owned()]),
            "key" => Some(vec![tag.text("Key").to_owned()]),
            "value" => Some(vec![tag.text("Value").to_owned()]),
            "propagate-at-launch" => Some(vec!["true".to_owned()]),
            _ => None,
        })?;
        if fits {
            found.push(tag);
        }
    }
    Ok(json!({ "Tags": found }))
}

/// CreateOrUpdateTags.
pub fn create(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    for tag in input.list("Tags") {
        group::find(state, tag.text("ResourceId"))?;
        if let Some(group) = state.groups.get_mut(tag.text("ResourceId")) {
            group.tags.insert(tag.text("Key").to_owned(), tag.text("Value").to_owned());
        }
    }
    Ok(json!({}))
}

/// DeleteTags.
pub fn delete(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    for tag in input.list("Tags") {
        if let Some(group) = state.groups.get_mut(tag.text("ResourceId")) {
            group.tags.remove(tag.text("Key"));
        }
    }
    Ok(json!({}))
}
