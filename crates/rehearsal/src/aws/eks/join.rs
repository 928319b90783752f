//! Does an instance become a node? That hangs on its image, its user data and its role.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use regex::Regex;

use super::NodeGroup;
use crate::aws::{ask::Ask, ec2::images, fault::fits, iam, state::State};

static BOOTSTRAP: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?m)^[^#\n]*/etc/eks/bootstrap\.sh\s+["']?([^\s"']+)"#).ok());
static VARIABLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?$").ok());

/// The user data of a node group's instances, decoded.
pub fn user_data(state: &State, group: &NodeGroup) -> String {
    let data = group.template_data(state).unwrap_or_default();
    let bytes = data.maybe("UserData").and_then(|encoded| STANDARD.decode(encoded.trim()).ok()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether instances of this node group join; if not, the line of their console that says why.
pub fn verdict(state: &State, group: &NodeGroup) -> Result<(), String> {
    if state.setup.join.never.iter().any(|pattern| fits(pattern, &group.name)) {
        return Err(state.setup.join.reason.clone());
    }
    let role = group.role.rsplit('/').next().unwrap_or_default();
    if !iam::attached(state, role, "AmazonEKSWorkerNodePolicy")
        && !iam::allows(state, role, "ec2:DescribeInstances", "*")
    {
        return Err("nodeadm: operation error EC2: DescribeInstances, UnauthorizedOperation".to_owned());
    }
    if !iam::attached(state, role, "AmazonEKS_CNI_Policy")
        && !iam::allows(state, role, "ec2:AssignPrivateIpAddresses", "*")
    {
        return Err("kubelet: container runtime network not ready: cni plugin not initialized".to_owned());
    }
    // Without an image of one's own EKS itself adds what makes an instance join.
    if group.ami_type != "CUSTOM" {
        return Ok(());
    }
    let text = user_data(state, group);
    let amazon_linux_2 = images::images(state).iter().any(|image| image.id == group.release && image.family.frozen);
    if amazon_linux_2 { bootstrap(&text, &group.cluster) } else { node_config(&text, &group.cluster) }
}

fn bootstrap(text: &str, cluster: &str) -> Result<(), String> {
    let given = BOOTSTRAP.as_ref().and_then(|regex| regex.captures(text)).map(|found| found[1].to_owned());
    let Some(given) = given else {
        return Err("kubelet: not started, /etc/eks/bootstrap.sh was never called".to_owned());
    };
    let variable = VARIABLE.as_ref().and_then(|regex| regex.captures(&given)).map(|found| found[1].to_owned());
    let name = match variable {
        Some(variable) => assigned(text, &variable).unwrap_or_default(),
        None => given,
    };
    match name {
        name if name == cluster => Ok(()),
        name if name.is_empty() => Err("bootstrap.sh: CLUSTER_NAME is not defined".to_owned()),
        name => Err(format!(
            "bootstrap.sh: An error occurred (ResourceNotFoundException) when calling the DescribeCluster operation: No cluster found for name: {name}."
        )),
    }
}

fn assigned(text: &str, variable: &str) -> Option<String> {
    let pattern = format!(r#"(?m)^\s*(?:export\s+)?{variable}=["']?([^\s"']+)"#);
    Regex::new(&pattern).ok()?.captures(text).map(|found| found[1].to_owned())
}

fn node_config(text: &str, cluster: &str) -> Result<(), String> {
    if BOOTSTRAP.as_ref().is_some_and(|regex| regex.is_match(text)) {
        return Err(
            "/etc/eks/bootstrap.sh: this script has been replaced by nodeadm on AL2023, exiting with 1".to_owned()
        );
    }
    if !text.contains("kind: NodeConfig") || !text.contains("application/node.eks.aws") {
        return Err("nodeadm-config: Error: could not find NodeConfig within UserData".to_owned());
    }
    let named =
        |name: &str| text.lines().any(|line| line.trim().trim_start_matches("name:").trim().trim_matches('"') == name);
    if !named(cluster) {
        return Err(format!(
            "kubelet: Unable to register node with API server: the cluster {cluster:?} is not the one in NodeConfig"
        ));
    }
    for field in ["apiServerEndpoint", "certificateAuthority", "cidr"] {
        if !text.contains(&format!("{field}:")) {
            return Err(format!("nodeadm-config: Error: {field} is missing in cluster configuration"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_variable_never_joins() {
        assert!(bootstrap("#!/bin/bash\n/etc/eks/bootstrap.sh ${CLUSTER_NAME}\n", "pay-1").is_err());
        assert!(bootstrap("#!/bin/bash\n/etc/eks/bootstrap.sh pay-1\n", "pay-1").is_ok());
        assert!(bootstrap("CLUSTER_NAME=pay-1\n/etc/eks/bootstrap.sh ${CLUSTER_NAME}\n", "pay-1").is_ok());
        assert!(bootstrap("/etc/eks/bootstrap.sh pay-2\n", "pay-1").is_err());
    }

    #[test]
    fn the_old_bootstrap_script_fails_on_the_new_image() {
        assert!(node_config("/etc/eks/bootstrap.sh pay-1\n", "pay-1").is_err());
    }
}
