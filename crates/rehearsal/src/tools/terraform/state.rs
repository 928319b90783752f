//! The state, and its lock.

use std::{
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Failure, Terraform};

/// What is known of what was made.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct State {
    /// Counts writes.
    pub serial: u64,
    /// Names this state for ever.
    pub lineage: String,
    /// Root outputs: name to value.
    #[serde(default)]
    pub outputs: Map<String, Value>,
    /// What was made, by address.
    #[serde(default)]
    pub resources: Vec<Held>,
}

/// Something that was made.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct Held {
    /// Its whole address.
    pub address: String,
    /// Its attributes.
    pub attributes: Map<String, Value>,
    /// It was left half made.
    #[serde(default)]
    pub tainted: bool,
}

impl State {
    /// Reads it; an empty one where there is none.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| Failure::said("Error refreshing state").because(error.to_string())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Self { lineage: uuid::Uuid::new_v4().to_string(), ..Self::default() })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes it.
    pub fn write(&mut self, path: &Path) -> io::Result<()> {
        self.serial += 1;
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        // Whoever reads meanwhile reads the one before.
        let beside = path.with_extension("part");
        std::fs::write(&beside, serde_json::to_vec_pretty(&json!(self))?)?;
        std::fs::rename(beside, path)
    }

    /// What is held at an address.
    pub fn at(&self, address: &str) -> Option<&Held> {
        self.resources.iter().find(|held| held.address == address)
    }

    /// Puts something at its address.
    pub fn put(&mut self, held: Held) {
        match self.resources.iter_mut().find(|known| known.address == held.address) {
            Some(known) => *known = held,
            None => self.resources.push(held),
        }
    }

    /// Lets go of an address and all below it.
    pub fn remove(&mut self, address: &str) -> usize {
        let before = self.resources.len();
        self.resources.retain(|held| held.address != address);
        before - self.resources.len()
    }
}

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
}

impl Lock {
    /// Takes it, or says who holds it.
    pub fn take(terraform: &Terraform<'_>, state: &Path, operation: &str) -> Result<Self, Failure> {
        let now = terraform.clock.now();
        if let Some(held) = &terraform.place.tools.terraform.held
            && now < terraform.clock.start() + held.until
        {
            let since = terraform.clock.start();
            return Err(refused("5d8a4c1e-other", state, "OperationTypeApply", &held.who, since));
        }
        let mut name = state.file_name().unwrap_or_default().to_owned();
        name.push(".lock.info");
        let path = state.with_file_name(format!(".{}", name.to_string_lossy()));
        if let Some(known) = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()) {
            let alive = known["pid"].as_u64().is_some_and(|pid| Path::new("/proc").join(pid.to_string()).exists());
            // A lock on a file of this machine ends with its process; one in a bucket does not.
            let stays = !state.starts_with(&terraform.folder);
            if alive || stays {
                let text = |key: &str| known[key].as_str().unwrap_or_default().to_owned();
                let since = text("Created").parse().unwrap_or(now);
                return Err(refused(&text("ID"), state, &text("Operation"), &text("Who"), since));
            }
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let info = json!({
            "ID": uuid::Uuid::new_v4().to_string(), "Operation": operation, "Who": "sre@jump-host",
            "Created": now.to_string(), "pid": std::process::id(),
        });
        std::fs::write(&path, info.to_string())?;
        Ok(Self { path })
    }

    /// Removes whatever lock there is.
    pub fn force(state: &Path) {
        let name = format!(".{}.lock.info", state.file_name().unwrap_or_default().to_string_lossy());
        let _ = std::fs::remove_file(state.with_file_name(name));
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn refused(id: &str, state: &Path, operation: &str, who: &str, since: Timestamp) -> Failure {
    let created = since.strftime("%F %T.%f +0000 UTC");
    Failure::said("Error acquiring the state lock").because(format!(
        "Error message: resource temporarily unavailable\nLock Info:\n  ID:        {id}\n  Path:      {}\n  Operation: {operation}\n  Who:       {who}\n  Version:   1.11.4\n  Created:   {created}\n  Info:      \n",
        state.display()
    ))
}
