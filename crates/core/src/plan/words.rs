//! What may texts for people read? Answers where there are some, `<label>` where not; no secrets, no outputs of steps.

use serde_json::{Value, json};

use super::{Answers, Facts, InstallId, scope, settle};
use crate::{
    event::Problem,
    guide::{Guide, GuideProblem, LoadedGuide},
    value::Scope,
};

/// The names that a need's message and a problem's words may read.
pub fn words(guide: &Guide, answers: &Answers, facts: &Facts, target: &Value) -> Scope {
    let said = &answers.target;
    let suggested = said.namespace.clone().or_else(|| guide.target.namespace.clone());
    let gaps = [
        ("account", None, "<AWS account>"),
        ("region", said.region.clone(), "<region>"),
        ("cluster", said.cluster.clone(), "<cluster>"),
        ("namespace", suggested, "<namespace>"),
        ("partition", None, "aws"),
    ];
    let mut target = target.as_object().cloned().unwrap_or_default();
    for (name, known, gap) in gaps {
        if target.get(name).and_then(Value::as_str).is_none_or(str::is_empty) {
            target.insert(name.to_owned(), json!(known.unwrap_or_else(|| gap.to_owned())));
        }
    }
    let mut all: Facts = guide.facts.iter().map(|fact| (fact.id.clone(), Value::Null)).collect();
    all.extend(facts.clone());
    let target = Value::Object(target);
    let settled = settle(guide, answers, &all, &target);
    let mut scope = scope(guide, &settled, &all, &target, &InstallId::of("<install>"));
    for input in &guide.inputs {
        if settled.values.get(&input.id).is_none_or(Value::is_null) && settled.asked.contains(&input.id) {
            scope.set(input.id.clone(), json!(format!("<{}>", input.label())));
        }
    }
    scope
}

/// A text for people, filled in; as it is written where that cannot be.
pub fn filled(text: &str, words: &Scope) -> String {
    match words.render_text(text) {
        Ok(Value::String(text)) => text,
        Ok(other) if !other.is_null() => other.to_string(),
        _ => text.to_owned(),
    }
}

/// A problem that the guide knows, with its code and its words filled in.
pub fn known_problem(guide: &LoadedGuide, problem: &GuideProblem, words: &Scope) -> Problem {
    let code = format!("{}-{}", guide.guide.code_prefix, problem.id.to_uppercase().replace('_', "-"));
    let told = Problem::new(code, filled(&problem.what, words), filled(&problem.fix, words));
    Problem { source: guide.place(&problem.from), ..told.why(filled(&problem.why, words)) }
}
