//! AWS' own policies, as far as guides use them: name to the actions that matter here.

use serde_json::{Value, json};

use super::missing;
use crate::aws::{
    ask::{Ask, hex},
    error::AwsError,
    service::Asked,
    state::State,
};

/// Name and allowed actions. AWS Managed Policy Reference; actions nobody here asks for are left out.
const POLICIES: &[(&str, &[&str])] = &[
    ("AdministratorAccess", &["*"]),
    ("PowerUserAccess", &["*"]),
    ("ReadOnlyAccess", &["*:Describe*", "*:Get*", "*:List*"]),
    ("AmazonEKSClusterPolicy", &["ec2:Describe*", "autoscaling:Describe*", "elasticloadbalancing:*"]),
    ("AmazonEKSWorkerNodePolicy", &["ec2:Describe*", "eks:DescribeCluster", "eks-auth:AssumeRoleForPodIdentity"]),
    ("AmazonEKSWorkerNodeMinimalPolicy", &["ec2:DescribeInstances", "eks-auth:AssumeRoleForPodIdentity"]),
    (
        "AmazonEKS_CNI_Policy",
        &["ec2:AssignPrivateIpAddresses", "ec2:AttachNetworkInterface", "ec2:Describe*", "ec2:CreateTags"],
    ),
    (
        "AmazonEC2ContainerRegistryReadOnly",
        &["ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"],
    ),
    (
        "AmazonEC2ContainerRegistryPullOnly",
        &["ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:BatchImportUpstreamImage"],
    ),
    ("AmazonSSMManagedInstanceCore", &["ssm:GetParameter", "ssm:GetParameters", "ssmmessages:*", "ec2messages:*"]),
    (
        "CloudWatchAgentServerPolicy",
        &[
            "cloudwatch:PutMetricData",
            "ec2:DescribeVolumes",
            "ec2:DescribeTags",
            "logs:PutLogEvents",
            "ssm:GetParameter",
        ],
    ),
    (
        "service-role/AmazonEBSCSIDriverPolicy",
        &["ec2:CreateVolume", "ec2:AttachVolume", "ec2:Describe*", "ec2:CreateTags"],
    ),
    ("AmazonSESFullAccess", &["ses:*"]),
    ("AmazonS3FullAccess", &["s3:*"]),
    ("AmazonS3ReadOnlyAccess", &["s3:Get*", "s3:List*"]),
];

/// ARN of an AWS policy; an ARN is its own.
pub fn arn(name: &str) -> String {
    if name.starts_with("arn:") { name.to_owned() } else { format!("arn:aws:iam::aws:policy/{name}") }
}

/// What a policy allows, if there is one with this ARN.
pub fn actions(arn: &str) -> Option<&'static [&'static str]> {
    let name = arn.strip_prefix("arn:aws:iam::aws:policy/")?;
    POLICIES.iter().find(|(known, _)| *known == name).map(|(_, actions)| *actions)
}

/// GetPolicy.
pub fn get(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let arn = input.text("PolicyArn");
    if actions(arn).is_none() {
        return Err(missing(format!("Policy {arn} was not found.")));
    }
    let uses = state.iam.roles.values().filter(|role| role.attached.iter().any(|known| known == arn)).count();
    Ok(json!({ "Policy": {
        "PolicyName": arn.rsplit('/').next(), "PolicyId": format!("ANPA{}", hex(arn, 17).to_uppercase()), "Arn": arn,
        "Path": "/", "DefaultVersionId": "v1", "AttachmentCount": uses, "IsAttachable": true,
        "CreateDate": "2018-05-27T21:09:01Z", "UpdateDate": "2023-11-27T00:06:56Z",
    }}))
}
