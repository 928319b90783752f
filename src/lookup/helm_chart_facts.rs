//! `helm.chart_facts`: what exactly is the chart that will be installed? One row, frozen into the plan.

use std::path::PathBuf;

use async_trait::async_trait;
use landfall_core::{
    event::{Row, Table},
    value::SecretText,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{
    cloud::{
        Chart, Trouble,
        helm::{ChartSource, Helm},
    },
    kind::{Context, Lookup, LookupAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelmChartFacts {
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
impl Lookup for HelmChartFacts {
    const ABOUT: LookupAbout = LookupAbout { name: "helm.chart_facts", about: "the chart that will be installed" };

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let login = cx.login(self.username.as_ref(), self.password.as_ref()).await?;
        let (file, version) = (self.chart_file.as_deref(), self.version.as_deref());
        let source = ChartSource::of(file, self.repository.as_deref(), &self.chart, version, login);
        let archive = Helm::open(&cx.cloud, &cx.folder).await?.fetch(&source, &cx.cancel).await?;
        let chart = Chart::open(&archive)?;
        let value = json!({
            "name": chart.name, "version": chart.version, "app_version": chart.app_version,
            "kube_version": chart.kube_version, "digest": chart.digest, "file": archive,
        });
        let row = Row { value, cells: vec![chart.name, chart.version, chart.digest], suggested: true, rejected: None };
        Ok(Table {
            columns: ["chart", "version", "sha256"].map(str::to_owned).to_vec(),
            rows: vec![row],
            note: archive.display().to_string(),
        })
    }
}
