//! What was agreed to? Steps, answers and keyed fingerprints of secrets, as the journal keeps them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Plan, PlannedTask, digest, texts::Texts};
use crate::event::{Section, TaskPath};

/// What was agreed to, as the journal keeps it; secrets as references and keyed fingerprints.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Approved {
    /// Where it goes.
    pub target: Value,
    /// Every step.
    pub steps: BTreeMap<TaskPath, ApprovedStep>,
    /// Every answer, defaults filled in.
    pub inputs: Map<String, Value>,
    /// Keyed fingerprints of the secrets that steps use.
    pub secrets: BTreeMap<String, String>,
}

/// One step that was agreed to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ApprovedStep {
    /// Its kind.
    pub kind: String,
    /// Its parameters; what other steps bring stands as unknown.
    pub parameters: Value,
    /// The template files they name, as they come out.
    #[serde(default)]
    pub texts: Texts,
}

impl Approved {
    /// A plan with the answers and secrets it was made from.
    pub fn of(plan: &Plan, inputs: Map<String, Value>, secrets: BTreeMap<String, String>) -> Self {
        let step = |task: &PlannedTask| {
            let (kind, parameters, texts) = (task.kind.clone(), task.parameters.clone(), task.texts.clone());
            (task.path.clone(), ApprovedStep { kind, parameters, texts })
        };
        let target = plan.target.clone();
        Self { target, steps: plan.section(Section::Steps).map(step).collect(), inputs, secrets }
    }

    /// What an agreement can name, so that it holds for nothing else: where it goes, every parameter and text, every secret
    /// by its fingerprint.
    pub fn digest(&self) -> String {
        self.digest_replacing(&[])
    }

    /// The same where these steps are taken away to be made anew: whoever agreed to a change has not agreed to that.
    pub fn digest_replacing(&self, replaced: &[&TaskPath]) -> String {
        let all = match replaced {
            [] => serde_json::json!([self.target, self.steps, self.secrets]),
            _ => serde_json::json!([self.target, self.steps, self.secrets, replaced]),
        };
        digest(&all)[..12].to_owned()
    }
}
