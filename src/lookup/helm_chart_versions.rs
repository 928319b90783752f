//! `helm.chart_versions`: which versions of a chart are there?

use std::path::PathBuf;

use async_trait::async_trait;
use landfall_core::{
    event::{Row, Table},
    value::SecretText,
};
use schemars::JsonSchema;
use semver::Version;
use serde::Deserialize;

use crate::{
    cloud::{
        Chart, Trouble,
        helm::{ChartSource, Helm},
        registry::Registry,
    },
    kind::{Context, Lookup, LookupAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelmChartVersions {
    /// Its repository, `https://…` or `oci://…`.
    #[serde(default)]
    repository: Option<String>,
    /// Its archive, where it was brought along.
    #[serde(default)]
    chart_file: Option<PathBuf>,
    /// Its name.
    chart: String,
    /// User name of the repository.
    #[serde(default)]
    username: Option<SecretText>,
    /// Its password.
    #[serde(default)]
    password: Option<SecretText>,
}

#[async_trait]
impl Lookup for HelmChartVersions {
    const ABOUT: LookupAbout = LookupAbout { name: "helm.chart_versions", about: "versions of a chart" };

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let login = cx.login(self.username.as_ref(), self.password.as_ref()).await?;
        let source =
            ChartSource::of(self.chart_file.as_deref(), self.repository.as_deref(), &self.chart, None, login.clone());
        let (found, note) = match (&source.file, &source.repository) {
            (Some(file), _) => {
                let chart = Chart::open(file)?;
                (vec![(chart.version, chart.app_version)], file.display().to_string())
            }
            (None, Some(repository)) if repository.starts_with("oci://") => {
                let place = format!("{}/{}", repository.trim_start_matches("oci://").trim_end_matches('/'), self.chart);
                let tags = Registry::new(&cx.cloud.endpoints, login)?.tags(&place).await?;
                (tags.into_iter().map(|tag| (tag.replace('_', "+"), String::new())).collect(), repository.clone())
            }
            (None, repository) => {
                let mut helm = Helm::open(&cx.cloud, &cx.folder).await?;
                (helm.versions(&source, &cx.cancel).await?, repository.clone().unwrap_or_default())
            }
        };
        Ok(Table { columns: vec!["chart".into(), "application".into()], rows: rows(found), note })
    }
}

/// Newest first; the newest that is no pre-release is suggested.
fn rows(found: Vec<(String, String)>) -> Vec<Row> {
    let mut known: Vec<(Version, String, String)> = found
        .into_iter()
        .filter_map(|(version, application)| Some((Version::parse(&version).ok()?, version, application)))
        .collect();
    known.sort_by(|one, other| other.0.cmp(&one.0));
    let newest = known.iter().position(|(version, ..)| version.pre.is_empty());
    known
        .into_iter()
        .enumerate()
        .map(|(at, (_, version, application))| Row {
            value: version.clone().into(),
            cells: vec![version, application],
            rejected: None,
            suggested: newest == Some(at),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_that_is_no_pre_release_is_suggested() {
        let found = ["3.2.1", "3.10.0", "4.0.0-rc.1", "latest"].map(|version| (version.to_owned(), String::new()));
        let rows = rows(found.to_vec());
        let cells: Vec<&str> = rows.iter().map(|row| row.cells[0].as_str()).collect();
        assert_eq!(cells, ["4.0.0-rc.1", "3.10.0", "3.2.1"]);
        assert!(rows[1].suggested && !rows[0].suggested);
    }
}
