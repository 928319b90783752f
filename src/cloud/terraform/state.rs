//! What does its state hold, and how is it mended?

use landfall_core::value::Plain;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::{Terraform, Trouble, UNSAVED, fault, finish, private};

impl Terraform {
    /// Root outputs; sensitive ones are left out.
    pub async fn outputs(&self, cancel: &CancellationToken) -> Result<Map<String, Value>, Trouble> {
        let output = self.asked(&["output", "-json"], cancel).await?;
        let all: Map<String, Value> = self.read("output", &output.stdout)?;
        let open = all.into_iter().filter(|(_, output)| output["sensitive"] != true);
        Ok(open.map(|(name, mut output)| (name, output["value"].take())).collect())
    }

    /// Addresses of everything in the state.
    pub async fn addresses(&self, cancel: &CancellationToken) -> Result<Vec<String>, Trouble> {
        let output = match self.asked(&["state", "list"], cancel).await {
            Err(trouble) if trouble.code() == Some(fault::NOT_INITIALISED) => {
                self.init(false, cancel, |_| {}).await?;
                self.asked(&["state", "list"], cancel).await?
            }
            other => other?,
        };
        Ok(output.stdout.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    /// The whole state. It holds secrets.
    pub async fn state(&self, cancel: &CancellationToken) -> Result<Plain, Trouble> {
        Ok(Plain::new(self.asked(&["state", "pull"], cancel).await?.stdout))
    }

    /// How many things the state holds.
    pub async fn held(&self, cancel: &CancellationToken) -> Result<usize, Trouble> {
        let state = self.state(cancel).await?;
        // Where nothing was applied yet, there is no state.
        if state.reveal().trim().is_empty() {
            return Ok(0);
        }
        let tree: Value = self.read("state pull", state.reveal())?;
        Ok(tree["resources"].as_array().map_or(0, Vec::len))
    }

    /// Saves the state that could not be saved before.
    pub async fn push(&self, cancel: &CancellationToken) -> Result<(), Trouble> {
        self.asked(&["state", "push", UNSAVED], cancel).await?;
        let left = self.at.join(UNSAVED);
        std::fs::remove_file(&left).map_err(|error| private::folder_unusable(&left, &error))
    }

    /// Lets go of things in the state without touching the things.
    pub async fn let_go(&self, addresses: &[String], cancel: &CancellationToken) -> Result<(), Trouble> {
        let words: Vec<&str> = ["state", "rm"].into_iter().chain(addresses.iter().map(String::as_str)).collect();
        self.asked(&words, cancel).await.map(drop)
    }

    /// Takes something that exists into the state.
    pub async fn import(&self, address: &str, id: &str, cancel: &CancellationToken) -> Result<(), Trouble> {
        let import = self.command().await?.args(["import", "-input=false", "-no-color"]);
        let import = self.with_variables(import).args([address, id]);
        self.judged("import", finish(import, cancel, &mut |_, _| {}).await?).map(drop)
    }

    /// Removes a lock that a run left behind when it was killed.
    pub async fn unlock(&self, id: &str, cancel: &CancellationToken) -> Result<(), Trouble> {
        self.asked(&["force-unlock", "-force", id], cancel).await.map(drop)
    }
}
