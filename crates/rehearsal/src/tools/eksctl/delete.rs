//! `delete cluster`.

use serde_json::Value;

use super::{
    Eksctl,
    calls::{Aws, all_between},
    print::{done, info},
};

/// `delete cluster --name NAME --wait`: node groups, control plane, roles, and the VPC that was made for it.
pub fn cluster(eksctl: &Eksctl<'_>) -> Result<(), String> {
    let name = eksctl.value("--name").ok_or("--name must be set")?;
    let aws = Aws::of(eksctl, &eksctl.region())?;
    let (there, vpc) = (aws.maybe(&format!("/clusters/{name}"))?, aws.vpc_of(&name)?);
    if there.is_none() && vpc.is_none() {
        return Err(format!(
            "operation error EKS: DescribeCluster, https response error StatusCode: 404, ResourceNotFoundException: No cluster found for name: {name}."
        ));
    }
    info(eksctl, &format!("deleting EKS cluster {name:?}"));
    if there.is_some() {
        control_plane(eksctl, &aws, &name)?;
    }
    if let Some(vpc) = vpc {
        network(&aws, &vpc)?;
    }
    role(&aws, &format!("eksctl-{name}-cluster-ServiceRole"))?;
    done(eksctl, "all cluster resources were deleted");
    Ok(())
}

fn control_plane(eksctl: &Eksctl<'_>, aws: &Aws<'_>, name: &str) -> Result<(), String> {
    let issuer =
        aws.eks("GET", &format!("/clusters/{name}"), &Value::Null)?["cluster"]["identity"]["oidc"]["issuer"].clone();
    let groups = aws.eks("GET", &format!("/clusters/{name}/node-groups"), &Value::Null)?;
    for group in groups["nodegroups"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let (stack, path) =
            (format!("eksctl-{name}-nodegroup-{group}"), format!("/clusters/{name}/node-groups/{group}"));
        info(eksctl, &format!("will delete stack {stack:?}"));
        match aws.eks("DELETE", &path, &Value::Null) {
            // It is on its way out already.
            Err(error) if !error.contains("ResourceInUse") => return Err(error),
            _ => {}
        }
        aws.wait(&format!("waiting for stack {stack:?} to get deleted"), || {
            Ok(aws.maybe(&path)?.is_none().then_some(()))
        })?;
        role(aws, &format!("{stack}-NodeInstanceRole"))?;
    }
    let stack = format!("eksctl-{name}-cluster");
    info(eksctl, &format!("will delete stack {stack:?}"));
    let path = format!("/clusters/{name}");
    if let Err(error) = aws.eks("DELETE", &path, &Value::Null)
        && !error.contains("ResourceInUse")
    {
        return Err(error);
    }
    aws.wait(&format!("waiting for CloudFormation stack {stack:?}"), || Ok(aws.maybe(&path)?.is_none().then_some(())))?;
    provider(aws, issuer.as_str().unwrap_or_default())
}

/// Removes what IAM was told of the cluster's issuer.
fn provider(aws: &Aws<'_>, issuer: &str) -> Result<(), String> {
    let own = issuer.trim_start_matches("https://");
    let all = aws.query("iam", "ListOpenIDConnectProviders", &[])?;
    for arn in all_between(&all, "<Arn>", "</Arn>").iter().filter(|arn| !own.is_empty() && arn.ends_with(own)) {
        aws.query("iam", "DeleteOpenIDConnectProvider", &[("OpenIDConnectProviderArn", arn)])?;
    }
    Ok(())
}

fn network(aws: &Aws<'_>, vpc: &str) -> Result<(), String> {
    let subnets = aws.query("ec2", "DescribeSubnets", &[("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", vpc)])?;
    for subnet in all_between(&subnets, "<subnetId>", "</subnetId>") {
        aws.query("ec2", "DeleteSubnet", &[("SubnetId", &subnet)])?;
    }
    aws.query("ec2", "DeleteVpc", &[("VpcId", vpc)]).map(drop)
}

fn role(aws: &Aws<'_>, name: &str) -> Result<(), String> {
    let attached = match aws.query("iam", "ListAttachedRolePolicies", &[("RoleName", name)]) {
        Err(error) if error.contains("NoSuchEntity") => return Ok(()),
        other => other?,
    };
    for arn in all_between(&attached, "<PolicyArn>", "</PolicyArn>") {
        aws.query("iam", "DetachRolePolicy", &[("RoleName", name), ("PolicyArn", &arn)])?;
    }
    aws.query("iam", "DeleteRole", &[("RoleName", name)]).map(drop)
}
