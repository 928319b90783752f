//! A Helm repository: an index and the charts that the scenario declares.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Answer, Call, Credentials, bytes, text, with};
use crate::{World, tools::chart::Chart};

/// The repository.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HelmRepository {
    /// Where its index is, e.g. `/repository/charts-stable`.
    #[serde(default)]
    pub path: String,
    /// Who may read; anyone where left out.
    #[serde(default)]
    pub credentials: Option<Credentials>,
    /// Names of the scenario's `tools.charts`.
    #[serde(default)]
    pub charts: Vec<String>,
}

impl HelmRepository {
    /// The index or a chart.
    pub fn answer(&self, world: &World, call: &Call) -> Answer {
        if self.credentials.as_ref().is_some_and(|credentials| !call.authenticated(credentials)) {
            return with(
                text(StatusCode::UNAUTHORIZED, "401 Unauthorized\n"),
                "www-authenticate",
                "Basic realm=\"charts\"",
            );
        }
        let Some(file) = call.path.strip_prefix(self.path.trim_end_matches('/')) else {
            return text(StatusCode::NOT_FOUND, "404 not found\n");
        };
        let declared = self.charts.iter().filter_map(|name| Some((name, world.scenario.tools.charts.get(name)?)));
        let charts: Vec<_> =
            declared.flat_map(|(name, chart)| chart.versions().map(move |chart| (name, chart))).collect();
        if file == "/index.yaml" {
            return match index(&charts) {
                Ok(index) => bytes(StatusCode::OK, "text/yaml", index.into()),
                Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("the scenario's charts: {error}\n")),
            };
        }
        let wanted = charts.iter().find(|(name, chart)| file == format!("/{}", chart.file_name(name)));
        match wanted.map(|(name, chart)| chart.archive(name)) {
            Some(Ok(archive)) => bytes(StatusCode::OK, "application/x-gzip", archive.into()),
            Some(Err(error)) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("the scenario's chart: {error}\n")),
            None => text(StatusCode::NOT_FOUND, "404 not found\n"),
        }
    }
}

fn index(charts: &[(&String, Chart)]) -> std::io::Result<String> {
    let mut entries: BTreeMap<&String, Vec<Value>> = BTreeMap::new();
    for (name, chart) in charts {
        let digest = format!("{:x}", Sha256::digest(chart.archive(name)?));
        let mut entry = chart.metadata(name);
        entry["urls"] = json!([chart.file_name(name)]);
        entry["digest"] = json!(digest);
        entry["created"] = json!("2026-01-01T00:00:00Z");
        entries.entry(name).or_default().push(entry);
    }
    let index = json!({"apiVersion": "v1", "entries": entries, "generated": "2026-01-01T00:00:00Z"});
    serde_yaml::to_string(&index).map_err(std::io::Error::other)
}
