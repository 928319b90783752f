//! Are ids well shaped and single, and does every citation point into the vendor's document, and every passage back?

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

use super::{Found, LintMessage};
use crate::guide::{Lines, LoadedGuide, Source};

/// Names that templates read besides inputs.
pub(super) const RESERVED: &[&str] = &[
    "account",
    "region",
    "cluster",
    "namespace",
    "partition",
    "target",
    "install",
    "facts",
    "secrets",
    "steps",
    "row",
    "rows",
];

pub(super) fn look(loaded: &LoadedGuide, source_text: Option<&str>, found: &mut Found<'_>) {
    folder_name(loaded, found);
    for section in ["facts", "inputs", "secrets", "needs", "checks", "steps", "verify", "problems", "errata"] {
        ids(loaded.document.value(), section, &loaded.guide.code_prefix, found);
    }
    columns(loaded, found);
    hosts(loaded.document.value(), found);
    problems(loaded, found);
    shown_at(loaded, found);
    citations(loaded, source_text, found);
}

fn shaped(id: &str, pattern: &str) -> bool {
    Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(id))
}

fn folder_name(loaded: &LoadedGuide, found: &mut Found<'_>) {
    let guide = &loaded.guide;
    if !shaped(&guide.id, "^[a-z0-9]+(-[a-z0-9]+)*$") {
        found.add("/id", "id-shape", format!("a guide's id is a folder name such as acme-search, not {:?}", guide.id));
    }
    if !shaped(&guide.code_prefix, "^[A-Z][A-Z0-9]*$") {
        found.add(
            "/code_prefix",
            "id-shape",
            format!("a prefix of codes is capital letters, not {:?}", guide.code_prefix),
        );
    }
    if !["eks", "kubernetes", "none"].contains(&guide.target.cluster.as_str()) {
        found.add("/target/cluster", "unknown-name", "a target's cluster is eks, kubernetes or none");
    }
}

fn ids(tree: &Value, section: &str, prefix: &str, found: &mut Found<'_>) {
    let (pattern, example) = match section {
        "errata" => (format!("^{prefix}-[0-9]{{2,}}$"), format!("{prefix}-05")),
        _ => ("^[a-z][a-z0-9]*(_[a-z0-9]+)*$".to_owned(), "gpu_node_group".to_owned()),
    };
    let mut seen = BTreeSet::new();
    for (index, item) in tree.get(section).and_then(Value::as_array).into_iter().flatten().enumerate() {
        let Some(id) = item.get("id").and_then(Value::as_str) else { continue };
        let pointer = format!("/{section}/{index}/id");
        if !shaped(id, &pattern) {
            found.add(&pointer, "id-shape", format!("{id:?} is not shaped like {example}"));
        }
        if !seen.insert(id) {
            found.add(&pointer, "duplicate-id", format!("{section} has {id} twice; give one another id"));
        }
        // The list of hosts, in messages to other teams.
        if matches!(section, "inputs") && (RESERVED.contains(&id) || id == "hosts") {
            found.add(&pointer, "id-shape", format!("{id} is a name of Landfall's own; give the input another id"));
        }
    }
}

fn columns(loaded: &LoadedGuide, found: &mut Found<'_>) {
    for (index, secret) in loaded.guide.secrets.iter().enumerate() {
        if secret.fields.is_empty() == secret.rows.is_none() {
            found.add(
                &format!("/secrets/{index}"),
                "secret-shape",
                format!("the secret {} has either fields or rows", secret.id),
            );
        }
    }
    for (index, input) in loaded.guide.inputs.iter().enumerate() {
        let pointer = format!("/inputs/{index}");
        if let Some(pattern) = input.pattern.as_ref().filter(|pattern| Regex::new(pattern).is_err()) {
            found.add(&format!("{pointer}/pattern"), "bad-pattern", format!("{pattern:?} is not a regular expression"));
        }
        if (input.kind == crate::guide::InputType::Choice) == input.choices.is_empty() {
            found.add(
                &pointer,
                "input-shape",
                format!("{}: choices belong to the type choice, and only there", input.id),
            );
        }
        // What is refused would never be offered.
        if !input.default.is_null()
            && !input.default.to_string().contains("{{")
            && let Err(refused) = input.accept(&input.default)
        {
            found.add(&format!("{pointer}/default"), "bad-default", refused.to_string());
        }
    }
}

/// The host's fields are flattened, so that serde does not refuse unknown keys here.
fn hosts(tree: &Value, found: &mut Found<'_>) {
    for (index, host) in tree.get("hosts").and_then(Value::as_array).into_iter().flatten().enumerate() {
        for key in host.as_object().into_iter().flat_map(|host| host.keys()) {
            if !["host", "port", "from", "why", "when"].contains(&key.as_str()) {
                let message = format!("a host has no key {key}; it has host, port, from, why, when");
                found.add(&format!("/hosts/{index}/{key}"), "unknown-key", message);
            }
        }
        let from = host.get("from").and_then(Value::as_str).unwrap_or_default();
        if !["here", "nodes", "pods", "browsers"].contains(&from) {
            let message = "a host is reached from here, nodes, pods or browsers";
            found.add(&format!("/hosts/{index}/from"), "unknown-name", message);
        }
    }
}

fn problems(loaded: &LoadedGuide, found: &mut Found<'_>) {
    for (index, problem) in loaded.guide.problems.iter().enumerate() {
        for (key, text) in problem.when.given() {
            if let Err(error) = Regex::new(text) {
                let pointer = format!("/problems/{index}/when/{key}");
                found.add(&pointer, "bad-pattern", format!("not a regular expression: {error}"));
            }
        }
        if problem.when.after.is_some() && problem.when.given().next().is_none() {
            let message = "after says how long; what shows the problem stands in log, said or problem beside it";
            found.add(&format!("/problems/{index}/when/after"), "never-shown", message);
        }
    }
}

fn shown_at(loaded: &LoadedGuide, found: &mut Found<'_>) {
    let guide = &loaded.guide;
    let tasks = guide.checks.iter().chain(&guide.steps).chain(&guide.verify).map(|task| task.id.as_str());
    let known: BTreeSet<&str> = tasks
        .chain(guide.inputs.iter().map(|input| input.id.as_str()))
        .chain(guide.secrets.iter().map(|secret| secret.id.as_str()))
        .collect();
    for (index, erratum) in guide.errata.iter().enumerate() {
        if erratum.shown_at.is_empty() {
            let message = format!("{} is shown nowhere; name inputs, secrets, checks or steps in shown_at", erratum.id);
            found.add(&format!("/errata/{index}"), "never-shown", message);
        }
        for (place, id) in erratum.shown_at.iter().enumerate() {
            if !known.contains(id.as_str()) {
                let message = format!("{} is shown at {id}, which is no input, secret, check or step", erratum.id);
                found.add(&format!("/errata/{index}/shown_at/{place}"), "unknown-name", message);
            }
        }
    }
}

fn citations(loaded: &LoadedGuide, text: Option<&str>, found: &mut Found<'_>) {
    let mut cited = Vec::new();
    let sections = loaded.document.value().as_object().into_iter().flatten();
    for (section, items) in sections {
        for (index, item) in items.as_array().into_iter().flatten().enumerate() {
            for key in ["from", "at"] {
                let Some(lines) = item.get(key).filter(|lines| lines.is_array()) else { continue };
                let Ok(lines) = serde_json::from_value::<Vec<Lines>>(lines.clone()) else { continue };
                cited.extend(
                    lines
                        .into_iter()
                        .enumerate()
                        .map(|(place, lines)| (format!("/{section}/{index}/{key}/{place}"), lines)),
                );
            }
        }
    }
    let Some(source) = &loaded.source else {
        if let Some((pointer, _)) = cited.first() {
            found.add(
                pointer,
                "outside-source",
                "lines are cited, but neither a source.yaml nor source.passages lists the passages",
            );
        }
        return;
    };
    for (pointer, lines) in &cited {
        if lines.first < 1 || lines.last > source.lines {
            let message = format!("line {} is outside the document, which has {} lines", lines.last, source.lines);
            found.add(pointer, "outside-source", message);
        }
    }
    let cited: Vec<Lines> = cited.into_iter().map(|(_, lines)| lines).collect();
    for message in about_source(loaded, source, &cited, text) {
        found.messages.insert(message);
    }
}

/// What is wrong with `source.yaml` itself: gaps, passages nobody cites, and hashes where the text is at hand.
fn about_source(loaded: &LoadedGuide, source: &Source, cited: &[Lines], text: Option<&str>) -> Vec<LintMessage> {
    let document = loaded.source_document();
    let mut messages = Vec::new();
    let mut expected = 1;
    let mut add = |index: usize, rule, message: String| {
        messages.push(LintMessage::at(&document.position(&format!("/passages/{index}")), rule, message));
    };
    for (index, passage) in source.passages.iter().enumerate() {
        let Lines { first, last } = passage.lines;
        if first != expected {
            add(
                index,
                "source-gap",
                format!("line {expected} comes next, not {first}: passages follow each other without a gap"),
            );
        }
        expected = last + 1;
        if let Some(text) = text.filter(|text| Source::digest(text, passage.lines) != passage.sha256) {
            let now = Source::digest(text, passage.lines);
            let message = format!(
                "{} is not what the document says any more; read lines {first} to {last} again, then write sha256: {now}",
                passage.place()
            );
            add(index, "source-changed", message);
        }
    }
    if expected != source.lines + 1 {
        add(
            source.passages.len().saturating_sub(1),
            "source-gap",
            format!("the last passage ends at {}, not at {}", expected - 1, source.lines),
        );
    }
    for passage in source.uncited(cited) {
        let index = source.passages.iter().position(|other| other.lines == passage.lines).unwrap_or_default();
        let message =
            format!("nothing cites {} (lines {} to {})", passage.place(), passage.lines.first, passage.lines.last);
        add(index, "uncited", message);
    }
    if let Some(text) = text {
        let lines = text.lines().count();
        if lines != source.lines as usize {
            let message = format!("the document has {lines} lines, its list of passages says {}", source.lines);
            messages.push(LintMessage::at(&document.position("/lines"), "source-changed", message));
        }
    }
    messages
}
