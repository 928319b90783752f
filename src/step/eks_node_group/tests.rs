//! A node group's differences, refusals and commands.

use aws_sdk_eks::types::{AutoScalingGroup, LaunchTemplateSpecification, NodegroupResources, NodegroupScalingConfig};
use landfall_core::{event::State, guide::Folder, plan::InstallId, value::Scope};
use serde_json::{Value, json};

use super::*;
use crate::kind::Target;

fn step(change: Value) -> NodeGroup {
    let mut parameters = json!({
        "name": "gpu",
        "launch_template": "lt-1:3",
        "ami_type": "AL2023_x86_64_NVIDIA",
        "node_role": "arn:aws:iam::123456789012:role/nodes",
        "subnets": ["subnet-a", "subnet-b"],
        "scaling": { "min": 2, "max": 4, "desired": 2 },
        "labels": { "capability": "gpu" },
    });
    for (key, value) in change.as_object().unwrap() {
        parameters[key] = value.clone();
    }
    serde_json::from_value(parameters).unwrap()
}

fn group() -> aws_sdk_eks::types::builders::NodegroupBuilder {
    Nodegroup::builder()
        .nodegroup_arn("arn:g")
        .status(NodegroupStatus::Active)
        .node_role("arn:aws:iam::123456789012:role/nodes")
        .subnets("subnet-b")
        .subnets("subnet-a")
        .ami_type(AmiTypes::from("AL2023_x86_64_NVIDIA"))
        .launch_template(LaunchTemplateSpecification::builder().id("lt-1").version("3").build())
        .scaling_config(NodegroupScalingConfig::builder().min_size(2).max_size(4).desired_size(3).build())
        .labels("capability", "gpu")
        .labels("team", "ai")
        .resources(
            NodegroupResources::builder()
                .auto_scaling_groups(AutoScalingGroup::builder().name("eks-gpu-1").build())
                .build(),
        )
}

fn fields(step: &NodeGroup, group: &Nodegroup) -> Vec<(String, bool)> {
    differences::differences(step, group).into_iter().map(|found| (found.field, found.fixed)).collect()
}

#[test]
fn a_changed_desired_size_and_further_labels_are_not_drift() {
    let found = step(json!({})).active(&group().build(), Owner::Ours);
    let State::Present { outputs } = found.state else { panic!("{found:?}") };
    assert_eq!(outputs.autoscaling_group, "eks-gpu-1");
}

#[test]
fn drift_is_named_field_by_field() {
    let changed = group()
        .scaling_config(NodegroupScalingConfig::builder().min_size(1).max_size(2).desired_size(1).build())
        .labels("capability", "cpu")
        .launch_template(LaunchTemplateSpecification::builder().id("lt-1").version("2").build())
        .build();
    let expected = ["launch_template.version", "scaling.min", "scaling.max", "labels.capability"];
    assert_eq!(fields(&step(json!({})), &changed), expected.map(|field| (field.to_owned(), false)));
}

#[test]
fn what_needs_a_new_node_group_is_marked_fixed() {
    let step = step(json!({ "subnets": ["subnet-c"], "instance_types": ["g5.2xlarge"] }));
    let expected = ["subnets", "instance_types"].map(|field| (field.to_owned(), true));
    assert_eq!(fields(&step, &group().build()), expected);
}

#[test]
fn an_active_group_without_a_scaling_group_is_not_there_yet() {
    let without = group().resources(NodegroupResources::builder().build()).build();
    let found = step(json!({})).active(&without, Owner::Ours);
    assert!(matches!(found.state, State::Pending { .. }));
}

#[test]
fn what_eks_would_refuse_is_refused_before() {
    let code = |change| step(change).refuse().unwrap_err().problem().what;
    assert!(code(json!({ "ami_type": null, "warm_pool": { "min": 1 } })).contains("warm pool needs ami_type"));
    assert!(code(json!({ "scaling": { "min": 3, "max": 4, "desired": 2 } })).contains("does not hold"));
    assert!(code(json!({ "launch_template": "lt-1" })).contains("not id:version"));
}

#[test]
fn labels_go_back_only_where_they_still_have_our_value() {
    let map =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let ours = map(&[("a", "1"), ("b", "2"), ("c", "3")]);
    let before = map(&[("b", "old")]);
    let there = |key: &str| match key {
        "c" => Some("changed by hand".to_owned()),
        "a" => Some("1".to_owned()),
        _ => Some("2".to_owned()),
    };
    let payload = node_group::labels_back(&ours, &before, there).unwrap();
    assert_eq!(payload.remove_labels(), ["a"]);
    assert_eq!(payload.add_or_update_labels().unwrap()["b"], "old");
    assert_eq!(payload.add_or_update_labels().unwrap().len(), 1);
}

#[test]
fn the_commands_say_everything() {
    let step = step(json!({
        "taints": [{ "key": "nvidia.com/gpu", "effect": "NoSchedule" }],
        "update": { "strategy": "minimal" },
        "warm_pool": { "min": 1, "state": "stopped" },
    }));
    let target = Target { region: "us-east-2".into(), cluster: "pay-1".into(), ..Target::default() };
    let (install, files, scope) = (InstallId::of("i"), Folder::default(), Scope::new());
    let commands = step.commands(&PlanView { target: &target, install: &install, files: &files, scope: &scope });
    let words = shell_words::split(&commands[0].replace("\\\n", "")).unwrap();
    let after = |flag: &str| words[words.iter().position(|word| word == flag).unwrap() + 1].clone();
    assert_eq!(after("--scaling-config"), "minSize=2,maxSize=4,desiredSize=2");
    assert_eq!(after("--launch-template"), "id=lt-1,version=3");
    assert_eq!(after("--labels"), r#"{"capability":"gpu"}"#);
    assert_eq!(after("--taints"), r#"[{"key":"nvidia.com/gpu","effect":"NO_SCHEDULE"}]"#);
    assert_eq!(after("--update-config"), r#"{"updateStrategy":"MINIMAL"}"#);
    assert_eq!(after("--warm-pool-config"), r#"{"enabled":true,"minSize":1,"poolState":"STOPPED"}"#);
    assert!(commands[1].starts_with("aws eks wait nodegroup-active"));
}
