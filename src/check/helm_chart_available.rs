//! `helm.chart_available`: can the chart be had, with these credentials and in this version?

use std::path::PathBuf;

use async_trait::async_trait;
use landfall_core::{
    catalogue::Touches,
    event::{Host, Outcome, Problem},
    value::SecretText,
};
use schemars::JsonSchema;
use semver::{Version, VersionReq};
use serde::Deserialize;

use crate::{
    cloud::{
        Chart, Trouble,
        helm::{ChartSource, Helm},
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The chart is fetched from its repository with the given login, and its name, version and Kubernetes range are read.
/// Nothing can be planned without it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelmChartAvailable {
    /// Its repository, `https://…` or `oci://…`.
    #[serde(default)]
    repository: Option<String>,
    /// Its archive, where it was brought along.
    #[serde(default)]
    chart_file: Option<PathBuf>,
    /// Its name.
    chart: String,
    /// Its version; the newest where left out.
    #[serde(default)]
    version: Option<String>,
    /// User name of the repository.
    #[serde(default)]
    username: Option<SecretText>,
    /// Its password.
    #[serde(default)]
    password: Option<SecretText>,
}

#[async_trait]
impl Check for HelmChartAvailable {
    const ABOUT: CheckAbout = CheckAbout {
        name: "helm.chart_available",
        code: "HELM-01",
        about: "the chart can be had",
        touches: Touches::Nothing,
    };
    const NAMES_HOSTS: bool = true;
    const PROBLEMS: &'static [&'static str] = &["HELM-CHART-KUBERNETES", "HELM-CHART-OTHER"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let login = cx.login(self.username.as_ref(), self.password.as_ref()).await?;
        let source = ChartSource { login, ..self.place() };
        let mut helm = Helm::open(&cx.cloud, &cx.folder).await?;
        // Fetching it is the only proof; what is fetched is what will be shown and installed.
        let archive = helm.fetch(&source, &cx.cancel).await?;
        let chart = Chart::open(&archive)?;
        let cluster = match cx.cloud.kube.client().await {
            Ok(client) => client.apiserver_version().await.ok().map(|version| version.git_version),
            Err(_) => None,
        };
        Ok(self.judge(&chart, cluster.as_deref()))
    }

    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        self.place().host().into_iter().collect()
    }
}

impl HelmChartAvailable {
    fn place(&self) -> ChartSource {
        let version = self.version.as_deref();
        ChartSource::of(self.chart_file.as_deref(), self.repository.as_deref(), &self.chart, version, None)
    }

    fn judge(&self, chart: &Chart, cluster: Option<&str>) -> Outcome {
        let wanted = self.place().version;
        let name = self.chart.rsplit('/').next().unwrap_or(&self.chart);
        if chart.name != name || wanted.as_ref().is_some_and(|wanted| *wanted != chart.version) {
            let problem = Problem::new(
                "HELM-CHART-OTHER",
                format!("what was found is {} {}", chart.name, chart.version),
                "Give the right file or version at the Inputs stage.",
            );
            let wanted = wanted.unwrap_or_default();
            return Outcome::Fail { problem: problem.why(format!("Wanted was {name} {wanted}.")) };
        }
        if let Some(cluster) = cluster.filter(|cluster| !accepts(&chart.kube_version, cluster)) {
            let problem = Problem::new(
                "HELM-CHART-KUBERNETES",
                format!("the chart does not accept Kubernetes {cluster}"),
                "Ask the vendor for a version of the chart that does, or upgrade the cluster.",
            );
            return Outcome::Fail { problem: problem.why(format!("It accepts {}.", chart.kube_version)) };
        }
        Outcome::pass(format!("{} {}, sha256:{}", chart.name, chart.version, &chart.digest[..12]))
    }
}

/// Whether a chart's `kubeVersion` covers the cluster's; what cannot be read here is left to helm.
fn accepts(range: &str, cluster: &str) -> bool {
    let Ok(mut cluster) = Version::parse(cluster.trim_start_matches('v')) else { return true };
    // `v1.31.4-eks-abc` is no pre-release.
    cluster.pre = semver::Prerelease::EMPTY;
    range.trim().is_empty() || range.split("||").any(|part| requirement(part).is_none_or(|part| part.matches(&cluster)))
}

/// helm writes `>= 1.25.0-0 <1.33.0`, and a comma is as good as a space.
fn requirement(text: &str) -> Option<VersionReq> {
    let mut parts: Vec<String> = Vec::new();
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        let word = word.strip_suffix("-0").unwrap_or(word);
        match parts.last_mut() {
            Some(operator) if operator.ends_with(['=', '<', '>', '^', '~']) => operator.push_str(word),
            _ => parts.push(word.to_owned()),
        }
    }
    VersionReq::parse(&parts.join(", ")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charts_range_of_kubernetes_versions_is_understood() {
        assert!(accepts(">=1.25.0-0", "v1.31.4-eks-2d5f260"));
        assert!(!accepts(">= 1.32.0", "v1.31.4"));
        assert!(accepts("^1.20.0 || ^2.0.0", "v1.31.4"));
        assert!(!accepts(">1.20.0 <1.30.0", "v1.31.4"));
        assert!(accepts(">= 1.25.0-0, < 1.40.0-0", "v1.31.4"));
        assert!(accepts("", "v1.31.4") && accepts("whatever", "v1.31.4"));
    }
}
