//! A folder with a configuration, and our kind over it with the real terraform.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use landfall::{
    cloud::{Cloud, Endpoints, Trouble},
    kind::{Applied, Context, Needs},
    kinds::Kinds,
};
use landfall_core::{event::Found, value::Scope};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{place::Place, testbed::Testbed};

pub const CANARY: &str = "terraform-canary-7f3a";

pub struct Bench {
    pub place: Place,
    pub work: TempDir,
    pub tool: String,
    pub program: PathBuf,
}

/// The machine's own terraform, or the test bed's OpenTofu.
pub fn tool() -> Option<(String, PathBuf)> {
    let on_path = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path).map(|folder| folder.join("terraform")).find(|program| program.is_file())
    });
    match on_path {
        Some(program) => Some(("terraform".into(), program)),
        None => Testbed::require("tofu").map(|program| ("tofu".into(), program)),
    }
}

impl Bench {
    pub fn new() -> Option<Self> {
        let (tool, program) = tool()?;
        let folder = program.parent()?.to_owned();
        let path = std::env::join_paths([folder, "/usr/bin".into(), "/bin".into()]).ok()?;
        let endpoints = Endpoints { path, ..Endpoints::default() };
        let place = Place {
            cloud: Arc::new(Cloud::new(endpoints)),
            kinds: Kinds::all(),
            vault: Arc::default(),
            folder: tempfile::tempdir().unwrap(),
            said: Arc::default(),
            needs: Needs::default(),
            scope: Scope::new(),
            files: std::collections::BTreeMap::new(),
            bin: None,
            rehearsal: None,
        };
        Some(Self { place, work: tempfile::tempdir().unwrap(), tool, program })
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.work.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs the tool itself.
    pub fn run(&self, words: &[&str]) -> (bool, String) {
        let chdir = format!("-chdir={}", self.work.path().display());
        let output = Command::new(&self.program)
            .arg(chdir)
            .args(words)
            .env("CHECKPOINT_DISABLE", "1")
            .env_remove("TF_CLI_CONFIG_FILE")
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout) + &text(&output.stderr))
    }

    pub fn parameters(&self) -> Value {
        let secret = self.place.secret("vendor.password", CANARY);
        json!({ "folder": self.work.path(), "tool": self.tool, "variables": { "password": secret } })
    }

    pub async fn inspect(&self) -> Found {
        self.place.inspect("terraform.module", &self.parameters()).await
    }

    /// Has the plan shown and agreed to; gives the question.
    pub async fn agreed(&self) -> Value {
        let kind = &self.place.kinds.steps["terraform.module"];
        let question = kind.approval(&self.place.context(), &self.parameters()).await.unwrap();
        json!(question.expect("something is to be done"))
    }

    /// Starts the apply; gives the context whose `cancel` stops it.
    pub async fn start(&self) -> (Context, tokio::task::JoinHandle<Result<(), Trouble>>) {
        let cx = self.place.context();
        let kind = &self.place.kinds.steps["terraform.module"];
        let job = match kind.apply(&cx, &self.parameters(), "token").await.unwrap() {
            Applied::Started(job) | Applied::StartedOver { job, .. } => job,
            Applied::Sent { .. } => panic!("nothing was started"),
        };
        (cx, tokio::spawn(job))
    }

    pub async fn applied(&self) {
        self.agreed().await;
        let (_, job) = self.start().await;
        job.await.unwrap().unwrap();
    }
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() { all.extend(files(&entry.path())) } else { all.push(entry.path()) }
    }
    all
}
