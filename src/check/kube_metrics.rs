//! `kube.metrics`: does the cluster answer for its nodes' and pods' use of CPU and memory?

use async_trait::async_trait;
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    cloud::Trouble,
    kind::{Check, CheckAbout, Context, PlanView},
};

/// Whether the metrics API answers for nodes and pods. Without it nothing scales by CPU or memory, and `kubectl top`
/// says nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeMetrics {}

#[async_trait]
impl Check for KubeMetrics {
    const ABOUT: CheckAbout = CheckAbout {
        name: "kube.metrics",
        code: "K8S-02",
        about: "the metrics API answers",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["K8S-METRICS-DOWN", "K8S-METRICS-MISSING"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let client = cx.cloud.kube.client().await?;
        let request = http::Request::get("/apis/metrics.k8s.io/v1beta1/nodes")
            .body(Vec::new())
            .map_err(|error| Trouble::guide(error.to_string(), "Report this."))?;
        match client.request::<Value>(request).await {
            Ok(answer) => {
                let nodes = answer["items"].as_array().map_or(0, Vec::len);
                Ok(Outcome::pass(format!("metrics of {nodes} nodes")))
            }
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 500..=599) => {
                Ok(Outcome::Fail { problem: missing(status.code, &status.message) })
            }
            Err(error) => Err(error.into()),
        }
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default().rbac(None, "metrics.k8s.io", "nodes", &["list"])
    }
}

fn missing(code: u16, message: &str) -> Problem {
    if code == 404 {
        return Problem::new(
            "K8S-METRICS-MISSING",
            "the cluster has no metrics API",
            "Install metrics-server; on EKS it is an add-on.\n\
             $ aws eks create-addon --addon-name metrics-server --cluster-name <cluster>",
        )
        .why("Nothing serves metrics.k8s.io.");
    }
    Problem::new(
        "K8S-METRICS-DOWN",
        "the metrics API does not answer",
        "Look at metrics-server's pods and their logs.\n$ kubectl get apiservice v1beta1.metrics.k8s.io",
    )
    .why(message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_broken_are_told_apart() {
        assert_eq!(missing(404, "").code, "K8S-METRICS-MISSING");
        assert_eq!(missing(503, "the server is currently unable to handle the request").code, "K8S-METRICS-DOWN");
    }
}
