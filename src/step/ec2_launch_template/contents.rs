//! What is in a launch template's version, as one flat list of fields: wanted and found compare by it, and its digest
//! names it.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{
    LaunchTemplateBlockDeviceMappingRequest, LaunchTemplateEbsBlockDeviceRequest, LaunchTemplateHttpTokensState,
    LaunchTemplateInstanceMetadataOptionsRequest, LaunchTemplateTagSpecificationRequest,
    LaunchTemplatesMonitoringRequest, RequestLaunchTemplateData, ResourceType, ResponseLaunchTemplateData, VolumeType,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use landfall_core::event::Difference;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::parameters::{LaunchTemplate, Volume};
use crate::cloud::look::marks;

/// Fields by name, and the user data's text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    fields: BTreeMap<String, String>,
    user_data: Option<String>,
}

impl Contents {
    /// What the guide asks for; `user_data` is rendered, `image` known.
    pub fn wanted(step: &LaunchTemplate, image: Option<&str>, user_data: Option<String>) -> Self {
        let mut fields = BTreeMap::new();
        let mut set = |name: &str, value: Option<String>| value.map(|value| fields.insert(name.to_owned(), value));
        set("image_id", image.map(str::to_owned));
        set("instance_type", step.instance_type.clone());
        let Volume { gib, kind, encrypted, kms_key, device } = &step.volume;
        set("volume.device", Some(device.clone()));
        set("volume.gib", Some(gib.to_string()));
        set("volume.type", Some(kind.clone()));
        set("volume.encrypted", Some(encrypted.to_string()));
        set("volume.kms_key", kms_key.clone());
        set("metadata.http_tokens", Some(step.metadata.http_tokens.clone()));
        set("metadata.hop_limit", Some(step.metadata.hop_limit.to_string()));
        set("monitoring", step.monitoring.then(|| "true".to_owned()));
        for (key, value) in step.instance_tags() {
            set(&format!("tag.{key}"), Some(value));
        }
        Self { fields, user_data }
    }

    /// What a version holds.
    pub fn found(data: &ResponseLaunchTemplateData) -> Self {
        let mut fields = BTreeMap::new();
        let mut set = |name: &str, value: Option<String>| value.map(|value| fields.insert(name.to_owned(), value));
        set("image_id", data.image_id().map(str::to_owned));
        set("instance_type", data.instance_type().map(|name| name.as_str().to_owned()));
        for (index, mapping) in data.block_device_mappings().iter().enumerate() {
            let name =
                |field: &str| if index == 0 { format!("volume.{field}") } else { format!("volume{index}.{field}") };
            set(&name("device"), mapping.device_name().map(str::to_owned));
            let Some(ebs) = mapping.ebs() else { continue };
            set(&name("gib"), ebs.volume_size().map(|gib| gib.to_string()));
            set(&name("type"), ebs.volume_type().map(|kind| kind.as_str().to_owned()));
            set(&name("encrypted"), ebs.encrypted().map(|encrypted| encrypted.to_string()));
            set(&name("kms_key"), ebs.kms_key_id().map(str::to_owned));
        }
        if let Some(metadata) = data.metadata_options() {
            set("metadata.http_tokens", metadata.http_tokens().map(|tokens| tokens.as_str().to_owned()));
            set("metadata.hop_limit", metadata.http_put_response_hop_limit().map(|limit| limit.to_string()));
        }
        let monitored = data.monitoring().and_then(|monitoring| monitoring.enabled()).unwrap_or_default();
        set("monitoring", monitored.then(|| "true".to_owned()));
        set("key_name", data.key_name().map(str::to_owned));
        set("security_groups", some_text(data.security_group_ids().join(", ")));
        set(
            "instance_profile",
            data.iam_instance_profile().map(|profile| format!("{:?}", profile.name().or(profile.arn()))),
        );
        set("network_interfaces", some_text(data.network_interfaces().len().to_string()).filter(|count| count != "0"));
        for tag in data
            .tag_specifications()
            .iter()
            .filter(|tags| tags.resource_type() == Some(&ResourceType::Instance))
            .flat_map(|tags| tags.tags())
        {
            let (Some(key), Some(value)) = (tag.key(), tag.value()) else { continue };
            if !key.starts_with("landfall:") {
                set(&format!("tag.{key}"), Some(value.to_owned()));
            }
        }
        let user_data = data.user_data().and_then(|text| STANDARD.decode(text).ok());
        Self { fields, user_data: user_data.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()) }
    }

    /// Twelve hex digits that name these contents.
    pub fn digest(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.fields {
            text.push_str(&format!("{name}={value}\n"));
        }
        text.push_str(self.user_data.as_deref().unwrap_or_default());
        short_digest(&text)
    }

    /// How another version's contents differ from these.
    pub fn differences(&self, found: &Self) -> Vec<Difference> {
        let names: std::collections::BTreeSet<&String> = self.fields.keys().chain(found.fields.keys()).collect();
        let shown = |value: Option<&String>| value.cloned().unwrap_or_else(|| "not set".into());
        let mut differences: Vec<Difference> = names
            .into_iter()
            .filter(|name| self.fields.get(*name) != found.fields.get(*name))
            .map(|name| Difference {
                field: name.clone(),
                wanted: shown(self.fields.get(name)),
                found: shown(found.fields.get(name)),
                fixed: false,
            })
            .collect();
        if self.user_data != found.user_data {
            let named = |text: &Option<String>| match text {
                Some(text) => format!("{} bytes, sha256 {}", text.len(), short_digest(text)),
                None => "none".into(),
            };
            differences.push(Difference {
                field: "user_data".into(),
                wanted: named(&self.user_data),
                found: named(&found.user_data),
                fixed: false,
            });
        }
        differences
    }

    /// As EC2 takes it, with the install's tags on what it will launch.
    pub fn request(&self, step: &LaunchTemplate, marks_of: &BTreeMap<String, String>) -> RequestLaunchTemplateData {
        let mut tags = step.instance_tags();
        tags.extend(marks_of.clone());
        let tagged = |kind: ResourceType| {
            LaunchTemplateTagSpecificationRequest::builder()
                .resource_type(kind)
                .set_tags(Some(marks::ec2(&tags)))
                .build()
        };
        let Volume { gib, kind, encrypted, kms_key, device } = &step.volume;
        let ebs = LaunchTemplateEbsBlockDeviceRequest::builder()
            .volume_size(i32::try_from(*gib).unwrap_or(i32::MAX))
            .volume_type(VolumeType::from(kind.as_str()))
            .encrypted(*encrypted)
            .set_kms_key_id(kms_key.clone())
            .delete_on_termination(true)
            .build();
        let metadata = LaunchTemplateInstanceMetadataOptionsRequest::builder()
            .http_tokens(LaunchTemplateHttpTokensState::from(step.metadata.http_tokens.as_str()))
            .http_put_response_hop_limit(i32::from(step.metadata.hop_limit))
            .build();
        RequestLaunchTemplateData::builder()
            .set_image_id(self.fields.get("image_id").cloned())
            .set_instance_type(step.instance_type.as_deref().map(Into::into))
            .block_device_mappings(
                LaunchTemplateBlockDeviceMappingRequest::builder().device_name(device).ebs(ebs).build(),
            )
            .metadata_options(metadata)
            .set_monitoring(step.monitoring.then(|| LaunchTemplatesMonitoringRequest::builder().enabled(true).build()))
            .tag_specifications(tagged(ResourceType::Instance))
            .tag_specifications(tagged(ResourceType::Volume))
            .set_user_data(self.user_data.as_ref().map(|text| STANDARD.encode(text)))
            .build()
    }

    /// The same as JSON, for the command line; `user_data` is what stands for it there.
    pub fn json(&self, step: &LaunchTemplate, user_data: Option<String>) -> Value {
        let tags: Vec<Value> =
            step.instance_tags().iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        let volume = &step.volume;
        let mut ebs = json!({
            "VolumeSize": volume.gib, "VolumeType": volume.kind, "Encrypted": volume.encrypted, "DeleteOnTermination": true,
        });
        if let Some(key) = &volume.kms_key {
            ebs["KmsKeyId"] = json!(key);
        }
        let mut data = json!({
            "BlockDeviceMappings": [{ "DeviceName": volume.device, "Ebs": ebs }],
            "MetadataOptions": {
                "HttpTokens": step.metadata.http_tokens,
                "HttpPutResponseHopLimit": step.metadata.hop_limit,
            },
        });
        let mut set = |name: &str, value: Option<Value>| value.map(|value| data[name] = value);
        set("ImageId", self.fields.get("image_id").map(|image| json!(image)));
        set("InstanceType", step.instance_type.as_ref().map(|name| json!(name)));
        set("Monitoring", step.monitoring.then(|| json!({ "Enabled": true })));
        set("UserData", user_data.map(Value::String));
        if !tags.is_empty() {
            set(
                "TagSpecifications",
                Some(json!([
                    { "ResourceType": "instance", "Tags": tags },
                    { "ResourceType": "volume", "Tags": tags },
                ])),
            );
        }
        data
    }
}

fn some_text(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn short_digest(text: &str) -> String {
    Sha256::digest(text).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
