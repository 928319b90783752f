//! The official `aws` CLI as a client that nobody here wrote: one that checks what it reads against its own models.
#![allow(clippy::panic, clippy::expect_used, missing_docs, reason = "a test fails by panicking")]

mod aws_door;

use std::process::Command;

use aws_door::{Door, NODE_ROLE, SUBNETS, open};
use serde_json::{Value, json};

/// Runs the CLI and reads its answer; what it says on standard error is the error.
async fn aws(door: &Door, arguments: &[&str]) -> Result<Value, String> {
    let mut command = Command::new("aws");
    command.args(arguments).args(["--output", "json"]).env_clear();
    for name in ["PATH", "HOME", "LANG", "PYENV_ROOT", "VIRTUAL_ENV"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command
        .env("AWS_ENDPOINT_URL", &door.url)
        .env("AWS_REGION", "us-east-2")
        .env("AWS_DEFAULT_REGION", "us-east-2")
        .env("AWS_ACCESS_KEY_ID", "ASIATEST")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_SESSION_TOKEN", "token")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_MAX_ATTEMPTS", "1")
        .env("AWS_PAGER", "");
    let done = tokio::task::spawn_blocking(move || command.output()).await.expect("it runs").expect("it starts");
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).into_owned());
    }
    if done.stdout.is_empty() {
        return Ok(Value::Null);
    }
    Ok(serde_json::from_slice(&done.stdout).expect("JSON"))
}

fn there() -> bool {
    let there = Command::new("aws").arg("--version").output().is_ok_and(|done| done.status.success());
    if !there {
        eprintln!("not run: there is no aws CLI on PATH");
    }
    there
}

#[tokio::test]
async fn the_guides_road_can_be_walked_with_the_cli() {
    if !there() {
        return;
    }
    let door = open("").await;
    door.after(0.0);
    let ask =
        async |arguments: &[&str]| aws(&door, arguments).await.unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    assert_eq!(ask(&["sts", "get-caller-identity"]).await["Account"], "123456789012");
    let cluster = ask(&["eks", "describe-cluster", "--name", "pay-1"]).await;
    assert_eq!(cluster["cluster"]["version"], "1.31");

    let parameter = "/aws/service/eks/optimized-ami/1.31/amazon-linux-2023/x86_64/nvidia/recommended/release_version";
    let release = ask(&["ssm", "get-parameters", "--names", parameter]).await["Parameters"][0]["Value"].clone();
    let quota =
        ask(&["service-quotas", "get-service-quota", "--service-code", "ec2", "--quota-code", "L-DB2E81BA"]).await;
    assert_eq!(quota["Quota"]["Value"], 64.0);

    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": ["cloudwatch:PutMetricData"], "Resource": "*" }] }).to_string();
    ask(&[
        "iam",
        "put-role-policy",
        "--role-name",
        "pay-1-nodes",
        "--policy-name",
        "metrics",
        "--policy-document",
        &policy,
    ])
    .await;
    let kept = ask(&["iam", "get-role-policy", "--role-name", "pay-1-nodes", "--policy-name", "metrics"]).await;
    assert_eq!(kept["PolicyDocument"]["Statement"][0]["Action"][0], "cloudwatch:PutMetricData");

    let agent = r#"{"metrics":{"aggregation_dimensions":[["EKSClusterName","EKSNodeGroupType"]],"metrics_collected":{"nvidia_gpu":{"append_dimensions":{"EKSClusterName":"pay-1","EKSNodeGroupType":"gpu"},"measurement":["utilization_gpu"]}}}}"#;
    let script = format!(
        "Content-Type: multipart/mixed; boundary=\"b\"\n\n--b\nContent-Type: text/x-shellscript\n\n#!/bin/bash\ncat <<E > /etc/cwagent.json\n{agent}\nE\n--b--\n"
    );
    let data = json!({
        "BlockDeviceMappings": [{ "DeviceName": "/dev/xvda", "Ebs": { "VolumeSize": 60, "VolumeType": "gp3", "Encrypted": true } }],
        "MetadataOptions": { "HttpTokens": "required", "HttpPutResponseHopLimit": 2 },
        "UserData": base64::Engine::encode(&base64::engine::general_purpose::STANDARD, script),
    });
    let made = ask(&[
        "ec2",
        "create-launch-template",
        "--launch-template-name",
        "shield",
        "--launch-template-data",
        &data.to_string(),
    ])
    .await;
    let template = made["LaunchTemplate"]["LaunchTemplateId"].as_str().expect("an id");
    let again = aws(
        &door,
        &[
            "ec2",
            "create-launch-template",
            "--launch-template-name",
            "shield",
            "--launch-template-data",
            &data.to_string(),
        ],
    )
    .await;
    assert!(again.expect_err("it is taken").contains("InvalidLaunchTemplateName.AlreadyExistsException"));
    let version =
        ask(&["ec2", "describe-launch-template-versions", "--launch-template-id", template, "--versions", "$Latest"])
            .await;
    assert_eq!(
        version["LaunchTemplateVersions"][0]["LaunchTemplateData"]["BlockDeviceMappings"],
        data["BlockDeviceMappings"]
    );

    let mut create =
        vec!["eks", "create-nodegroup", "--cluster-name", "pay-1", "--nodegroup-name", "gpu", "--node-role", NODE_ROLE];
    let (launch, release) = (format!("id={template},version=1"), release.as_str().expect("a release").to_owned());
    create.extend([
        "--ami-type",
        "AL2023_x86_64_NVIDIA",
        "--release-version",
        &release,
        "--instance-types",
        "g4dn.2xlarge",
    ]);
    create.extend([
        "--launch-template",
        &launch,
        "--labels",
        "capability=gpu",
        "--scaling-config",
        "minSize=2,maxSize=4,desiredSize=2",
        "--subnets",
    ]);
    create.extend(SUBNETS);
    assert_eq!(ask(&create).await["nodegroup"]["status"], "CREATING");
    door.after(8.0);
    let group = ask(&["eks", "describe-nodegroup", "--cluster-name", "pay-1", "--nodegroup-name", "gpu"]).await;
    assert_eq!(group["nodegroup"]["status"], "ACTIVE");
    let name = group["nodegroup"]["resources"]["autoScalingGroups"][0]["name"].as_str().expect("a name");
    let scaling = ask(&["autoscaling", "describe-auto-scaling-groups", "--auto-scaling-group-names", name]).await;
    assert_eq!(scaling["AutoScalingGroups"][0]["Instances"].as_array().map(Vec::len), Some(2));

    let steps = r#"[{"MetricIntervalLowerBound":0,"ScalingAdjustment":1}]"#;
    let put = [
        "autoscaling",
        "put-scaling-policy",
        "--auto-scaling-group-name",
        name,
        "--policy-name",
        "out",
        "--policy-type",
        "StepScaling",
        "--adjustment-type",
        "ChangeInCapacity",
        "--step-adjustments",
        steps,
    ];
    let policy = ask(&put).await["PolicyARN"].as_str().expect("an ARN").to_owned();
    let metrics = json!([{ "Id": "gpu", "ReturnData": true, "MetricStat": { "Period": 60, "Stat": "Average", "Metric": {
        "Namespace": "CWAgent", "MetricName": "nvidia_smi_utilization_gpu",
        "Dimensions": [{ "Name": "EKSClusterName", "Value": "pay-1" }, { "Name": "EKSNodeGroupType", "Value": "gpu" }],
    }}}]);
    let metrics = metrics.to_string();
    ask(&[
        "cloudwatch",
        "put-metric-alarm",
        "--alarm-name",
        "gpu-out",
        "--metrics",
        &metrics,
        "--threshold",
        "40",
        "--comparison-operator",
        "GreaterThanThreshold",
        "--evaluation-periods",
        "3",
        "--alarm-actions",
        &policy,
    ])
    .await;
    let alarm =
        async || ask(&["cloudwatch", "describe-alarms", "--alarm-names", "gpu-out"]).await["MetricAlarms"][0].clone();
    door.after(30.0);
    assert_eq!(alarm().await["StateValue"], "OK");
    assert_eq!(alarm().await["AlarmActions"], json!([policy]));
    let policies = ask(&["autoscaling", "describe-policies", "--auto-scaling-group-name", name]).await;
    assert_eq!(policies["ScalingPolicies"][0]["Alarms"][0]["AlarmName"], "gpu-out");
}

#[tokio::test]
async fn the_cli_is_told_what_is_not_simulated() {
    if !there() {
        return;
    }
    let door = open("").await;
    let refused = aws(&door, &["ec2", "run-instances", "--image-id", "ami-1"]).await.expect_err("it is refused");
    assert!(refused.contains("NotSimulated") && refused.contains("RunInstances"), "{refused}");
    let refused = aws(&door, &["s3api", "list-buckets"]).await.expect_err("it is refused");
    assert!(refused.contains("does not simulate"), "{refused}");
}
