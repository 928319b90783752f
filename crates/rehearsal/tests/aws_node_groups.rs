//! What becomes of node groups as time passes.
#![allow(clippy::panic, clippy::expect_used, missing_docs, reason = "a test fails by panicking")]

mod aws_door;

use aws_door::{SUBNETS, gpu_nodes, open};
use base64::{Engine, engine::general_purpose::STANDARD};
use landfall_rehearsal::world::Happening;
use serde_json::{Value, json};

const GROUPS: &str = "/clusters/pay-1/node-groups";

fn joined(happenings: &[Happening], group: &str) -> usize {
    happenings.iter().filter(|it| matches!(it, Happening::NodeJoined(node) if node.node_group == group)).count()
}

#[tokio::test]
async fn a_node_group_becomes_active_when_its_nodes_have_joined() {
    let door = open("").await;
    door.after(0.0);
    let made = door.eks("POST", GROUPS, gpu_nodes("gpu")).await.ok().json();
    assert_eq!(made["nodegroup"]["status"], "CREATING");
    assert_eq!(made["nodegroup"]["resources"]["autoScalingGroups"], json!([]));
    let mut happenings = door.after(2.0);
    assert_eq!(door.node_group("gpu").await["status"], "CREATING");
    happenings.extend(door.after(6.0));
    let group = door.node_group("gpu").await;
    assert_eq!(group["status"], "ACTIVE");
    assert_eq!(joined(&happenings, "gpu"), 2);
    let name = group["resources"]["autoScalingGroups"][0]["name"].as_str().expect("a name");
    assert!(door.activities(name).await.contains("Successful"));
    let node = happenings.iter().find_map(|it| match it {
        Happening::NodeJoined(node) if node.node_group == "gpu" => Some(node),
        _ => None,
    });
    let node = node.expect("a node");
    assert_eq!((node.gpus, node.cpu, node.memory_gib, &*node.architecture), (1, 8, 32, "amd64"));
    assert_eq!(node.labels["capability"], "gpu");
}

#[tokio::test]
async fn the_cpu_nodes_are_there_at_the_start() {
    let door = open("").await;
    assert_eq!(joined(&door.after(0.0), "cpu-1"), 2);
    assert_eq!(door.node_group("cpu-1").await["status"], "ACTIVE");
}

#[tokio::test]
async fn a_zone_without_capacity_is_told_and_the_next_one_taken() {
    let door = open("no_capacity: [{ zones: [us-east-2a] }]").await;
    door.eks("POST", GROUPS, gpu_nodes("gpu")).await.ok();
    door.after(1.5);
    let group = door.node_group("gpu").await;
    assert_eq!(group["health"]["issues"][0]["code"], "AsgInstanceLaunchFailures");
    let name = group["resources"]["autoScalingGroups"][0]["name"].as_str().expect("a name");
    let activities = door.activities(name).await;
    assert!(activities.contains("Failed") && activities.contains("InsufficientInstanceCapacity"));
    assert!(activities.contains("(us-east-2a)"));
    door.after(6.0);
    let group = door.node_group("gpu").await;
    assert_eq!((&group["status"], &group["health"]["issues"]), (&json!("ACTIVE"), &json!([])));
}

#[tokio::test]
async fn capacity_that_comes_back_is_used() {
    let door = open("no_capacity: [{ until: 8m }]").await;
    door.eks("POST", GROUPS, gpu_nodes("gpu")).await.ok();
    door.after(7.0);
    assert_eq!(door.node_group("gpu").await["status"], "CREATING");
    door.after(14.0);
    assert_eq!(door.node_group("gpu").await["status"], "ACTIVE");
}

#[tokio::test]
async fn capacity_may_be_counted_from_when_somebody_wants_it() {
    let door = open("no_capacity: [{ lasts: 3m }]").await;
    door.eks("POST", GROUPS, gpu_nodes("gpu")).await.ok();
    door.after(2.0);
    assert_eq!(door.node_group("gpu").await["health"]["issues"][0]["code"], "AsgInstanceLaunchFailures");
    door.after(14.0);
    assert_eq!(door.node_group("gpu").await["status"], "ACTIVE");
}

#[tokio::test]
async fn nodes_that_never_join_fail_the_node_group_after_fifteen_minutes() {
    let door = open("join: { never: [gpu] }").await;
    door.eks("POST", GROUPS, gpu_nodes("gpu")).await.ok();
    door.after(15.0);
    assert_eq!(door.node_group("gpu").await["health"]["issues"], json!([]));
    door.after(16.0);
    let group = door.node_group("gpu").await;
    assert_eq!(
        (&group["status"], &group["health"]["issues"][0]["code"]),
        (&json!("CREATING"), &json!("NodeCreationFailure"))
    );
    assert_eq!(group["health"]["issues"][0]["resourceIds"].as_array().map(Vec::len), Some(2));
    door.after(18.0);
    assert_eq!(door.node_group("gpu").await["status"], "CREATE_FAILED");
}

#[tokio::test]
async fn a_quota_of_nothing_launches_nothing() {
    let door = open("quotas: { L-DB2E81BA: 0 }").await;
    door.eks("POST", GROUPS, gpu_nodes("gpu")).await.ok();
    door.after(3.0);
    let issue = door.node_group("gpu").await["health"]["issues"][0].clone();
    assert_eq!(issue["code"], "AsgInstanceLaunchFailures");
    assert!(issue["message"].as_str().is_some_and(|message| message.contains("VcpuLimitExceeded")));
    door.after(40.0);
    assert_eq!(door.node_group("gpu").await["status"], "CREATE_FAILED");
}

#[tokio::test]
async fn deleting_takes_its_time_and_its_nodes() {
    let door = open("").await;
    door.eks("POST", GROUPS, gpu_nodes("gpu")).await.ok();
    door.after(6.0);
    let gone = door.eks("DELETE", &format!("{GROUPS}/gpu"), Value::Null).await.ok().json();
    assert_eq!(gone["nodegroup"]["status"], "DELETING");
    let happenings = door.after(10.0);
    assert_eq!(happenings.iter().filter(|it| matches!(it, Happening::NodeLeft { .. })).count(), 2);
    let missing = door.eks("GET", &format!("{GROUPS}/gpu"), Value::Null).await;
    assert_eq!((missing.status, &*missing.headers["x-amzn-errortype"]), (404, "ResourceNotFoundException"));
    assert!(door.world.aws.snapshot()["scaling_groups"].as_object().is_some_and(|groups| groups.len() == 1));
}

#[tokio::test]
async fn a_changed_label_reaches_the_nodes_that_are_there() {
    let door = open("").await;
    door.after(0.0);
    let change = json!({ "labels": { "addOrUpdateLabels": { "capability": "cpu" } } });
    let update = door.eks("POST", &format!("{GROUPS}/cpu-1/update-config"), change).await.ok().json();
    let id = update["update"]["id"].as_str().expect("an id");
    let happenings = door.after(2.0);
    let labelled = |it: &&Happening| matches!(it, Happening::NodeJoined(node) if node.labels.get("capability").is_some_and(|is| is == "cpu"));
    assert_eq!(happenings.iter().filter(labelled).count(), 2);
    let update =
        door.eks("GET", &format!("/clusters/pay-1/updates/{id}?nodegroupName=cpu-1"), Value::Null).await.ok().json();
    assert_eq!(update["update"]["status"], "Successful");
}

#[tokio::test]
async fn one_token_makes_one_node_group() {
    let door = open("").await;
    let mut request = gpu_nodes("gpu");
    request["clientRequestToken"] = "a-token".into();
    let first = door.eks("POST", GROUPS, request.clone()).await.ok().json();
    let second = door.eks("POST", GROUPS, request.clone()).await.ok().json();
    assert_eq!(first, second);
    request["labels"] = json!({ "capability": "other" });
    assert_eq!(door.eks("POST", GROUPS, request).await.headers["x-amzn-errortype"], "InvalidRequestException");
    let again = door.eks("POST", GROUPS, gpu_nodes("gpu")).await;
    assert_eq!((again.status, &*again.headers["x-amzn-errortype"]), (409, "ResourceInUseException"));
}

async fn template(door: &aws_door::Door, name: &str, data: &[(&str, &str)]) {
    let mut fields = vec![("Action", "CreateLaunchTemplate"), ("Version", "2016-11-15"), ("LaunchTemplateName", name)];
    fields.extend(data);
    door.form("ec2", &fields).await.ok();
}

#[tokio::test]
async fn fields_that_do_not_go_with_a_launch_template_are_refused() {
    let door = open("").await;
    template(&door, "own-image", &[("LaunchTemplateData.ImageId", "ami-1")]).await;
    template(&door, "plain", &[("LaunchTemplateData.UserData", &STANDARD.encode("#!/bin/bash\n"))]).await;
    template(&door, "typed", &[("LaunchTemplateData.InstanceType", "g4dn.2xlarge")]).await;
    let refused = async |template: &str, change: fn(&mut Value)| {
        let mut request = gpu_nodes("gpu");
        request["launchTemplate"] = json!({ "name": template, "version": "1" });
        change(&mut request);
        let answer = door.eks("POST", GROUPS, request).await;
        assert_eq!((answer.status, &*answer.headers["x-amzn-errortype"]), (400, "InvalidParameterException"));
        answer.json()["message"].as_str().expect("a message").to_owned()
    };
    assert!(refused("own-image", |_| {}).await.contains("CUSTOM"));
    let release = refused("own-image", |request| {
        request["amiType"] = "CUSTOM".into();
        request["releaseVersion"] = "1".into();
    });
    assert!(release.await.contains("releaseVersion"));
    assert!(refused("plain", |_| {}).await.contains("MIME multipart"));
    assert!(refused("typed", |_| {}).await.contains("not in both"));
    assert!(refused("typed", |request| request["diskSize"] = 60.into()).await.contains("Disk size"));
    assert!(refused("nothing", |_| {}).await.contains("does not exist"));
}

#[tokio::test]
async fn the_guides_own_user_data_never_joins() {
    let door = open("").await;
    let name = "/aws/service/eks/optimized-ami/1.31/amazon-linux-2-gpu/recommended/image_id";
    let found = door.target("ssm", "AmazonSSM.GetParameters", json!({ "Names": [name, "/nope"] })).await.ok().json();
    assert_eq!(found["InvalidParameters"], json!(["/nope"]));
    let image = found["Parameters"][0]["Value"].as_str().expect("an image");
    let literal = STANDARD.encode("#!/bin/bash\nset -ex\n/etc/eks/bootstrap.sh ${CLUSTER_NAME}\n");
    template(
        &door,
        "by-hand",
        &[
            ("LaunchTemplateData.ImageId", image),
            ("LaunchTemplateData.InstanceType", "g4dn.2xlarge"),
            ("LaunchTemplateData.UserData", &literal),
        ],
    )
    .await;
    let request = json!({
        "nodegroupName": "by-hand", "subnets": SUBNETS, "nodeRole": aws_door::NODE_ROLE,
        "launchTemplate": { "name": "by-hand", "version": "1" },
        "scalingConfig": { "minSize": 2, "maxSize": 2, "desiredSize": 2 },
    });
    door.eks("POST", GROUPS, request).await.ok();
    door.after(20.0);
    let group = door.node_group("by-hand").await;
    assert_eq!(
        (&group["status"], &group["health"]["issues"][0]["code"]),
        (&json!("CREATE_FAILED"), &json!("NodeCreationFailure"))
    );
    let instance = group["health"]["issues"][0]["resourceIds"][0].as_str().expect("an instance");
    let console =
        door.form("ec2", &[("Action", "GetConsoleOutput"), ("InstanceId", instance)]).await.ok().xml("output");
    let console = String::from_utf8(STANDARD.decode(console).expect("base64")).expect("text");
    assert!(console.contains("CLUSTER_NAME"), "{console}");
}

#[tokio::test]
async fn what_is_there_already_was_made_before_the_start() {
    let door = open(
        r#"existing:
  - { service: ec2, operation: CreateLaunchTemplate, ago: 2h, input: { LaunchTemplateName: shield, LaunchTemplateData: { EbsOptimized: true } } }
  - service: eks
    operation: CreateNodegroup
    ago: 4m
    input:
      clusterName: pay-1
      nodegroupName: gpu
      subnets: [subnet-0a1d3c5e7f9b24680]
      nodeRole: arn:aws:iam::123456789012:role/pay-1-nodes
      amiType: AL2023_x86_64_NVIDIA
      instanceTypes: [g4dn.2xlarge]
      launchTemplate: { name: shield }
  - service: autoscaling
    operation: PutScalingPolicy
    ago: 1m
    input: { AutoScalingGroupName: "${group:pay-1/gpu}", PolicyName: out, PolicyType: StepScaling, AdjustmentType: ChangeInCapacity, StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 1 }] }
"#,
    )
    .await;
    assert_eq!(door.node_group("gpu").await["status"], "ACTIVE");
    let left = door.world.aws.snapshot();
    assert_eq!(left["launch_templates"]["shield"]["default"], 1);
    assert!(left["scaling_policies"].as_object().is_some_and(|policies| policies.len() == 1));
}
