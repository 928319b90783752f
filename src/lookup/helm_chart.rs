//! `helm.chart`: which keys does the chart's values file have, and which are still to be filled?

use std::path::PathBuf;

use async_trait::async_trait;
use landfall_core::{
    event::{Problem, Table},
    mapping::{Of, VendorFile},
    value::SecretText,
};
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    cloud::{
        Chart, Trouble,
        helm::{ChartSource, Helm},
        values::keys,
    },
    kind::{Context, Lookup, LookupAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelmChart {
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
    /// The vendor's values file, where it is not the chart's own.
    #[serde(default)]
    values_file: Option<PathBuf>,
}

#[async_trait]
impl Lookup for HelmChart {
    const ABOUT: LookupAbout = LookupAbout {
        name: "helm.chart",
        about: "keys of the chart's values file; those still to be filled are marked",
    };

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let login = cx.login(self.username.as_ref(), self.password.as_ref()).await?;
        let version = self.version.as_deref();
        let source =
            ChartSource::of(self.chart_file.as_deref(), self.repository.as_deref(), &self.chart, version, login);
        let archive = Helm::open(&cx.cloud, &cx.folder).await?.fetch(&source, &cx.cancel).await?;
        let chart = Chart::open(&archive)?;
        let given = self.values_file.as_ref().filter(|path| !path.as_os_str().is_empty());
        let text = match given {
            Some(path) => tokio::fs::read_to_string(path)
                .await
                .map_err(|error| unreadable(&path.display().to_string(), &error))?,
            None => chart.values.clone(),
        };
        let found = keys(&text).map_err(|fault| unreadable("values.yaml", &fault))?;
        let of = Of {
            chart: chart.name.clone(),
            version: chart.version.clone(),
            digest: chart.digest.clone(),
            values: format!("{:x}", Sha256::digest(text.as_bytes())),
        };
        Ok(Table {
            columns: ["key", "now", "what the vendor says"].map(str::to_owned).to_vec(),
            rows: found.iter().map(|key| VendorFile::row(&of, key)).collect(),
            note: format!("{} {}, sha256:{}", chart.name, chart.version, chart.digest),
        })
    }
}

fn unreadable(what: &str, why: &dyn std::fmt::Display) -> Trouble {
    Problem::new("HELM-VALUES-FILE", format!("{what} cannot be used as a values file"), "Correct it, or name another.")
        .why(why.to_string())
        .into()
}
