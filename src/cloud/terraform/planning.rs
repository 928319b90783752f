//! What would it do? A plan is made, kept where it shall be carried out as shown, and read back.

use std::path::Path;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Lock, Progress, Reviewed, Terraform, Trouble, fault, finish, private};

/// What a plan came to.
pub enum Planned {
    /// Another run holds the state.
    Locked(Lock),
    /// What it would do.
    Reviewed(Reviewed),
}

impl Terraform {
    /// What it would do now, initialising first where that is still to be done. Nothing is kept.
    pub async fn look(&self, cancel: &CancellationToken) -> Result<Planned, Trouble> {
        let saved = self.home.path().join("look.plan");
        let planned = self.plan(&saved, false, cancel).await;
        let _ = std::fs::remove_file(&saved);
        planned
    }

    /// What it would do, kept so that [`Terraform::apply`] does exactly that; see [`Terraform::forget_plan`].
    pub async fn prepare(&self, destroy: bool, cancel: &CancellationToken) -> Result<Planned, Trouble> {
        let planned = self.plan(&self.saved(), destroy, cancel).await;
        if !matches!(planned, Ok(Planned::Reviewed(_))) {
            self.forget_plan();
        }
        planned
    }

    /// The plan that was kept, if there is one.
    pub async fn prepared(&self, cancel: &CancellationToken) -> Result<Option<Reviewed>, Trouble> {
        let saved = self.saved();
        if !saved.exists() {
            return Ok(None);
        }
        self.shown(&saved, cancel).await.map(Some)
    }

    async fn plan(&self, saved: &Path, destroy: bool, cancel: &CancellationToken) -> Result<Planned, Trouble> {
        match self.plan_once(saved, destroy, cancel).await {
            Err(trouble) if trouble.code() == Some(fault::NOT_INITIALISED) => {
                self.init(false, cancel, |_| {}).await?;
                self.plan_once(saved, destroy, cancel).await
            }
            other => other,
        }
    }

    async fn plan_once(&self, saved: &Path, destroy: bool, cancel: &CancellationToken) -> Result<Planned, Trouble> {
        // terraform keeps the rights of a file that is there; its own would let others read the secrets in it.
        private::replace(saved, b"").map_err(|error| private::folder_unusable(saved, &error))?;
        let mut plan = self.command().await?.args(["plan", "-json", "-input=false", "-detailed-exitcode"]);
        plan = plan.arg(format!("-out={}", saved.display()));
        if destroy {
            plan = plan.arg("-destroy");
        }
        if !self.locks {
            plan = plan.arg("-lock=false");
        }
        let output = finish(self.with_variables(plan), cancel, &mut |_, _| {}).await?;
        if !matches!(output.code, Some(0 | 2)) {
            let heard = Progress::of(&output.stdout);
            if let Some(lock) = heard.lock() {
                return Ok(Planned::Locked(lock));
            }
            return Err(fault::of(&format!("{} plan", self.tool), &heard, &output));
        }
        self.shown(saved, cancel).await.map(Planned::Reviewed)
    }

    async fn shown(&self, saved: &Path, cancel: &CancellationToken) -> Result<Reviewed, Trouble> {
        let show = self.command().await?.args(["show", "-json"]).arg(saved);
        let shown = finish(show, cancel, &mut |_, _| {}).await?;
        let tree: Value = self.read("show", &self.judged("show", shown)?.stdout)?;
        Ok(Reviewed::of(&tree))
    }

    /// Removes the saved plan.
    pub fn forget_plan(&self) {
        let _ = std::fs::remove_file(self.saved());
    }
}
