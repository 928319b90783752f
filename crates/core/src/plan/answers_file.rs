//! Reading an answers file: every mistake in it at once, each with its place and, for a name nobody knows, the nearest
//! known one.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Answers, HandOver, Said, settle};
use crate::{
    event::{Section, TaskPath},
    guide::{Guide, Input, InputType, lint::refuse_name},
    mapping::{Mapping, exposed, exposes},
    value::{Document, Fault, decode, references},
};

/// What a person says of tasks, in lists.
const SAID: [&str; 4] = ["attest", "waive", "approve", "adopt"];

impl Answers {
    /// Reads an answers file for a guide. Every mistake is named with its line; all of them at once.
    pub fn read(document: &Document, guide: &Guide) -> Result<Self, Vec<Fault>> {
        let (answers, faults) = Self::read_in_part(document, guide);
        if faults.is_empty() { Ok(answers) } else { Err(faults) }
    }

    /// What can be read of an answers file, and every mistake in it.
    pub fn read_in_part(document: &Document, guide: &Guide) -> (Self, Vec<Fault>) {
        let mut tree = document.value().clone();
        if tree.is_null() {
            return Default::default();
        }
        let mut faults = Vec::new();
        let mut lists = SAID.map(|list| items::<Said>(document, &mut tree, list, &mut faults));
        let hand_over = items::<HandOver>(document, &mut tree, "hand_over", &mut faults);
        let mut answers: Self = part(document, "", tree, &mut faults).unwrap_or_default();
        if let Some(other) = answers.guide.as_ref().filter(|other| **other != guide.id) {
            faults.push(
                document.fault("/guide", format!("these answers are for the guide {other}, not for {}", guide.id)),
            );
        }
        answers.inputs = accepted(document, guide, &answers.inputs, &mut faults);
        for reference in answers.secrets.keys() {
            faults.extend(unknown_secret(document, guide, reference));
        }
        for (list, all) in SAID.iter().zip(&lists) {
            for (index, said) in all {
                let strange = unknown_task(guide, &said.task).map(|hint| {
                    document
                        .fault(&format!("/{list}/{index}/task"), format!("the guide has no task {}{hint}", said.task))
                });
                faults.extend(strange);
            }
        }
        for step in answers.steps.keys() {
            let pointer = format!("/steps/{}", step.replace('~', "~0").replace('/', "~1"));
            let strange = unknown_task(guide, step)
                .map(|hint| document.fault(&pointer, format!("the guide has no step {step}{hint}")));
            faults.extend(strange);
        }
        for (index, handed) in &hand_over {
            let refused = refused_hand_over(guide, handed);
            faults.extend(refused.map(|refused| document.fault(&format!("/hand_over/{index}"), refused)));
        }
        let said = |list: &mut Vec<(usize, Said)>| -> Vec<Said> {
            std::mem::take(list).into_iter().map(|(_, said)| said).collect()
        };
        let [attest, waive, approve, adopt] = &mut lists;
        (answers.attest, answers.waive) = (said(attest), said(waive));
        (answers.approve, answers.adopt) = (said(approve), said(adopt));
        answers.hand_over = hand_over.into_iter().map(|(_, handed)| handed).collect();
        faults.sort_by_key(|fault| (fault.position.line, fault.position.column));
        (answers, faults)
    }
}

/// What a file with mistakes also leaves unanswered, as far as that is certain before anything was looked up: what is asked
/// by other answers or without a condition, and has no default.
pub fn unanswered(document: &Document, guide: &Guide, answers: &Answers) -> Vec<Fault> {
    let written = document.value()["inputs"].as_object().cloned().unwrap_or_default();
    let certain = |input: &Input| {
        let reads = input.when.as_ref().map(|when| references(&Value::String(format!("{{{{ {when} }}}}"))));
        let known = |name: &String| {
            let name = name.split('.').next().unwrap_or(name);
            // An answer with a mistake in it says nothing of what hangs on it.
            guide.inputs.iter().any(|input| input.id == name)
                && (answers.inputs.contains_key(name) || !written.contains_key(name))
        };
        input.default.is_null()
            && match reads {
                None => true,
                Some(Ok(reads)) => reads.names.iter().all(known),
                Some(Err(_)) => false,
            }
    };
    let open = settle(guide, answers, &Map::new(), &Value::Null).open.into_iter();
    open.filter(|(id, _)| !written.contains_key(id))
        .filter(|(id, _)| guide.inputs.iter().any(|input| input.id == *id && certain(input)))
        .map(|(id, refused)| document.fault("/inputs", format!("{id}: {refused}")))
        .collect()
}

/// Takes a list out of the tree and reads its items one by one, so that a mistake in one hides none in another.
fn items<T: DeserializeOwned>(
    document: &Document,
    tree: &mut Value,
    list: &str,
    faults: &mut Vec<Fault>,
) -> Vec<(usize, T)> {
    if !tree.get(list).is_some_and(Value::is_array) {
        return Vec::new();
    }
    let Some(Value::Array(items)) = tree.as_object_mut().and_then(|tree| tree.remove(list)) else { return Vec::new() };
    let mut read = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        read.extend(part(document, &format!("/{list}/{index}"), item, faults).map(|item| (index, item)));
    }
    read
}

/// Reads a part; a key with a mistake in it is told and left out, and the rest is read on.
fn part<T: DeserializeOwned>(
    document: &Document,
    pointer: &str,
    mut tree: Value,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    let mut left_out: Vec<String> = Vec::new();
    loop {
        let mistake = match decode(tree.clone()) {
            Ok(read) => return Some(read),
            Err(mistake) => mistake,
        };
        let (inner, cause) = (mistake.pointer, mistake.cause);
        // What was just left out for its mistake is not missing, too.
        if !left_out.iter().any(|key| cause == format!("missing field `{key}`")) {
            let value = tree.pointer(&inner).cloned().unwrap_or_default();
            faults.push(document.fault(&format!("{pointer}{inner}"), told(&inner, &cause, &value)));
        }
        let (above, key) = inner.rsplit_once('/')?;
        let key = key.replace("~1", "/").replace("~0", "~");
        tree.pointer_mut(above)?.as_object_mut()?.remove(&key)?;
        left_out.push(key);
    }
}

/// A mistake in the words of the file, without what was written where that may be a secret.
fn told(inner: &str, cause: &str, value: &Value) -> String {
    if inner.starts_with("/secrets") {
        return secret_source(value);
    }
    let place = inner.trim_start_matches('/').replace('/', ".");
    let names: Vec<&str> = cause.split('`').skip(1).step_by(2).collect();
    if let (true, [unknown, known @ ..]) = (cause.starts_with("unknown field"), names.as_slice()) {
        let hint = nearest(unknown, known.iter().copied());
        let hint = if hint.is_empty() { format!("; there are: {}", known.join(", ")) } else { hint };
        let whose = match place.strip_suffix(unknown).map(|above| above.trim_end_matches('.')) {
            Some("") | None => "here".to_owned(),
            Some(above) => format!("in {above}"),
        };
        return format!("nothing {whose} is called {unknown}{hint}");
    }
    let cause = match cause.strip_prefix("invalid type: ").and_then(|cause| cause.split_once(", expected ")) {
        Some((found, expected)) if expected.starts_with("struct ") => {
            format!("keys and values are expected here, not {found}")
        }
        Some((found, expected)) => format!("{expected} is expected here, not {found}"),
        None => match cause.strip_prefix("missing field ") {
            Some(field) => format!("{} is missing", field.trim_matches('`')),
            None => cause.to_owned(),
        },
    };
    if place.is_empty() { cause } else { format!("{place}: {cause}") }
}

/// A secret written as a plain text is the likeliest mistake; say so without quoting it.
fn secret_source(value: &Value) -> String {
    const SOURCES: [&str; 7] = ["file", "env", "command", "aws_secret", "generate", "vault", "existing"];
    let word = value.as_object().and_then(|source| source.keys().next());
    let hint = word.filter(|word| !SOURCES.contains(&word.as_str()));
    let hint = hint.map(|word| nearest(word, SOURCES.into_iter())).unwrap_or_default();
    format!("a secret's source is one of {}: an answers file never holds the secret itself{hint}", SOURCES.join(", "))
}

/// The answers that fit what the guide asks.
fn accepted(
    document: &Document,
    guide: &Guide,
    inputs: &Map<String, Value>,
    faults: &mut Vec<Fault>,
) -> Map<String, Value> {
    let mut accepted = Map::new();
    for (id, answer) in inputs {
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
    accepted
}

fn unknown_secret(document: &Document, guide: &Guide, reference: &str) -> Option<Fault> {
    let (secret, field) = reference.split_once('.').unwrap_or((reference, ""));
    let known = guide.secrets.iter().find(|known| known.id == secret).is_some_and(|known| {
        if known.rows.is_some() { field.is_empty() } else { known.fields.iter().any(|known| known.id == field) }
    });
    if known {
        return None;
    }
    let all: Vec<String> = guide
        .secrets
        .iter()
        .flat_map(|secret| match secret.rows {
            Some(_) => vec![secret.id.clone()],
            None => secret.fields.iter().map(|field| format!("{}.{}", secret.id, field.id)).collect(),
        })
        .collect();
    let hint = nearest(reference, all.iter().map(String::as_str));
    let said = format!("{} has no secret called {reference}{hint}", guide.title);
    Some(document.fault(&format!("/secrets/{reference}"), said))
}

fn refused_hand_over(guide: &Guide, handed: &HandOver) -> Option<String> {
    let refused = match (&handed.task, &handed.kind) {
        (Some(_), Some(_)) | (None, None) => Some("say either which task or which kind is handed over".to_owned()),
        (Some(task), None) => {
            let meant = |id: &str| TaskPath::new(Section::Steps, id).matches(task.split('[').next().unwrap_or(task));
            let hint = || nearest(task, guide.steps.iter().map(|step| step.id.as_str()));
            let known = guide.steps.iter().any(|step| meant(&step.id));
            (!known).then(|| format!("{} has no step called {task}{}", guide.title, hint()))
        }
        (None, Some(_)) => None,
    };
    refused.or_else(|| handed.to.trim().is_empty().then(|| "say who is asked, in `to`".to_owned()))
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

/// The few known words that are most like one, best first; capitals are like small letters.
pub fn nearest_few<'a>(word: &str, known: impl Iterator<Item = &'a str>, count: usize) -> Vec<&'a str> {
    let likeness = |other: &str| similar::TextDiff::from_chars(&word.to_lowercase(), &other.to_lowercase()).ratio();
    let mut all: Vec<(f32, &str)> = known.map(|other| (likeness(other), other)).collect();
    all.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
    all.dedup();
    all.into_iter().take(count).map(|(_, word)| word).collect()
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
