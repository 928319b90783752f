//! `helm.release`: is a release deployed, from the right chart?

use async_trait::async_trait;
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        helm::cleaned,
        release::{self, Release},
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The release's state, its chart and its version, as Helm keeps them in the cluster. A pending or failed one keeps
/// Helm from upgrading it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelmRelease {
    /// Name of the release.
    name: String,
    /// Its namespace; the install's where left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Its chart, where that matters.
    #[serde(default)]
    chart: Option<String>,
    /// The chart's version, where that matters.
    #[serde(default)]
    version: Option<String>,
}

#[async_trait]
impl Check for HelmRelease {
    const ABOUT: CheckAbout = CheckAbout {
        name: "helm.release",
        code: "HELM-02",
        about: "a Helm release is deployed",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] =
        &["HELM-PENDING", "HELM-RELEASE-FAILED", "HELM-RELEASE-MISSING", "HELM-RELEASE-OTHER"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let namespace = self.namespace.as_deref().unwrap_or(&cx.target.namespace);
        let found = release::latest(&cx.cloud.kube.client().await?, namespace, &self.name).await?;
        Ok(self.judge(found.as_ref(), namespace))
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let namespace = self.namespace.as_deref().unwrap_or(&cx.target.namespace);
        Permissions::default().rbac(Some(namespace), "", "secrets", &["list"])
    }
}

impl HelmRelease {
    fn judge(&self, found: Option<&Release>, namespace: &str) -> Outcome {
        let name = &self.name;
        let Some(found) = found else {
            let problem = Problem::new(
                "HELM-RELEASE-MISSING",
                format!("there is no release {name} in {namespace}"),
                format!("Install it, or correct name and namespace.\n$ helm list --all-namespaces --filter {name}"),
            );
            return Outcome::Fail { problem };
        };
        let history = format!("$ helm history {name} --namespace {namespace}");
        if found.pending() {
            let back = match found.last_good() {
                Some(revision) => format!("$ helm rollback {name} {revision} --namespace {namespace}"),
                None => format!("$ helm uninstall {name} --namespace {namespace}"),
            };
            let problem = Problem::new(
                "HELM-PENDING",
                format!("the release {name} is {}", found.status),
                format!("If no helm is at work any more:\n{back}"),
            );
            return Outcome::Fail { problem: problem.why("A helm is changing it, or was stopped while it did.") };
        }
        if found.status != "deployed" {
            let problem = Problem::new(
                "HELM-RELEASE-FAILED",
                format!("the release {name} is {}", found.status),
                format!("Correct what helm's message names, then upgrade again.\n{history}"),
            );
            return Outcome::Fail { problem: problem.why(cleaned(&found.description)) };
        }
        let chart = self.chart.as_deref().map(|chart| chart.rsplit('/').next().unwrap_or(chart));
        let other = chart.is_some_and(|chart| chart != found.chart)
            || self.version.as_deref().is_some_and(|version| !version.is_empty() && version != found.chart_version);
        if other {
            let problem = Problem::new(
                "HELM-RELEASE-OTHER",
                format!("the release {name} is from {} {}", found.chart, found.chart_version),
                format!("Install again, or accept that version.\n{history}"),
            );
            let wanted = [chart, self.version.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
            return Outcome::Fail { problem: problem.why(format!("It should be from {wanted}.")) };
        }
        Outcome::pass(format!("revision {} of {} {}", found.revision, found.chart, found.chart_version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(status: &str, version: &str) -> Option<String> {
        let check = HelmRelease {
            name: "shield".into(),
            namespace: None,
            chart: Some("vendor/arthur-shield".into()),
            version: Some("3.2.1".into()),
        };
        let found = Release {
            status: status.into(),
            chart: "arthur-shield".into(),
            chart_version: version.into(),
            ..Release::default()
        };
        check.judge(Some(&found), "shield").problem().map(|problem| problem.code.clone())
    }

    #[test]
    fn every_state_has_its_own_answer() {
        assert_eq!(code("deployed", "3.2.1"), None);
        assert_eq!(code("deployed", "3.2.0").as_deref(), Some("HELM-RELEASE-OTHER"));
        assert_eq!(code("failed", "3.2.1").as_deref(), Some("HELM-RELEASE-FAILED"));
        assert_eq!(code("pending-install", "3.2.1").as_deref(), Some("HELM-PENDING"));
    }
}
