//! The shape of `guide.yaml`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Input, Signs, source::Passage};
use crate::{clock::Span, event::Host};

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

/// A secret with its fields.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Snake-case name; a field is read as `{{ secrets.<id>.<field> }}`.
    pub id: String,
    /// For people.
    pub label: String,
    /// What it is and who has it.
    #[serde(default)]
    pub help: String,
    /// Its fields, in order.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// Repeating rows joined into one field `value`, instead of fields.
    #[serde(default)]
    pub rows: Option<RowSecret>,
    /// Whether it is asked for at all.
    #[serde(default)]
    pub when: When,
    /// The Kubernetes Secret it becomes, so that an existing one is found: `namespace/name`, a template.
    #[serde(default)]
    pub kubernetes: Option<String>,
    /// Lines of the source.
    #[serde(default)]
    pub from: Vec<Lines>,
}

impl Secret {
    /// The names its fields are read by; repeating rows are joined into one.
    pub fn field_ids(&self) -> Vec<&str> {
        match &self.rows {
            Some(_) => vec!["value"],
            None => self.fields.iter().map(|field| field.id.as_str()).collect(),
        }
    }
}

/// One field of a secret.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Snake-case name.
    pub id: String,
    /// For people.
    #[serde(default)]
    pub label: Option<String>,
    /// How it can be made up.
    #[serde(default)]
    pub generate: Option<Generate>,
    /// Adopted where the Secret or the release exists; never made anew then.
    #[serde(default)]
    pub keep: bool,
    /// May be left empty.
    #[serde(default)]
    pub optional: bool,
    /// Several lines (a private key).
    #[serde(default)]
    pub multiline: bool,
    /// Not secret in itself (a user name): shown as typed.
    #[serde(default)]
    pub visible: bool,
    /// A regular expression it has to match.
    #[serde(default)]
    pub pattern: Option<String>,
    /// Shortest length that is accepted.
    #[serde(default)]
    pub at_least: Option<usize>,
    /// The file it arrives in, and its dotted key there: `FILE#auth.clientSecret`, a template. It is taken from there
    /// where nothing else was said and the file is there.
    #[serde(default)]
    pub arrives: Option<String>,
    /// Key inside the existing Kubernetes Secret; the field's id where left out.
    #[serde(default)]
    pub key: Option<String>,
}

/// How a secret can be made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Generate {
    /// A random UUID.
    Uuid,
    /// Twenty-four random letters, digits and a few signs; as many as the field's `at_least` asks for, where that is more.
    Password,
}

/// A secret of repeating rows, joined into `{{ secrets.<id>.value }}`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowSecret {
    /// Columns, in order.
    pub columns: Vec<Field>,
    /// Between the columns of a row.
    pub join_columns: String,
    /// Between rows.
    pub join_rows: String,
    /// Fewest rows.
    #[serde(default = "one")]
    pub at_least: usize,
}

fn one() -> usize {
    1
}

/// Lines of the vendor's document: `23` or `146-182`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "LinesText")]
pub struct Lines {
    /// First.
    pub first: u32,
    /// Last.
    pub last: u32,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
enum LinesText {
    One(u32),
    Range(String),
}

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = |text: &str| serde::de::Error::custom(format!("{text:?} is not a line or a range such as 146-182"));
        match Value::deserialize(deserializer)? {
            Value::Number(number) => {
                let line = number.as_u64().and_then(|line| u32::try_from(line).ok());
                let line = line.ok_or_else(|| wrong(&number.to_string()))?;
                Ok(Self { first: line, last: line })
            }
            Value::String(text) => {
                let parts = text
                    .split_once('-')
                    .and_then(|(first, last)| Some((first.trim().parse().ok()?, last.trim().parse().ok()?)));
                match parts {
                    Some((first, last)) if first <= last => Ok(Self { first, last }),
                    _ => Err(wrong(&text)),
                }
            }
            other => Err(wrong(&other.to_string())),
        }
    }
}

impl Serialize for Lines {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.first == self.last {
            serializer.serialize_u32(self.first)
        } else {
            serializer.collect_str(&format_args!("{}-{}", self.first, self.last))
        }
    }
}

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

/// A known failure of the product, matched while it runs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuideProblem {
    /// Snake-case name; its code is `<PREFIX>-<ID>`.
    pub id: String,
    /// What shows it.
    #[serde(default)]
    pub when: Signs,
    /// What is wrong; like `why` and `fix` a template over what a need's message may read.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do; a line that begins with `$ ` is a command.
    pub fix: String,
    /// Lines of the source.
    #[serde(default)]
    pub from: Vec<Lines>,
}

/// Where the vendor's text is wrong.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Erratum {
    /// e.g. `ACME-05`.
    pub id: String,
    /// Lines of the source; none for something it leaves out.
    #[serde(default)]
    pub at: Vec<Lines>,
    /// What is wrong.
    pub wrong: String,
    /// What is done instead; for a warning, what to know.
    pub instead: String,
    /// Only warned of, not corrected.
    #[serde(default)]
    pub warned: bool,
    /// The input, secret, check or step ids it is shown at.
    #[serde(default)]
    pub shown_at: Vec<String>,
    /// Whether it would have bitten here.
    #[serde(default)]
    pub when: When,
    /// Whether an install by the vendor's text would have failed of it, and not only turned out worse.
    #[serde(default)]
    pub fails: When,
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
