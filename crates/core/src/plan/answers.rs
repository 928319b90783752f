//! What people said: an answers file, or what was typed. It holds references to secrets, never secrets.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::HandOver;

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
        // Whoever lets a change be repeated means the one try whose answer was lost.
        let once = self.choice.as_deref() == Some("repeat");
        self.task == "plan" || once || self.choice.as_deref().is_some_and(shown)
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
            said("steps/x", Some("repeat")),
        ];
        let answers = Answers { approve: gone.into_iter().chain(kept.clone()).collect(), ..Answers::default() };
        assert_eq!(answers.carried_over().approve, kept);
    }
}
