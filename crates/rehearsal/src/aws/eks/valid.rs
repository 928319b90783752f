//! Which node groups EKS refuses to make, and with what words.
//!
//! The rules: EKS User Guide, "Customize managed nodes with launch templates".

use serde_json::Value;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    cluster::Cluster,
    node_group::{self, Scaling},
};
use crate::aws::{
    ask::Ask,
    ec2::{images, types},
    error::AwsError,
    iam,
    state::State,
};

/// What a possible request comes down to.
#[derive(Debug)]
pub struct Facts {
    /// Id, name and version of the launch template.
    pub template: Option<(String, String, i64)>,
    /// Image named by the launch template.
    pub image: Option<String>,
    /// EKS' type of image.
    pub ami_type: String,
    /// Types to launch.
    pub instance_types: Vec<String>,
    /// Sizes.
    pub scaling: Scaling,
}

/// Refuses an impossible CreateNodegroup.
pub fn create(state: &State, cluster: &Cluster, input: &Value) -> Result<Facts, AwsError> {
    if cluster.setup.status != "ACTIVE" {
        let message = format!("Cluster '{}' is not in ACTIVE status", cluster.name);
        return Err(AwsError::bad("InvalidRequestException", message));
    }
    iam::node_role(state, input.text("nodeRole"))?;
    for subnet in input.texts("subnets") {
        if !state.subnets.contains_key(subnet) {
            return Err(refuse(format!("The subnet ID '{subnet}' does not exist (Service: Ec2, Status Code: 400)")));
        }
    }
    let scaling = sizes(input.part("scalingConfig"), Scaling { min: 1, max: 2, desired: 2 })?;
    let template = input.part("launchTemplate").map(|given| node_group::template(state, given)).transpose()?;
    let data = template
        .as_ref()
        .and_then(|(id, _, number)| state.launch_templates.get(id)?.versions.get(number))
        .map(|version| version.data.clone());
    if let Some(data) = &data {
        template_data(data, input)?;
    }
    let image = data.as_ref().and_then(|data| data.maybe("ImageId")).map(str::to_owned);
    let types = instance_types(data.as_ref(), input)?;
    let asked_type = input.maybe("amiType");
    let ami_type = match (&image, asked_type) {
        (Some(_), None | Some("CUSTOM")) => "CUSTOM".to_owned(),
        (Some(_), Some(_)) => {
            return Err(refuse(
                "You cannot specify an AMI Type other than CUSTOM, when specifying an image id in your launch template.",
            ));
        }
        (None, Some("CUSTOM")) => {
            return Err(refuse("You must specify an image id in your launch template when the AMI type is CUSTOM."));
        }
        (None, Some(given)) => given.to_owned(),
        (None, None) => default_type(&types),
    };
    if image.is_some() {
        for field in ["version", "releaseVersion"] {
            if input.part(field).is_some() {
                return Err(refuse(format!("You cannot specify the field {field} when using custom AMIs.")));
            }
        }
    } else {
        image_exists(state, cluster, &ami_type, input)?;
        fits_architecture(&types, &ami_type)?;
    }
    if image.is_some() && input.part("warmPoolConfig").is_some() {
        return Err(refuse("Warm pools are not supported for node groups with a custom AMI."));
    }
    Ok(Facts { template, image, ami_type, instance_types: types, scaling })
}

/// Refuses impossible sizes; what is not given stays as it was.
pub fn sizes(config: Option<&Value>, was: Scaling) -> Result<Scaling, AwsError> {
    let Some(config) = config else { return Ok(was) };
    let min = config.whole("minSize").unwrap_or(was.min);
    let max = config.whole("maxSize").unwrap_or(was.max);
    let desired = config.whole("desiredSize").unwrap_or(was.desired);
    if min > desired {
        return Err(refuse(format!("Minimum capacity {min} can't be greater than desired size {desired}")));
    }
    if desired > max {
        return Err(refuse(format!("desired capacity {desired} can't be greater than max size {max}")));
    }
    Ok(Scaling { min, max, desired })
}

/// Refuses launch templates that no managed node group can have.
pub fn template_data(data: &Value, input: &Value) -> Result<(), AwsError> {
    if input.part("diskSize").is_some() {
        return Err(refuse("Disk size must be specified within the launch template."));
    }
    if input.part("remoteAccess").is_some() {
        return Err(refuse("Remote access configuration cannot be specified with a launch template."));
    }
    let forbidden =
        ["IamInstanceProfile", "InstanceInitiatedShutdownBehavior", "HibernationOptions", "InstanceMarketOptions"];
    if let Some(field) = forbidden.iter().find(|field| data.part(field).is_some()) {
        return Err(refuse(format!(
            "Launch template should not specify {field}. The noted launch template can't be used with a managed node group."
        )));
    }
    if data.list("NetworkInterfaces").iter().any(|interface| interface.maybe("SubnetId").is_some()) {
        return Err(refuse("Launch template should not specify a subnet. Subnets are given with the node group."));
    }
    // With an image of one's own the user data is passed on as it is; without one EKS adds its part to it.
    if let (None, Some(encoded)) = (data.maybe("ImageId"), data.maybe("UserData")) {
        let text = STANDARD
            .decode(encoded.trim())
            .map(|bytes| String::from_utf8_lossy(&bytes).to_lowercase())
            .unwrap_or_default();
        if !text.is_empty() && !text.contains("content-type: multipart/") {
            return Err(refuse(
                "Ec2LaunchTemplateInvalidConfiguration: User data was not in the MIME multipart format.",
            ));
        }
    }
    Ok(())
}

fn instance_types(data: Option<&Value>, input: &Value) -> Result<Vec<String>, AwsError> {
    let in_template = data.and_then(|data| data.maybe("InstanceType"));
    let in_call = input.texts("instanceTypes");
    let types: Vec<String> = match (in_template, in_call.is_empty()) {
        (Some(_), false) => {
            return Err(refuse(
                "Instance type must be specified in either the launch template or the node group, but not in both.",
            ));
        }
        (Some(one), true) => vec![one.to_owned()],
        (None, false) => in_call.into_iter().map(str::to_owned).collect(),
        (None, true) => vec!["t3.medium".to_owned()],
    };
    match types.iter().find(|name| types::find(name).is_none()) {
        Some(unknown) => Err(refuse(format!("The following supplied instance types do not exist: [{unknown}]"))),
        None => Ok(types),
    }
}

fn default_type(types: &[String]) -> String {
    let arm = types.first().and_then(|name| types::find(name)).is_some_and(|it| it.arm);
    if arm { "AL2023_ARM_64_STANDARD" } else { "AL2023_x86_64_STANDARD" }.to_owned()
}

fn image_exists(state: &State, cluster: &Cluster, ami_type: &str, input: &Value) -> Result<(), AwsError> {
    let version = input.maybe("version").unwrap_or(&cluster.setup.version);
    if images::for_group(state, ami_type, version, None).is_none() {
        return Err(refuse(format!("Requested AMI type {ami_type} is not supported for kubernetes version {version}")));
    }
    match input.maybe("releaseVersion") {
        Some(release) if images::for_group(state, ami_type, version, Some(release)).is_none() => {
            Err(refuse(format!("Requested release version {release} is not valid for kubernetes version {version}.")))
        }
        _ => Ok(()),
    }
}

fn fits_architecture(types: &[String], ami_type: &str) -> Result<(), AwsError> {
    let arm = ami_type.contains("ARM_64");
    let wrong: Vec<&str> =
        types.iter().filter(|name| types::find(name).is_some_and(|it| it.arm != arm)).map(String::as_str).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    Err(refuse(format!("[{}] is not a valid instance type for requested amiType {ami_type}", wrong.join(", "))))
}

/// EKS' refusal of a parameter.
pub fn refuse(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidParameterException", message)
}
