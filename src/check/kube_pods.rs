//! `kube.pods`: are pods ready? Running is not enough.

use async_trait::async_trait;
use k8s_openapi::api::{apps::v1::DaemonSet, core::v1::Pod};
use kube::{Api, ResourceExt};
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        pods::{Which, ready, why_not_yet},
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// Whether the pods are ready; Running is not enough. One that is not ready gets no traffic.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubePods {
    /// Their namespace; the install's where left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Label selector.
    #[serde(default)]
    selector: Option<String>,
    /// How their names begin, or what follows the release's name in them.
    #[serde(default)]
    name_prefix: Option<String>,
    /// How many there must be.
    #[serde(default = "one")]
    at_least: usize,
    /// Whether their DaemonSet must have one on each of its nodes.
    #[serde(default)]
    per_node: bool,
}

fn one() -> usize {
    1
}

#[async_trait]
impl Check for KubePods {
    const ABOUT: CheckAbout =
        CheckAbout { name: "kube.pods", code: "K8S-09", about: "pods are ready", touches: Touches::Nothing };
    const PROBLEMS: &'static [&'static str] = &["K8S-PODS-MISSING"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let client = cx.cloud.kube.client().await?;
        let which = self.which(&cx.target.namespace);
        let found = which.list(&client).await?;
        let wanted = match self.daemon_set(&found) {
            Some(name) => {
                let daemon_sets: Api<DaemonSet> = Api::namespaced(client.clone(), &which.namespace);
                let status = daemon_sets.get_opt(&name).await?.and_then(|set| set.status).unwrap_or_default();
                usize::try_from(status.desired_number_scheduled).unwrap_or_default()
            }
            None => 0,
        };
        let told = match found.iter().find(|pod| !ready(pod)) {
            Some(pod) => Some(why_not_yet(&client, pod).await),
            None => None,
        };
        Ok(judge(&which, &found, told, wanted.max(self.at_least)))
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let namespace = self.namespace.as_deref().unwrap_or(&cx.target.namespace);
        let permissions = Permissions::default().rbac(Some(namespace), "", "pods", &["list"]);
        if self.per_node { permissions.rbac(Some(namespace), "apps", "daemonsets", &["get"]) } else { permissions }
    }
}

impl KubePods {
    fn which(&self, default: &str) -> Which {
        Which {
            namespace: self.namespace.clone().unwrap_or_else(|| default.to_owned()),
            selector: self.selector.clone(),
            name_prefix: self.name_prefix.clone(),
        }
    }

    fn daemon_set(&self, found: &[Pod]) -> Option<String> {
        let owners = found.iter().flat_map(ResourceExt::owner_references);
        owners.filter(|_| self.per_node).find(|owner| owner.kind == "DaemonSet").map(|owner| owner.name.clone())
    }
}

/// `told` is what keeps the first of them that is not ready.
fn judge(which: &Which, found: &[Pod], told: Option<Problem>, wanted: usize) -> Outcome {
    let count = found.iter().filter(|pod| ready(pod)).count();
    match told {
        None if count >= wanted => Outcome::pass(format!("{count} ready ({})", which.shown())),
        Some(mut problem) => {
            problem.what = format!("{count} of {} ready: {}", wanted.max(found.len()), problem.what);
            Outcome::NotYet { problem }
        }
        None => {
            let problem = Problem::new(
                "K8S-PODS-MISSING",
                format!("{count} of {wanted} pods are there ({})", which.shown()),
                format!(
                    "See what makes them, and what it says.\n\
                     $ kubectl get deployments,daemonsets,statefulsets,events --namespace {}",
                    which.namespace
                ),
            );
            Outcome::NotYet { problem }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cloud::pods::why_not;

    fn pod(ready: &str) -> Pod {
        serde_json::from_value(json!({"metadata": {"name": "auth-0"},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}}))
        .unwrap()
    }

    #[test]
    fn all_must_be_ready_and_enough_of_them() {
        let told = |pods: &[Pod]| pods.iter().find(|pod| !ready(pod)).map(why_not);
        let looked = |pods: &[Pod], wanted| judge(&Which::default(), pods, told(pods), wanted);
        assert!(matches!(looked(&[pod("True"), pod("True")], 1), Outcome::Pass { .. }));
        assert_eq!(looked(&[pod("True"), pod("False")], 1).problem().unwrap().code, "K8S-POD-NOT-READY");
        assert_eq!(looked(&[pod("True")], 2).problem().unwrap().code, "K8S-PODS-MISSING");
        assert_eq!(looked(&[], 1).problem().unwrap().code, "K8S-PODS-MISSING");
    }
}
