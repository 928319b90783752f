//! `file.archive`: is an archive the one that was announced, complete, and safe to unpack?

use std::path::PathBuf;

use async_trait::async_trait;
use landfall_core::{catalogue::Touches, event::Outcome};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        archive::{Archive, expected},
    },
    kind::{Check, CheckAbout, Context},
};

/// The archive's digest, its files and their paths. A download that was cut off, or one that writes outside its folder,
/// must not be unpacked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileArchive {
    /// The zip archive.
    archive: PathBuf,
    /// Its SHA-256, where its sender told one.
    #[serde(default)]
    sha256: Option<String>,
    /// Files and folders it must hold.
    #[serde(default)]
    holds: Vec<String>,
}

#[async_trait]
impl Check for FileArchive {
    const ABOUT: CheckAbout = CheckAbout {
        name: "file.archive",
        code: "FILE-01",
        about: "an archive is complete and safe to unpack",
        touches: Touches::Nothing,
    };

    async fn run(&self, _cx: &Context) -> Result<Outcome, Trouble> {
        let archive = Archive::open(&self.archive)?;
        Ok(match expected(&self.archive, &archive, self.sha256.as_deref(), &self.holds) {
            Ok(()) => Outcome::pass(format!("{} files, SHA-256 {}", archive.files.len(), archive.digest)),
            Err(problem) => Outcome::Fail { problem },
        })
    }
}
