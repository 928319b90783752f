//! A kubeconfig built from EKS: endpoint and authority as EKS names them, and this program as the one that signs in.
//!
//! It holds no credentials. Whoever uses it (kubectl, k9s) runs `landfall eks-token`, which needs the person's AWS
//! variables and no other tool.

use std::path::Path;

use kube::config::Kubeconfig;
use landfall_core::event::Problem;
use serde_json::json;

use super::{Cloud, Trouble, keep_private};

/// The file's name in an install's folder.
pub const FILE: &str = "kubeconfig";

/// Asks EKS, and builds it; the context bears the cluster's ARN.
pub async fn eks_kubeconfig(cloud: &Cloud, cluster: &str) -> Result<Kubeconfig, Trouble> {
    let described = cloud.aws.eks().await?.describe_cluster().name(cluster).send().await?;
    let described = described.cluster().cloned();
    let found = described.as_ref().and_then(|cluster| {
        let authority = cluster.certificate_authority()?.data()?.to_owned();
        Some((cluster.arn()?.to_owned(), cluster.endpoint()?.to_owned(), authority))
    });
    let Some((arn, endpoint, authority)) = found else {
        return Err(Problem::new(
            "EKS-NO-ENDPOINT",
            format!("EKS names no endpoint of {cluster} yet"),
            "Wait until the cluster is ACTIVE, then look again.",
        )
        .into());
    };
    let program = std::env::current_exe()
        .map_err(|error| Trouble::guide(format!("this program's own path: {error}"), "Start it by its whole path."))?;
    let mut words = vec!["eks-token".to_owned(), cluster.to_owned()];
    let region = cloud.aws.region().await;
    for (flag, value) in [("--region", region), ("--profile", cloud.endpoints.profile.clone())] {
        words.extend(value.into_iter().flat_map(|value| [flag.to_owned(), value]));
    }
    let tree = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": arn,
        "clusters": [{ "name": arn, "cluster": { "server": endpoint, "certificate-authority-data": authority } }],
        "contexts": [{ "name": arn, "context": { "cluster": arn, "user": arn } }],
        "users": [{ "name": arn, "user": { "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": program.display().to_string(),
            "args": words,
            "interactiveMode": "Never",
        } } }],
    });
    serde_json::from_value(tree).map_err(|error| Trouble::guide(error.to_string(), "Report this."))
}

/// The same; none where there is no such cluster yet, or it has no address yet.
pub async fn eks_kubeconfig_if_there(cloud: &Cloud, cluster: &str) -> Result<Option<Kubeconfig>, Trouble> {
    match eks_kubeconfig(cloud, cluster).await {
        Err(trouble) if trouble.is_not_found() || trouble.code() == Some("EKS-NO-ENDPOINT") => Ok(None),
        other => other.map(Some),
    }
}

/// Keeps it in the install's folder, where the person's shell and `status --watch` find it.
pub fn keep_kubeconfig(folder: &Path, config: &Kubeconfig) -> Result<(), Trouble> {
    let broken = |error: &dyn std::fmt::Display| Trouble::guide(error.to_string(), "Report this.");
    // Through a tree, whose scalars are quoted so that every reader takes them for what they are.
    let tree = serde_json::to_value(config).map_err(|error| broken(&error))?;
    let text = serde_json::to_string_pretty(&tree).map_err(|error| broken(&error))?;
    keep_private(&folder.join(FILE), text.as_bytes())
}
