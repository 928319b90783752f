//! What is in a chart's archive? Its metadata, its values file, its digest.

use std::{io::Read, path::Path};

use flate2::read::GzDecoder;
use landfall_core::event::Problem;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::Trouble;

/// Larger archives, or files in them, are not charts.
const LARGEST: u64 = 64 << 20;

/// A chart, as far as anybody here needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Version of what it installs; empty where it does not say.
    pub app_version: String,
    /// Which Kubernetes versions it accepts; empty where it does not say.
    pub kube_version: String,
    /// `values.yaml`, as the vendor wrote it.
    pub values: String,
    /// `values.schema.json`, if it brings one.
    pub schema: Option<String>,
    /// SHA-256 of the archive, in hex.
    pub digest: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    version: String,
    #[serde(default)]
    app_version: Option<String>,
    #[serde(default)]
    kube_version: Option<String>,
}

impl Chart {
    /// Reads an archive from disk.
    pub fn open(path: &Path) -> Result<Self, Trouble> {
        let unreadable = |why: &dyn std::fmt::Display| -> Trouble {
            Problem::new(
                "HELM-CHART-UNREADABLE",
                format!("{} is not a chart", path.display()),
                "Get the chart's .tgz again, as `helm pull` or `helm package` writes it.",
            )
            .why(why.to_string())
            .into()
        };
        let bytes = std::fs::read(path).map_err(|error| unreadable(&error))?;
        Self::of(&bytes).map_err(|error| unreadable(&error))
    }

    fn of(bytes: &[u8]) -> std::io::Result<Self> {
        let mut chart = Self { digest: format!("{:x}", Sha256::digest(bytes)), ..Self::default() };
        let mut metadata = None;
        for entry in tar::Archive::new(GzDecoder::new(bytes).take(LARGEST)).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.to_string_lossy().into_owned();
            let Some((_, inside)) = path.trim_start_matches("./").split_once('/') else { continue };
            if !matches!(inside, "Chart.yaml" | "values.yaml" | "values.schema.json") {
                continue;
            }
            let inside = inside.to_owned();
            let mut text = String::new();
            entry.read_to_string(&mut text)?;
            match inside.as_str() {
                "Chart.yaml" => metadata = Some(text),
                "values.yaml" => chart.values = text,
                _ => chart.schema = Some(text),
            }
        }
        let text = metadata.ok_or_else(|| std::io::Error::other("it holds no Chart.yaml"))?;
        let metadata: Metadata = serde_yaml::from_str(&text).map_err(std::io::Error::other)?;
        chart.name = metadata.name;
        chart.version = metadata.version;
        chart.app_version = metadata.app_version.unwrap_or_default();
        chart.kube_version = metadata.kube_version.unwrap_or_default();
        Ok(chart)
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn archive(files: &[(&str, &str)]) -> Vec<u8> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (path, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            archive.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn a_chart_tells_its_version_and_values_and_not_those_of_its_parts() {
        let bytes = archive(&[
            ("shield/Chart.yaml", "apiVersion: v2\nname: shield\nversion: 3.2.1\nappVersion: \"3.2\"\n"),
            ("shield/values.yaml", "a: 1 # one\n"),
            ("shield/charts/redis/Chart.yaml", "name: redis\nversion: 1.0.0\n"),
            ("shield/charts/redis/values.yaml", "b: 2\n"),
        ]);
        let chart = Chart::of(&bytes).unwrap();
        assert_eq!(
            (chart.name.as_str(), chart.version.as_str(), chart.app_version.as_str()),
            ("shield", "3.2.1", "3.2")
        );
        assert_eq!(chart.values, "a: 1 # one\n");
        assert_eq!(chart.digest.len(), 64);
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        assert!(Chart::of(b"<html>login</html>").is_err());
        assert!(Chart::of(&archive(&[("x/README.md", "")])).is_err());
    }
}
