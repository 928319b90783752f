//! What does a task say? Paths, outcomes, problems, what a look at the world found, and facts on the way.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which part of a guide a task stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// Looked at before anything is touched.
    Checks,
    /// Changes one thing.
    Steps,
    /// Proves that the result works.
    Verify,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Checks => "checks",
            Self::Steps => "steps",
            Self::Verify => "verify",
        })
    }
}

/// The stable name of a task: `steps/gpu_node_group`, `steps/tenant_secret[acme]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskPath {
    /// The guide's section.
    pub section: Section,
    /// The task's id in the guide.
    pub id: String,
    /// The row's key where the task repeats (`each`).
    pub key: Option<String>,
}

impl TaskPath {
    /// A path without a row key.
    pub fn new(section: Section, id: impl Into<String>) -> Self {
        Self { section, id: id.into(), key: None }
    }

    /// Whether `pattern` names this task: a whole path, a section, or an id with any row.
    pub fn matches(&self, pattern: &str) -> bool {
        let whole = self.to_string();
        whole == pattern
            || self.section.to_string() == pattern
            || self.id == pattern
            || whole.split('[').next() == Some(pattern)
    }
}

impl fmt::Display for TaskPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.section, self.id)?;
        match &self.key {
            Some(key) => write!(f, "[{key}]"),
            None => Ok(()),
        }
    }
}

/// What is wrong with a task's path.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a task path; they look like steps/gpu_node_group or steps/tenant_secret[acme]")]
pub struct NotAPath(String);

impl FromStr for TaskPath {
    type Err = NotAPath;

    fn from_str(text: &str) -> Result<Self, NotAPath> {
        let wrong = || NotAPath(text.to_owned());
        let (section, rest) = text.split_once('/').ok_or_else(wrong)?;
        let section = match section {
            "checks" => Section::Checks,
            "steps" => Section::Steps,
            "verify" => Section::Verify,
            _ => return Err(wrong()),
        };
        let (id, key) = match rest.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
            Some((id, key)) => (id, Some(key.to_owned())),
            None => (rest, None),
        };
        if id.is_empty() {
            return Err(wrong());
        }
        Ok(Self { section, id: id.to_owned(), key })
    }
}

impl Serialize for TaskPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TaskPath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Something a person must know or do, always with a fix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Stable code, e.g. `AWS-QUOTA-LOW`; `landfall explain CODE` has its page.
    pub code: String,
    /// What is wrong, in one line.
    pub what: String,
    /// Why it matters or how it came about.
    pub why: String,
    /// What to do; lines that start with `$ ` are commands to copy.
    pub fix: String,
    /// Where in the vendor's document this comes from (heading and ordinal), if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl Problem {
    /// A problem without a reason; add it with [`Problem::why`].
    pub fn new(code: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { code: code.into(), what: what.into(), why: String::new(), fix: fix.into(), source: None }
    }

    /// Adds the reason.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }
}

/// How a look at something ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It is as it should be; the line says what was seen.
    Pass {
        /// e.g. `16 of 64 vCPU used, 16 more needed`.
        fact: String,
    },
    /// It works, but somebody should know.
    Warn {
        /// What to know.
        problem: Problem,
    },
    /// It is not as it should be.
    Fail {
        /// What is wrong.
        problem: Problem,
    },
    /// There was nothing to look at.
    Skip {
        /// Why not.
        reason: String,
    },
    /// It is not so yet; asked again until the guide's `within`.
    NotYet {
        /// What it waits for.
        problem: Problem,
    },
    /// Somebody would not let us look. Not a failure; a person can attest it.
    Unknown {
        /// What was denied, e.g. `servicequotas:GetServiceQuota`.
        denied: String,
        /// Who can tell instead.
        ask: String,
    },
}

impl Outcome {
    /// It is as it should be.
    pub fn pass(fact: impl Into<String>) -> Self {
        Self::Pass { fact: fact.into() }
    }

    /// There was nothing to look at.
    pub fn skip(reason: impl Into<String>) -> Self {
        Self::Skip { reason: reason.into() }
    }

    /// The problem, if there is one.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Warn { problem } | Self::Fail { problem } | Self::NotYet { problem } => Some(problem),
            _ => None,
        }
    }

    /// One line for a list.
    pub fn line(&self) -> &str {
        match self {
            Self::Pass { fact } => fact,
            Self::Warn { problem } | Self::Fail { problem } | Self::NotYet { problem } => &problem.what,
            Self::Skip { reason } => reason,
            Self::Unknown { denied, .. } => denied,
        }
    }
}

/// Who a thing found in the world belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "owner", content = "who", rename_all = "snake_case")]
pub enum Owner {
    /// It carries this install's mark.
    Ours,
    /// Nobody's mark is on it.
    Unmarked,
    /// Another install's or another manager's (Terraform, CloudFormation, Argo …).
    Other(String),
}

/// One field that is not as the plan says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Path of the field, e.g. `scaling.max`.
    pub field: String,
    /// What the plan says. What it takes away stands in capitals: `DESTROY`.
    pub wanted: String,
    /// What is there; empty where that says itself.
    pub found: String,
    /// Whether it cannot be changed in place.
    #[serde(default)]
    pub fixed: bool,
}

impl Difference {
    /// In one line, for people; `verb` is what the plan does: `wanted`, `planned`.
    pub fn line(&self, verb: &str) -> String {
        let fixed = if self.fixed { " (cannot be changed in place)" } else { "" };
        match self.found.as_str() {
            "" => format!("{}: {}{fixed}", self.field, self.wanted),
            found => format!("{}: {verb} {}, found {found}{fixed}", self.field, self.wanted),
        }
    }

    /// Whether it takes something away.
    pub fn loses(&self) -> bool {
        let word: String = self.wanted.chars().take_while(char::is_ascii_alphabetic).collect();
        word.len() > 3 && word.chars().all(|letter| letter.is_ascii_uppercase())
    }
}

/// A way out of a broken state that a person can agree to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// Stable name the kind understands, e.g. `rollback`.
    pub id: String,
    /// What would be done.
    pub does: String,
    /// What would be lost.
    pub loses: String,
}

/// What `inspect` saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State<O = Value> {
    /// It is not there.
    Absent,
    /// It is on its way.
    Pending {
        /// What it waits for.
        why: Waiting,
    },
    /// It is there, as planned.
    Present {
        /// What other tasks may read.
        outputs: O,
    },
    /// It is there, but different.
    Drifted {
        /// What other tasks may read.
        outputs: O,
        /// How it differs.
        differences: Vec<Difference>,
    },
    /// It is there and cannot become right by waiting.
    Broken {
        /// What is wrong.
        problem: Problem,
        /// Ways out.
        recoveries: Vec<Recovery>,
    },
}

/// What `inspect` saw, and whose it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found<O = Value> {
    /// What is there.
    #[serde(flatten)]
    pub state: State<O>,
    /// Whose it is.
    #[serde(flatten)]
    pub owner: Owner,
}

impl<O> Found<O> {
    /// It is not there.
    pub fn absent() -> Self {
        Self { state: State::Absent, owner: Owner::Unmarked }
    }

    /// It is on its way.
    pub fn pending(why: Waiting, owner: Owner) -> Self {
        Self { state: State::Pending { why }, owner }
    }

    /// It is there; with differences it has drifted.
    pub fn there(outputs: O, differences: Vec<Difference>, owner: Owner) -> Self {
        let state =
            if differences.is_empty() { State::Present { outputs } } else { State::Drifted { outputs, differences } };
        Self { state, owner }
    }

    /// It is broken.
    pub fn broken(problem: Problem, recoveries: Vec<Recovery>, owner: Owner) -> Self {
        Self { state: State::Broken { problem, recoveries }, owner }
    }

    /// The same with other outputs.
    pub fn map<P, E>(self, map: impl FnOnce(O) -> Result<P, E>) -> Result<Found<P>, E> {
        Ok(Found {
            state: match self.state {
                State::Absent => State::Absent,
                State::Pending { why } => State::Pending { why },
                State::Present { outputs } => State::Present { outputs: map(outputs)? },
                State::Drifted { outputs, differences } => State::Drifted { outputs: map(outputs)?, differences },
                State::Broken { problem, recoveries } => State::Broken { problem, recoveries },
            },
            owner: self.owner,
        })
    }
}

/// Why something is not there yet.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Waiting {
    /// One line, e.g. `CREATING, 1 of 2 nodes joined`.
    pub on: String,
    /// Further lines: health issues, scaling activities, last log lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub story: Vec<String>,
    /// A problem already visible that may yet pass (a health issue).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// How much of it is done, where that can be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<(u32, u32)>,
}

impl Waiting {
    /// Only a line.
    pub fn on(on: impl Into<String>) -> Self {
        Self { on: on.into(), ..Self::default() }
    }
}

/// How a step came to be finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Made by this install.
    Made,
    /// Changed by this install; `before` is in the journal (a secret's: in the vault).
    Changed,
    /// Found as planned and taken over.
    Adopted,
    /// Somebody else did it; seen to be true.
    HandedOver,
}

/// A small thing a running task tells, in order; everything a front end or a report shows is folded from these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// When, on the install's clock.
    pub at: Timestamp,
    /// Which task.
    pub path: TaskPath,
    /// What.
    #[serde(flatten)]
    pub what: Happened,
}

/// What a task tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Happened {
    /// It looks at the world.
    Looking,
    /// It sends its change.
    Applying,
    /// It waits for the world.
    Waiting {
        /// For what.
        why: Waiting,
        /// When the other side, or the guide, gives up.
        deadline: Option<Timestamp>,
        /// What is usual, e.g. `3 to 6 minutes`.
        usual: Option<String>,
    },
    /// It waits for a person.
    Person {
        /// What to do, exactly.
        instruction: String,
        /// What makes it true.
        until: String,
        /// When it stops waiting.
        deadline: Option<Timestamp>,
    },
    /// Somebody else was asked to do it; it waits until it is done.
    HandedOver {
        /// Who was asked, when, and for what.
        handed: Box<Handed>,
        /// What is seen of it now.
        until: String,
        /// Further lines: what of it is not as asked.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        story: Vec<String>,
        /// When it stops waiting.
        deadline: Option<Timestamp>,
    },
    /// It asks a person to decide; nothing happens before.
    Asked {
        /// The question.
        question: Question,
    },
    /// One line of a child's output, redacted.
    Said {
        /// The line.
        line: String,
    },
    /// A check or a verification ended.
    Looked {
        /// How.
        #[serde(flatten)]
        outcome: Outcome,
        /// From where a network check looked: `here`, `node …`, `pod …`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seat: Option<String>,
    },
    /// A step is finished.
    Finished {
        /// How it came about.
        how: How,
        /// What others may read; secrets are references.
        outputs: Value,
    },
    /// A step failed; what depends on it will not run.
    Failed {
        /// What is wrong.
        problem: Problem,
    },
    /// It will not run.
    Skipped {
        /// Why not.
        reason: String,
    },
    /// It was taken away again.
    Undone {
        /// What was done, in one line.
        line: String,
    },
    /// A failure the guide knows was seen in what was said.
    Recognised {
        /// The guide's problem.
        problem: Problem,
    },
    /// The service asked us to slow down; the door waits.
    Throttled {
        /// Which service.
        service: String,
    },
}

/// What somebody else was asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handed {
    /// Who was asked.
    pub to: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// The file that says what to do.
    pub file: String,
    /// What it says; empty where it was not read.
    #[serde(default)]
    pub page: String,
}

impl From<&crate::journal::Asked> for Handed {
    fn from(asked: &crate::journal::Asked) -> Self {
        let (to, reason) = (asked.what.to.clone(), asked.what.reason.clone());
        Self { to, reason, at: asked.at, file: asked.file.clone(), page: String::new() }
    }
}

/// A decision only a person can take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Which decision: `adopt`, `drift`, `recover`, `repeat`, `approve`, `deliver`.
    pub about: String,
    /// What is asked, in one or two lines.
    pub text: String,
    /// What can be answered; the first is the careful one.
    pub choices: Vec<Choice>,
    /// Differences to show beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
}

/// One possible decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Stable name, e.g. `use_as_is`.
    pub id: String,
    /// What it does.
    pub label: String,
    /// A word that must be typed to choose it, where something is lost by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typed: Option<String>,
}

/// A look-up's answer: rows to choose from. Rejected rows stay visible with their reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Column titles.
    pub columns: Vec<String>,
    /// Rows.
    pub rows: Vec<Row>,
    /// A line under the table (where it came from, when).
    #[serde(default)]
    pub note: String,
}

/// One row of a look-up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What choosing it answers.
    pub value: Value,
    /// What is shown, a cell a column.
    pub cells: Vec<String>,
    /// Why it cannot be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<String>,
    /// Chosen unless the person says otherwise.
    #[serde(default)]
    pub suggested: bool,
}

/// What a task needs to be allowed to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// IAM: action to resource ARNs (`*` where it cannot be narrower).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub iam: BTreeMap<String, Vec<String>>,
    /// Kubernetes: what is asked of the API server.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rbac: Vec<Rbac>,
}

impl Permissions {
    /// Adds IAM actions on one resource.
    #[must_use]
    pub fn iam<'a>(mut self, resource: &str, actions: impl IntoIterator<Item = &'a str>) -> Self {
        for action in actions {
            let resources = self.iam.entry(action.to_owned()).or_default();
            if !resources.iter().any(|known| known == resource) {
                resources.push(resource.to_owned());
            }
        }
        self
    }

    /// Adds verbs on one Kubernetes resource; no namespace means cluster-wide.
    #[must_use]
    pub fn rbac(mut self, namespace: Option<&str>, group: &str, resource: &str, verbs: &[&str]) -> Self {
        for verb in verbs {
            let rule = Rbac {
                namespace: namespace.map(str::to_owned),
                group: group.to_owned(),
                resource: resource.to_owned(),
                verb: (*verb).to_owned(),
            };
            if !self.rbac.contains(&rule) {
                self.rbac.push(rule);
            }
        }
        self
    }

    /// Both together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (action, resources) in other.iam {
            for resource in resources {
                self = self.iam(&resource, [action.as_str()]);
            }
        }
        for rule in other.rbac {
            if !self.rbac.contains(&rule) {
                self.rbac.push(rule);
            }
        }
        self
    }
}

/// One thing asked of a Kubernetes API server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rbac {
    /// Namespace; none means cluster-wide.
    pub namespace: Option<String>,
    /// API group; empty for core.
    pub group: String,
    /// Plural resource, with subresource after a slash.
    pub resource: String,
    /// Verb.
    pub verb: String,
}

/// A host somebody must be able to reach.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Name or `*.` pattern.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Who must reach it: `here`, `nodes`, `pods`, `browsers`.
    pub from: String,
    /// What for.
    pub why: String,
}
