//! Where a tool runs: the rehearsal's folder and what is written there for tools.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::Setup;

/// The file beside `bin` by which a tool knows the folder of a rehearsal.
pub const MARKER: &str = "rehearsal.json";

/// What tools need to know of their rehearsal.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Place {
    /// The scenario's id.
    pub scenario: String,
    /// The folder.
    pub folder: PathBuf,
    /// The clock's text form.
    pub clock: String,
    /// The proxy, `127.0.0.1:port`.
    pub proxy: String,
    /// All of AWS: a URL, and its region.
    #[serde(default)]
    pub aws: (String, String),
    /// The scenario's part for tools.
    pub tools: Setup,
}

impl Place {
    /// The place of a tool that was started under this name, if it is in a rehearsal at all.
    pub fn of(program_name: &str, path: Option<&str>) -> Option<Self> {
        let beside = |bin: &Path| Self::read(bin.parent()?).ok();
        let program = Path::new(program_name);
        match program.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(bin) => beside(bin),
            None => {
                let on_path = std::env::split_paths(path?).find(|folder| folder.join(program).exists())?;
                beside(&on_path)
            }
        }
    }

    /// Reads what a rehearsal wrote into its folder.
    pub fn read(folder: &Path) -> io::Result<Self> {
        Ok(serde_json::from_slice(&std::fs::read(folder.join(MARKER))?)?)
    }

    /// The kubeconfig of the rehearsal.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kube").join("config")
    }

    /// The certificate authorities that its hosts are signed by.
    pub fn roots(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }
}
