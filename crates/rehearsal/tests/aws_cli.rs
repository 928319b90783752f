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
    let refused = aws(&door, &["sns", "list-topics"]).await.expect_err("it is refused");
    assert!(refused.contains("does not simulate"), "{refused}");
    let refused = aws(&door, &["s3api", "get-bucket-acl", "--bucket", "data"]).await.expect_err("it is refused");
    assert!(refused.contains("does not simulate"), "{refused}");
}

#[tokio::test]
async fn a_bucket_and_what_is_set_on_it_can_be_managed_with_the_cli() {
    if !there() {
        return;
    }
    let door = open("buckets: [{ name: taken, foreign: true }, { name: full, objects: [a.txt] }]").await;
    let ask =
        async |arguments: &[&str]| aws(&door, arguments).await.unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    let refused = async |arguments: &[&str]| aws(&door, arguments).await.expect_err("it is refused");
    let here = "LocationConstraint=us-east-2,Tags=[{Key=team,Value=ml}]";
    ask(&["s3api", "create-bucket", "--bucket", "ml-data", "--create-bucket-configuration", here]).await;
    let tags = ask(&["s3api", "get-bucket-tagging", "--bucket", "ml-data"]).await;
    assert_eq!(tags["TagSet"], json!([{ "Key": "team", "Value": "ml" }]));
    assert_eq!(ask(&["s3api", "get-bucket-location", "--bucket", "ml-data"]).await["LocationConstraint"], "us-east-2");
    let block = ask(&["s3api", "get-public-access-block", "--bucket", "ml-data"]).await;
    assert_eq!(block["PublicAccessBlockConfiguration"]["BlockPublicPolicy"], true);
    let rule = json!({ "Rules": [{ "ApplyServerSideEncryptionByDefault": { "SSEAlgorithm": "aws:kms" }, "BucketKeyEnabled": true }] });
    let rule = rule.to_string();
    ask(&["s3api", "put-bucket-encryption", "--bucket", "ml-data", "--server-side-encryption-configuration", &rule])
        .await;
    let encryption = ask(&["s3api", "get-bucket-encryption", "--bucket", "ml-data"]).await;
    let by_default = &encryption["ServerSideEncryptionConfiguration"]["Rules"][0]["ApplyServerSideEncryptionByDefault"];
    assert_eq!(by_default["SSEAlgorithm"], "aws:kms");
    ask(&["s3api", "put-bucket-versioning", "--bucket", "ml-data", "--versioning-configuration", "Status=Enabled"])
        .await;
    assert_eq!(ask(&["s3api", "get-bucket-versioning", "--bucket", "ml-data"]).await["Status"], "Enabled");
    let policy = |principal: &str| {
        json!({ "Version": "2012-10-17", "Statement": [{
            "Sid": "A", "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::ml-data/*",
        }] })
        .to_string()
    };
    ask(&["s3api", "put-bucket-policy", "--bucket", "ml-data", "--policy", &policy(NODE_ROLE)]).await;
    let kept = ask(&["s3api", "get-bucket-policy", "--bucket", "ml-data"]).await;
    assert!(kept["Policy"].as_str().is_some_and(|text| text.contains("s3:GetObject")), "{kept}");
    let public = refused(&["s3api", "put-bucket-policy", "--bucket", "ml-data", "--policy", &policy("*")]).await;
    assert!(public.contains("BlockPublicPolicy"), "{public}");
    let broken =
        refused(&["s3api", "put-bucket-policy", "--bucket", "ml-data", "--policy", "{\"Statement\": [}"]).await;
    assert!(broken.contains("MalformedPolicy"), "{broken}");
    let here = "LocationConstraint=us-east-2";
    let taken = refused(&["s3api", "create-bucket", "--bucket", "taken", "--create-bucket-configuration", here]).await;
    assert!(taken.contains("BucketAlreadyExists"), "{taken}");
    assert!(refused(&["s3api", "head-bucket", "--bucket", "nobody"]).await.contains("404"));
    assert!(refused(&["s3api", "delete-bucket", "--bucket", "full"]).await.contains("BucketNotEmpty"));
    assert_eq!(ask(&["s3api", "list-objects-v2", "--bucket", "full"]).await["Contents"][0]["Key"], "a.txt");
    ask(&["s3api", "delete-bucket-policy", "--bucket", "ml-data"]).await;
    ask(&["s3api", "delete-bucket", "--bucket", "ml-data"]).await;
    let left = ask(&["s3api", "list-buckets"]).await;
    assert_eq!(left["Buckets"].as_array().map(Vec::len), Some(1), "{left}");
}

#[tokio::test]
async fn keys_users_and_addresses_can_be_managed_with_the_cli() {
    if !there() {
        return;
    }
    let door = open("ses: { identities: { example.com: true } }").await;
    let ask =
        async |arguments: &[&str]| aws(&door, arguments).await.unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    let refused = async |arguments: &[&str]| aws(&door, arguments).await.expect_err("it is refused");
    let made = ask(&["kms", "create-key", "--tags", "TagKey=team,TagValue=ml"]).await;
    let key = made["KeyMetadata"]["KeyId"].as_str().expect("an id");
    ask(&["kms", "create-alias", "--alias-name", "alias/ml", "--target-key-id", key]).await;
    ask(&["kms", "enable-key-rotation", "--key-id", "alias/ml"]).await;
    assert_eq!(ask(&["kms", "get-key-rotation-status", "--key-id", key]).await["KeyRotationEnabled"], true);
    let unclosed = "{\"Statement\": [{\"Action\": \"kms:* }]}";
    let broken = refused(&["kms", "put-key-policy", "--key-id", key, "--policy", unclosed]).await;
    assert!(broken.contains("MalformedPolicyDocumentException"), "{broken}");
    let locked = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "AWS": NODE_ROLE }, "Action": "kms:Decrypt", "Resource": "*" }] }).to_string();
    let refusal = refused(&["kms", "put-key-policy", "--key-id", key, "--policy", &locked]).await;
    assert!(refusal.contains("will not allow you to update"), "{refusal}");
    let grant = ["kms", "create-grant", "--key-id", key, "--grantee-principal", NODE_ROLE, "--operations", "Decrypt"];
    ask(&grant).await;
    let grants = ask(&["kms", "list-grants", "--key-id", key]).await;
    assert_eq!(grants["Grants"][0]["GranteePrincipal"], NODE_ROLE);
    let gone = ask(&["kms", "schedule-key-deletion", "--key-id", key, "--pending-window-in-days", "7"]).await;
    assert_eq!(gone["KeyState"], "PendingDeletion");

    ask(&["iam", "create-user", "--user-name", "uploader"]).await;
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*" }] }).to_string();
    ask(&["iam", "put-user-policy", "--user-name", "uploader", "--policy-name", "s3", "--policy-document", &policy])
        .await;
    let made = ask(&["iam", "create-access-key", "--user-name", "uploader"]).await;
    let id = made["AccessKey"]["AccessKeyId"].as_str().expect("an id");
    assert!(refused(&["iam", "delete-user", "--user-name", "uploader"]).await.contains("DeleteConflict"));
    let simulated = ask(&[
        "iam",
        "simulate-principal-policy",
        "--policy-source-arn",
        "arn:aws:iam::123456789012:user/uploader",
        "--action-names",
        "s3:GetObject",
        "s3:PutObject",
        "--resource-arns",
        "arn:aws:s3:::data/a",
    ])
    .await;
    let decisions: Vec<&Value> =
        simulated["EvaluationResults"].as_array().into_iter().flatten().map(|result| &result["EvalDecision"]).collect();
    assert_eq!(decisions, ["allowed", "implicitDeny"]);
    ask(&["iam", "delete-access-key", "--user-name", "uploader", "--access-key-id", id]).await;
    ask(&["iam", "delete-user-policy", "--user-name", "uploader", "--policy-name", "s3"]).await;
    ask(&["iam", "delete-user", "--user-name", "uploader"]).await;

    let identity = ask(&["sesv2", "get-email-identity", "--email-identity", "example.com"]).await;
    assert_eq!(identity["VerifiedForSendingStatus"], true);
    assert_eq!(ask(&["sesv2", "get-account"]).await["ProductionAccessEnabled"], false);
}

#[tokio::test]
async fn an_identity_provider_is_associated_once_and_taken_away() {
    if !there() {
        return;
    }
    let door = open("").await;
    door.after(0.0);
    let oidc = "identityProviderConfigName=dex,issuerUrl=https://id.corp.example/dex,clientId=platform,usernameClaim=email,groupsClaim=groups,groupsPrefix=infer:";
    let associate = ["eks", "associate-identity-provider-config", "--cluster-name", "pay-1", "--oidc", oidc];
    let describe = [
        "eks",
        "describe-identity-provider-config",
        "--cluster-name",
        "pay-1",
        "--identity-provider-config",
        "type=oidc,name=dex",
    ];
    let status =
        async || aws(&door, &describe).await.map(|found| found["identityProviderConfig"]["oidc"]["status"].clone());
    assert!(status().await.expect_err("it is refused").contains("ResourceNotFoundException"));
    let made = aws(&door, &associate).await.expect("it answers");
    assert_eq!(made["update"]["type"], "AssociateIdentityProviderConfig");
    assert_eq!(status().await.expect("it answers"), "CREATING");
    assert!(aws(&door, &associate).await.expect_err("it is refused").contains("ResourceInUseException"));
    door.after(13.0);
    assert_eq!(status().await.expect("it answers"), "ACTIVE");
    let listed =
        aws(&door, &["eks", "list-identity-provider-configs", "--cluster-name", "pay-1"]).await.expect("it answers");
    assert_eq!(listed["identityProviderConfigs"], json!([{ "type": "oidc", "name": "dex" }]));
    let mut away = describe;
    away[1] = "disassociate-identity-provider-config";
    aws(&door, &away).await.expect("it answers");
    door.after(26.0);
    assert!(status().await.expect_err("it is refused").contains("ResourceNotFoundException"));
}

#[tokio::test]
async fn a_database_beside_the_cluster_can_be_made_with_the_cli() {
    if !there() {
        return;
    }
    let door = open("").await;
    door.after(0.0);
    let ask =
        async |arguments: &[&str]| aws(&door, arguments).await.unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    let vpcs = ask(&["ec2", "describe-vpcs"]).await;
    let vpc = vpcs["Vpcs"][0]["VpcId"].as_str().expect("an id");
    let tables = ask(&["ec2", "describe-route-tables", "--filters", &format!("Name=vpc-id,Values={vpc}")]).await;
    let table = tables["RouteTables"][1]["RouteTableId"].as_str().expect("an id");
    let endpoint = ask(&[
        "ec2",
        "create-vpc-endpoint",
        "--vpc-id",
        vpc,
        "--service-name",
        "com.amazonaws.us-east-2.s3",
        "--route-table-ids",
        table,
    ])
    .await;
    assert_eq!(endpoint["VpcEndpoint"]["State"], "available");
    let cluster = ask(&["eks", "describe-cluster", "--name", "pay-1"]).await;
    let nodes = cluster["cluster"]["resourcesVpcConfig"]["clusterSecurityGroupId"].as_str().expect("an id").to_owned();
    let group =
        ask(&["ec2", "create-security-group", "--group-name", "db", "--description", "x", "--vpc-id", vpc]).await;
    let group = group["GroupId"].as_str().expect("an id");
    let allow = [
        "ec2",
        "authorize-security-group-ingress",
        "--group-id",
        group,
        "--protocol",
        "tcp",
        "--port",
        "5432",
        "--source-group",
        &nodes,
    ];
    assert_eq!(ask(&allow).await["SecurityGroupRules"][0]["ReferencedGroupInfo"]["GroupId"], nodes);
    assert!(aws(&door, &allow).await.expect_err("it is there").contains("InvalidPermission.Duplicate"));
    let shown = ask(&["ec2", "describe-security-groups", "--group-ids", group]).await;
    assert_eq!(shown["SecurityGroups"][0]["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"], nodes);

    let mut subnets = vec![
        "rds",
        "create-db-subnet-group",
        "--db-subnet-group-name",
        "Databases",
        "--db-subnet-group-description",
        "x",
        "--subnet-ids",
    ];
    subnets.extend(SUBNETS);
    assert_eq!(ask(&subnets).await["DBSubnetGroup"]["VpcId"], vpc);
    let create = [
        "rds",
        "create-db-instance",
        "--db-instance-identifier",
        "ml",
        "--engine",
        "postgres",
        "--engine-version",
        "16",
        "--db-instance-class",
        "db.t4g.medium",
        "--allocated-storage",
        "20",
        "--max-allocated-storage",
        "100",
        "--storage-encrypted",
        "--master-username",
        "postgres",
        "--master-user-password",
        "long-enough-42",
        "--db-subnet-group-name",
        "databases",
        "--vpc-security-group-ids",
        group,
        "--deletion-protection",
        "--tags",
        "Key=team,Value=ml",
    ];
    assert_eq!(ask(&create).await["DBInstance"]["DBInstanceStatus"], "creating");
    door.after(9.0);
    let made = ask(&["rds", "describe-db-instances", "--db-instance-identifier", "ml"]).await["DBInstances"][0].clone();
    assert_eq!((&made["DBInstanceStatus"], &made["Endpoint"]["Port"]), (&json!("available"), &json!(5432)));
    assert_eq!(made["TagList"][0]["Key"], "team");
    let delete =
        ["rds", "delete-db-instance", "--db-instance-identifier", "ml", "--final-db-snapshot-identifier", "ml-last"];
    assert!(aws(&door, &delete).await.expect_err("it is protected").contains("deletion protection"));
    ask(&[
        "rds",
        "modify-db-instance",
        "--db-instance-identifier",
        "ml",
        "--no-deletion-protection",
        "--apply-immediately",
    ])
    .await;
    assert_eq!(ask(&delete).await["DBInstance"]["DBInstanceStatus"], "deleting");
    door.after(14.0);
    let gone = aws(&door, &["rds", "describe-db-instances", "--db-instance-identifier", "ml"]).await;
    assert!(gone.expect_err("it is gone").contains("DBInstanceNotFound"));
    let left = ask(&["rds", "describe-db-snapshots"]).await;
    assert_eq!(left["DBSnapshots"][0]["DBSnapshotIdentifier"], "ml-last");
}
