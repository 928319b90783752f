//! Which answers are tried: those of every scenario, and every choice over those of the smooth one.

use std::collections::{BTreeMap, BTreeSet};

use landfall_core::{
    guide::{Input, InputType, LoadedGuide, Task},
    plan::{Answers, Facts, InstallId, Settled, scope, settle},
    value::{Document, Scope, references},
};
use serde_json::{Map, Value, json};

/// One way through a guide.
pub struct Way {
    /// What is answered, for messages.
    pub label: String,
    /// What templates read then.
    pub scope: Scope,
}

/// All ways that are tried.
pub fn ways(loaded: &LoadedGuide) -> Vec<Way> {
    let facts = facts(loaded);
    let answers: BTreeMap<&str, Answers> =
        loaded.folder.scenarios().into_iter().map(|scenario| (scenario, answers(loaded, scenario))).collect();
    let smooth = &answers["smooth"];
    // What one scenario alone is asked is answered as that one answers it.
    let mut others = Map::new();
    for known in answers.values() {
        for (id, answer) in known.inputs.iter().filter(|(_, answer)| !answer.is_null()) {
            others.entry(id.clone()).or_insert(answer.clone());
        }
    }
    let mut ways: Vec<Way> = answers
        .iter()
        .map(|(scenario, answers)| way(loaded, (*scenario).to_owned(), answers.clone(), &Map::new(), &facts))
        .collect();
    for input in &loaded.guide.inputs {
        let choices: Vec<Value> = match input.kind {
            InputType::Choice => input.choices.iter().map(|choice| json!(choice.id())).collect(),
            InputType::Boolean => vec![json!(true), json!(false)],
            _ => continue,
        };
        for choice in choices {
            let mut answers = smooth.clone();
            answers.inputs.insert(input.id.clone(), choice.clone());
            ways.push(way(loaded, format!("smooth, {} = {choice}", input.id), answers, &others, &facts));
        }
    }
    ways
}

fn answers(loaded: &LoadedGuide, scenario: &str) -> Answers {
    let tree = loaded.folder.scenario(scenario).unwrap();
    // The rehearsal's own folder.
    let said = tree["answers"].to_string().replace("{{ rehearsal }}", "/tmp/rehearsal");
    let document = Document::of(format!("scenarios/{scenario}.yaml"), serde_json::from_str(&said).unwrap());
    Answers::read(&document, &loaded.guide).unwrap()
}

fn target(loaded: &LoadedGuide) -> Value {
    json!({
        "account": "123456789012", "region": "us-east-2", "cluster": "pay-1", "partition": "aws",
        "namespace": loaded.guide.target.namespace, "cluster_id": "arn:aws:eks:us-east-2:123456789012:cluster/pay-1",
    })
}

fn way(loaded: &LoadedGuide, label: String, mut answers: Answers, others: &Map<String, Value>, facts: &Facts) -> Way {
    let target = target(loaded);
    let settle = |answers: &Answers| -> Settled { settle(&loaded.guide, answers, facts, &target) };
    // An answer may open the next question.
    for _ in 0..loaded.guide.inputs.len() {
        let open: Vec<String> = settle(&answers).open.into_iter().map(|(id, _)| id).collect();
        let asked = loaded.guide.inputs.iter().filter(|input| open.contains(&input.id));
        let unanswered = asked.filter(|input| !answers.inputs.contains_key(&input.id));
        let more: Vec<(String, Value)> = unanswered
            .map(|input| (input.id.clone(), others.get(&input.id).cloned().unwrap_or_else(|| example(input))))
            .collect();
        if more.is_empty() {
            break;
        }
        answers.inputs.extend(more);
    }
    let settled = settle(&answers);
    let scope = scope(&loaded.guide, &settled, facts, &target, &InstallId::of("abcd1234")).with_late_steps();
    Way { label: format!("{}: {label}", loaded.guide.id), scope }
}

/// An answer to what no scenario answers.
fn example(input: &Input) -> Value {
    let guesses = [
        json!("example"),
        json!("/tmp/example"),
        json!("host.mycompany.example"),
        json!("https://mycompany.example/path"),
        json!(["subnet-0a1b2c3d", "subnet-0b1c2d3e"]),
        json!("arn:aws:iam::123456789012:role/example"),
        json!("123456789012"),
        json!("vpc-0a1b2c3d"),
        json!("sg-0a1b2c3d"),
        json!("1.2.3"),
        json!(1),
        json!({}),
    ];
    let fitting = guesses.into_iter().find(|guess| input.accept(guess).is_ok());
    fitting.unwrap_or_else(|| panic!("no scenario answers {}, and no example fits it", input.id))
}

/// What look-ups might find: every field that a template reads.
fn facts(loaded: &LoadedGuide) -> Facts {
    let mut read = BTreeSet::new();
    names(loaded.document.value(), &mut read);
    for (_, text) in loaded.folder.files.iter().filter(|(path, _)| path.ends_with(".j2")) {
        names(&Value::String(text.clone()), &mut read);
    }
    let mut facts = Facts::new();
    for fact in &loaded.guide.facts {
        // A template may give the fact another name and read its fields by that one.
        let usual = json!({
            "auto_mode": false, "issuer": "https://oidc.eks.us-east-2.amazonaws.com/id/0A1B", "kind": "role",
            "name": "admin", "principal": "arn:aws:iam::123456789012:role/admin",
        });
        let mut fields = usual.as_object().unwrap().clone();
        for field in read.iter().filter_map(|name| name.strip_prefix(&format!("facts.{}.", fact.id))) {
            fields.entry(field.to_owned()).or_insert(json!("1.31"));
        }
        facts.insert(fact.id.clone(), Value::Object(fields));
    }
    facts
}

fn names(tree: &Value, into: &mut BTreeSet<String>) {
    match tree {
        Value::String(_) => into.extend(references(tree).map(|read| read.names).unwrap_or_default()),
        Value::Array(items) => items.iter().for_each(|item| names(item, into)),
        Value::Object(fields) => fields.values().for_each(|item| names(item, into)),
        _ => {}
    }
}

impl Way {
    /// The scopes of a task that is wanted: one, or one for each of its rows.
    pub fn scopes(&self, task: &Task) -> Vec<Scope> {
        let wanted = task.when.as_deref().is_none_or(|when| self.scope.holds(when).unwrap_or(false));
        if !wanted {
            return Vec::new();
        }
        let Some(each) = &task.each else { return vec![self.scope.clone()] };
        let rows = self
            .scope
            .render_text(&format!("{{{{ {each} }}}}"))
            .unwrap_or_else(|fault| panic!("{}: {each}: {fault}", self.label));
        let with = |row: &Value| {
            let mut scope = self.scope.clone();
            scope.set("row", row.clone());
            scope
        };
        rows.as_array().unwrap().iter().map(with).collect()
    }

    /// A task's parameters.
    pub fn parameters(&self, task: &Task, scope: &Scope) -> Value {
        scope.render(&task.with).unwrap_or_else(|fault| panic!("{}: {}: {fault}", self.label, task.id))
    }
}

/// A text as it might be in the end: secrets and what steps bring stand as words.
pub fn said(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\u{E000}', '\u{E002}']) {
        let (before, inside) = rest.split_at(at);
        let end = inside.find(['\u{E001}', '\u{E003}']).unwrap_or(inside.len());
        out.push_str(before);
        out.push_str("known-later");
        rest = inside[end..].trim_start_matches(['\u{E001}', '\u{E003}']);
    }
    out + rest
}

/// The same of every text of a tree.
pub fn tree(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(said(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(tree).collect()),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(key, value)| (key, tree(value))).collect()),
        other => other,
    }
}
