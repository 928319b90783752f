//! What people said: an answers file, or what was typed. It holds references to secrets, never secrets.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::HandOver;
use crate::{
    event::{Section, TaskPath},
    guide::{Guide, InputType, lint::refuse_name},
    mapping::{Mapping, exposed, exposes},
    value::{Document, Fault, references},
};

/// All answers for one install.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answers {
    /// Which guide they are for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guide: Option<String>,
    /// Where it goes.
    pub target: TargetAnswers,
    /// Answers by input id.
    pub inputs: Map<String, Value>,
    /// Where secrets come from, by `secret.field`; rows secrets by their id, as a list of rows.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, SecretSource>,
    /// Answered for by a person because nobody lets us look.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attest: Vec<Said>,
    /// Failed checks that a person goes past.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waive: Vec<Said>,
    /// Decisions agreed to beforehand: drift, destroys, deliveries.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approve: Vec<Said>,
    /// Things found that may be taken over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub adopt: Vec<Said>,
    /// Steps that somebody else does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hand_over: Vec<HandOver>,
    /// Optional steps left for later: path to `later`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: BTreeMap<String, String>,
    /// Agreed to what checks make in the cluster for a moment.
    pub probes: bool,
}

/// Where an install goes, as it was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TargetAnswers {
    /// AWS profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// AWS region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Cluster name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// kubeconfig context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Build a kubeconfig from EKS instead of using a context.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub build_kubeconfig: bool,
}

/// What a person said of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// The task's path.
    pub task: String,
    /// Who.
    pub name: String,
    /// Why; a ticket.
    pub reason: String,
    /// The choice, where there is more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<String>,
}

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// A file's content.
    File(PathBuf),
    /// An environment variable of this process.
    Env(String),
    /// What a command prints.
    Command(Vec<String>),
    /// AWS Secrets Manager: name, or `name#key` of a JSON secret.
    AwsSecret(String),
    /// Made up: `uuid` or `password`.
    Generate(crate::guide::Generate),
    /// In the vault already.
    Vault(bool),
    /// Taken from the Secret that exists in the cluster.
    Existing(bool),
    /// Rows of columns (row secrets).
    #[serde(untagged)]
    Rows(Vec<BTreeMap<String, SecretSource>>),
}

impl Said {
    /// Whether it agrees to what was shown at that moment: the whole plan, or what another tool would do.
    fn agrees_to_what_was_shown(&self) -> bool {
        let shown = |choice: &str| {
            ["apply", "agree"].iter().any(|does| {
                choice.strip_prefix(does).is_some_and(|rest| rest.is_empty() || rest.starts_with("_and_destroy"))
            })
        };
        self.task == "plan" || self.choice.as_deref().is_some_and(shown)
    }
}

impl Answers {
    /// What a later run goes by: who agreed to one plan has not agreed to the next, which nobody has seen.
    #[must_use]
    pub fn carried_over(&self) -> Self {
        let mut answers = self.clone();
        answers.approve.retain(|said| !said.agrees_to_what_was_shown());
        answers
    }

    /// Reads an answers file for a guide. Every mistake is named with its line; all of them at once.
    pub fn read(document: &Document, guide: &Guide) -> Result<Self, Vec<Fault>> {
        if document.value().is_null() {
            return Ok(Self::default());
        }
        let mut answers: Self = document.decode().map_err(|fault| vec![explain_secret(fault)])?;
        let mut faults = Vec::new();
        if let Some(other) = answers.guide.as_ref().filter(|other| **other != guide.id) {
            faults.push(
                document.fault("/guide", format!("these answers are for the guide {other}, not for {}", guide.id)),
            );
        }
        let mut accepted = Map::new();
        for (id, answer) in &answers.inputs {
            let pointer = format!("/inputs/{id}");
            match guide.inputs.iter().find(|input| input.id == *id) {
                None => {
                    let hint = nearest(id, guide.inputs.iter().map(|input| input.id.as_str()));
                    faults.push(document.fault(&pointer, format!("{} asks nothing called {id}{hint}", guide.title)));
                }
                Some(input) => match input.accept(answer) {
                    Ok(value) => {
                        if input.kind == InputType::Mapping {
                            faults.extend(strangers(document, guide, id, &value));
                        }
                        accepted.insert(id.clone(), value);
                    }
                    Err(refused) => faults.push(document.fault(&pointer, refused.to_string())),
                },
            }
        }
        answers.inputs = accepted;
        for reference in answers.secrets.keys() {
            let (secret, field) = reference.split_once('.').unwrap_or((reference, ""));
            let known = guide.secrets.iter().find(|known| known.id == secret).is_some_and(|known| {
                if known.rows.is_some() { field.is_empty() } else { known.fields.iter().any(|known| known.id == field) }
            });
            if !known {
                let all: Vec<String> = guide
                    .secrets
                    .iter()
                    .flat_map(|secret| match secret.rows {
                        Some(_) => vec![secret.id.clone()],
                        None => secret.fields.iter().map(|field| format!("{}.{}", secret.id, field.id)).collect(),
                    })
                    .collect();
                let hint = nearest(reference, all.iter().map(String::as_str));
                faults.push(document.fault(
                    &format!("/secrets/{reference}"),
                    format!("{} has no secret called {reference}{hint}", guide.title),
                ));
            }
        }
        for (list, all) in [
            ("attest", &answers.attest),
            ("waive", &answers.waive),
            ("approve", &answers.approve),
            ("adopt", &answers.adopt),
        ] {
            for (index, said) in all.iter().enumerate() {
                let strange = unknown_task(guide, &said.task).map(|hint| {
                    document.fault(&format!("/{list}/{index}"), format!("the guide has no task {}{hint}", said.task))
                });
                faults.extend(strange);
            }
        }
        for (index, handed) in answers.hand_over.iter().enumerate() {
            let refused = match (&handed.task, &handed.kind) {
                (Some(_), Some(_)) | (None, None) => {
                    Some("say either which task or which kind is handed over".to_owned())
                }
                (Some(task), None) => {
                    let meant =
                        |id: &str| TaskPath::new(Section::Steps, id).matches(task.split('[').next().unwrap_or(task));
                    let hint = || nearest(task, guide.steps.iter().map(|step| step.id.as_str()));
                    let known = guide.steps.iter().any(|step| meant(&step.id));
                    (!known).then(|| format!("{} has no step called {task}{}", guide.title, hint()))
                }
                (None, Some(_)) => None,
            };
            let refused =
                refused.or_else(|| handed.to.trim().is_empty().then(|| "say who is asked, in `to`".to_owned()));
            faults.extend(refused.map(|refused| document.fault(&format!("/hand_over/{index}"), refused)));
        }
        if faults.is_empty() { Ok(answers) } else { Err(faults) }
    }
}

/// Where no task of the guide is meant: which one may have been. `plan` is the plan as a whole.
fn unknown_task(guide: &Guide, said: &str) -> Option<String> {
    let sections = [(Section::Checks, &guide.checks), (Section::Steps, &guide.steps), (Section::Verify, &guide.verify)];
    let named = said.split('[').next().unwrap_or(said);
    let paths: Vec<TaskPath> = sections
        .into_iter()
        .flat_map(|(section, tasks)| tasks.iter().map(move |task| TaskPath::new(section, task.id.as_str())))
        .collect();
    if said == "plan" || paths.iter().any(|path| path.matches(named)) {
        return None;
    }
    let whole: Vec<String> = paths.iter().map(ToString::to_string).collect();
    Some(nearest(named, whole.iter().map(String::as_str)))
}

/// Names that a filled-in values file refers to and that the guide does not know; and secrets in plain text.
fn strangers(document: &Document, guide: &Guide, id: &str, answer: &Value) -> Vec<Fault> {
    let Ok(mapping) = Mapping::read(answer) else { return Vec::new() };
    let mut faults = Vec::new();
    for (path, value) in &mapping.set {
        let key = path.to_string().replace('~', "~0").replace('/', "~1");
        if let Some(exposed) = exposed(path, value, None) {
            faults.push(document.fault(&format!("/inputs/{id}/set/{key}"), exposes(&exposed)));
        }
        for name in references(value).map(|read| read.names).unwrap_or_default() {
            if let Some(why) = refuse_name(guide, &name) {
                faults.push(document.fault(&format!("/inputs/{id}/set/{key}"), format!("{path}: {why}")));
            }
        }
    }
    faults
}

/// A secret written as a plain text is the likeliest mistake; say so without quoting it.
fn explain_secret(mut fault: Fault) -> Fault {
    if fault.message.starts_with("secrets") {
        fault.message =
            "a secret's source is one of file, env, command, aws_secret, generate, vault, existing: an answers \
                         file never holds the secret itself"
                .into();
    }
    fault
}

/// ", did you mean x?", where something similar is known.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let best = known
        .map(|candidate| (similar::TextDiff::from_chars(word, candidate).ratio(), candidate))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((ratio, candidate)) if ratio > 0.6 => format!("; did you mean {candidate}?"),
        _ => String::new(),
    }
}

/// The few known words that are most like one, best first; capitals are like small letters.
pub fn nearest_few<'a>(word: &str, known: impl Iterator<Item = &'a str>, count: usize) -> Vec<&'a str> {
    let likeness = |other: &str| similar::TextDiff::from_chars(&word.to_lowercase(), &other.to_lowercase()).ratio();
    let mut all: Vec<(f32, &str)> = known.map(|other| (likeness(other), other)).collect();
    all.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
    all.dedup();
    all.into_iter().take(count).map(|(_, word)| word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_agreed_to_what_was_shown_has_not_agreed_to_what_is_shown_next() {
        let said = |task: &str, choice: Option<&str>| Said {
            task: task.into(),
            name: "Board".into(),
            reason: "CHG-1".into(),
            choice: choice.map(str::to_owned),
        };
        let kept = [said("steps/list", Some("done")), said("steps/list", None), said("steps/x", Some("import"))];
        let gone = [
            said("plan", None),
            said("steps/x", Some("apply")),
            said("steps/x", Some("apply_and_destroy_40")),
            said("steps/x", Some("agree")),
        ];
        let answers = Answers { approve: gone.into_iter().chain(kept.clone()).collect(), ..Answers::default() };
        assert_eq!(answers.carried_over().approve, kept);
    }
}
