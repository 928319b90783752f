//! `helm.test`: do a release's own tests pass? They run pods of the chart's in the cluster.

use async_trait::async_trait;
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{Trouble, helm::Helm},
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The tests that the chart brings itself, run as pods in the cluster. The vendor says by them whether an install works
/// from inside.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelmTest {
    /// Name of the release.
    name: String,
    /// Its namespace; the install's where left out.
    #[serde(default)]
    namespace: Option<String>,
    /// The pod whose log says how it went, where the chart keeps it.
    #[serde(default)]
    log_of: Option<String>,
}

#[async_trait]
impl Check for HelmTest {
    const ABOUT: CheckAbout = CheckAbout {
        name: "helm.test",
        code: "HELM-04",
        about: "a release's own tests pass",
        touches: Touches::Cluster,
    };
    const PROBLEMS: &'static [&'static str] = &["HELM-FAILED", "HELM-TEST-FAILED"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let namespace = self.namespace.as_deref().unwrap_or(&cx.target.namespace);
        let mut helm = Helm::open(&cx.cloud, &cx.folder).await?;
        let tested = helm.test(namespace, &self.name, &cx.cancel, |line| cx.say(line)).await;
        let log = self.log(cx, namespace).await;
        for line in &log {
            cx.say(line.clone());
        }
        match tested {
            Ok(suites) => Ok(Outcome::pass(match log.last() {
                Some(line) => format!("{suites} passed; {line}"),
                None => format!("{suites} passed"),
            })),
            Err(trouble) if trouble.code() == Some("HELM-FAILED") => {
                let mut why = log;
                why.push(trouble.problem().why);
                let problem = Problem::new(
                    "HELM-TEST-FAILED",
                    format!("the tests of the release {} failed", self.name),
                    format!(
                        "Read which test failed, and open what it could not reach.\n\
                         $ helm test {} --namespace {namespace} --logs",
                        self.name
                    ),
                );
                Ok(Outcome::Fail { problem: problem.why(why.join("\n")) })
            }
            Err(trouble) => Err(trouble),
        }
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let namespace = self.namespace.as_deref().unwrap_or(&cx.target.namespace);
        Permissions::default()
            .rbac(Some(namespace), "", "secrets", &["get", "list", "update"])
            .rbac(Some(namespace), "", "pods", &["get", "list", "create", "delete"])
            .rbac(Some(namespace), "", "pods/log", &["get"])
    }
}

impl HelmTest {
    /// The last lines of the test pod's log; none where it is gone or nobody may look.
    async fn log(&self, cx: &Context, namespace: &str) -> Vec<String> {
        let Some(pod) = &self.log_of else { return Vec::new() };
        let Ok(client) = cx.cloud.kube.client().await else { return Vec::new() };
        let pods: kube::Api<k8s_openapi::api::core::v1::Pod> = kube::Api::namespaced(client, namespace);
        let wanted = kube::api::LogParams { tail_lines: Some(20), ..kube::api::LogParams::default() };
        let text = pods.logs(pod, &wanted).await.unwrap_or_default();
        text.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }
}
