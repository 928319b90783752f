//! A template's contents: what is wanted, what was found, how they differ.

use aws_sdk_ec2::types::{
    LaunchTemplateBlockDeviceMapping, LaunchTemplateEbsBlockDevice, LaunchTemplateHttpTokensState,
    LaunchTemplateInstanceMetadataOptions, LaunchTemplateTagSpecification, ResponseLaunchTemplateData, Tag, VolumeType,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use landfall_core::{guide::Folder, plan::InstallId, value::Scope};
use serde_json::json;

use super::*;
use crate::kind::Target;

fn step() -> LaunchTemplate {
    serde_json::from_value(json!({
        "name": "gpu",
        "instance_type": "g4dn.2xlarge",
        "user_data": "gpu.mime.j2",
        "volume": { "gib": 60 },
        "name_tag": "gpu nodes",
    }))
    .unwrap()
}

fn stored(gib: i32, user_data: &str) -> ResponseLaunchTemplateData {
    let ebs =
        LaunchTemplateEbsBlockDevice::builder().volume_size(gib).volume_type(VolumeType::Gp3).encrypted(true).build();
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    ResponseLaunchTemplateData::builder()
        .instance_type("g4dn.2xlarge".into())
        .block_device_mappings(LaunchTemplateBlockDeviceMapping::builder().device_name("/dev/xvda").ebs(ebs).build())
        .metadata_options(
            LaunchTemplateInstanceMetadataOptions::builder()
                .http_tokens(LaunchTemplateHttpTokensState::Required)
                .http_put_response_hop_limit(2)
                .build(),
        )
        .tag_specifications(
            LaunchTemplateTagSpecification::builder()
                .resource_type(ResourceType::Instance)
                .tags(tag("Name", "gpu nodes"))
                .tags(tag("landfall:install", "abcd1234"))
                .build(),
        )
        .user_data(STANDARD.encode(user_data))
        .build()
}

#[test]
fn what_was_stored_is_what_was_wanted_whatever_our_own_tags_say() {
    let wanted = Contents::wanted(&step(), None, Some("MIME-Version: 1.0".into()));
    let found = Contents::found(&stored(60, "MIME-Version: 1.0"));
    assert_eq!(wanted, found);
    assert_eq!(wanted.digest(), found.digest());
}

#[test]
fn a_difference_names_its_field_and_user_data_only_by_digest() {
    let wanted = Contents::wanted(&step(), None, Some("MIME-Version: 1.0".into()));
    let differences = wanted.differences(&Contents::found(&stored(100, "#!/bin/bash")));
    let fields: Vec<&str> = differences.iter().map(|difference| difference.field.as_str()).collect();
    assert_eq!(fields, ["volume.gib", "user_data"]);
    assert_eq!((differences[0].wanted.as_str(), differences[0].found.as_str()), ("60", "100"));
    assert!(differences[1].found.starts_with("11 bytes, sha256 "));
}

#[test]
fn user_data_that_would_only_fail_on_the_node_is_refused() {
    let refused = |text: &str, image| step().refuse("gpu.mime.j2", text, image).unwrap_err().problem().code;
    assert_eq!(refused("#!/bin/bash\n", false), "EC2-USER-DATA-MIME");
    assert_eq!(refused(&"x".repeat(LARGEST + 1), true), "EC2-USER-DATA-LARGE");
    assert_eq!(refused("  \n", true), "GUIDE-BROKEN");
    assert!(step().refuse("gpu.mime.j2", "MIME-Version: 1.0\n", false).is_ok());
}

#[test]
fn the_commands_can_be_pasted_into_bash() {
    let files = BTreeMap::from([("gpu.mime.j2".to_owned(), "MIME-Version: 1.0\n\n$HOME 'x'\n".to_owned())]);
    let folder = Folder { name: "g".into(), files };
    let (target, install, scope) =
        (Target { region: "us-east-2".into(), ..Target::default() }, InstallId::of("i"), Scope::new());
    let commands = step().commands(&PlanView { target: &target, install: &install, files: &folder, scope: &scope });
    let script = format!("aws() {{ printf '%s\\n' \"$@\"; }}\n{}", commands.join("\n"));
    let place = tempfile::tempdir().unwrap();
    let ran = std::process::Command::new("bash").arg("-ec").arg(script).current_dir(place.path()).output().unwrap();
    let output = String::from_utf8(ran.stdout).unwrap();
    let data: serde_json::Value =
        output.lines().find(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).unwrap();
    assert_eq!(STANDARD.decode(data["UserData"].as_str().unwrap()).unwrap(), b"MIME-Version: 1.0\n\n$HOME 'x'\n");
    assert_eq!(data["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"], 60);
    assert!(output.contains("--region\nus-east-2\n"));
}
