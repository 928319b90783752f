//! A module as a scenario declares it, and the archive made of it.

use std::{
    collections::BTreeMap,
    io::{self, Cursor, Write},
};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zip::{ZipWriter, write::SimpleFileOptions};

/// Where an archive keeps what the stand-in terraform reads.
pub const RECORDED: &str = "rehearsal.json";

/// A module.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Module {
    /// Names of further archives with the same content.
    pub also: Vec<String>,
    /// Its files, path to text.
    pub files: BTreeMap<String, String>,
    /// What it makes, in order.
    pub resources: Vec<Resource>,
    /// Its outputs: texts are templates over `var`, `args` and `made` (resources by address).
    pub outputs: Map<String, Value>,
}

/// Something it makes.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Resource {
    /// Its address inside the module, e.g. `module.agent[0].helm_release.agent[0]`.
    pub address: String,
    /// Whether it is wanted: an expression over `var` and `args` (the module block's arguments).
    pub when: Option<String>,
    /// How long it takes to make.
    pub takes: SignedDuration,
    /// Its attributes: texts are templates over `var` and `args`.
    pub attributes: Map<String, Value>,
    /// Attributes that cannot be changed in place.
    pub forces_new: Vec<String>,
    /// Attributes that are not shown.
    pub sensitive: Vec<String>,
    /// What it does in the world.
    pub effect: Option<Effect>,
}

/// What a resource does in the world.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// An EKS cluster of that name (a template) appears.
    Cluster(String),
    /// An IAM role of that name (a template) appears.
    Role(String),
    /// A Helm release appears.
    Release(Release),
}

/// A Helm release; its texts are templates.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Release {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Chart.
    pub chart: String,
    /// Its repository.
    pub repository: String,
    /// Its version; the newest where empty.
    pub version: String,
    /// User name of the repository.
    pub username: String,
    /// Its password.
    pub password: String,
    /// Values: a file in the folder (`file:NAME`), or YAML as a template (`text:…`).
    pub values: Vec<String>,
}

impl Resource {
    /// Its type: `helm_release` of `module.a[0].helm_release.b[0]`.
    pub fn kind(&self) -> &str {
        kind(&self.address)
    }
}

/// An address's type.
pub fn kind(address: &str) -> &str {
    let mut parts = address.rsplit('.');
    parts.next();
    parts.next().unwrap_or_default()
}

impl Module {
    /// The archive.
    pub fn archive(&self) -> io::Result<Vec<u8>> {
        let mut recorded = self.clone();
        recorded.files.clear();
        let recorded = serde_json::to_string_pretty(&recorded)?;
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let own = [(RECORDED, recorded.as_str())];
        for (path, text) in self.files.iter().map(|(path, text)| (path.as_str(), text.as_str())).chain(own) {
            zip.start_file(path, SimpleFileOptions::default()).map_err(io::Error::other)?;
            zip.write_all(text.as_bytes())?;
        }
        Ok(zip.finish().map_err(io::Error::other)?.into_inner())
    }
}
