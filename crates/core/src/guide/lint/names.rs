//! Does every name that a template or a condition reads exist, and is everything that was asked for read by somebody?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Found, shapes::RESERVED, templates, texts};
use crate::{
    guide::{Guide, Input, InputType, LoadedGuide},
    value::{References, TemplateFault, references},
};

/// Keys of the guide that hold a condition or another expression without braces.
const EXPRESSIONS: &[&str] = &["when", "each", "fails"];

/// Keys whose texts nobody evaluates.
const WORDS: &[&str] =
    &["id", "kind", "type", "lookup", "help", "label", "pattern", "wrong", "instead", "what", "why", "fix", "log"];

/// Those of them that are templates where they are a problem's.
const WORDS_OF_PROBLEMS: &[&str] = &["what", "why", "fix"];

pub(super) fn look(loaded: &LoadedGuide, found: &mut Found<'_>) {
    let known = Known::of(&loaded.guide);
    let mut read = BTreeSet::new();
    for (section, items) in loaded.document.value().as_object().into_iter().flatten() {
        for (index, item) in items.as_array().into_iter().flatten().enumerate() {
            let pointer = format!("/{section}/{index}");
            let here = Here {
                each: item.get("each").is_some(),
                inputs_only: section == "inputs",
                words: matches!(section.as_str(), "needs" | "problems"),
                hosts: section == "needs",
            };
            expressions(item, &pointer, here, &known, &mut read, found);
        }
    }
    for (path, text) in loaded.templates() {
        template_file(loaded, path, text, &known, &mut read, found);
    }
    unread(&loaded.guide, &read, found);
}

/// What may be read at some place.
#[derive(Clone, Copy)]
struct Here {
    each: bool,
    inputs_only: bool,
    /// What people are told: without secrets, and without what a step will bring.
    words: bool,
    /// A message to another team, which may hold the list of hosts.
    hosts: bool,
}

/// Every name of the guide.
struct Known<'a> {
    inputs: BTreeSet<&'a str>,
    facts: BTreeSet<&'a str>,
    steps: BTreeSet<&'a str>,
    secrets: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

/// Why nothing of this name can stand in an answer of the guide.
pub(crate) fn refuse_name(guide: &Guide, name: &str) -> Option<String> {
    let root = name.split('.').next().unwrap_or(name);
    let mapping = |input: &Input| input.kind == InputType::Mapping;
    if guide.inputs.iter().any(|input| input.id == root && mapping(input)) {
        return Some(format!("{root} is itself filled in by reference"));
    }
    Known::of(guide).refuse(name, Here { each: false, inputs_only: true, words: false, hosts: false })
}

impl<'a> Known<'a> {
    fn of(guide: &'a Guide) -> Self {
        Self {
            inputs: guide.inputs.iter().map(|input| input.id.as_str()).collect(),
            facts: guide.facts.iter().map(|fact| fact.id.as_str()).collect(),
            steps: guide.steps.iter().map(|task| task.id.as_str()).collect(),
            secrets: guide
                .secrets
                .iter()
                .map(|secret| (secret.id.as_str(), secret.field_ids().into_iter().collect()))
                .collect(),
        }
    }

    /// Why a dotted name cannot be read.
    fn refuse(&self, name: &str, here: Here) -> Option<String> {
        let mut parts = name.split('.');
        let (root, second, third) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        match root {
            "facts" => {
                let id = second?;
                (!self.facts.contains(id)).then(|| format!("there is no fact {id}; facts are declared under facts:"))
            }
            "secrets" if here.words => Some("what people are told holds no secret".into()),
            "steps" if here.words => Some("what people are told does not wait for what a step brings".into()),
            "steps" if here.inputs_only => Some("what is asked cannot depend on what a step will bring".into()),
            "steps" => {
                let id = second?;
                (!self.steps.contains(id)).then(|| format!("there is no step {id}{}", nearest(id, &self.steps)))
            }
            "secrets" => {
                let id = second?;
                let Some(fields) = self.secrets.get(id) else { return Some(format!("there is no secret {id}")) };
                let field = third.unwrap_or_default();
                let all: Vec<&str> = fields.iter().copied().collect();
                (!fields.contains(field))
                    .then(|| format!("the secret {id} is read as {id}.{}", all.join(&format!(" or {id}."))))
            }
            "hosts" if here.hosts => None,
            "row" | "rows" if here.each => None,
            "row" | "rows" => Some("row is known only where the task repeats (each)".into()),
            // Functions of the template language.
            "range" | "dict" | "fingerprint" => None,
            _ if RESERVED.contains(&root) || self.inputs.contains(root) => None,
            _ => Some(format!("nothing is called {root}{}", nearest(root, &self.inputs))),
        }
    }
}

fn nearest(word: &str, known: &BTreeSet<&str>) -> String {
    crate::plan::nearest(word, known.iter().copied())
}

fn expressions(
    item: &Value,
    pointer: &str,
    here: Here,
    known: &Known<'_>,
    read: &mut BTreeSet<String>,
    found: &mut Found<'_>,
) {
    let mut seen: Vec<(String, Result<References, TemplateFault>)> = Vec::new();
    texts(item, pointer, &mut |place, text| {
        let key = place.rsplit('/').next().unwrap_or_default();
        let own = place.strip_prefix(pointer).unwrap_or_default();
        // `when: { log: … }` of a problem is no condition.
        let offered = own.starts_with("/offers/") && key == "when";
        let handed_over = own == "/hand_over/when";
        if offered || handed_over || EXPRESSIONS.contains(&key) && own.matches('/').count() == 1 {
            seen.push((place.to_owned(), References::of_condition(text)));
        } else if here.words && WORDS_OF_PROBLEMS.contains(&key)
            || !(WORDS.contains(&key) && own.matches('/').count() == 1)
        {
            seen.push((place.to_owned(), references(&Value::String(text.to_owned()))));
        }
    });
    for (place, result) in seen {
        match result {
            Ok(references) => {
                for name in &references.names {
                    if let Some(message) = known.refuse(name, here) {
                        found.add(&place, "undefined", format!("{name}: {message}"));
                    }
                }
                read.extend(references.names);
            }
            Err(fault) => found.add(&place, "template", fault.to_string()),
        }
    }
}

fn template_file(
    loaded: &LoadedGuide,
    path: &str,
    text: &str,
    known: &Known<'_>,
    read: &mut BTreeSet<String>,
    found: &mut Found<'_>,
) {
    match references(&Value::String(text.to_owned())) {
        Ok(references) => {
            let each = templates::named_by(loaded, path).any(|(.., task)| task.each.is_some());
            for name in &references.names {
                let Some(message) = known.refuse(name, Here { each, inputs_only: false, words: false, hosts: false })
                else {
                    continue;
                };
                found.in_template(loaded, path, name, "undefined", &message);
            }
            read.extend(references.names);
        }
        Err(fault) => found.elsewhere(&loaded.template_position(path), "template", fault.to_string()),
    }
}

fn unread(guide: &Guide, read: &BTreeSet<String>, found: &mut Found<'_>) {
    let is_read = |name: &str| {
        read.iter().any(|other| other == name || other.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
    };
    for (index, input) in guide.inputs.iter().enumerate() {
        if !is_read(&input.id) {
            found.add(&format!("/inputs/{index}/id"), "unused", format!("{} is asked, and nothing reads it", input.id));
        }
    }
    for (index, secret) in guide.secrets.iter().enumerate() {
        if !is_read(&format!("secrets.{}", secret.id)) {
            found.add(
                &format!("/secrets/{index}/id"),
                "unused",
                format!("{} is asked, and nothing reads it", secret.id),
            );
        }
    }
    for (index, fact) in guide.facts.iter().enumerate() {
        if !is_read(&format!("facts.{}", fact.id)) {
            found.add(
                &format!("/facts/{index}/id"),
                "unused",
                format!("{} is looked up, and nothing reads it", fact.id),
            );
        }
    }
}
