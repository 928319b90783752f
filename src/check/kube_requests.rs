//! `kube.requests`: how much of its nodes' memory do certain pods ask for?

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{Node, Pod};
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

/// How much of their nodes' memory the pods ask for. Nodes that are paid for and hardly used cost as much as full ones.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeRequests {
    /// Their namespace; the install's where left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Label selector of the pods.
    selector: String,
    /// `memory` or `cpu`.
    #[serde(default = "memory")]
    resource: String,
    /// Below this share of their nodes, in percent, somebody should know.
    #[serde(default)]
    at_least_percent: u32,
}

fn memory() -> String {
    "memory".into()
}

#[async_trait]
impl Check for KubeRequests {
    const ABOUT: CheckAbout = CheckAbout {
        name: "kube.requests",
        code: "K8S-27",
        about: "how much of their nodes pods ask for",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["K8S-NODES-IDLE"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let client = cx.cloud.kube.client().await?;
        let namespace = self.namespace.as_deref().unwrap_or(&cx.target.namespace);
        let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
        let nodes: Api<Node> = Api::all(client);
        let chosen = ListParams::default().labels(&self.selector);
        let everything = ListParams::default();
        let (pods, nodes) = futures::try_join!(pods.list(&chosen), nodes.list(&everything))?;
        Ok(self.judge(&pods.items, &nodes.items))
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let namespace = self.namespace.as_deref().unwrap_or(&cx.target.namespace);
        Permissions::default().rbac(Some(namespace), "", "pods", &["list"]).rbac(None, "", "nodes", &["list"])
    }
}

impl KubeRequests {
    fn judge(&self, pods: &[Pod], nodes: &[Node]) -> Outcome {
        let running: Vec<&Pod> = pods
            .iter()
            .filter(|pod| pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Running"))
            .collect();
        if running.is_empty() {
            return Outcome::skip(format!("no pod with {} runs now", self.selector));
        }
        let on: BTreeSet<&str> = running.iter().filter_map(|pod| pod.spec.as_ref()?.node_name.as_deref()).collect();
        let offered: f64 = nodes
            .iter()
            .filter(|node| on.contains(node.name_any().as_str()))
            .filter_map(|node| amount(node.status.as_ref()?.allocatable.as_ref()?, &self.resource))
            .sum();
        let asked: f64 = running
            .iter()
            .flat_map(|pod| pod.spec.iter().flat_map(|spec| &spec.containers))
            .filter_map(|container| amount(container.resources.as_ref()?.requests.as_ref()?, &self.resource))
            .sum();
        if offered <= 0.0 {
            return Outcome::skip(format!("their nodes do not tell their {}", self.resource));
        }
        let percent = asked / offered * 100.0;
        let line = format!(
            "{} pods on {} nodes ask for {percent:.0} % of the nodes' {}",
            running.len(),
            on.len(),
            self.resource
        );
        if percent >= f64::from(self.at_least_percent) {
            return Outcome::pass(line);
        }
        Outcome::Warn {
            problem: Problem::new(
                "K8S-NODES-IDLE",
                line,
                "Choose node sizes that are a multiple of what one of these pods asks for.",
            )
            .why("What is not asked for is paid for all the same."),
        }
    }
}

fn amount(all: &BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity>, name: &str) -> Option<f64> {
    quantity::amount(&all.get(name)?.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(memory: &str) -> Pod {
        serde_json::from_value(
            json!({"metadata": {"name": "job"}, "status": {"phase": "Running"}, "spec": {"nodeName": "n",
            "containers": [{"name": "c", "resources": {"requests": {"memory": memory}}}]}}),
        )
        .unwrap()
    }

    fn looked(pods: &[Pod]) -> Outcome {
        let node: Node =
            serde_json::from_value(json!({"metadata": {"name": "n"}, "status": {"allocatable": {"memory": "8Gi"}}}))
                .unwrap();
        let kind: KubeRequests = serde_json::from_value(json!({"selector": "job", "at_least_percent": 50})).unwrap();
        kind.judge(pods, &[node])
    }

    #[test]
    fn a_node_that_is_mostly_idle_is_told() {
        assert!(matches!(looked(&[pod("4Gi"), pod("2Gi")]), Outcome::Pass { fact, .. } if fact.contains("75 %")));
        assert_eq!(looked(&[pod("1Gi")]).problem().unwrap().code, "K8S-NODES-IDLE");
        assert!(matches!(looked(&[]), Outcome::Skip { .. }));
    }
}
