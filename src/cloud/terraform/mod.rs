//! terraform or OpenTofu, the person's own: it initialises, plans, applies and keeps the state; what it says is read here.
//!
//! Secrets reach it in a 0600 variables file that is removed afterwards. A saved plan holds them, too: it lies in the
//! install's own folder, 0600, from the moment it is shown until it was applied or declined.
//!
//! [`Terraform`] is one of them in one folder; `planning` is how it plans, `state` what it keeps, `left` what stays behind.

mod fault;
mod left;
mod lock;
mod plan;
mod planning;
mod progress;
mod state;
mod surroundings;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use landfall_core::{
    event::{Problem, Waiting},
    value::Plain,
};
use semver::Version;
use serde::de::DeserializeOwned;
use tempfile::TempDir;
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

pub use left::{at_work, clear, left_behind, put_away, unsaved};
pub use lock::Lock;
pub use plan::{Action, Change, Reviewed};
pub use planning::Planned;
pub use progress::Progress;

use super::{
    Cloud, Trouble, outlived, private,
    process::{self, Command, Output},
    told::Stream,
    written,
};

/// What its files in the install's folder are called after, whichever of the two it is.
const NAME: &str = "terraform";

/// The oldest version whose answers are read here.
const OLDEST: Version = Version::new(1, 6, 0);

/// Where terraform leaves a state that it could not save.
const UNSAVED: &str = "errored.tfstate";

/// Which providers `init` chose.
const PROVIDERS: &str = ".terraform.lock.hcl";

/// How long it may take to stop: it waits for the calls under way, and a cluster takes a while to be made. A second signal
/// would make it forget what it just made.
const PATIENCE: Duration = Duration::from_secs(45 * 60);

/// terraform in one folder.
pub struct Terraform {
    cloud: Arc<Cloud>,
    tool: String,
    at: PathBuf,
    keep: PathBuf,
    id: String,
    home: TempDir,
    variables: bool,
    locks: bool,
    // One at a time in a folder: planning looks at all steps at once, and two that initialise there disturb each other.
    _alone: OwnedMutexGuard<()>,
}

impl Terraform {
    /// terraform (`tool`) for the configuration in `at`; plans and logs are kept in `keep` under `id`. `variables` is JSON.
    pub async fn open(
        cloud: &Arc<Cloud>,
        tool: &str,
        at: &Path,
        (keep, id): (&Path, &str),
        variables: Option<Plain>,
    ) -> Result<Self, Trouble> {
        let version = cloud.process.version(tool, &["version"]).await?;
        if version < OLDEST {
            return Err(Problem::new(
                "TF-VERSION",
                format!("{tool} {version} is too old"),
                format!("Install {tool} {OLDEST} or newer and put it first on PATH."),
            )
            .into());
        }
        let alone = folder_of(at).lock_owned().await;
        let home = outlived::home(keep, NAME).map_err(|error| private::folder_unusable(keep, &error))?;
        if let Some(variables) = &variables {
            private::replace(&home.path().join("secret.tfvars.json"), variables.reveal().as_bytes())
                .map_err(|error| private::folder_unusable(home.path(), &error))?;
        }
        Ok(Self {
            cloud: cloud.clone(),
            tool: tool.to_owned(),
            at: at.to_owned(),
            keep: keep.to_owned(),
            id: id.to_owned(),
            home,
            variables: variables.is_some(),
            locks: true,
            _alone: alone,
        })
    }

    /// Looks without taking the state's lock, so that nobody else is kept from applying.
    #[must_use]
    pub fn without_lock(self) -> Self {
        Self { locks: false, ..self }
    }

    /// Initialises: fetches providers and modules, and opens the backend.
    pub async fn init(
        &self,
        upgrade: bool,
        cancel: &CancellationToken,
        said: impl Fn(&str) + Send + Sync,
    ) -> Result<(), Trouble> {
        let mut init = self.command().await?.args(["init", "-input=false", "-no-color"]);
        if upgrade {
            init = init.arg("-upgrade");
        }
        let mut told = |_: Stream, line: &str| {
            if line.starts_with("- ") || line.starts_with("Initializing") {
                said(line);
            }
        };
        let locked = self.at.join(PROVIDERS).exists();
        let output = finish(init, cancel, &mut told).await?;
        if !locked && self.at.join(PROVIDERS).exists() {
            // Without the file undo only leaves one file more.
            let _ = private::replace(&left::own_providers(&self.keep, &self.at), b"");
        }
        if output.succeeded() {
            return Ok(());
        }
        Err(fault::of_text(&format!("{} init", self.tool), &format!("{}\n{}", output.stderr, output.stdout)))
    }

    fn read<T: DeserializeOwned>(&self, what: &str, text: &str) -> Result<T, Trouble> {
        serde_json::from_str(text).map_err(|error| {
            // The error's position is enough: its text could quote a value.
            let place = format!("line {} column {}", error.line(), error.column());
            fault::unreadable(&format!("{} {what}", self.tool), &place)
        })
    }

    /// Carries the saved plan out. Its log stays for a later run, should this program end before it does.
    pub async fn apply(
        &self,
        cancel: &CancellationToken,
        mut heard: impl FnMut(&Progress, Option<String>) + Send,
    ) -> Result<(), Trouble> {
        let saved = self.saved();
        if !saved.exists() {
            return Err(Problem::new(
                "TF-NO-PLAN",
                "there is no plan that was agreed to",
                "Start again: it is planned, shown and asked for again.",
            )
            .into());
        }
        let apply = self.command().await?.args(["apply", "-json", "-input=false"]).arg(&saved);
        // Should this program end before it, it goes on unharmed, and a later run still reads what it said.
        let said = outlived::said(&self.keep, NAME, &self.id);
        written::make_folder(&said).map_err(|error| private::folder_unusable(&said, &error))?;
        let running = apply.outliving(&said).patience(PATIENCE).start()?;
        if let Some(pid) = running.pid {
            // Without the file a later run only takes longer to tell that nobody is at work.
            let mark = format!("{pid} {}", self.cloud.clock().now());
            let _ = private::replace(&self.mark(), mark.as_bytes());
        }
        let mut progress = Progress::default();
        let ended = running
            .finish(cancel, |_, line| {
                let said = progress.hear(line);
                heard(&progress, said);
            })
            .await;
        let clean = || {
            self.forget_plan();
            // A state that could not be saved left its lock, too, which is told to be ours by what is put away here.
            if !unsaved(&self.at) {
                put_away(&self.keep, &self.id);
            }
        };
        match ended {
            Ok(output) => {
                clean();
                if output.succeeded() {
                    return Ok(());
                }
                Err(fault::of(&format!("{} apply", self.tool), &progress, &output))
            }
            Err(Trouble::Interrupted) if self.at_work().is_some() => Err(Trouble::Interrupted),
            Err(trouble) => {
                clean();
                Err(trouble)
            }
        }
    }

    /// How far a terraform is that this install started, now or in an earlier run, while it still works.
    pub fn at_work(&self) -> Option<Waiting> {
        at_work(&self.keep, &self.id)
    }

    async fn asked(&self, words: &[&str], cancel: &CancellationToken) -> Result<Output, Trouble> {
        let output = finish(self.command().await?.args(words), cancel, &mut |_, _| {}).await?;
        self.judged(words[0], output)
    }

    fn judged(&self, what: &str, output: Output) -> Result<Output, Trouble> {
        if output.succeeded() {
            return Ok(output);
        }
        Err(fault::of_text(&format!("{} {what}", self.tool), &output.stderr))
    }

    async fn command(&self) -> Result<Command, Trouble> {
        let command = self.cloud.process.command(&self.tool)?;
        let command = surroundings::given(command, &self.cloud, self.home.path()).await?;
        Ok(command.arg(format!("-chdir={}", self.at.display())))
    }

    fn with_variables(&self, command: Command) -> Command {
        if !self.variables {
            return command;
        }
        command.arg(format!("-var-file={}", self.home.path().join("secret.tfvars.json").display()))
    }

    fn saved(&self) -> PathBuf {
        self.keep.join(format!("terraform-{}.plan", self.id))
    }

    fn mark(&self) -> PathBuf {
        outlived::mark(&self.keep, NAME, &self.id)
    }
}

/// Whose turn it is in a folder.
fn folder_of(at: &Path) -> Arc<tokio::sync::Mutex<()>> {
    static FOLDERS: LazyLock<Mutex<BTreeMap<PathBuf, Arc<tokio::sync::Mutex<()>>>>> = LazyLock::new(Mutex::default);
    let at = at.canonicalize().unwrap_or_else(|_| at.to_owned());
    FOLDERS.lock().unwrap_or_else(PoisonError::into_inner).entry(at).or_default().clone()
}

async fn finish(
    command: Command,
    cancel: &CancellationToken,
    said: &mut (dyn FnMut(Stream, &str) + Send),
) -> Result<Output, Trouble> {
    command.patience(PATIENCE).start()?.finish(cancel, said).await
}
