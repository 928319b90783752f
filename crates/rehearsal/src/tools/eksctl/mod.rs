//! The stand-in `eksctl`: it makes and deletes clusters of a config file in the simulated account.
//!
//! Written from eksctl's documentation, its JSON schema and the wording of its source, not compared with a real run, which needs an
//! account.
//! Where the real one leaves the work to CloudFormation, this one makes the same things itself; what it had begun goes on in EKS
//! when it is stopped. [`config`] reads the file, [`calls`] speaks to AWS, [`create`] and [`delete`] do it, [`print`] words it.

pub mod calls;
pub mod config;
pub mod create;
pub mod delete;
pub mod print;

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::{self, Write},
};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::place::Place;
use crate::Clock;

/// The scenario's part.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setup {
    /// Its version.
    pub version: String,
    /// What goes wrong, by the stack where it does (`cluster`, `nodegroup-NAME`).
    pub fails: BTreeMap<String, Fails>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { version: "0.215.0".to_owned(), fails: BTreeMap::new() }
    }
}

/// A stack that fails.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fails {
    /// What CloudFormation says of the resource that failed.
    pub says: String,
    /// How often; for ever where left out.
    #[serde(default)]
    pub times: Option<usize>,
}

/// One run of the tool.
#[derive(Debug)]
pub struct Eksctl<'a> {
    /// Where it runs.
    pub place: &'a Place,
    /// What it was told.
    pub words: Vec<String>,
    /// Simulated time.
    pub clock: Clock,
}

impl Eksctl<'_> {
    /// A flag's value: `--name=x` or `--name x`.
    pub fn value(&self, flag: &str) -> Option<String> {
        let at = self.words.iter().position(|word| word.split('=').next() == Some(flag))?;
        match self.words[at].split_once('=') {
            Some((_, value)) => Some(value.to_owned()),
            None => self.words.get(at + 1).cloned(),
        }
    }

    /// The region: what was told, else the account's own.
    pub fn region(&self) -> String {
        self.value("--region").unwrap_or_else(|| self.place.aws.1.clone())
    }

    /// What the scenario lets go wrong in this stack, counted over all runs.
    pub fn failing(&self, stack: &str) -> Result<(), String> {
        let Some(fails) = self.place.tools.eksctl.fails.get(stack) else { return Ok(()) };
        let count = self.place.folder.join(format!("eksctl-failed-{stack}"));
        let before: usize = std::fs::read_to_string(&count).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        if fails.times.is_some_and(|times| before >= times) {
            return Ok(());
        }
        std::fs::write(&count, (before + 1).to_string()).map_err(|error| error.to_string())?;
        Err(fails.says.clone())
    }
}

/// Runs one command and returns its exit code.
pub fn run(place: &Place, arguments: &[String], environment: &BTreeMap<String, String>) -> i32 {
    if let Err(error) = note(place, arguments, environment) {
        eprintln!("eksctl: {error}");
        return 1;
    }
    let Ok(clock) = place.clock.parse() else { return 1 };
    let mut words = arguments.to_vec();
    // Flags for every command may come first.
    if words.first().is_some_and(|word| word == "--color") {
        words.drain(..words.len().min(2));
    }
    let eksctl = Eksctl { place, words, clock };
    let command: Vec<&str> = eksctl.words.iter().take(2).map(String::as_str).collect();
    let done =
        match command.as_slice() {
            ["version", ..] => {
                println!("{}", place.tools.eksctl.version);
                Ok(())
            }
            ["create", "cluster"] => create::cluster(&eksctl),
            ["create", "nodegroup"] => create::node_groups(&eksctl),
            ["delete", "cluster"] => delete::cluster(&eksctl),
            _ => Err("the rehearsal's eksctl knows only version, create cluster, create nodegroup and delete cluster"
                .to_owned()),
        };
    match done {
        Ok(()) => 0,
        Err(why) => {
            eprintln!("Error: {why}");
            1
        }
    }
}

/// Every call is written down with what it could see, so that a test can look for what must not be there.
fn note(place: &Place, arguments: &[String], environment: &BTreeMap<String, String>) -> io::Result<()> {
    let path = place.folder.join("eksctl-calls.jsonl");
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    writeln!(file, "{}", json!({ "arguments": arguments, "environment": environment }))
}
