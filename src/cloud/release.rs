//! What does the cluster know of a Helm release? Its record is a Secret (`sh.helm.release.v1.NAME.vN`), read without helm.

use std::{collections::BTreeMap, io::Read};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client, ResourceExt, api::ListParams};
use landfall_core::{
    event::{Owner, Problem},
    plan::InstallId,
};
use serde::Deserialize;
use serde_json::Value;

use super::{Trouble, marks};

/// A release's record at one revision.
#[derive(Clone, Debug, Default)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// Its revision, from 1.
    pub revision: i64,
    /// helm's word: `deployed`, `failed`, `pending-upgrade`, …
    pub status: String,
    /// The line given with it; ours carries the install.
    pub description: String,
    /// When helm last changed it.
    pub changed: Option<Timestamp>,
    /// Name of the chart.
    pub chart: String,
    /// Version of the chart.
    pub chart_version: String,
    /// Version of what it installs.
    pub app_version: String,
    /// Values given by whoever installed it. They may hold secrets.
    pub values: Value,
    /// What it made, as YAML. It may hold secrets.
    pub manifest: String,
    /// Other revisions that are kept: revision to status.
    pub others: BTreeMap<i64, String>,
    /// Which programs wrote its record.
    pub managers: Vec<String>,
}

/// The words our description begins with.
const OURS: &str = "Landfall install ";

impl Release {
    /// The line we give a release, so that it can be told whose it is and from which chart file.
    pub fn description(install: &InstallId, chart_digest: &str) -> String {
        format!("{OURS}{install}, chart sha256:{}", chart_digest.get(..16).unwrap_or(chart_digest))
    }

    /// The beginning of the chart file's digest, where we installed it.
    pub fn chart_digest(&self) -> Option<&str> {
        self.description.strip_prefix(OURS)?.split_once("sha256:").map(|(_, digest)| digest)
    }

    /// Whose it is.
    pub fn owner(&self, install: &InstallId) -> Owner {
        if let Some(rest) = self.description.strip_prefix(OURS) {
            let id = rest.split(',').next().unwrap_or(rest);
            return if id == install.as_str() { Owner::Ours } else { Owner::Other(format!("Landfall's install {id}")) };
        }
        match self.managers.iter().find_map(|manager| marks::tool(manager)) {
            Some(tool) => Owner::Other(tool.into()),
            None => Owner::Unmarked,
        }
    }

    /// Whether helm is, or was, in the middle of changing it.
    pub fn pending(&self) -> bool {
        self.status.starts_with("pending-")
    }

    /// The last revision that was once deployed, to go back to.
    pub fn last_good(&self) -> Option<i64> {
        self.others
            .iter()
            .rev()
            .find(|(revision, status)| {
                **revision < self.revision && matches!(status.as_str(), "deployed" | "superseded")
            })
            .map(|(revision, _)| *revision)
    }
}

/// The newest record of a release; none where there is none, or only that it was uninstalled.
pub async fn latest(client: &Client, namespace: &str, name: &str) -> Result<Option<Release>, Trouble> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let selector = ListParams::default().labels(&format!("owner=helm,name={name}"));
    let records = secrets.list(&selector).await?.items;
    let numbered = |record: &Secret| record.labels().get("version").and_then(|version| version.parse().ok());
    let Some(newest) = records.iter().max_by_key(|record| numbered(record).unwrap_or(0)) else { return Ok(None) };
    let mut release = decode(newest)?;
    release.others = records
        .iter()
        .filter(|record| record.name_any() != newest.name_any())
        .filter_map(|record| Some((numbered(record)?, record.labels().get("status")?.clone())))
        .collect();
    Ok(Some(release).filter(|release| release.status != "uninstalled"))
}

#[derive(Deserialize)]
struct Stored {
    name: String,
    version: i64,
    info: Info,
    chart: Option<Chart>,
    #[serde(default)]
    config: Value,
    #[serde(default)]
    manifest: String,
}

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    status: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    last_deployed: String,
}

#[derive(Deserialize)]
struct Chart {
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    app_version: String,
}

/// helm writes JSON, gzips it and base64s it; the API base64s it again.
fn decode(secret: &Secret) -> Result<Release, Trouble> {
    let unreadable = |why: &dyn std::fmt::Display| -> Trouble {
        Problem::new(
            "HELM-RECORD-UNREADABLE",
            format!("helm's record {} cannot be read", secret.name_any()),
            "See whether helm itself can read it; if not, delete this record and install again.\n$ helm history <release>",
        )
        .why(why.to_string())
        .into()
    };
    let data = secret.data.as_ref().and_then(|data| data.get("release")).ok_or_else(|| unreadable(&"it is empty"))?;
    let bytes = STANDARD.decode(&data.0).map_err(|error| unreadable(&error))?;
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut text = Vec::new();
        GzDecoder::new(bytes.as_slice()).read_to_end(&mut text).map_err(|error| unreadable(&error))?;
        text
    } else {
        bytes
    };
    // The error's position is enough: its text could quote a value.
    let stored: Stored = serde_json::from_slice(&bytes)
        .map_err(|error| unreadable(&format!("line {} column {} is not as expected", error.line(), error.column())))?;
    let chart = stored.chart.map(|chart| chart.metadata);
    let (chart, chart_version, app_version) =
        chart.map_or_else(Default::default, |chart| (chart.name, chart.version, chart.app_version));
    Ok(Release {
        name: stored.name,
        revision: stored.version,
        status: stored.info.status,
        description: stored.info.description,
        changed: stored.info.last_deployed.parse().ok(),
        chart,
        chart_version,
        app_version,
        values: stored.config,
        manifest: stored.manifest,
        others: BTreeMap::new(),
        managers: secret.managed_fields().iter().filter_map(|fields| fields.manager.clone()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use k8s_openapi::ByteString;
    use kube::api::ObjectMeta;
    use serde_json::json;

    use super::*;

    fn record(description: &str) -> Secret {
        let release = json!({
            "name": "shield", "version": 3, "manifest": "---\n", "config": {"a": 1},
            "info": {"status": "deployed", "description": description, "last_deployed": "2026-11-21T01:02:03.456789+01:00"},
            "chart": {"metadata": {"name": "arthur-shield", "version": "3.2.1", "appVersion": "3.2"}},
        });
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(release.to_string().as_bytes()).unwrap();
        let text = STANDARD.encode(gzip.finish().unwrap());
        Secret {
            metadata: ObjectMeta { name: Some("sh.helm.release.v1.shield.v3".into()), ..ObjectMeta::default() },
            data: Some([("release".to_owned(), ByteString(text.into_bytes()))].into()),
            ..Secret::default()
        }
    }

    #[test]
    fn a_record_is_read_as_helm_wrote_it() {
        let release = decode(&record("Install complete")).unwrap();
        assert_eq!((release.revision, release.status.as_str()), (3, "deployed"));
        assert_eq!((release.chart_version.as_str(), release.app_version.as_str()), ("3.2.1", "3.2"));
        assert_eq!(release.values, json!({"a": 1}));
        assert!(release.changed.is_some());
        assert_eq!(release.owner(&InstallId::of("abc")), Owner::Unmarked);
    }

    #[test]
    fn its_description_says_whose_it_is_and_from_which_file() {
        let line = Release::description(&InstallId::of("abc"), "0123456789abcdef0123");
        let release = decode(&record(&line)).unwrap();
        assert_eq!(release.owner(&InstallId::of("abc")), Owner::Ours);
        assert_eq!(release.owner(&InstallId::of("xyz")), Owner::Other("Landfall's install abc".into()));
        assert_eq!(release.chart_digest(), Some("0123456789abcdef"));
    }

    #[test]
    fn the_way_back_is_the_last_revision_that_worked() {
        let mut release = decode(&record("")).unwrap();
        release.others = [(1, "superseded".into()), (2, "failed".into())].into();
        assert_eq!(release.last_good(), Some(1));
    }
}
