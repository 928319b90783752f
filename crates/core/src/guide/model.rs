//! The shape of `guide.yaml`: the whole of it, and its small parts.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Erratum, GuideProblem, Input, Lines, Secret, Task, source::Passage};
use crate::event::Host;

/// A whole guide.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Guide {
    /// Folder name, e.g. `acme-search`.
    pub id: String,
    /// Product name as people say it.
    pub title: String,
    /// What gets installed, in one or two sentences.
    #[serde(default)]
    pub about: String,
    /// Prefix of the codes this guide makes, e.g. `ACME`.
    pub code_prefix: String,
    /// How long it takes a prepared person, e.g. `45 to 70 minutes`.
    #[serde(default)]
    pub takes: Option<String>,
    /// The vendor's document.
    pub source: SourceInfo,
    /// Where it is installed.
    pub target: Target,
    /// What is looked up rather than asked; frozen into the plan.
    #[serde(default)]
    pub facts: Vec<FrozenFact>,
    /// What is asked, in order.
    #[serde(default)]
    pub inputs: Vec<Input>,
    /// What is kept in the vault.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// What other people have to bring.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// Hosts somebody must reach, beyond those the kinds know of themselves.
    #[serde(default)]
    pub hosts: Vec<WhenHost>,
    /// Looked at before anything is touched.
    #[serde(default)]
    pub checks: Vec<Task>,
    /// What is done.
    #[serde(default)]
    pub steps: Vec<Task>,
    /// What proves it.
    #[serde(default)]
    pub verify: Vec<Task>,
    /// Known failures and their fixes, matched while it runs.
    #[serde(default)]
    pub problems: Vec<GuideProblem>,
    /// Where the vendor's text is wrong, and what is done instead.
    #[serde(default)]
    pub errata: Vec<Erratum>,
    /// What to know and do afterwards, for the summary page.
    #[serde(default)]
    pub after: Vec<After>,
    /// A guide in one file: its templates by name (`values.j2`), instead of files beside it.
    #[serde(default)]
    pub templates: BTreeMap<String, String>,
    /// A guide in one file: its rehearsals by name, instead of a folder `scenarios`.
    #[serde(default)]
    pub scenarios: BTreeMap<String, Value>,
}

/// The vendor's document.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceInfo {
    /// Its title.
    pub document: String,
    /// Its address, if it has one.
    #[serde(default)]
    pub url: Option<String>,
    /// What the vendor tested it with.
    #[serde(default)]
    pub tested_on: TestedOn,
    /// A guide in one file: how many lines the document has. Else `source.yaml` says so.
    #[serde(default)]
    pub lines: Option<u32>,
    /// A guide in one file: the document's passages, in order. Else `source.yaml` lists them.
    #[serde(default)]
    pub passages: Vec<Passage>,
}

/// What the vendor tested with.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestedOn {
    /// Kubernetes minor version, e.g. `1.31`.
    #[serde(default)]
    pub kubernetes: Option<String>,
}

/// Where a guide is installed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// `eks`, `kubernetes` or `none`.
    pub cluster: String,
    /// For `eks`: the guide makes the cluster, and it may not be there yet; the name that is suggested for it.
    #[serde(default)]
    pub makes: Option<String>,
    /// Suggested namespace.
    #[serde(default)]
    pub namespace: Option<String>,
    /// AWS identities besides `main`, by name.
    #[serde(default)]
    pub identities: BTreeMap<String, Identity>,
}

/// One AWS identity a guide uses.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// What it is for.
    #[serde(default)]
    pub label: Option<String>,
    /// Whether it may be left out.
    #[serde(default)]
    pub optional: bool,
}

/// Something that is looked up rather than asked, e.g. the cluster's version; read as `{{ facts.<id> }}`, which is the
/// value of the look-up's first row, or null where it has none.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FrozenFact {
    /// Snake-case name.
    pub id: String,
    /// Which look-up.
    pub lookup: String,
    /// Its parameters; templates over `target`.
    #[serde(default)]
    pub with: Value,
}

/// A condition: an expression over inputs, `target` and frozen `facts`, without braces.
pub type When = Option<String>;

/// Something another team has to bring.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// Snake-case name.
    pub id: String,
    /// What.
    pub title: String,
    /// Whom to ask.
    pub ask: String,
    /// How long that usually takes, e.g. `2 to 5 working days`.
    #[serde(default)]
    pub takes: Option<String>,
    /// A message ready to send; a template, unanswered inputs stand as `<label>`.
    pub message: String,
    /// Whether it is needed.
    #[serde(default)]
    pub when: When,
    /// Lines of the source.
    #[serde(default)]
    pub from: Vec<Lines>,
}

/// A host somebody must reach, under a condition.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct WhenHost {
    /// The host; its name may be a template.
    #[serde(flatten)]
    pub host: Host,
    /// Whether it is needed.
    #[serde(default)]
    pub when: When,
}

/// One entry of the summary's "from now on" page.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// e.g. `Logs`.
    pub title: String,
    /// Templates over inputs, target and step outputs.
    pub text: String,
    /// Whether it applies.
    #[serde(default)]
    pub when: When,
}
