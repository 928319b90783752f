//! Instances. Only auto scaling groups launch them here.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{filter, types, vpc};
use crate::aws::{
    ask::{Ask, hex, page},
    error::AwsError,
    service::Asked,
    state::State,
};

/// An instance.
#[derive(Clone, Debug)]
pub struct Instance {
    /// `i-…`.
    pub id: String,
    /// Its auto scaling group.
    pub group: String,
    /// e.g. `g4dn.2xlarge`.
    pub kind: &'static types::InstanceType,
    /// Subnet.
    pub subnet: String,
    /// Zone.
    pub zone: String,
    /// Private address.
    pub address: String,
    /// Image.
    pub image: String,
    /// What its kubelet says its version is, e.g. `v1.31.14-eks-ecaa3a6`.
    pub kubelet: String,
    /// Which launch of its node group it came with; an update launches anew.
    pub generation: u32,
    /// When it was launched.
    pub launched: Timestamp,
    /// `pending`, `running`, `shutting-down` or `terminated`.
    pub state: &'static str,
    /// When its node appears, or why that will never be.
    pub joins: Result<Timestamp, String>,
    /// When its node appeared.
    pub joined: Option<Timestamp>,
    /// When it was told to go.
    pub ends: Option<Timestamp>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl Instance {
    /// Whether it is there or on its way.
    pub fn lives(&self) -> bool {
        matches!(self.state, "pending" | "running")
    }

    /// Name of its node: its private DNS name.
    pub fn node(&self, region: &str) -> String {
        let zone = if region == "us-east-1" { "ec2.internal".to_owned() } else { format!("{region}.compute.internal") };
        format!("ip-{}.{zone}", self.address.replace('.', "-"))
    }

    fn volume(&self) -> String {
        format!("vol-0{}", hex(&self.id, 16))
    }
}

/// DescribeInstances.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let ids = input.texts("InstanceIds");
    if let Some(id) = ids.iter().find(|id| !state.instances.contains_key(**id)) {
        return Err(AwsError::bad("InvalidInstanceID.NotFound", format!("The instance ID '{id}' does not exist")));
    }
    let mut found = Vec::new();
    for instance in state.instances.values().filter(|instance| ids.is_empty() || ids.contains(&&*instance.id)) {
        let dns = instance.node(&state.region);
        let vpc = state.subnets.get(&instance.subnet).map_or_else(|| vpc::home_id(state), |subnet| subnet.vpc.clone());
        let fits = filter::passes(input.list("Filters"), |name| match name {
            "instance-id" => Some(vec![instance.id.clone()]),
            "instance-type" => Some(vec![instance.kind.name.to_owned()]),
            "instance-state-name" => Some(vec![instance.state.to_owned()]),
            "instance-state-code" => Some(vec![code(instance.state).to_string()]),
            "instance-lifecycle" => Some(Vec::new()),
            "availability-zone" => Some(vec![instance.zone.clone()]),
            "subnet-id" | "network-interface.subnet-id" => Some(vec![instance.subnet.clone()]),
            "vpc-id" => Some(vec![vpc.clone()]),
            "image-id" => Some(vec![instance.image.clone()]),
            "private-dns-name" | "network-interface.private-dns-name" => Some(vec![dns.clone()]),
            "private-ip-address" => Some(vec![instance.address.clone()]),
            "architecture" => Some(vec![instance.kind.architecture().to_owned()]),
            "tenancy" => Some(vec!["default".to_owned()]),
            _ => filter::tag_values(name, &instance.tags),
        })?;
        if fits {
            let item = json!({
                "InstanceId": instance.id, "InstanceType": instance.kind.name, "ImageId": instance.image,
                "State": { "Code": code(instance.state), "Name": instance.state },
                "LaunchTime": instance.launched.to_string(), "PrivateDnsName": dns, "PrivateIpAddress": instance.address,
                "SubnetId": instance.subnet, "VpcId": vpc, "Architecture": instance.kind.architecture(),
                "Placement": { "AvailabilityZone": instance.zone, "Tenancy": "default" },
                "RootDeviceName": "/dev/xvda", "RootDeviceType": "ebs", "Hypervisor": "xen", "VirtualizationType": "hvm",
                "Monitoring": { "State": "disabled" }, "MetadataOptions": { "HttpTokens": "required", "HttpPutResponseHopLimit": 2, "HttpEndpoint": "enabled", "State": "applied" },
                "CpuOptions": { "CoreCount": (instance.kind.vcpu / 2).max(1), "ThreadsPerCore": if instance.kind.arm { 1 } else { 2 } },
                "BlockDeviceMappings": [{ "DeviceName": "/dev/xvda", "Ebs": { "VolumeId": instance.volume(), "Status": "attached", "DeleteOnTermination": true } }],
                "Tags": filter::tags(&instance.tags),
            });
            let reservation = format!("r-0{}", hex(&instance.id, 16));
            found.push(json!({ "ReservationId": reservation, "OwnerId": state.setup.account, "Instances": [item] }));
        }
    }
    let (page, next) = page(found, input.whole("MaxResults"), input.maybe("NextToken"))?;
    let mut answer = json!({ "Reservations": page });
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

fn code(state: &str) -> u32 {
    match state {
        "pending" => 0,
        "running" => 16,
        "shutting-down" => 32,
        _ => 48,
    }
}

/// DescribeVolumes: the instances' root volumes.
pub fn describe_volumes(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let ids = input.texts("VolumeIds");
    let mut found = Vec::new();
    for instance in state.instances.values().filter(|instance| instance.lives()) {
        let volume = instance.volume();
        let size = root_volume(state, instance);
        let fits = filter::passes(input.list("Filters"), |name| match name {
            "volume-id" => Some(vec![volume.clone()]),
            "attachment.instance-id" => Some(vec![instance.id.clone()]),
            "status" => Some(vec!["in-use".to_owned()]),
            "encrypted" => Some(vec![size.yes("Encrypted").to_string()]),
            _ => filter::tag_values(name, &instance.tags),
        })?;
        if fits && (ids.is_empty() || ids.contains(&&*volume)) {
            found.push(json!({
                "VolumeId": volume, "State": "in-use", "Size": size.whole("VolumeSize").unwrap_or(20),
                "VolumeType": size.maybe("VolumeType").unwrap_or("gp3"), "Encrypted": size.yes("Encrypted"),
                "AvailabilityZone": instance.zone, "CreateTime": instance.launched.to_string(),
                "Attachments": [{ "InstanceId": instance.id, "VolumeId": volume, "Device": "/dev/xvda", "State": "attached" }],
                "Tags": filter::tags(&instance.tags),
            }));
        }
    }
    if let Some(id) = ids.iter().find(|id| !found.iter().any(|volume| volume.text("VolumeId") == **id)) {
        return Err(AwsError::bad("InvalidVolume.NotFound", format!("The volume '{id}' does not exist.")));
    }
    Ok(json!({ "Volumes": found }))
}

fn root_volume(state: &State, instance: &Instance) -> Value {
    let group = state.node_groups.values().find(|group| group.scaling_group.as_deref() == Some(&instance.group));
    let data = group.and_then(|group| group.template_data(state)).unwrap_or_default();
    data.list("BlockDeviceMappings").first().and_then(|mapping| mapping.part("Ebs")).cloned().unwrap_or_default()
}

/// GetConsoleOutput: where a node that does not join says why.
pub fn console_output(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let id = input.text("InstanceId");
    let Some(instance) = state.instances.get(id) else {
        return Err(AwsError::bad("InvalidInstanceID.NotFound", format!("The instance ID '{id}' does not exist")));
    };
    let mut lines = vec![format!("[    0.000000] Linux version ({})", instance.image)];
    if instance.state != "pending" {
        lines.push("[   12.431877] cloud-init: running modules for final".to_owned());
        match &instance.joins {
            Ok(_) if instance.joined.is_some() => lines.push("kubelet: Successfully registered node".to_owned()),
            Ok(_) => {}
            Err(reason) => lines.push(reason.clone()),
        }
    }
    let output = STANDARD.encode(lines.join("\n") + "\n");
    Ok(json!({ "InstanceId": id, "Timestamp": asked.now.to_string(), "Output": output }))
}
