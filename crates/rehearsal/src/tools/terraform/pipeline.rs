//! Somebody else's pipeline: it plans what lies in a folder once that is whole, writes the plan down, and applies it later.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::World;

/// A pipeline, as a scenario declares it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pipeline {
    /// The folder of the configuration, inside the rehearsal's.
    pub folder: PathBuf,
    /// Files of it without which it is not whole.
    pub once: Vec<PathBuf>,
    /// The pipeline's own variables.
    pub variables: Map<String, Value>,
    /// Where in the folder the plan is written down as JSON.
    pub plan: PathBuf,
    /// How long after the folder is whole.
    pub plans_after: SignedDuration,
    /// How long after that it is applied.
    pub applies_after: SignedDuration,
}

/// Runs it: one plan, one apply.
pub async fn run(world: Arc<World>, folder: PathBuf, environment: BTreeMap<String, String>) {
    let Some(pipeline) = world.scenario.tools.terraform.pipeline.clone() else { return };
    let at = folder.join(&pipeline.folder);
    while !pipeline.once.iter().all(|file| at.join(file).exists()) {
        world.clock.sleep(Duration::from_secs(5)).await;
    }
    if let Err(error) = planned_and_applied(&world, &pipeline, &folder, &at, &environment).await {
        tracing::error!(%error, "the pipeline's terraform");
    }
}

async fn planned_and_applied(
    world: &World,
    pipeline: &Pipeline,
    folder: &Path,
    at: &Path,
    environment: &BTreeMap<String, String>,
) -> io::Result<()> {
    let own = tempfile::tempdir()?;
    let (saved, variables) = (own.path().join("reviewed.plan"), own.path().join("variables.json"));
    std::fs::write(&variables, Value::Object(pipeline.variables.clone()).to_string())?;
    let (saved, variables) = (saved.display().to_string(), format!("-var-file={}", variables.display()));
    let terraform = async |words: &[&str]| -> io::Result<Vec<u8>> {
        let output = tokio::process::Command::new(folder.join("bin/terraform"))
            .arg(format!("-chdir={}", at.display()))
            .args(words)
            .envs(environment)
            .kill_on_drop(true)
            .output()
            .await?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(io::Error::other(format!("{words:?}: {}", String::from_utf8_lossy(&output.stderr)))),
        }
    };
    world.clock.sleep(Duration::try_from(pipeline.plans_after).unwrap_or_default()).await;
    terraform(&["init"]).await?;
    terraform(&["plan", "-json", &format!("-out={saved}"), &variables]).await?;
    let shown = terraform(&["show", "-json", &saved]).await?;
    // It appears as a whole.
    std::fs::write(at.join("plan.part"), shown)?;
    std::fs::rename(at.join("plan.part"), at.join(&pipeline.plan))?;
    world.clock.sleep(Duration::try_from(pipeline.applies_after).unwrap_or_default()).await;
    terraform(&["apply", "-json", &saved]).await.map(drop)
}
