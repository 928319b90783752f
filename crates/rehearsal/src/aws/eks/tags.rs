//! Tags of clusters, node groups, add-ons and pod identity associations.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::node_group::words;
use crate::aws::{ask::Ask, error::AwsError, service::Asked, state::State};

/// Reads, and where `change` does so changes, the tags of what the ARN names.
fn with(
    state: &mut State,
    arn: &str,
    change: impl Fn(&mut BTreeMap<String, String>),
) -> Result<BTreeMap<String, String>, AwsError> {
    let path = arn.rsplit(':').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    let key = |at: usize| parts.get(at).map(|part| (*part).to_owned()).unwrap_or_default();
    let tags = match parts.first().copied() {
        Some("cluster") => state.clusters.get_mut(&key(1)).map(|cluster| &mut cluster.tags),
        Some("nodegroup") => state.node_groups.get_mut(&(key(1), key(2))).map(|group| &mut group.tags),
        Some("addon") => state.addons.get_mut(&(key(1), key(2))).map(|addon| &mut addon.tags),
        Some("podidentityassociation") => {
            return match state.pod_identities.get_mut(&key(2)) {
                Some(association) => {
                    let mut tags = words(association.part("tags"));
                    change(&mut tags);
                    association["tags"] = json!(tags);
                    Ok(tags)
                }
                None => Err(missing(arn)),
            };
        }
        _ => None,
    };
    let tags = tags.ok_or_else(|| missing(arn))?;
    change(tags);
    Ok(tags.clone())
}

fn missing(arn: &str) -> AwsError {
    AwsError::new(404, "NotFoundException", format!("The resource {arn} could not be found"))
}

/// TagResource.
pub fn tag(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let new = words(input.part("tags"));
    with(state, input.text("resourceArn"), |tags| tags.extend(new.clone()))?;
    Ok(json!({}))
}

/// UntagResource.
pub fn untag(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let keys = input.texts("tagKeys");
    with(state, input.text("resourceArn"), |tags| tags.retain(|key, _| !keys.contains(&&**key)))?;
    Ok(json!({}))
}

/// ListTagsForResource.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let tags = with(state, input.text("resourceArn"), |_| {})?;
    Ok(json!({ "tags": tags }))
}
