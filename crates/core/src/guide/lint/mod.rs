//! What is wrong with a guide, before anybody runs it? Every message has a file, a line and a column.
//!
//! [`lint`] asks in turn: are the [`shapes`] right (ids, duplicates, citations), do all [`names`] exist and are they
//! used, do [`tasks`] fit together and their kinds (outputs, sinks, order, proofs), do
//! the texts of [`templates`] read what is there by then, and does every branch a person
//! could choose render to parameters that fit ([`branches`]).

mod branches;
mod examples;
mod names;
mod policy;
mod shapes;
mod tasks;
mod templates;

use std::collections::BTreeSet;

pub(crate) use names::refuse_name;
use serde::Serialize;
use serde_json::Value;

use super::LoadedGuide;
use crate::{
    catalogue::{Catalogue, Room},
    value::{Document, Fault, Position},
};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LintMessage {
    /// The file, relative to the guide's folder or as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// Which rule, e.g. `unknown-kind`; machines read it as `code`.
    #[serde(rename = "code")]
    pub rule: &'static str,
    /// What is wrong, and what to do about it.
    pub message: String,
}

impl LintMessage {
    /// A message at a place.
    pub fn at(position: &Position, rule: &'static str, message: impl Into<String>) -> Self {
        Self {
            file: position.file.display().to_string(),
            line: position.line,
            column: position.column,
            rule,
            message: message.into(),
        }
    }

    /// Whether it only says what follows from another message at the same place.
    fn follows(&self) -> bool {
        self.rule == "never" || self.message.starts_with(SOME_ANSWERS)
    }

    /// A guide or scenario that cannot even be read.
    pub fn unreadable(fault: &Fault) -> Self {
        Self::at(&fault.position, "unreadable", fault.message.clone())
    }
}

impl std::fmt::Display for LintMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}: {} [{}]", self.file, self.line, self.column, self.message, self.rule)
    }
}

/// Why parameters do not fit a kind: where inside them (a JSON pointer), and what is wrong.
pub type Misfit = (String, String);

/// Whether a kind's own type accepts rendered parameters; the program's kinds can tell, the core cannot.
pub type Fits<'a> = &'a dyn Fn(Room, &str, &Value) -> Result<(), Misfit>;

/// Everything that is wrong with a guide that could be read.
pub fn lint(
    loaded: &LoadedGuide,
    catalogue: &Catalogue,
    fits: Fits<'_>,
    source_text: Option<&str>,
) -> Vec<LintMessage> {
    let mut found = Found { document: &loaded.document, messages: BTreeSet::new(), broken: BTreeSet::new() };
    shapes::look(loaded, source_text, &mut found);
    names::look(loaded, &mut found);
    let sound = tasks::look(loaded, catalogue, &mut found);
    templates::look(loaded, catalogue, &mut found);
    branches::look(loaded, fits, &sound, &mut found);
    let all = found.messages;
    let told = |message: &LintMessage| {
        all.iter().any(|other| {
            !other.follows() && (other.line, other.column, &other.file) == (message.line, message.column, &message.file)
        })
    };
    all.iter().filter(|message| !message.follows() || !told(message)).cloned().collect()
}

/// How a message begins that was found by trying a branch.
const SOME_ANSWERS: &str = "with some answers";

/// Collects messages; the same one at the same place is told once.
struct Found<'a> {
    document: &'a Document,
    messages: BTreeSet<LintMessage>,
    /// Templates in which something is wrong already: that they cannot be rendered follows from it.
    broken: BTreeSet<String>,
}

impl Found<'_> {
    /// At a JSON pointer of `guide.yaml`.
    fn add(&mut self, pointer: &str, rule: &'static str, message: impl Into<String>) {
        let position = self.document.position(pointer);
        self.messages.insert(LintMessage::at(&position, rule, message));
    }

    /// In a template, where it reads a name.
    fn in_template(&mut self, loaded: &LoadedGuide, path: &str, name: &str, rule: &'static str, message: &str) {
        self.broken.insert(path.to_owned());
        self.elsewhere(&templates::place(loaded, path, name), rule, format!("{name}: {message}"));
    }

    /// At a place of another file.
    fn elsewhere(&mut self, position: &Position, rule: &'static str, message: impl Into<String>) {
        self.messages.insert(LintMessage::at(position, rule, message));
    }
}

/// Every scalar text in a tree with its JSON pointer.
fn texts<'a>(tree: &'a Value, pointer: &str, see: &mut impl FnMut(&str, &'a str)) {
    match tree {
        Value::String(text) => see(pointer, text),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                texts(item, &format!("{pointer}/{index}"), see);
            }
        }
        Value::Object(fields) => {
            for (key, item) in fields {
                texts(item, &format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), see);
            }
        }
        _ => {}
    }
}

/// The keys of a pointer below another one.
fn keys_below(pointer: &str, above: &str) -> Vec<String> {
    pointer
        .strip_prefix(above)
        .unwrap_or_default()
        .split('/')
        .skip(1)
        .map(|key| key.replace("~1", "/").replace("~0", "~"))
        .collect()
}
