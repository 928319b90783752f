//! `kube.allocatable`: does every node of a group offer enough of a resource to pods?

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Node;
use kube::{Api, ResourceExt, api::ListParams};
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{Trouble, quantity},
    kind::{Check, CheckAbout, Context, PlanView},
};

/// What each node of the group offers to pods, such as GPUs. Where a driver or a device plugin does not work, a node is
/// Ready and offers none, so the product's pods stay Pending.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeAllocatable {
    /// e.g. `nvidia.com/gpu`, `cpu`.
    resource: String,
    /// How much each node must offer, in the resource's own unit.
    each_at_least: f64,
    /// Label selector of the nodes.
    nodes: String,
}

#[async_trait]
impl Check for KubeAllocatable {
    const ABOUT: CheckAbout = CheckAbout {
        name: "kube.allocatable",
        code: "K8S-08",
        about: "every node of a group offers enough of a resource",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["K8S-NO-NODES", "K8S-NOT-ALLOCATABLE"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let nodes: Api<Node> = Api::all(cx.cloud.kube.client().await?);
        Ok(self.judge(&nodes.list(&ListParams::default().labels(&self.nodes)).await?.items))
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default().rbac(None, "", "nodes", &["list"])
    }
}

impl KubeAllocatable {
    fn judge(&self, nodes: &[Node]) -> Outcome {
        let Self { resource, nodes: selector, .. } = self;
        if nodes.is_empty() {
            let problem = Problem::new(
                "K8S-NO-NODES",
                format!("no node has the label {selector}"),
                format!("Wait for nodes to join, or label the group.\n$ kubectl get nodes --selector {selector}"),
            );
            return Outcome::NotYet { problem };
        }
        let offered = |node: &Node| {
            let allocatable = node.status.as_ref()?.allocatable.as_ref()?.get(resource)?;
            quantity::amount(&allocatable.0)
        };
        let short: Vec<String> = nodes
            .iter()
            .filter(|node| offered(node).unwrap_or(0.0) < self.each_at_least)
            .map(|node| format!("{} offers {}", node.name_any(), offered(node).unwrap_or(0.0)))
            .collect();
        if short.is_empty() {
            let total: f64 = nodes.iter().filter_map(offered).sum();
            return Outcome::pass(format!("{total} {resource} on {} nodes", nodes.len()));
        }
        let problem = Problem::new(
            "K8S-NOT-ALLOCATABLE",
            format!("{} of {} nodes do not offer {} {resource}", short.len(), nodes.len(), self.each_at_least),
            format!(
                "See whether the device plugin runs on them: its DaemonSet may select other labels.\n\
                 $ kubectl describe nodes --selector {selector}"
            ),
        );
        Outcome::NotYet { problem: problem.why(short.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(gpus: &str) -> Node {
        serde_json::from_value(json!({"metadata": {"name": "n"}, "status": {"allocatable": {"nvidia.com/gpu": gpus}}}))
            .unwrap()
    }

    #[test]
    fn every_node_counts_by_itself() {
        let check =
            KubeAllocatable { resource: "nvidia.com/gpu".into(), each_at_least: 1.0, nodes: "capability=gpu".into() };
        assert!(matches!(check.judge(&[node("1"), node("4")]), Outcome::Pass { .. }));
        assert_eq!(check.judge(&[node("4"), node("0")]).problem().unwrap().code, "K8S-NOT-ALLOCATABLE");
        assert_eq!(check.judge(&[]).problem().unwrap().code, "K8S-NO-NODES");
    }
}
