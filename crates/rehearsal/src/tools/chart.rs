//! A chart that a scenario declares, and the archive made of it.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use flate2::{Compression, GzBuilder, read::GzDecoder};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Where an archive keeps what the stand-in helm renders.
pub const RECORDED: &str = "rehearsal/manifests.yaml.j2";

/// A chart.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Chart {
    /// Its version.
    pub version: String,
    /// Further versions that its repository offers, with the same content.
    #[serde(default)]
    pub also: Vec<String>,
    /// Version of what it installs.
    #[serde(default)]
    pub app_version: Option<String>,
    /// One line.
    #[serde(default)]
    pub description: Option<String>,
    /// `values.yaml`, as text.
    #[serde(default)]
    pub values: String,
    /// What the stand-in helm renders: manifests as a template over `values`, `release` and `chart`.
    #[serde(default)]
    pub manifests: String,
    /// Further files, e.g. `templates/…` for a real helm.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

/// What the stand-in helm reads from a chart's archive.
#[derive(Clone, Debug, PartialEq)]
pub struct Unpacked {
    /// `Chart.yaml`.
    pub metadata: Value,
    /// `values.yaml` as text.
    pub values_text: String,
    /// The recorded manifests; none in an archive that no rehearsal made.
    pub manifests: Option<String>,
}

impl Chart {
    /// Every version of it, this one first.
    pub fn versions(&self) -> impl Iterator<Item = Self> {
        let as_version = |version: &String| Self { version: version.clone(), ..self.clone() };
        std::iter::once(&self.version).chain(&self.also).map(as_version)
    }

    /// The archive's file name.
    pub fn file_name(&self, name: &str) -> String {
        format!("{name}-{}.tgz", self.version)
    }

    /// `Chart.yaml`.
    pub fn metadata(&self, name: &str) -> Value {
        let all = [
            ("apiVersion", Some("v2")),
            ("appVersion", self.app_version.as_deref()),
            ("description", self.description.as_deref()),
            ("name", Some(name)),
            ("type", Some("application")),
            ("version", Some(self.version.as_str())),
        ];
        all.into_iter().filter_map(|(key, value)| Some((key.to_owned(), json!(value?)))).collect()
    }

    /// The archive: the same bytes every time.
    pub fn archive(&self, name: &str) -> io::Result<Vec<u8>> {
        let metadata = serde_yaml::to_string(&self.metadata(name)).map_err(io::Error::other)?;
        let own = [("Chart.yaml", metadata.as_str()), ("values.yaml", &self.values), (RECORDED, &self.manifests)];
        let more = self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        let mut archive = tar::Builder::new(GzBuilder::new().mtime(0).write(Vec::new(), Compression::default()));
        for (path, text) in own.into_iter().chain(more) {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            header.set_mtime(0);
            header.set_cksum();
            archive.append_data(&mut header, format!("{name}/{path}"), text.as_bytes())?;
        }
        archive.into_inner()?.finish()
    }
}

impl Unpacked {
    /// Reads an archive.
    pub fn of(archive: &[u8]) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        for entry in tar::Archive::new(GzDecoder::new(archive)).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.to_string_lossy().into_owned();
            let Some((_, inside)) = path.split_once('/') else { continue };
            let inside = inside.to_owned();
            let mut text = String::new();
            if entry.read_to_string(&mut text).is_ok() {
                files.insert(inside, text);
            }
        }
        let metadata = files.remove("Chart.yaml").ok_or_else(|| io::Error::other("Chart.yaml file is missing"))?;
        let metadata = serde_yaml::from_str(&metadata).map_err(io::Error::other)?;
        let values_text = files.remove("values.yaml").unwrap_or_default();
        Ok(Self { metadata, values_text, manifests: files.remove(RECORDED) })
    }
}
