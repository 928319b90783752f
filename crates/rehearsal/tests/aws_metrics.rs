//! Which numbers nodes bring with them, and what alarms make of them.
#![allow(clippy::panic, clippy::expect_used, missing_docs, reason = "a test fails by panicking")]

mod aws_door;

use aws_door::{Door, gpu_nodes, open};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// The user data of a guide that ships the agent, with what it is to append and aggregate.
fn user_data() -> String {
    let agent = json!({ "metrics": {
        "aggregation_dimensions": [["EKSClusterName", "EKSNodeGroupType"]],
        "metrics_collected": { "nvidia_gpu": {
            "append_dimensions": { "EKSClusterName": "pay-1", "EKSNodeGroupType": "gpu", "ImageId": "x", "InstanceId": "$(curl x)", "InstanceType": "y" },
            "measurement": ["utilization_gpu"],
        }},
    }});
    STANDARD.encode(format!("Content-Type: multipart/mixed; boundary=\"b\"\n\n--b\nContent-Type: text/x-shellscript\n\ncat <<E > /f\n{agent}\nE\n--b--\n"))
}

/// CloudWatch in its JSON form, which older clients speak.
async fn cloudwatch(door: &Door, operation: &str, body: Value) -> aws_door::Answer {
    door.target("monitoring", &format!("GraniteServiceVersion20100801.{operation}"), body).await
}

async fn with_agent(aws: &str) -> Door {
    let door = open(aws).await;
    let data = user_data();
    let fields =
        [("Action", "CreateLaunchTemplate"), ("LaunchTemplateName", "agent"), ("LaunchTemplateData.UserData", &*data)];
    door.form("ec2", &fields).await.ok();
    let mut request = gpu_nodes("gpu");
    request["launchTemplate"] = json!({ "name": "agent" });
    door.eks("POST", "/clusters/pay-1/node-groups", request).await.ok();
    door.after(20.0);
    door
}

async fn allow_metrics(door: &Door) {
    let document =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"cloudwatch:PutMetricData","Resource":"*"}}"#;
    let fields = [
        ("Action", "PutRolePolicy"),
        ("RoleName", "pay-1-nodes"),
        ("PolicyName", "metrics"),
        ("PolicyDocument", document),
    ];
    door.form("iam", &fields).await.ok();
}

fn gpu_alarm() -> Value {
    json!({
        "AlarmName": "gpu", "EvaluationPeriods": 3, "Threshold": 40.0, "ComparisonOperator": "GreaterThanThreshold",
        "Metrics": [{ "Id": "gpu", "MetricStat": { "Period": 60, "Stat": "Average", "Metric": {
            "Namespace": "CWAgent", "MetricName": "nvidia_smi_utilization_gpu",
            "Dimensions": [{ "Name": "EKSNodeGroupType", "Value": "gpu" }, { "Name": "EKSClusterName", "Value": "pay-1" }],
        }}}],
    })
}

async fn state(door: &Door, name: &str) -> Value {
    cloudwatch(door, "DescribeAlarms", json!({ "AlarmNames": [name] })).await.ok().json()["MetricAlarms"][0]["StateValue"].clone()
}

#[tokio::test]
async fn an_alarm_has_no_data_until_the_nodes_may_send_some() {
    let door = with_agent("").await;
    cloudwatch(&door, "PutMetricAlarm", gpu_alarm()).await.ok();
    assert_eq!(state(&door, "gpu").await, "INSUFFICIENT_DATA");
    allow_metrics(&door).await;
    assert_eq!(state(&door, "gpu").await, "OK");
}

#[tokio::test]
async fn a_busy_gpu_raises_the_alarm() {
    let door = with_agent("load: { gpu: 70 }").await;
    allow_metrics(&door).await;
    cloudwatch(&door, "PutMetricAlarm", gpu_alarm()).await.ok();
    assert_eq!(state(&door, "gpu").await, "ALARM");
}

#[tokio::test]
async fn both_loads_low_needs_both() {
    let group = "eks-gpu-839418e9-8814-16b3-044c-e645619902ca";
    let alarm = json!({
        "AlarmName": "idle", "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Metrics": [
            { "Id": "idle", "Expression": "IF(gpu < 10 AND cpu < 5, 1, 0)" },
            { "Id": "gpu", "ReturnData": false, "Period": 300, "Expression": "SELECT AVG(nvidia_smi_utilization_gpu) FROM CWAgent WHERE EKSClusterName = 'pay-1'" },
            { "Id": "cpu", "ReturnData": false, "Period": 300, "Expression": format!("SELECT AVG(CPUUtilization) FROM SCHEMA(\"AWS/EC2\", AutoScalingGroupName) WHERE AutoScalingGroupName = '{group}'") },
        ],
    });
    for (load, expected) in [("load: { gpu: 2, cpu: 14 }", "OK"), ("load: { gpu: 2, cpu: 2 }", "ALARM")] {
        let door = with_agent(load).await;
        allow_metrics(&door).await;
        cloudwatch(&door, "PutMetricAlarm", alarm.clone()).await.ok();
        assert_eq!(state(&door, "idle").await, expected, "{load}");
    }
}

#[tokio::test]
async fn a_schema_wants_exactly_its_dimensions() {
    let printed = "SELECT AVG(nvidia_smi_utilization_gpu) FROM SCHEMA(CWAgent,EKSClusterName,ImageId,InstanceId,InstanceType,EKSNodeGroupType,arch,host,index,name) WHERE EKSClusterName = 'pay-1'";
    for (load, points) in [("load: { arch: true }", true), ("load: { arch: false }", false)] {
        let door = with_agent(load).await;
        allow_metrics(&door).await;
        let query = json!({
            "StartTime": 1_795_168_800, "EndTime": 1_795_172_400,
            "MetricDataQueries": [{ "Id": "gpu", "Period": 120, "Expression": printed }],
        });
        let found = cloudwatch(&door, "GetMetricData", query).await.ok().json();
        let some = found["MetricDataResults"][0]["Values"].as_array().is_some_and(|values| !values.is_empty());
        assert_eq!(some, points, "{load}");
    }
}

#[tokio::test]
async fn impossible_alarms_are_refused() {
    let door = open("").await;
    let refused = async |change: fn(&mut Value)| {
        let mut alarm = gpu_alarm();
        change(&mut alarm);
        let answer = cloudwatch(&door, "PutMetricAlarm", alarm).await;
        assert_eq!(answer.status, 400);
        answer.json()["message"].as_str().expect("a message").to_owned()
    };
    assert!(refused(|alarm| alarm["Namespace"] = "CWAgent".into()).await.contains("mutually exclusive"));
    assert!(refused(|alarm| alarm["Metrics"][0]["Id"] = "Gpu".into()).await.contains("lower-case"));
    assert!(refused(|alarm| alarm["Metrics"][0]["ReturnData"] = false.into()).await.contains("Exactly one"));
    assert!(refused(|alarm| alarm["AlarmActions"] = json!(["None"])).await.contains("arn"));
    assert!(refused(|alarm| alarm["DatapointsToAlarm"] = 4.into()).await.contains("DatapointsToAlarm"));
    assert!(refused(|alarm| alarm["EvaluationPeriods"] = 2000.into()).await.contains("a day"));
}

#[tokio::test]
async fn full_subnets_and_zones_without_the_type_hinder_launches() {
    let full = "subnets: [{ id: subnet-0a1d3c5e7f9b24680, zone: us-east-2a, cidr: 10.0.1.0/24, free: 30 }]\nclusters: [{ cpu_node_group: false }]";
    let door = open(full).await;
    let mut request = gpu_nodes("gpu");
    request["subnets"] = json!(["subnet-0a1d3c5e7f9b24680"]);
    request["scalingConfig"] = json!({ "minSize": 3, "maxSize": 3, "desiredSize": 3 });
    door.eks("POST", "/clusters/pay-1/node-groups", request).await.ok();
    door.after(5.0);
    assert_eq!(door.node_group("gpu").await["health"]["issues"][0]["code"], "InsufficientFreeAddresses");

    let door = open("not_offered: { g4dn.2xlarge: [us-east-2a, us-east-2b, us-east-2c] }").await;
    door.eks("POST", "/clusters/pay-1/node-groups", gpu_nodes("gpu")).await.ok();
    door.after(5.0);
    let issue = door.node_group("gpu").await["health"]["issues"][0].clone();
    assert!(
        issue["message"]
            .as_str()
            .is_some_and(|message| message.contains("not supported in your requested Availability Zone"))
    );
}
