//! How does a pod behave? Chosen by the start of its name, its labels and its namespace.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::Value;

use super::object;

/// Behaviour of the pods it matches; everything left out is ordinary.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// Pods whose name starts with this.
    pub name: String,
    /// Pods with these labels.
    pub labels: BTreeMap<String, String>,
    /// Pods of this namespace.
    pub namespace: Option<String>,
    /// The container whose log it is and which crashes; the first where it is left out.
    pub container: Option<String>,
    /// How long its images take to pull.
    pub pull: Option<SignedDuration>,
    /// How long it takes to start.
    pub start: Option<SignedDuration>,
    /// From started (and what it waits for) to ready.
    pub ready_after: Option<SignedDuration>,
    /// What it waits for before it gets ready.
    pub ready_when: Option<ReadyWhen>,
    /// Runs, but never gets ready.
    pub never_ready: bool,
    /// Its image cannot be pulled.
    pub image_pull_failure: Option<PullFailure>,
    /// It gets no network, and this is what the node says each time.
    pub no_sandbox: Option<String>,
    /// Architectures its image is made for; all where it is left out.
    pub architectures: Vec<String>,
    /// It crashes.
    pub crash: Option<Crash>,
    /// Its log from the start of the container, in order.
    pub logs: Vec<LogLine>,
    /// Its log once what it waits for is there (at once where it waits for nothing), after `logs`.
    pub then: Vec<LogLine>,
    /// It runs to completion after this long (jobs do anyway).
    pub completes_after: Option<SignedDuration>,
    /// Exit code of the completion.
    pub exit_code: i64,
}

/// A condition outside the cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadyWhen {
    /// This DNS name resolves.
    pub dns: String,
    /// What the log says meanwhile, again and again.
    #[serde(default)]
    pub waiting: Option<String>,
    /// How often.
    #[serde(default = "every")]
    pub every: SignedDuration,
}

fn every() -> SignedDuration {
    SignedDuration::from_secs(10)
}

/// An image that cannot be pulled.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PullFailure {
    /// What the container runtime says.
    pub reason: String,
    /// How many tries fail; all where it is left out.
    #[serde(default)]
    pub times: Option<u32>,
}

/// A crash some time after the start.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    /// How long after the start.
    #[serde(default = "soon")]
    pub after: SignedDuration,
    /// Exit code.
    #[serde(default = "one")]
    pub exit_code: i64,
    /// `Error` or `OOMKilled`.
    #[serde(default = "error")]
    pub reason: String,
    /// Last words in the log.
    #[serde(default)]
    pub log: Vec<String>,
    /// How many starts end so; all where it is left out.
    #[serde(default)]
    pub times: Option<u32>,
}

fn soon() -> SignedDuration {
    SignedDuration::from_secs(2)
}

fn one() -> i64 {
    1
}

fn error() -> String {
    "Error".into()
}

/// A line of a log: plain text, or with the delay after the line before it.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "a log line is written as LINE or as { after: DURATION, line: LINE }")]
pub enum LogLine {
    /// At once.
    Plain(String),
    /// After a while.
    Later(Later),
}

/// A line that comes after a while.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Later {
    /// How long after the line before it.
    pub after: SignedDuration,
    /// What it says.
    pub line: String,
}

impl LogLine {
    /// How long after the line before it.
    pub fn after(&self) -> SignedDuration {
        match self {
            Self::Plain(_) => SignedDuration::ZERO,
            Self::Later(later) => later.after,
        }
    }

    /// What it says.
    pub fn text(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Later(later) => &later.line,
        }
    }
}

impl Rule {
    /// Is this pod meant?
    pub fn matches(&self, pod: &Value) -> bool {
        object::name(pod).starts_with(&self.name)
            && self.namespace.as_deref().is_none_or(|namespace| namespace == object::namespace(pod))
            && self.labels.iter().all(|(key, value)| object::label(pod, key) == Some(value))
    }
}
