//! Tags of keys.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::key::{find, usable};
use crate::aws::{
    ask::{Ask, page},
    error::AwsError,
    service::Asked,
    state::State,
};

/// Tags as KMS writes them.
pub fn tag_map(tags: &[Value]) -> BTreeMap<String, String> {
    tags.iter().map(|tag| (tag.text("TagKey").to_owned(), tag.text("TagValue").to_owned())).collect()
}

/// TagResource.
pub fn tag(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    usable(state, input.text("KeyId"))?.tags.extend(tag_map(input.list("Tags")));
    Ok(json!({}))
}

/// UntagResource.
pub fn untag(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let keys = input.texts("TagKeys");
    usable(state, input.text("KeyId"))?.tags.retain(|key, _| !keys.contains(&&**key));
    Ok(json!({}))
}

/// ListResourceTags.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let tags = &find(state, input.text("KeyId"))?.tags;
    let all: Vec<Value> = tags.iter().map(|(key, value)| json!({ "TagKey": key, "TagValue": value })).collect();
    let (page, next) = page(all, input.whole("Limit").or(Some(50)), input.maybe("Marker"))?;
    Ok(json!({ "Tags": page, "Truncated": next.is_some(), "NextMarker": next }))
}
