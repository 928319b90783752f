//! SSM: the public parameters that name EKS' machine images.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    ask::{Ask, page},
    ec2::images::{Image, images},
    error::AwsError,
    service::{Asked, Operation},
    state::State,
};

/// The operations of this service.
pub const OPERATIONS: &[(&str, Operation)] =
    &[("GetParameter", get), ("GetParameters", get_many), ("GetParametersByPath", by_path)];

const PREFIX: &str = "/aws/service/eks/optimized-ami";
const BOTTLEROCKET: &str = "/aws/service/bottlerocket";

struct Parameter {
    value: String,
    version: u32,
    modified: Timestamp,
}

fn parameters(state: &State) -> BTreeMap<String, Parameter> {
    let mut all = BTreeMap::new();
    for image in images(state) {
        let modified = image.published.at(18, 30, 0, 0).in_tz("UTC").map_or(state.start, |zoned| zoned.timestamp());
        let mut put = |name: String, value: String| {
            all.insert(name, Parameter { value, version: 40 + u32::from(image.recommended), modified });
        };
        if image.family.bottlerocket() {
            let flavour = if image.family.gpu { "-nvidia" } else { "" };
            let number = image.release.split('-').next().unwrap_or_default();
            let folder = format!("{BOTTLEROCKET}/aws-k8s-{}{flavour}/{}", image.version, image.family.architecture);
            let mut places = vec![format!("{folder}/{number}")];
            if image.recommended {
                places.push(format!("{folder}/latest"));
            }
            for place in places {
                put(format!("{place}/image_id"), image.id.clone());
                put(format!("{place}/image_version"), image.release.clone());
            }
            continue;
        }
        let folder = format!("{PREFIX}/{}/{}", image.version, image.family.folder);
        let mut places = vec![format!("{folder}/{}", image.name)];
        if image.recommended {
            places.push(format!("{folder}/recommended"));
        }
        for place in places {
            put(format!("{place}/image_id"), image.id.clone());
            put(format!("{place}/image_name"), image.name.clone());
            put(format!("{place}/release_version"), image.release.clone());
            put(place, summary(&image));
        }
    }
    all
}

fn summary(image: &Image) -> String {
    json!({ "schema_version": "2", "image_id": image.id, "image_name": image.name, "release_version": image.release })
        .to_string()
}

fn answer(state: &State, name: &str, parameter: &Parameter) -> Value {
    json!({
        "Name": name, "Type": "String", "Value": parameter.value, "Version": parameter.version,
        "LastModifiedDate": parameter.modified.to_string(), "DataType": "text",
        "ARN": format!("arn:aws:ssm:{}::parameter{name}", state.region),
    })
}

fn get(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let name = input.text("Name");
    match parameters(state).get(name) {
        Some(parameter) => Ok(json!({ "Parameter": answer(state, name, parameter) })),
        None => Err(AwsError::bad("ParameterNotFound", "")),
    }
}

fn get_many(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let all = parameters(state);
    let (mut found, mut invalid) = (Vec::new(), Vec::new());
    for name in input.texts("Names") {
        match all.get(name) {
            Some(parameter) => found.push(answer(state, name, parameter)),
            None => invalid.push(name),
        }
    }
    Ok(json!({ "Parameters": found, "InvalidParameters": invalid }))
}

fn by_path(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    if !input.list("ParameterFilters").is_empty() {
        return Err(AwsError::not_simulated("ssm GetParametersByPath with ParameterFilters"));
    }
    let path = format!("{}/", input.text("Path").trim_end_matches('/'));
    let deep = input.yes("Recursive");
    let found: Vec<Value> = parameters(state)
        .iter()
        .filter(|(name, _)| name.strip_prefix(&path).is_some_and(|rest| deep || !rest.contains('/')))
        .map(|(name, parameter)| answer(state, name, parameter))
        .collect();
    let (page, next) = page(found, input.whole("MaxResults").or(Some(10)), input.maybe("NextToken"))?;
    Ok(json!({ "Parameters": page, "NextToken": next }))
}
