//! Where does a chart come from, and where is it kept once it was fetched?

use std::path::{Path, PathBuf};

use landfall_core::event::Host;
use sha2::{Digest, Sha256};

use crate::cloud::registry::Login;

/// Where a chart comes from.
#[derive(Clone, Debug, Default)]
pub struct ChartSource {
    /// An archive brought along.
    pub file: Option<PathBuf>,
    /// A repository: `https://…` or `oci://…`.
    pub repository: Option<String>,
    /// The chart's name in it.
    pub chart: String,
    /// Its version; the newest where left out.
    pub version: Option<String>,
    /// User name and password of the repository.
    pub login: Login,
}

impl ChartSource {
    /// From a guide's parameters, where an empty text is none.
    pub fn of(file: Option<&Path>, repository: Option<&str>, chart: &str, version: Option<&str>, login: Login) -> Self {
        let filled = |text: &&str| !text.trim().is_empty();
        Self {
            file: file.filter(|path| !path.as_os_str().is_empty()).map(Path::to_owned),
            repository: repository.filter(filled).map(str::to_owned),
            chart: chart.to_owned(),
            version: version.filter(filled).map(str::to_owned),
            login,
        }
    }

    /// The repository, as a host this machine must reach; none for a file that was brought along.
    pub fn host(&self) -> Option<Host> {
        let repository = self.repository.as_ref().filter(|_| self.file.is_none())?;
        let rest = repository.split_once("://").map_or(repository.as_str(), |(_, rest)| rest);
        let name = rest.split('/').next().unwrap_or(rest);
        let usual = if repository.starts_with("http://") { 80 } else { 443 };
        let (host, port) = match name.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().unwrap_or(usual)),
            None => (name, usual),
        };
        let why = format!("the chart {} is fetched from it", self.chart);
        Some(Host { host: host.into(), port, from: "here".into(), why })
    }
}

/// Where a fetched chart is kept, so that what was shown is what is installed.
pub fn kept(folder: &Path, source: &ChartSource) -> PathBuf {
    let repository = source.repository.as_deref().unwrap_or_default();
    let version = source.version.as_deref().unwrap_or_default();
    let key = format!("{:x}", Sha256::digest(format!("{repository}\n{}\n{version}", source.chart)));
    folder.join("charts").join(format!("{}-{}.tgz", source.chart.replace('/', "_"), &key[..12]))
}
