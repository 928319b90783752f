//! A kubeconfig made from what EKS says of a cluster: its address and authority are the proof that it leads there.

use aws_sdk_eks::types::Cluster;
use kube::config::Kubeconfig;
use landfall_core::event::Problem;
use serde_json::{Value, json};

use super::{Cloud, Trouble, look::cluster};

/// Asks EKS for the cluster; none where there is none yet, or it has no address yet.
pub async fn made_from(cloud: &Cloud, name: &str, region: &str) -> Result<Option<Kubeconfig>, Trouble> {
    let Some(found) = cluster::find(cloud, name).await? else { return Ok(None) };
    let Some(tree) = tree(&found, region, cloud.endpoints.profile.as_deref()) else { return Ok(None) };
    serde_json::from_value(tree).map(Some).map_err(|error| {
        Problem::new("KUBECONFIG-UNREADABLE", "a kubeconfig could not be made", "Report this.").why(error.to_string()).into()
    })
}

/// As `aws eks update-kubeconfig` writes it; it holds no credentials, only how to get them.
fn tree(cluster: &Cluster, region: &str, profile: Option<&str>) -> Option<Value> {
    let arn = cluster.arn()?;
    let name = cluster.name()?;
    let mut user = json!({
        "apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws",
        "args": ["--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json"],
        "interactiveMode": "Never",
    });
    if let Some(profile) = profile {
        user["env"] = json!([{ "name": "AWS_PROFILE", "value": profile }]);
    }
    Some(json!({
        "apiVersion": "v1", "kind": "Config", "current-context": arn, "preferences": {},
        "clusters": [{ "name": arn, "cluster": {
            "server": cluster.endpoint()?, "certificate-authority-data": cluster.certificate_authority()?.data()?,
        }}],
        "users": [{ "name": arn, "user": { "exec": user } }],
        "contexts": [{ "name": arn, "context": { "cluster": arn, "user": arn } }],
    }))
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::Certificate;

    use super::*;

    #[test]
    fn it_leads_to_what_eks_named_and_holds_no_credentials() {
        let cluster = Cluster::builder()
            .name("gateway")
            .arn("arn:aws:eks:eu-central-1:123456789012:cluster/gateway")
            .endpoint("https://abc.gr7.eu-central-1.eks.amazonaws.com")
            .certificate_authority(Certificate::builder().data("Q0E=").build())
            .build();
        let tree = tree(&cluster, "eu-central-1", Some("corp")).unwrap();
        let kubeconfig: Kubeconfig = serde_json::from_value(tree.clone()).unwrap();
        assert_eq!(kubeconfig.current_context.as_deref(), cluster.arn());
        assert!(tree["users"][0]["user"].get("token").is_none());
        // A cluster that is being made has no address yet.
        assert!(super::tree(&Cluster::builder().name("x").arn("y").build(), "r", None).is_none());
    }
}
