//! Add-ons of a cluster.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{cluster, node_group::words, pod_identity};
use crate::{
    aws::{
        ask::{Ask, page, uuid},
        error::AwsError,
        service::Asked,
        state::State,
    },
    world::Happening,
};

/// An add-on.
#[derive(Clone, Debug)]
pub struct Addon {
    /// Its cluster.
    pub cluster: String,
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Role of its service account.
    pub role: Option<String>,
    /// Pod identity associations it made: service account and role.
    pub identities: Vec<Value>,
    /// Its settings, as JSON or YAML text.
    pub configuration: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When it was made.
    pub created: Timestamp,
    /// `CREATING`, `ACTIVE`, `UPDATING`, `DELETING`.
    pub status: &'static str,
    /// When it came into that status.
    pub since: Timestamp,
}

/// Add-ons there are, with the version a new one gets.
const KNOWN: &[(&str, &str, &str)] = &[
    ("aws-ebs-csi-driver", "v1.53.0-eksbuild.1", "storage"),
    ("coredns", "v1.11.4-eksbuild.24", "networking"),
    ("eks-pod-identity-agent", "v1.3.10-eksbuild.1", "security"),
    ("kube-proxy", "v1.31.14-eksbuild.2", "networking"),
    ("metrics-server", "v0.8.0-eksbuild.5", "observability"),
    ("amazon-cloudwatch-observability", "v4.7.0-eksbuild.1", "observability"),
    ("vpc-cni", "v1.21.0-eksbuild.1", "networking"),
];

/// The version a new add-on of this name gets.
pub fn newest(name: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(known, ..)| *known == name).map(|(_, version, _)| *version)
}

impl Addon {
    fn answer(&self, state: &State) -> Value {
        let id = uuid(&format!("addon/{}/{}", self.cluster, self.name));
        let mut answer = json!({
            "addonName": self.name, "clusterName": self.cluster, "status": self.status, "addonVersion": self.version,
            "health": { "issues": [] }, "addonArn": state.arn("eks", &format!("addon/{}/{}/{id}", self.cluster, self.name)),
            "createdAt": self.created.to_string(), "modifiedAt": self.since.to_string(), "tags": self.tags,
        });
        if let Some(role) = &self.role {
            answer["serviceAccountRoleArn"] = role.as_str().into();
        }
        if let Some(configuration) = &self.configuration {
            answer["configurationValues"] = configuration.as_str().into();
        }
        if !self.identities.is_empty() {
            let arns: Vec<Value> = self.identities.iter().map(|known| known["associationArn"].clone()).collect();
            answer["podIdentityAssociations"] = arns.into();
        }
        answer
    }
}

fn key(state: &State, input: &Value) -> Result<(String, String), AwsError> {
    let cluster = cluster::find(state, input.text("clusterName"))?;
    Ok((cluster.name.clone(), input.text("addonName").to_owned()))
}

fn missing(name: &str) -> AwsError {
    AwsError::new(404, "ResourceNotFoundException", format!("No addon: {name} found in cluster"))
}

/// DescribeAddon.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let key = key(state, input)?;
    let addon = state.addons.get(&key).ok_or_else(|| missing(&key.1))?;
    Ok(json!({ "addon": addon.answer(state) }))
}

/// ListAddons.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let cluster = cluster::find(state, input.text("clusterName"))?.name.clone();
    let names: Vec<&String> = state.addons.keys().filter(|(of, _)| *of == cluster).map(|(_, name)| name).collect();
    let (page, next) = page(names, input.whole("maxResults"), input.maybe("nextToken"))?;
    Ok(json!({ "addons": page, "nextToken": next }))
}

/// CreateAddon.
pub fn create(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let key = key(state, input)?;
    if state.addons.contains_key(&key) {
        return Err(AwsError::new(409, "ResourceInUseException", "Addon already exists.")
            .with("clusterName", key.0)
            .with("addonName", key.1));
    }
    let Some(newest) = newest(&key.1) else {
        return Err(AwsError::bad("InvalidParameterException", format!("Addon {} specified is not supported", key.1)));
    };
    let identities = pod_identity::of_addon(state, &key.0, input.list("podIdentityAssociations"), asked)?;
    let addon = Addon {
        cluster: key.0.clone(),
        name: key.1.clone(),
        identities,
        version: input.maybe("addonVersion").unwrap_or(newest).to_owned(),
        role: input.maybe("serviceAccountRoleArn").map(str::to_owned),
        configuration: input.maybe("configurationValues").map(str::to_owned),
        tags: words(input.part("tags")),
        created: asked.now,
        status: "CREATING",
        since: asked.now,
    };
    let answer = addon.answer(state);
    state.addons.insert(key, addon);
    Ok(json!({ "addon": answer }))
}

/// UpdateAddon.
pub fn update(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let key = key(state, input)?;
    let addon = state.addons.get(&key).ok_or_else(|| missing(&key.1))?;
    if addon.status != "ACTIVE" {
        let message = format!("Cannot update addon {} currently in {} state", key.1, addon.status);
        return Err(AwsError::new(409, "ResourceInUseException", message));
    }
    let identities = match input.part("podIdentityAssociations") {
        Some(_) => {
            let known: Vec<String> =
                addon.identities.iter().map(|known| known.text("associationId").to_owned()).collect();
            state.pod_identities.retain(|id, _| !known.contains(id));
            Some(pod_identity::of_addon(state, &key.0, input.list("podIdentityAssociations"), asked)?)
        }
        None => None,
    };
    let id = uuid(&format!("addon-update/{}/{}/{}", key.0, key.1, asked.now));
    let addon = state.addons.get_mut(&key).ok_or_else(|| missing(&key.1))?;
    if let Some(identities) = identities {
        addon.identities = identities;
    }
    if let Some(version) = input.maybe("addonVersion") {
        addon.version = version.to_owned();
    }
    if let Some(role) = input.maybe("serviceAccountRoleArn") {
        addon.role = Some(role.to_owned()).filter(|role| !role.is_empty());
    }
    if let Some(configuration) = input.maybe("configurationValues") {
        addon.configuration = Some(configuration.to_owned()).filter(|text| !text.is_empty());
    }
    addon.status = "UPDATING";
    addon.since = asked.now;
    Ok(json!({ "update": {
        "id": id, "status": "InProgress", "type": "AddonUpdate", "params": [], "createdAt": asked.now.to_string(), "errors": [],
    }}))
}

/// DeleteAddon.
pub fn delete(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let key = key(state, input)?;
    let addon = state.addons.get_mut(&key).ok_or_else(|| missing(&key.1))?;
    addon.status = "DELETING";
    addon.since = asked.now;
    let addon = addon.clone();
    Ok(json!({ "addon": addon.answer(state) }))
}

/// DescribeAddonVersions.
pub fn versions(_: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let wanted = input.maybe("addonName");
    let kubernetes = input.maybe("kubernetesVersion").unwrap_or("1.31");
    let found: Vec<Value> = KNOWN
        .iter()
        .filter(|(name, ..)| wanted.is_none_or(|wanted| wanted == *name))
        .map(|(name, version, kind)| {
            json!({
                "addonName": name, "type": kind, "owner": "aws", "publisher": "eks",
                "addonVersions": [{
                    "addonVersion": version, "architecture": ["amd64", "arm64"], "requiresConfiguration": false,
                    "compatibilities": [{ "clusterVersion": kubernetes, "platformVersions": ["*"], "defaultVersion": true }],
                }],
            })
        })
        .collect();
    Ok(json!({ "addons": found }))
}

/// Lets new ones become ACTIVE and deleted ones go.
pub fn step(state: &mut State) {
    let (now, takes) = (state.now, state.setup.timings.addon);
    let gone = |addon: &Addon| addon.status == "DELETING" && now >= addon.since + takes;
    for addon in state.addons.values().filter(|addon| gone(addon)) {
        let known: Vec<&str> = addon.identities.iter().map(|known| known.text("associationId")).collect();
        state.pod_identities.retain(|id, _| !known.contains(&&**id));
        state.happenings.push(Happening::AddonGone { name: addon.name.clone() });
    }
    state.addons.retain(|_, addon| !gone(addon));
    for addon in state.addons.values_mut() {
        if matches!(addon.status, "CREATING" | "UPDATING") && now >= addon.since + takes {
            if addon.status == "CREATING" {
                state.happenings.push(Happening::AddonActive { name: addon.name.clone() });
            }
            addon.status = "ACTIVE";
            addon.since = now;
        }
    }
}
