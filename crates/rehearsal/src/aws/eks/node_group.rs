//! Managed node groups: what they are, and the calls that make, show and delete them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{cluster, valid};
use crate::aws::{
    ask::{Ask, page, uuid},
    ec2::{images, launch_template},
    error::AwsError,
    service::Asked,
    state::State,
};

/// A managed node group.
#[derive(Clone, Debug)]
pub struct NodeGroup {
    /// Its cluster.
    pub cluster: String,
    /// Name.
    pub name: String,
    /// Role of its nodes.
    pub role: String,
    /// Subnets.
    pub subnets: Vec<String>,
    /// Types it may launch; the first is the one it does.
    pub instance_types: Vec<String>,
    /// `AL2023_x86_64_NVIDIA`, `CUSTOM` …
    pub ami_type: String,
    /// Kubernetes minor version.
    pub version: String,
    /// Release of the image; its id where the launch template names one.
    pub release: String,
    /// GiB of the root volume; none with a launch template.
    pub disk: Option<i64>,
    /// `ON_DEMAND` or `SPOT`.
    pub capacity: String,
    /// Fewest, most and wanted nodes.
    pub scaling: Scaling,
    /// Labels of its nodes.
    pub labels: BTreeMap<String, String>,
    /// Taints of its nodes, in EKS' words.
    pub taints: Vec<Value>,
    /// Id, name and version of its launch template.
    pub template: Option<(String, String, i64)>,
    /// How it is updated, repaired and kept warm, as it was asked for.
    pub extras: Map<String, Value>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When it was made and last changed.
    pub created: Timestamp,
    /// When it was last changed.
    pub modified: Timestamp,
    /// `CREATING`, `ACTIVE` …
    pub status: String,
    /// Name of its auto scaling group once there is one.
    pub scaling_group: Option<String>,
    /// What is wrong with it.
    pub issues: Vec<Issue>,
    /// Counts its updates, so that each launches anew.
    pub generation: u32,
    /// When all nodes it wants were there.
    pub complete: Option<Timestamp>,
    /// When it was told to go.
    pub deleting: Option<Timestamp>,
}

/// Fewest, most and wanted nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaling {
    /// Fewest.
    pub min: i64,
    /// Most.
    pub max: i64,
    /// Wanted.
    pub desired: i64,
}

/// A health issue.
#[derive(Clone, Debug, PartialEq)]
pub struct Issue {
    /// EKS' code.
    pub code: &'static str,
    /// What happened.
    pub message: String,
    /// To what.
    pub resources: Vec<String>,
    /// Since when.
    pub since: Timestamp,
}

impl NodeGroup {
    /// Its ARN.
    pub fn arn(&self, state: &State) -> String {
        state.arn("eks", &format!("nodegroup/{}/{}/{}", self.cluster, self.name, self.id()))
    }

    /// The UUID in its ARN and its scaling group's name.
    pub fn id(&self) -> String {
        group_id(&self.cluster, &self.name)
    }

    /// Adds an issue, or renews the one with the same code.
    pub fn raise(&mut self, issue: Issue) {
        match self.issues.iter_mut().find(|known| known.code == issue.code) {
            Some(known) => {
                known.message = issue.message;
                known.resources = issue.resources;
            }
            None => self.issues.push(issue),
        }
    }

    /// What its version of its launch template says.
    pub fn template_data(&self, state: &State) -> Option<Value> {
        let (id, _, number) = self.template.as_ref()?;
        state.launch_templates.get(id)?.versions.get(number).map(|version| version.data.clone())
    }

    /// What DescribeNodegroup says.
    pub fn answer(&self, state: &State) -> Value {
        let issues: Vec<Value> = self
            .issues
            .iter()
            .map(|issue| json!({ "code": issue.code, "message": issue.message, "resourceIds": issue.resources }))
            .collect();
        let groups: Vec<Value> = self.scaling_group.iter().map(|name| json!({ "name": name })).collect();
        let mut answer = json!({
            "nodegroupName": self.name, "nodegroupArn": self.arn(state), "clusterName": self.cluster,
            "version": self.version, "releaseVersion": self.release,
            "createdAt": self.created.to_string(), "modifiedAt": self.modified.to_string(),
            "status": self.status, "capacityType": self.capacity,
            "scalingConfig": { "minSize": self.scaling.min, "maxSize": self.scaling.max, "desiredSize": self.scaling.desired },
            "subnets": self.subnets, "amiType": self.ami_type, "nodeRole": self.role, "labels": self.labels,
            "resources": { "autoScalingGroups": groups }, "health": { "issues": issues }, "tags": self.tags,
        });
        // EKS leaves instanceTypes out where the launch template names the type.
        let typed_by_template = self.template_data(state).is_some_and(|data| data.maybe("InstanceType").is_some());
        if !typed_by_template {
            answer["instanceTypes"] = json!(self.instance_types);
        }
        if let Some(disk) = self.disk {
            answer["diskSize"] = disk.into();
        }
        if !self.taints.is_empty() {
            answer["taints"] = json!(self.taints);
        }
        if let Some((id, name, number)) = &self.template {
            answer["launchTemplate"] = json!({ "id": id, "name": name, "version": number.to_string() });
        }
        for (name, value) in &self.extras {
            answer[name] = value.clone();
        }
        answer
    }
}

/// The UUID of a node group of this name.
pub fn group_id(cluster: &str, name: &str) -> String {
    uuid(&format!("node-group/{cluster}/{name}"))
}

/// Name of the auto scaling group of a node group of this name.
pub fn scaling_group_name(cluster: &str, name: &str) -> String {
    format!("eks-{name}-{}", group_id(cluster, name))
}

/// The node group a request means.
pub fn find<'a>(state: &'a State, cluster: &str, name: &str) -> Result<&'a NodeGroup, AwsError> {
    cluster::find(state, cluster)?;
    state.node_groups.get(&(cluster.to_owned(), name.to_owned())).ok_or_else(|| {
        let message = format!("No node group found for name: {name}.");
        AwsError::new(404, "ResourceNotFoundException", message)
    })
}

/// CreateNodegroup.
pub fn create(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let cluster = cluster::find(state, input.text("clusterName"))?.clone();
    let name = input.text("nodegroupName");
    let key = (cluster.name.clone(), name.to_owned());
    if state.node_groups.contains_key(&key) {
        let message = format!("NodeGroup already exists with name {name} and cluster name {}", cluster.name);
        return Err(AwsError::new(409, "ResourceInUseException", message)
            .with("clusterName", cluster.name)
            .with("nodegroupName", name));
    }
    let facts = valid::create(state, &cluster, input)?;
    let defaults = json!({ "maxUnavailable": 1 });
    let mut extras = Map::new();
    extras.insert("updateConfig".to_owned(), input.part("updateConfig").cloned().unwrap_or(defaults));
    for extra in ["nodeRepairConfig", "warmPoolConfig", "remoteAccess"] {
        extras.extend(input.part(extra).map(|value| (extra.to_owned(), value.clone())));
    }
    let version = input.maybe("version").unwrap_or(&cluster.setup.version).to_owned();
    let release = match &facts.image {
        Some(image) => image.clone(),
        None => images::for_group(state, &facts.ami_type, &version, input.maybe("releaseVersion"))
            .map(|image| image.release)
            .unwrap_or_default(),
    };
    let with_template = facts.template.is_some();
    let group = NodeGroup {
        cluster: cluster.name.clone(),
        name: name.to_owned(),
        role: input.text("nodeRole").to_owned(),
        subnets: input.texts("subnets").into_iter().map(str::to_owned).collect(),
        instance_types: facts.instance_types,
        ami_type: facts.ami_type,
        version,
        release,
        disk: (!with_template).then(|| input.whole("diskSize").unwrap_or(20)),
        capacity: input.maybe("capacityType").unwrap_or("ON_DEMAND").to_owned(),
        scaling: facts.scaling,
        labels: words(input.part("labels")),
        taints: input.list("taints").to_vec(),
        template: facts.template,
        extras,
        tags: words(input.part("tags")),
        created: asked.now,
        modified: asked.now,
        status: "CREATING".to_owned(),
        scaling_group: None,
        issues: Vec::new(),
        generation: 0,
        complete: None,
        deleting: None,
    };
    let answer = group.answer(state);
    state.node_groups.insert(key, group);
    Ok(json!({ "nodegroup": answer }))
}

/// DescribeNodegroup.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let group = find(state, input.text("clusterName"), input.text("nodegroupName"))?;
    Ok(json!({ "nodegroup": group.answer(state) }))
}

/// ListNodegroups.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let cluster = cluster::find(state, input.text("clusterName"))?;
    let names: Vec<&str> =
        state.node_groups.values().filter(|group| group.cluster == cluster.name).map(|group| &*group.name).collect();
    let (page, next) = page(names, input.whole("maxResults"), input.maybe("nextToken"))?;
    Ok(json!({ "nodegroups": page, "nextToken": next }))
}

/// DeleteNodegroup.
pub fn delete(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let mut group = find(state, input.text("clusterName"), input.text("nodegroupName"))?.clone();
    if matches!(&*group.status, "DELETING" | "UPDATING") {
        return Err(busy(&group));
    }
    group.status = "DELETING".to_owned();
    group.deleting = Some(asked.now);
    group.modified = asked.now;
    let answer = group.answer(state);
    state.node_groups.insert((group.cluster.clone(), group.name.clone()), group);
    Ok(json!({ "nodegroup": answer }))
}

/// What EKS says to a change of a node group that is changing already.
pub fn busy(group: &NodeGroup) -> AwsError {
    let message = format!("Nodegroup cannot be updated as it is currently not in Active State, but {}", group.status);
    AwsError::new(409, "ResourceInUseException", message)
        .with("clusterName", group.cluster.as_str())
        .with("nodegroupName", group.name.as_str())
}

/// The launch template a `launchTemplate` member means: id, name and version.
pub fn template(state: &State, specification: &Value) -> Result<(String, String, i64), AwsError> {
    let found = launch_template::find(state, specification.maybe("id"), specification.maybe("name"))
        .map_err(|error| AwsError::bad("InvalidParameterException", error.message))?;
    let reference = specification.maybe("version");
    let (number, _) = found.version(reference).ok_or_else(|| {
        let message =
            format!("Launch template version {} of {} was not found", reference.unwrap_or_default(), found.id);
        AwsError::bad("InvalidParameterException", message)
    })?;
    Ok((found.id.clone(), found.name.clone(), number))
}

/// A map of texts.
pub fn words(map: Option<&Value>) -> BTreeMap<String, String> {
    map.and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}
