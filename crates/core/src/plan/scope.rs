//! What may templates read? Inputs, target, facts, secrets, and the outputs of finished steps.

use serde_json::{Map, Value, json};

use super::{Answers, InstallId};
use crate::{
    guide::{Guide, Input, InputType},
    mapping::Mapping,
    value::{Scope, TemplateFault},
};

/// Look-ups frozen at Plan, by id: the first row's value of each.
pub type Facts = Map<String, Value>;

/// Answers with defaults filled in, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settled {
    /// Every asked input's value; null where there is none yet or it is not asked.
    pub values: Map<String, Value>,
    /// Ids of inputs that are asked.
    pub asked: Vec<String>,
    /// Asked inputs without an acceptable answer, with the reason.
    pub open: Vec<(String, String)>,
}

/// Fills in defaults and decides what is asked, in the guide's order: an input's condition and default may read
/// the inputs before it.
pub fn settle(guide: &Guide, answers: &Answers, facts: &Facts, target: &Value) -> Settled {
    let mut settled = Settled::default();
    for input in &guide.inputs {
        let scope = bare(guide, &settled.values, facts, target);
        let asked = match &input.when {
            None => Ok(true),
            Some(condition) => scope.holds(condition),
        };
        if !matches!(asked, Ok(true)) {
            settled.values.insert(input.id.clone(), Value::Null);
            continue;
        }
        settled.asked.push(input.id.clone());
        let answer = match answers.inputs.get(&input.id) {
            Some(answer) if !answer.is_null() => answer.clone(),
            _ => default(input, &scope).unwrap_or(Value::Null),
        };
        match input.accept(&answer) {
            Ok(value) => {
                settled.values.insert(input.id.clone(), value);
            }
            Err(refused) => {
                settled.open.push((input.id.clone(), refused.to_string()));
                settled.values.insert(input.id.clone(), Value::Null);
            }
        }
    }
    settled
}

fn default(input: &Input, scope: &Scope) -> Result<Value, TemplateFault> {
    scope.render(&input.default)
}

/// The scope of a plan: everything but step outputs, which are added as steps finish.
pub fn scope(guide: &Guide, settled: &Settled, facts: &Facts, target: &Value, install: &InstallId) -> Scope {
    let mut scope = bare(guide, &settled.values, facts, target);
    scope.set("install", json!(install.as_str()));
    for secret in &guide.secrets {
        let asked = secret.when.as_ref().is_none_or(|condition| scope.holds(condition).unwrap_or(true));
        for field in secret.field_ids() {
            if asked { scope.secret(&secret.id, field) } else { scope.no_secret(&secret.id, field) }
        }
    }
    // Last: what a person filled in may refer to any other answer and to secrets.
    for input in guide.inputs.iter().filter(|input| input.kind == InputType::Mapping) {
        let mapping = settled.values.get(&input.id).and_then(|answer| Mapping::read(answer).ok()).unwrap_or_default();
        // A key that refers to nothing keeps the stage open; nothing is installed with it.
        let tree = scope.render(&mapping.tree()).unwrap_or(Value::Null);
        scope.set(input.id.clone(), tree);
    }
    scope
}

fn bare(guide: &Guide, values: &Map<String, Value>, facts: &Facts, target: &Value) -> Scope {
    let mut scope = Scope::new();
    for name in ["account", "region", "cluster", "namespace", "partition"] {
        scope.set(name, target.get(name).cloned().unwrap_or(Value::Null));
    }
    scope.set("target", target.clone());
    scope.set("facts", Value::Object(facts.clone()));
    for input in &guide.inputs {
        scope.set(input.id.clone(), values.get(&input.id).cloned().unwrap_or(Value::Null));
    }
    scope
}
