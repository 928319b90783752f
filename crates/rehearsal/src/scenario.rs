//! What exists, how long things take, what goes wrong and when: a scenario, as data.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

/// One scenario of a guide (`scenarios/<id>.yaml`). Each door reads its own part and owns that part's type.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Folder-style name, e.g. `no-quota`.
    pub id: String,
    /// One line for the list of scenarios.
    #[serde(default)]
    pub title: String,
    /// What there is to learn here.
    #[serde(default)]
    pub about: String,
    /// Another scenario of the same guide whose parts are the base; objects are merged, all else is replaced.
    #[serde(default)]
    pub based_on: Option<String>,
    /// Simulated time at the start; real time now where it is left out.
    #[serde(default)]
    pub start: Option<Timestamp>,
    /// How many times faster than real time the clock runs unless `--speed` says otherwise.
    #[serde(default)]
    pub speed: Option<f64>,
    /// The AWS account.
    #[serde(default)]
    pub aws: crate::aws::Setup,
    /// The cluster.
    #[serde(default)]
    pub kubernetes: crate::kube::Setup,
    /// Names, hosts behind the proxy, databases.
    #[serde(default)]
    pub outside: crate::outside::Setup,
    /// What `helm` and `terraform` do here.
    #[serde(default)]
    pub tools: crate::tools::Setup,
    /// Sample answers, handed out as a file; `{{ rehearsal }}` in a string is the rehearsal's folder.
    #[serde(default)]
    pub answers: serde_json::Value,
    /// Files put into the rehearsal's folder before it starts, path to content (sample secrets, certificates).
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// How a rehearsal of it ends.
    #[serde(default)]
    pub ends: Ends,
}

/// How a rehearsal ends, and what is said in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ends {
    /// The install's exit code.
    pub exit_code: Option<i32>,
    /// Codes of problems, paths of tasks, or any words: each is told at least once.
    pub says: Vec<String>,
}
