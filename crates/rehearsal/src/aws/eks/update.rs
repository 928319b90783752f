//! Updates of node groups, and what became of them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    node_group::{self, NodeGroup, busy},
    valid,
};
use crate::aws::{
    ask::{Ask, page, uuid},
    autoscaling::fleet,
    ec2::images,
    error::AwsError,
    service::Asked,
    state::State,
};

/// An update.
#[derive(Clone, Debug)]
pub struct Update {
    /// Id.
    pub id: String,
    /// Cluster and node group.
    pub group: (String, String),
    /// `ConfigUpdate` or `VersionUpdate`.
    pub kind: &'static str,
    /// What was asked for, by EKS' names of parameters.
    pub parameters: Vec<(&'static str, String)>,
    /// When it was asked for.
    pub created: Timestamp,
    /// `InProgress`, `Successful` …
    pub status: &'static str,
}

impl Update {
    fn answer(&self) -> Value {
        let parameters: Vec<Value> =
            self.parameters.iter().map(|(kind, value)| json!({ "type": kind, "value": value })).collect();
        json!({
            "id": self.id, "status": self.status, "type": self.kind, "params": parameters,
            "createdAt": self.created.to_string(), "errors": [],
        })
    }
}

/// UpdateNodegroupConfig.
pub fn config(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let mut group = changeable(state, input)?;
    let mut parameters = Vec::new();
    if let Some(config) = input.part("scalingConfig") {
        group.scaling = valid::sizes(Some(config), group.scaling)?;
        parameters.push(("MinSize", group.scaling.min.to_string()));
        parameters.push(("MaxSize", group.scaling.max.to_string()));
        parameters.push(("DesiredSize", group.scaling.desired.to_string()));
    }
    if let Some(labels) = input.part("labels") {
        let added = node_group::words(labels.part("addOrUpdateLabels"));
        if !added.is_empty() {
            parameters.push(("LabelsToAdd", json!(added).to_string()));
        }
        group.labels.extend(added);
        let removed = labels.texts("removeLabels");
        if !removed.is_empty() {
            parameters.push(("LabelsToRemove", json!(removed).to_string()));
        }
        group.labels.retain(|key, _| !removed.contains(&&**key));
    }
    if let Some(taints) = input.part("taints") {
        let same = |one: &Value, other: &Value| one["key"] == other["key"] && one["effect"] == other["effect"];
        let (added, removed) = (taints.list("addOrUpdateTaints"), taints.list("removeTaints"));
        group.taints.retain(|taint| !added.iter().chain(removed).any(|changed| same(changed, taint)));
        group.taints.extend(added.iter().cloned());
        parameters.push(("TaintsToAdd", json!(added).to_string()));
        parameters.push(("TaintsToRemove", json!(removed).to_string()));
    }
    for extra in ["updateConfig", "nodeRepairConfig", "warmPoolConfig"] {
        if let Some(value) = input.part(extra) {
            group.extras.insert(extra.to_owned(), value.clone());
            parameters.push(("MaxUnavailable", value.whole("maxUnavailable").unwrap_or(1).to_string()));
        }
    }
    begin(state, group, "ConfigUpdate", parameters, asked)
}

/// UpdateNodegroupVersion.
pub fn version(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let mut group = changeable(state, input)?;
    let mut parameters = Vec::new();
    if let Some(given) = input.part("launchTemplate") {
        let Some((id, ..)) = &group.template else {
            return Err(valid::refuse(
                "You cannot add a launch template to a node group that was created without one.",
            ));
        };
        let template = node_group::template(state, given)?;
        if template.0 != *id {
            return Err(valid::refuse(format!(
                "You cannot change the launch template of a node group, only its version: it is {id}"
            )));
        }
        group.template = Some(template);
        let data = group.template_data(state).unwrap_or_default();
        valid::template_data(&data, input)?;
        match (data.maybe("ImageId"), group.ami_type == "CUSTOM") {
            (Some(image), true) => group.release = image.to_owned(),
            (None, false) => {}
            (Some(_), false) => {
                return Err(valid::refuse(
                    "Launch template details can't be updated to have an image id: the node group was created without one.",
                ));
            }
            (None, true) => {
                return Err(valid::refuse(
                    "Launch template details can't be updated to have no image id: the node group was created with one.",
                ));
            }
        }
        let number = group.template.as_ref().map(|(.., number)| number.to_string()).unwrap_or_default();
        parameters.push(("LaunchTemplateVersion", number));
    }
    let custom = group.ami_type == "CUSTOM";
    for field in ["version", "releaseVersion"] {
        if custom && input.part(field).is_some() {
            return Err(valid::refuse(format!("You cannot specify the field {field} when using custom AMIs.")));
        }
    }
    if !custom {
        if let Some(version) = input.maybe("version") {
            group.version = version.to_owned();
            parameters.push(("Version", version.to_owned()));
        }
        let release = input.maybe("releaseVersion");
        let image = images::for_group(state, &group.ami_type, &group.version, release).ok_or_else(|| {
            let wanted = release.unwrap_or("latest");
            valid::refuse(format!(
                "Requested release version {wanted} is not valid for kubernetes version {}.",
                group.version
            ))
        })?;
        group.release = image.release;
        parameters.push(("ReleaseVersion", group.release.clone()));
    }
    group.generation += 1;
    begin(state, group, "VersionUpdate", parameters, asked)
}

fn changeable(state: &State, input: &Value) -> Result<NodeGroup, AwsError> {
    let group = node_group::find(state, input.text("clusterName"), input.text("nodegroupName"))?;
    if matches!(&*group.status, "ACTIVE" | "DEGRADED") { Ok(group.clone()) } else { Err(busy(group)) }
}

fn begin(
    state: &mut State,
    mut group: NodeGroup,
    kind: &'static str,
    parameters: Vec<(&'static str, String)>,
    asked: &Asked,
) -> Result<Value, AwsError> {
    group.status = "UPDATING".to_owned();
    group.modified = asked.now;
    group.complete = None;
    let key = (group.cluster.clone(), group.name.clone());
    let id = uuid(&format!("update/{}/{}/{}", key.0, key.1, state.updates.len()));
    let update =
        Update { id: id.clone(), group: key.clone(), kind, parameters, created: asked.now, status: "InProgress" };
    let answer = update.answer();
    fleet::follow(state, &group);
    state.node_groups.insert(key, group);
    state.updates.insert(id, update);
    Ok(json!({ "update": answer }))
}

/// Ends updates: a change of configuration after its time, a new version when all nodes are of it.
pub fn step(state: &mut State) {
    let now = state.now;
    let running: Vec<Update> = state.updates.values().filter(|update| update.status == "InProgress").cloned().collect();
    for update in running {
        let Some(group) = state.node_groups.get(&update.group) else { continue };
        let name = group.scaling_group.clone().unwrap_or_default();
        let wanted = usize::try_from(group.scaling.desired).unwrap_or_default();
        let of_it = |instance: &&crate::aws::ec2::Instance| instance.group == name && instance.lives();
        let alive = state.instances.values().filter(of_it).count();
        let ready = state
            .instances
            .values()
            .filter(of_it)
            .filter(|instance| instance.joined.is_some() && instance.generation == group.generation)
            .count();
        let timely = now >= update.created + state.setup.timings.update;
        let rolled = update.kind == "ConfigUpdate" || (ready >= wanted && alive == wanted);
        let late = now >= update.created + state.setup.timings.join_gives_up * 2;
        let status = match () {
            () if timely && rolled => "Successful",
            () if late => "Failed",
            () => continue,
        };
        if let Some(group) = state.node_groups.get_mut(&update.group) {
            group.status = "ACTIVE".to_owned();
            group.modified = now;
        }
        if let Some(update) = state.updates.get_mut(&update.id) {
            update.status = status;
        }
    }
}

/// DescribeUpdate.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    super::cluster::find(state, input.text("name"))?;
    let id = input.text("updateId");
    let update = state
        .updates
        .get(id)
        .ok_or_else(|| AwsError::new(404, "ResourceNotFoundException", format!("No update found for ID: {id}")))?;
    Ok(json!({ "update": update.answer() }))
}

/// ListUpdates.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let cluster = super::cluster::find(state, input.text("name"))?.name.clone();
    let group = input.maybe("nodegroupName");
    let ids: Vec<&String> = state
        .updates
        .values()
        .filter(|update| update.group.0 == cluster && group.is_some_and(|name| name == update.group.1))
        .map(|update| &update.id)
        .collect();
    let (page, next) = page(ids, input.whole("maxResults"), input.maybe("nextToken"))?;
    Ok(json!({ "updateIds": page, "nextToken": next }))
}
