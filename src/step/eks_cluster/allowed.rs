//! What must eksctl be allowed to do to make a cluster and take it away?

use landfall_core::event::Permissions;

use crate::kind::Target;

/// eksctl's documentation, "Minimum IAM policies", without its wildcards, which cannot be simulated.
pub(super) fn allowed(target: &Target, name: &str, keeps_logs: bool) -> Permissions {
    let own = |rest: &str| target.arn("eks", rest);
    let mut wanted = Permissions::default();
    if keeps_logs {
        wanted = wanted
            .iam(&target.arn("logs", &format!("log-group:/aws/eks/{name}/cluster:*")), ["logs:PutRetentionPolicy"]);
    }
    wanted
        .iam(
            &own(&format!("cluster/{name}")),
            [
                "eks:CreateCluster",
                "eks:DescribeCluster",
                "eks:DeleteCluster",
                "eks:TagResource",
                "eks:CreateNodegroup",
                "eks:ListNodegroups",
                "eks:CreateAddon",
            ],
        )
        .iam(&own(&format!("nodegroup/{name}/*")), ["eks:DescribeNodegroup", "eks:DeleteNodegroup"])
        .iam(&own(&format!("addon/{name}/*")), ["eks:DescribeAddon"])
        .iam(
            &target.arn("cloudformation", &format!("stack/eksctl-{name}-*")),
            [
                "cloudformation:CreateStack",
                "cloudformation:DescribeStacks",
                "cloudformation:DescribeStackEvents",
                "cloudformation:DeleteStack",
            ],
        )
        .iam(
            "*",
            [
                "cloudformation:ListStacks",
                "ec2:AllocateAddress",
                "ec2:AttachInternetGateway",
                "ec2:AuthorizeSecurityGroupIngress",
                "ec2:CreateInternetGateway",
                "ec2:CreateLaunchTemplate",
                "ec2:CreateNatGateway",
                "ec2:CreateRoute",
                "ec2:CreateRouteTable",
                "ec2:CreateSecurityGroup",
                "ec2:CreateSubnet",
                "ec2:CreateTags",
                "ec2:CreateVpc",
                "ec2:DeleteSubnet",
                "ec2:DeleteVpc",
                "ec2:DescribeAvailabilityZones",
                "ec2:DescribeRouteTables",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
                "ec2:RunInstances",
                "eks:DescribeAddonVersions",
            ],
        )
        .iam(
            &target.arn("iam", &format!("role/eksctl-{name}-*")),
            [
                "iam:AttachRolePolicy",
                "iam:CreateRole",
                "iam:DeleteRole",
                "iam:DetachRolePolicy",
                "iam:GetRole",
                "iam:PassRole",
                "iam:TagRole",
            ],
        )
}
