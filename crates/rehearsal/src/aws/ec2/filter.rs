//! EC2's filters: names with values, of which one has to fit, with wildcards.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::aws::{ask::Ask, error::AwsError, fault::fits};

/// Whether something passes all filters; `values` gives what it has under a filter's name, `None` for a name there is not.
pub fn passes(filters: &[Value], values: impl Fn(&str) -> Option<Vec<String>>) -> Result<bool, AwsError> {
    for filter in filters {
        let name = filter.text("Name");
        let Some(has) = values(name) else {
            return Err(AwsError::bad("InvalidParameterValue", format!("The filter '{name}' is invalid")));
        };
        if !filter.texts("Values").iter().any(|wanted| has.iter().any(|is| fits(wanted, is))) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What tags have under `tag:KEY`, `tag-key` or `tag-value`.
pub fn tag_values(name: &str, tags: &BTreeMap<String, String>) -> Option<Vec<String>> {
    match name {
        "tag-key" => Some(tags.keys().cloned().collect()),
        "tag-value" => Some(tags.values().cloned().collect()),
        _ => name.strip_prefix("tag:").map(|key| tags.get(key).into_iter().cloned().collect()),
    }
}

/// Tags as EC2 answers them.
pub fn tags(tags: &BTreeMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// Tags of one type of resource out of a request's `TagSpecifications`.
pub fn specified(specifications: &[Value], resource: &str) -> BTreeMap<String, String> {
    specifications
        .iter()
        .filter(|specification| specification.text("ResourceType") == resource)
        .flat_map(|specification| specification.list("Tags"))
        .map(|tag| (tag.text("Key").to_owned(), tag.text("Value").to_owned()))
        .collect()
}
