//! Where a guide's files come from: embedded in the program, a folder, or one file of one's own.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Guide, Source};
use crate::value::{Document, Fault};

/// A guide's files by path relative to it; templates and scenarios among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// Shown in messages, e.g. `assets/guides/acme-search`.
    pub name: String,
    /// Path to content.
    pub files: BTreeMap<String, String>,
}

impl Folder {
    /// A file's content.
    pub fn file(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// The guide's own file, for messages: the folder may be nothing but that one file.
    pub fn guide_file(&self) -> String {
        if self.name.ends_with(".yaml") || self.name.ends_with(".yml") {
            self.name.clone()
        } else {
            format!("{}/guide.yaml", self.name)
        }
    }

    /// Names of the scenarios.
    pub fn scenarios(&self) -> Vec<&str> {
        self.files.keys().filter_map(|path| path.strip_prefix("scenarios/")?.strip_suffix(".yaml")).collect()
    }

    /// A scenario's tree, merged over those it is based on.
    pub fn scenario(&self, id: &str) -> Result<Value, ScenarioFault> {
        let mut seen = vec![id.to_owned()];
        let mut tree = self.scenario_file(id)?;
        while let Some(base) = tree.get("based_on").and_then(Value::as_str).map(str::to_owned) {
            if seen.contains(&base) {
                return Err(ScenarioFault::Circle(seen.join(" → ")));
            }
            let mut below = self.scenario_file(&base)?;
            let next = below.get("based_on").cloned();
            if let Some(tree) = tree.as_object_mut() {
                tree.remove("based_on");
            }
            merge(&mut below, tree);
            tree = below;
            if let (Some(tree), Some(next)) = (tree.as_object_mut(), next) {
                tree.insert("based_on".into(), next);
            }
            seen.push(base);
        }
        Ok(tree)
    }

    fn scenario_file(&self, id: &str) -> Result<Value, ScenarioFault> {
        let path = format!("scenarios/{id}.yaml");
        let text = self
            .file(&path)
            .ok_or_else(|| ScenarioFault::Missing { id: id.to_owned(), known: self.scenarios().join(", ") })?;
        Ok(Document::parse(format!("{}/{path}", self.name), text)?.value().clone())
    }
}

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioFault {
    /// There is none of that name.
    #[error("there is no scenario {id:?}; there are: {known}")]
    Missing {
        /// What was asked for.
        id: String,
        /// What there is.
        known: String,
    },
    /// Its file is broken.
    #[error(transparent)]
    Broken(#[from] Fault),
    /// Scenarios that are based on each other.
    #[error("scenarios are based on each other: {0}")]
    Circle(String),
}

/// Objects are merged, all else is replaced; null removes.
fn merge(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                if value.is_null() {
                    below.remove(&key);
                } else {
                    merge(below.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (below, above) => *below = above,
    }
}

/// A guide that was read, with its text's positions and its files.
#[derive(Clone, Debug)]
pub struct LoadedGuide {
    /// The guide.
    pub guide: Guide,
    /// Its tree with positions, for messages about parameters.
    pub document: Document,
    /// The passages of the vendor's document, where it brings them.
    pub source: Option<Source>,
    /// Its files.
    pub folder: Folder,
}

impl LoadedGuide {
    /// Reads `guide.yaml` (and `source.yaml` where there is one) of a folder.
    pub fn read(folder: Folder) -> Result<Self, Fault> {
        let text = folder.file("guide.yaml").unwrap_or_default();
        let document = Document::parse(folder.guide_file(), text)?;
        let guide: Guide = document.decode()?;
        let source = match folder.file("source.yaml") {
            Some(text) => Some(Document::parse(format!("{}/source.yaml", folder.name), text)?.decode()?),
            None => None,
        };
        Ok(Self { guide, document, source, folder })
    }

    /// Where in the vendor's document some lines stand, for people; never line numbers.
    pub fn place(&self, lines: &[super::model::Lines]) -> Option<String> {
        let first = lines.first()?.first;
        self.source.as_ref()?.at(first).map(super::Passage::place)
    }
}
