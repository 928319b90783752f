//! terraform or OpenTofu, the person's own: it initialises, plans, applies and keeps the state; what it says is read here.
//!
//! Secrets reach it in a 0600 variables file that is removed afterwards. A saved plan holds them, too: it lies in the
//! install's own folder, 0600, from the moment it is shown until it was applied or declined.

mod fault;
mod lock;
mod plan;
mod progress;
mod surroundings;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use landfall_core::{
    event::{Problem, Waiting},
    value::Plain,
};
use semver::Version;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

pub use lock::Lock;
pub use plan::{Action, Change, Reviewed};
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

/// What a plan came to.
pub enum Planned {
    /// Another run holds the state.
    Locked(Lock),
    /// What it would do.
    Reviewed(Reviewed),
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
        let home = outlived::home(keep, NAME).map_err(|error| unusable(keep, &error))?;
        if let Some(variables) = &variables {
            private::replace(&home.path().join("secret.tfvars.json"), variables.reveal().as_bytes())
                .map_err(|error| unusable(home.path(), &error))?;
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
            let _ = private::replace(&own_providers(&self.keep, &self.at), b"");
        }
        if output.succeeded() {
            return Ok(());
        }
        Err(fault::of_text(&format!("{} init", self.tool), &format!("{}\n{}", output.stderr, output.stdout)))
    }

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
        private::replace(saved, b"").map_err(|error| unusable(saved, &error))?;
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
        written::make_folder(&said).map_err(|error| unusable(&said, &error))?;
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
        std::fs::remove_file(&left).map_err(|error| unusable(&left, &error))
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

    /// Removes the saved plan.
    pub fn forget_plan(&self) {
        let _ = std::fs::remove_file(self.saved());
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

/// Whether a lock is of a terraform of ours that is no longer at work: it was taken when that one began. What is left of a
/// run says nothing of a lock that somebody took weeks later.
pub fn left_behind(keep: &Path, id: &str, lock: &Lock) -> bool {
    let Ok(text) = std::fs::read_to_string(outlived::mark(keep, NAME, id)) else { return false };
    let begun = text.split_whitespace().nth(1).and_then(|at| at.parse::<Timestamp>().ok());
    begun.zip(lock.since).is_some_and(|(begun, since)| taken_by(begun, since)) && at_work(keep, id).is_none()
}

/// Whether a run that began then took a lock of that time. It reads the plan and opens the backend first.
fn taken_by(begun: Timestamp, since: Timestamp) -> bool {
    (SignedDuration::from_mins(-1)..=SignedDuration::from_mins(5)).contains(&since.duration_since(begun))
}

/// Whether terraform could not save the state (a session that expired meanwhile) and left it in the folder.
pub fn unsaved(folder: &Path) -> bool {
    folder.join(UNSAVED).exists()
}

/// Puts away what a terraform that was killed left in the install's folder.
pub fn put_away(keep: &Path, id: &str) {
    outlived::put_away(keep, NAME, id);
}

/// Puts away what terraform left in a folder once all is destroyed: what it fetched, and a state in which nothing is any
/// more (the one before it still holds secrets). What cannot be removed does no harm. The lock file of the providers, which
/// people commit, goes only where this install (`keep`) brought it.
pub fn clear(folder: &Path, keep: &Path) {
    let _ = std::fs::remove_dir_all(folder.join(".terraform"));
    let own = own_providers(keep, folder);
    if own.exists() {
        let _ = std::fs::remove_file(folder.join(PROVIDERS));
        let _ = std::fs::remove_file(own);
    }
    let state = folder.join("terraform.tfstate");
    let text = std::fs::read_to_string(&state).unwrap_or_default();
    let tree: Value = serde_json::from_str(&text).unwrap_or_default();
    if tree["resources"].as_array().is_some_and(Vec::is_empty) {
        let _ = std::fs::remove_file(&state);
        let _ = std::fs::remove_file(folder.join("terraform.tfstate.backup"));
    }
}

/// Tells that the providers' lock file in a folder came with our own `init`.
fn own_providers(keep: &Path, folder: &Path) -> PathBuf {
    keep.join(format!("terraform-{}.providers", &written::digest(&folder.display().to_string())[..16]))
}

/// How far the terraform is that works for `id`, if one does.
pub fn at_work(keep: &Path, id: &str) -> Option<Waiting> {
    let text = std::fs::read_to_string(outlived::mark(keep, NAME, id)).ok()?;
    let pid = text.split_whitespace().next()?.parse().ok()?;
    if !process::alive(pid, "apply") {
        return None;
    }
    Some(Progress::of(&outlived::heard(keep, NAME, id)).waiting())
}

async fn finish(
    command: Command,
    cancel: &CancellationToken,
    said: &mut (dyn FnMut(Stream, &str) + Send),
) -> Result<Output, Trouble> {
    command.patience(PATIENCE).start()?.finish(cancel, said).await
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> Trouble {
    Problem::new(
        "FOLDER-UNUSABLE",
        format!("{} cannot be used", path.display()),
        "Free some space, or make the folder yours again; then start again.",
    )
    .why(error.to_string())
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lock_that_our_own_run_took_is_left_behind() {
        let keep = tempfile::tempdir().unwrap();
        let at = |text: &str| Lock { since: Some(text.parse().unwrap()), ..Lock::default() };
        let ours = at("2026-11-21T08:18:07Z");
        assert!(!left_behind(keep.path(), "gateway", &ours), "nothing was begun");
        // Its number is of no process: it was killed.
        std::fs::write(outlived::mark(keep.path(), NAME, "gateway"), "4294967294 2026-11-21T08:18:05Z").unwrap();
        assert!(left_behind(keep.path(), "gateway", &ours));
        assert!(!left_behind(keep.path(), "gateway", &at("2026-12-12T08:18:07Z")), "somebody else's, weeks later");
        assert!(!left_behind(keep.path(), "gateway", &at("2026-11-21T07:00:00Z")), "it was held before");
        assert!(!left_behind(keep.path(), "gateway", &Lock::default()), "nobody knows");
        put_away(keep.path(), "gateway");
        assert!(!left_behind(keep.path(), "gateway", &ours));
    }
}
