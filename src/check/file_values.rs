//! `file.values`: does a values file that arrived hold what it should, and are all of its secrets known?

use std::{collections::BTreeMap, path::PathBuf};

use async_trait::async_trait;
use landfall_core::{catalogue::Touches, event::Outcome, value::SecretText};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{Trouble, arrived},
    kind::{Check, CheckAbout, Context},
};

/// The keys of a values file that arrived, and whether every secret that it names is known. What lacks shows only in
/// the product's pods.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileValues {
    /// The file that arrived.
    file: PathBuf,
    /// Where it was split before: what it became.
    #[serde(default)]
    became: Option<PathBuf>,
    /// Which dotted keys are secret, and the secret that holds each.
    secrets: BTreeMap<String, SecretText>,
    /// Further dotted keys it must have.
    #[serde(default)]
    keys: Vec<String>,
    /// Keys that look secret and are not.
    #[serde(default)]
    plain: Vec<String>,
}

#[async_trait]
impl Check for FileValues {
    const ABOUT: CheckAbout = CheckAbout {
        name: "file.values",
        code: "FILE-02",
        about: "a values file is complete, and its secrets are known",
        touches: Touches::Nothing,
    };

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        if !self.file.exists()
            && let Some(became) = self.became.as_ref().filter(|became| became.exists())
        {
            return Ok(Outcome::pass(format!("it was split before, into {} and the vault", became.display())));
        }
        let mut secrets = BTreeMap::new();
        for (key, text) in &self.secrets {
            secrets.insert(key.clone(), cx.reveal(text).await?);
        }
        let tree = arrived::tree(&self.file)?;
        Ok(match arrived::fault(&self.file, &tree, &secrets, &self.keys, &self.plain) {
            Some(problem) => Outcome::Fail { problem },
            None => Outcome::pass(format!("{} secrets are in the vault, the rest is plain", secrets.len())),
        })
    }
}
