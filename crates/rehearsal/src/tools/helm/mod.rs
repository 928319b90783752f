//! The stand-in `helm`, version 3 or 4: it renders a chart's recorded manifests with the values put in, writes them
//! and a release Secret to the cluster of its kubeconfig, and answers as the real one does.
//!
//! Words and exit codes were compared with helm 3.21.4 and 4.3.0. [`arguments`] reads the command line,
//! [`command`] runs it, [`fetch`] finds charts (through [`repository`]), [`values`] and [`render`] make manifests,
//! [`release`] keeps releases as Secrets, [`objects`] writes to the cluster, [`change`] installs and upgrades,
//! [`back`] rolls back and uninstalls, [`look`] only looks, [`mod@test`] tests, [`print`] words the answers. [`effect`] is what a scenario lets go wrong.

pub mod arguments;
pub mod back;
pub mod change;
pub mod command;
pub mod effect;
pub mod fetch;
pub mod look;
pub mod objects;
pub mod print;
pub mod release;
pub mod render;
pub mod repository;
pub mod test;
pub mod values;

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::{self, Write},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{cluster::ClusterError, place::Place};
use crate::Clock;
use arguments::Arguments;

/// The scenario's part.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setup {
    /// Its version, without a `v`; the first number decides how it behaves.
    pub version: String,
    /// What goes wrong with calls.
    pub effects: Vec<effect::Effect>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { version: "3.19.2".to_owned(), effects: Vec::new() }
    }
}

/// One run of the tool.
#[derive(Debug)]
pub struct Helm<'a> {
    /// Where it runs.
    pub place: &'a Place,
    /// What it was told.
    pub arguments: Arguments,
    /// Environment variables.
    pub environment: &'a BTreeMap<String, String>,
    /// Simulated time.
    pub clock: Clock,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// After `Error: `.
    #[error("{0}")]
    Plain(String),
    /// The cluster refused.
    #[error("{0}")]
    Cluster(#[from] ClusterError),
    /// A file or connection.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The process ends as if it had been killed.
    #[error("killed")]
    Dies,
}

impl Failure {
    /// A failure in words.
    pub fn said(what: impl Into<String>) -> Self {
        Self::Plain(what.into())
    }
}

impl Helm<'_> {
    /// Whether it behaves as version 4.
    pub fn is_four(&self) -> bool {
        is_four(self.place)
    }

    /// Simulated time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

fn is_four(place: &Place) -> bool {
    place.tools.helm.version.starts_with('4')
}

/// Runs one command and returns its exit code.
pub fn run(place: &Place, arguments: &[String], environment: &BTreeMap<String, String>) -> i32 {
    let outcome = note(place, arguments).map_err(Failure::from).and_then(|()| {
        let clock = place.clock.parse().map_err(|error| Failure::said(format!("{error}")))?;
        let arguments = Arguments::of(arguments, is_four(place))?;
        command::run(&Helm { place, arguments, environment, clock })
    });
    match outcome {
        Ok(text) => match io::stdout().write_all(text.as_bytes()) {
            Ok(()) => 0,
            Err(_) => 1,
        },
        Err(Failure::Dies) => 137,
        Err(error) => {
            eprintln!("Error: {error}");
            1
        }
    }
}

/// Every call is written down, so that a test can look for what must not be on a command line.
fn note(place: &Place, arguments: &[String]) -> io::Result<()> {
    let path = place.folder.join("helm-calls.jsonl");
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    writeln!(file, "{}", json!(arguments))
}
