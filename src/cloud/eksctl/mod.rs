//! eksctl, the person's own: it makes and deletes clusters through CloudFormation; what it says is read here.
//!
//! Its config reaches it as a 0600 file that is removed afterwards. What CloudFormation has begun goes on without eksctl; the
//! cluster itself tells how far it is.

mod fault;
mod progress;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use landfall_core::event::Waiting;
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub use progress::Progress;

use super::{
    Cloud, Trouble, child_aws, keep_private, outlived, private,
    process::{self, Command},
    values, written,
};

const TOOL: &str = "eksctl";

/// How long eksctl itself waits for what it makes.
const GIVES_UP: &str = "60m";

/// eksctl for one step.
pub struct Eksctl {
    cloud: Arc<Cloud>,
    keep: PathBuf,
    id: String,
    home: TempDir,
}

impl Eksctl {
    /// eksctl; logs are kept in `keep` under `id`.
    pub fn open(cloud: &Arc<Cloud>, keep: &Path, id: &str) -> Result<Self, Trouble> {
        let home = outlived::home(keep, TOOL).map_err(|error| written::unusable(keep, &error))?;
        Ok(Self { cloud: cloud.clone(), keep: keep.to_owned(), id: id.to_owned(), home })
    }

    /// Makes the cluster of this config and everything in it.
    pub async fn create(
        &self,
        config: &Value,
        cancel: &CancellationToken,
        heard: impl FnMut(&Progress, Option<String>) + Send,
    ) -> Result<(), Trouble> {
        // The person's own kubeconfig is not ours to change.
        let words = ["create", "cluster", "--write-kubeconfig=false", "--timeout", GIVES_UP];
        self.with_config(&words, config, cancel, heard).await
    }

    /// Makes those node groups of this config that are not there.
    pub async fn create_node_groups(
        &self,
        config: &Value,
        cancel: &CancellationToken,
        heard: impl FnMut(&Progress, Option<String>) + Send,
    ) -> Result<(), Trouble> {
        self.with_config(&["create", "nodegroup", "--timeout", GIVES_UP], config, cancel, heard).await
    }

    /// Deletes the cluster and every stack that belongs to it.
    pub async fn delete(
        &self,
        name: &str,
        region: &str,
        cancel: &CancellationToken,
        heard: impl FnMut(&Progress, Option<String>) + Send,
    ) -> Result<(), Trouble> {
        let words = ["delete", "cluster", "--name", name, "--region", region, "--wait", "--timeout", GIVES_UP];
        match self.run(self.command().await?.args(words), "delete cluster", cancel, heard).await {
            // Neither the cluster nor a stack of it is there any more.
            Err(trouble) if trouble.is_not_found() => Ok(()),
            other => other,
        }
    }

    async fn with_config(
        &self,
        words: &[&str],
        config: &Value,
        cancel: &CancellationToken,
        heard: impl FnMut(&Progress, Option<String>) + Send,
    ) -> Result<(), Trouble> {
        let file = self.home.path().join("cluster.yaml");
        keep_private(&file, values::written(config).as_bytes())?;
        let command = self.command().await?.args(words).arg("--config-file").arg(&file);
        self.run(command, &words[..2].join(" "), cancel, heard).await
    }

    async fn run(
        &self,
        command: Command,
        what: &str,
        cancel: &CancellationToken,
        mut heard: impl FnMut(&Progress, Option<String>) + Send,
    ) -> Result<(), Trouble> {
        let said = outlived::said(&self.keep, TOOL, &self.id);
        written::make_folder(&said).map_err(|error| written::unusable(&said, &error))?;
        // Should this program end before it, it goes on unharmed, and a later run still reads what it said.
        let running = command.outliving(&said).start()?;
        if let Some(pid) = running.pid {
            // Without the file a later run only takes longer to tell that nobody is at work.
            let _ = private::replace(&outlived::mark(&self.keep, TOOL, &self.id), pid.to_string().as_bytes());
        }
        let mut progress = Progress::default();
        let ended = running
            .finish(cancel, |_, line| {
                let said = progress.hear(line);
                heard(&progress, said);
            })
            .await;
        outlived::put_away(&self.keep, TOOL, &self.id);
        let output = ended?;
        if output.succeeded() {
            return Ok(());
        }
        if progress.began {
            // What was begun stays until somebody decides; nothing else tells of stacks without a cluster.
            keep_private(&failed(&self.keep, &self.id), progress.complaint(&output.stderr).as_bytes())?;
        }
        Err(fault::of(&format!("eksctl {what}"), &progress, &output))
    }

    async fn command(&self) -> Result<Command, Trouble> {
        let command = self.cloud.process.command(TOOL)?;
        Ok(child_aws(command, &self.cloud, self.home.path()).await?.args(["--color", "false"]))
    }
}

/// How far the eksctl is that works for `id`, if one does.
pub fn at_work(keep: &Path, id: &str) -> Option<Waiting> {
    let pid = std::fs::read_to_string(outlived::mark(keep, TOOL, id)).ok()?.trim().parse().ok()?;
    if !process::alive(pid, TOOL) {
        return None;
    }
    Some(Progress::of(&outlived::heard(keep, TOOL, id)).waiting())
}

/// What the last eksctl for `id` ended with, where it left something half made.
pub fn failure(keep: &Path, id: &str) -> Option<String> {
    std::fs::read_to_string(failed(keep, id)).ok()
}

/// Forgets that failure.
pub fn forget_failure(keep: &Path, id: &str) {
    let _ = std::fs::remove_file(failed(keep, id));
}

fn failed(keep: &Path, id: &str) -> PathBuf {
    keep.join(format!("eksctl-{id}.failed"))
}
