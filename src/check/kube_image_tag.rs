//! `kube.image_tag`: does a workload run the image version that was announced?

use std::collections::BTreeSet;

use async_trait::async_trait;
use k8s_openapi::api::apps::v1::Deployment;
use kube::{Api, ResourceExt, api::ListParams};
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::Trouble,
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The image that a workload runs, beside the version that was announced. An old pod that still runs looks like a
/// finished upgrade.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeImageTag {
    /// Its namespace; the install's where left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Label selector of its Deployments.
    selector: String,
    /// Which of its containers; the first where left out.
    #[serde(default)]
    container: Option<String>,
    /// The tag it must have; left out, it is only told.
    #[serde(default)]
    expected: Option<String>,
}

#[async_trait]
impl Check for KubeImageTag {
    const ABOUT: CheckAbout = CheckAbout {
        name: "kube.image_tag",
        code: "K8S-26",
        about: "a workload runs the expected image version",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["K8S-DEPLOYMENT-MISSING", "K8S-IMAGE-TAG"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let namespace = self.namespace.as_deref().unwrap_or(&cx.target.namespace);
        let deployments: Api<Deployment> = Api::namespaced(cx.cloud.kube.client().await?, namespace);
        let found = deployments.list(&ListParams::default().labels(&self.selector)).await?.items;
        Ok(self.judge(namespace, &found))
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let namespace = self.namespace.as_deref().unwrap_or(&cx.target.namespace);
        Permissions::default().rbac(Some(namespace), "apps", "deployments", &["list"])
    }
}

impl KubeImageTag {
    fn judge(&self, namespace: &str, found: &[Deployment]) -> Outcome {
        let images: BTreeSet<(String, String)> = found
            .iter()
            .filter_map(|deployment| {
                let containers = &deployment.spec.as_ref()?.template.spec.as_ref()?.containers;
                let chosen = match &self.container {
                    Some(name) => containers.iter().find(|container| container.name == *name)?,
                    None => containers.first()?,
                };
                Some((deployment.name_any(), chosen.image.clone()?))
            })
            .collect();
        let Some((name, image)) = images.first() else {
            return Outcome::NotYet {
                problem: Problem::new(
                    "K8S-DEPLOYMENT-MISSING",
                    format!("no Deployment with {} is in {namespace}", self.selector),
                    format!("See what is there.\n$ kubectl get deployments --namespace {namespace} --show-labels"),
                ),
            };
        };
        let tag = tag(image);
        let several = if images.len() > 1 { format!(" ({} Deployments match)", images.len()) } else { String::new() };
        match self.expected.as_deref().map(str::trim).filter(|expected| !expected.is_empty()) {
            Some(expected) if expected.trim_start_matches('v') != tag.trim_start_matches('v') => Outcome::Fail {
                problem: Problem::new(
                    "K8S-IMAGE-TAG",
                    format!("{name} runs {tag}, expected was {expected}"),
                    "Compare with what the vendor announced; update again if the announced version is newer.",
                )
                .why(format!("Its image is {image}{several}.")),
            },
            _ => Outcome::pass(format!("{name} runs {tag}{several}")),
        }
    }
}

/// What follows the last colon behind the last slash; a digest where it is pinned by one alone.
fn tag(image: &str) -> String {
    let (image, digest) = image.split_once('@').map_or((image, None), |(image, digest)| (image, Some(digest)));
    let name = image.rsplit('/').next().unwrap_or(image);
    match (name.split_once(':'), digest) {
        (Some((_, tag)), _) => tag.to_owned(),
        (None, Some(digest)) => digest.to_owned(),
        (None, None) => "latest".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn looked(image: &str, expected: Option<&str>) -> Outcome {
        let deployment = serde_json::from_value(json!({"metadata": {"name": "agent"}, "spec": {"selector": {},
            "template": {"spec": {"containers": [{"name": "agent", "image": image}]}}}}));
        let kind = KubeImageTag {
            namespace: None,
            selector: "a=b".into(),
            container: None,
            expected: expected.map(str::to_owned),
        };
        kind.judge("ns", &[deployment.unwrap()])
    }

    #[test]
    fn the_tag_is_read_behind_ports_and_digests() {
        assert_eq!(tag("localhost:5000/team/agent"), "latest");
        assert_eq!(tag("quay.io/team/agent:0.16.20@sha256:abc"), "0.16.20");
        assert_eq!(tag("quay.io/team/agent@sha256:abc"), "sha256:abc");
    }

    #[test]
    fn another_version_than_announced_is_told() {
        assert!(matches!(looked("quay.io/team/agent:0.16.20", Some("v0.16.20")), Outcome::Pass { .. }));
        assert!(matches!(looked("quay.io/team/agent:0.16.20", None), Outcome::Pass { .. }));
        assert_eq!(looked("quay.io/team/agent:0.16.19", Some("0.16.20")).problem().unwrap().code, "K8S-IMAGE-TAG");
    }
}
