//! What does a guide look at, do and prove? One shape for checks, steps and verifications.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Lines, When};
use crate::clock::Span;

/// How bad it is when a check fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing is installed before it passes or is waived.
    #[default]
    Stop,
    /// Shown; the install may go on.
    Warn,
}

/// A check, a step or a verification.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Snake-case name.
    pub id: String,
    /// Which kind does it.
    pub kind: String,
    /// For lists; the kind's name where left out.
    #[serde(default)]
    pub title: Option<String>,
    /// What is done and why, for the story.
    #[serde(default)]
    pub about: String,
    /// The kind's parameters; templates are evaluated.
    #[serde(default)]
    pub with: Value,
    /// Whether it is wanted.
    #[serde(default)]
    pub when: When,
    /// Repeats for each item of a list (an expression); the item is `{{ row }}`.
    #[serde(default)]
    pub each: Option<String>,
    /// The field of a row that names it in paths.
    #[serde(default)]
    pub key: Option<String>,
    /// Tasks it comes after although no data says so (ids of steps).
    #[serde(default)]
    pub after: Vec<String>,
    /// Checks and verifications: how bad a failure is.
    #[serde(default)]
    pub severity: Severity,
    /// Asked again until then.
    #[serde(default)]
    pub within: Option<Span>,
    /// `person.does` and handed-over steps: true once all of these pass.
    #[serde(default)]
    pub until: Vec<Until>,
    /// Checks and verifications: a person may answer for it with name and reason when nobody lets us look.
    #[serde(default)]
    pub attest: Option<Attest>,
    /// Verifications: the steps it proves. Checks that run right before a step: see `before`.
    #[serde(default)]
    pub proves: Vec<String>,
    /// Verifications that run in the middle of the install: right after what they prove, before these steps.
    #[serde(default)]
    pub before: Vec<String>,
    /// Steps: may be left for later by the person.
    #[serde(default)]
    pub optional: bool,
    /// Steps: somebody else does it; it is only looked at until it is done.
    #[serde(default)]
    pub hand_over: Option<ToOther>,
    /// Lines of the source.
    #[serde(default)]
    pub from: Vec<Lines>,
}

/// Who does a step instead of us.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToOther {
    /// Who, e.g. `your pipeline`; a template.
    pub to: String,
    /// Why, for their page.
    #[serde(default)]
    pub reason: String,
    /// Whether they do.
    #[serde(default)]
    pub when: When,
}

/// A check that ends a wait.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Until {
    /// Which kind of check.
    pub kind: String,
    /// Its parameters.
    #[serde(default)]
    pub with: Value,
}

/// What a person answers for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attest {
    /// The statement a person makes.
    pub statement: String,
}
