//! The stand-in `terraform`: it plans, applies and keeps a state as the real one does, over what a scenario's module declares.
//!
//! Words, JSON and exit codes were compared with terraform 1.11.4. [`configuration`] reads the folder, [`module`] is what a
//! scenario declares, [`state`] keeps the state and its lock, [`plan`] compares, [`apply`] carries out and [`effect`] makes
//! things in the world; [`print`] words the answers. [`pipeline`] is somebody else who runs it.

pub mod apply;
pub mod command;
pub mod configuration;
pub mod effect;
pub mod module;
pub mod pipeline;
pub mod plan;
pub mod print;
pub mod state;

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::{self, Write},
    path::PathBuf,
};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::place::Place;
use crate::Clock;

/// The scenario's part.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setup {
    /// Its version.
    pub version: String,
    /// Modules that somebody was sent, by the name of their archive; each lies in `downloads/NAME.zip`.
    pub modules: BTreeMap<String, module::Module>,
    /// A module, by name, that was applied before the start with these variables, and where its state is.
    pub applied: Option<Applied>,
    /// What goes wrong while applying, by address.
    pub fails: BTreeMap<String, Fails>,
    /// Somebody else's run that holds the lock at the start.
    pub held: Option<Held>,
    /// Somebody else's pipeline, which plans and applies in our place.
    pub pipeline: Option<pipeline::Pipeline>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            version: "1.11.4".to_owned(),
            modules: BTreeMap::new(),
            applied: None,
            fails: BTreeMap::new(),
            held: None,
            pipeline: None,
        }
    }
}

/// What was applied before the start.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Applied {
    /// Which module.
    pub module: String,
    /// The `source` that stood in the folder then.
    pub source: String,
    /// The variables that were given then.
    pub variables: Map<String, Value>,
    /// Addresses that the state does not know, although they are there.
    pub unknown: Vec<String>,
    /// Field manager of who keeps the releases that the state does not know, e.g. `helm-controller`; nobody's mark where left out.
    pub kept_by: Option<String>,
}

/// A failure.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fails {
    /// In one line.
    pub says: String,
    /// How often; for ever where left out.
    #[serde(default)]
    pub times: Option<usize>,
}

/// A lock.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// `user@machine`.
    pub who: String,
    /// How long after the start.
    pub until: SignedDuration,
}

/// One run of the tool.
#[derive(Debug)]
pub struct Terraform<'a> {
    /// Where it runs.
    pub place: &'a Place,
    /// The folder of the configuration.
    pub folder: PathBuf,
    /// What it was told, without `-chdir`.
    pub words: Vec<String>,
    /// Environment variables.
    pub environment: &'a BTreeMap<String, String>,
    /// Simulated time.
    pub clock: Clock,
    /// It was called as `tofu`.
    pub tofu: bool,
}

/// Why a command failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// In one line.
    pub summary: String,
    /// The rest.
    pub detail: String,
    /// Whose.
    pub address: Option<String>,
}

impl Failure {
    /// In one line.
    pub fn said(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), ..Self::default() }
    }

    /// With the rest of it.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::said(error.to_string())
    }
}

impl Terraform<'_> {
    /// Whether a flag is set, `-json` or `-detailed-exitcode`.
    pub fn is(&self, flag: &str) -> bool {
        self.words.iter().any(|word| word == flag)
    }

    /// A flag's value: `-out=x` or `-out x`.
    pub fn value(&self, flag: &str) -> Option<String> {
        let at = self.words.iter().position(|word| word.split('=').next() == Some(flag))?;
        match self.words[at].split_once('=') {
            Some((_, value)) => Some(value.to_owned()),
            None => self.words.get(at + 1).cloned(),
        }
    }

    /// What is no flag, after the command.
    pub fn operands(&self) -> Vec<&str> {
        self.words.iter().skip(1).map(String::as_str).filter(|word| !word.starts_with('-')).collect()
    }
}

/// Runs one command and returns its exit code.
pub fn run(place: &Place, name: &str, arguments: &[String], environment: &BTreeMap<String, String>) -> i32 {
    let chdir = arguments.iter().find_map(|word| word.strip_prefix("-chdir="));
    let here = std::env::current_dir().unwrap_or_default();
    let words = arguments.iter().filter(|word| !word.starts_with("-chdir=")).cloned().collect();
    let Ok(clock) = place.clock.parse() else { return 1 };
    let folder = chdir.map_or(here.clone(), |folder| here.join(folder));
    let terraform = Terraform { place, folder, words, environment, clock, tofu: name == "tofu" };
    if let Err(error) = note(place, arguments) {
        eprintln!("terraform: {error}");
        return 1;
    }
    command::run(&terraform)
}

/// Every call is written down, so that a test can look for what must not be on a command line.
fn note(place: &Place, arguments: &[String]) -> io::Result<()> {
    let path = place.folder.join("terraform-calls.jsonl");
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    writeln!(file, "{}", json!(arguments))
}
