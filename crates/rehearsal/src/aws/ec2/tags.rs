//! Tags of launch templates, instances and what else has an id.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::filter;
use crate::aws::{ask::Ask, error::AwsError, service::Asked, state::State};

/// CreateTags.
pub fn create(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    for id in input.texts("Resources") {
        let tags = of(state, id)?;
        for tag in input.list("Tags") {
            tags.insert(tag.text("Key").to_owned(), tag.text("Value").to_owned());
        }
    }
    Ok(json!({}))
}

/// DeleteTags.
pub fn delete(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    for id in input.texts("Resources") {
        let tags = of(state, id)?;
        for tag in input.list("Tags") {
            let value = tag.maybe("Value");
            if value.is_none_or(|value| tags.get(tag.text("Key")).is_some_and(|is| is == value)) {
                tags.remove(tag.text("Key"));
            }
        }
    }
    Ok(json!({}))
}

/// DescribeTags.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let templates = state.launch_templates.values().map(|template| (&template.id, "launch-template", &template.tags));
    let instances = state.instances.values().map(|instance| (&instance.id, "instance", &instance.tags));
    let subnets = state.subnets.values().map(|subnet| (&subnet.id, "subnet", &subnet.tags));
    let mut found = Vec::new();
    for (id, kind, tags) in templates.chain(instances).chain(subnets) {
        for (key, value) in tags {
            let fits = filter::passes(input.list("Filters"), |name| match name {
                "resource-id" => Some(vec![id.clone()]),
                "resource-type" => Some(vec![kind.to_owned()]),
                "key" => Some(vec![key.clone()]),
                "value" => Some(vec![value.clone()]),
                _ => {
                    name.strip_prefix("tag:").map(|wanted| if wanted == key { vec![value.clone()] } else { Vec::new() })
                }
            })?;
            if fits {
                found.push(json!({ "ResourceId": id, "ResourceType": kind, "Key": key, "Value": value }));
            }
        }
    }
    Ok(json!({ "Tags": found }))
}

fn of<'a>(state: &'a mut State, id: &str) -> Result<&'a mut BTreeMap<String, String>, AwsError> {
    let missing = || AwsError::bad("InvalidID", format!("The ID '{id}' is not valid"));
    match id.split_once('-').map(|(kind, _)| kind) {
        Some("lt") => state.launch_templates.get_mut(id).map(|template| &mut template.tags),
        Some("i") => state.instances.get_mut(id).map(|instance| &mut instance.tags),
        Some("subnet") => state.subnets.get_mut(id).map(|subnet| &mut subnet.tags),
        Some("sg" | "sgr" | "vpc" | "vpce" | "rtb") => Some(state.tags.entry(id.to_owned()).or_default()),
        _ => None,
    }
    .ok_or_else(missing)
}
