//! Where a guide's files come from: embedded in the program, a folder, or one file of one's own.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Guide, Source};
use crate::value::{Document, Fault, Position};

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
        let mut trees = vec![self.scenario_file(id)?];
        while let Some(base) = trees.last_mut().and_then(|tree| tree.as_object_mut()?.remove("based_on")) {
            let base = base.as_str().unwrap_or_default().to_owned();
            if seen.contains(&base) {
                return Err(ScenarioFault::Circle(seen.join(" → ")));
            }
            trees.push(self.scenario_file(&base)?);
            seen.push(base);
        }
        // From the lowest up, so that what is taken out is so of everything below.
        let mut whole = Value::Object(serde_json::Map::new());
        for tree in trees.into_iter().rev() {
            merge(&mut whole, tree);
        }
        Ok(whole)
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
    /// Reads `guide.yaml` (and `source.yaml` where there is one) of a folder; what the guide's one file holds of templates,
    /// scenarios and passages stands in their place.
    pub fn read(mut folder: Folder) -> Result<Self, Fault> {
        let text = folder.file("guide.yaml").unwrap_or_default();
        let document = Document::parse(folder.guide_file(), text)?;
        let guide: Guide = document.decode()?;
        let templates = guide.templates.iter().map(|(name, text)| (name.clone(), text.clone(), "templates", name));
        let scenarios = guide.scenarios.iter().map(|(id, tree)| {
            // JSON is YAML, too.
            (format!("scenarios/{id}.yaml"), tree.to_string(), "scenarios", id)
        });
        for (path, text, section, key) in templates.chain(scenarios) {
            if folder.file(&path).is_some_and(|other| other != text) {
                let pointer = format!("/{section}/{}", key.replace('~', "~0").replace('/', "~1"));
                return Err(document.fault(&pointer, format!("the file {path} is there, too; keep one of them")));
            }
            folder.files.insert(path, text);
        }
        let source = match folder.file("source.yaml") {
            Some(_) if !guide.source.passages.is_empty() => {
                return Err(document.fault("/source/passages", "there is a source.yaml, too; keep one of them"));
            }
            Some(text) => Some(Document::parse(format!("{}/source.yaml", folder.name), text)?.decode()?),
            None if guide.source.passages.is_empty() => None,
            None => {
                let last = guide.source.passages.iter().map(|passage| passage.lines.last).max().unwrap_or_default();
                Some(Source {
                    document: guide.source.document.clone(),
                    lines: guide.source.lines.unwrap_or(last),
                    passages: guide.source.passages.clone(),
                })
            }
        };
        Ok(Self { guide, document, source, folder })
    }

    /// Where the passages are listed, for messages: a document whose root has `lines` and `passages`.
    pub fn source_document(&self) -> Document {
        let name = format!("{}/source.yaml", self.folder.name);
        match self.folder.file("source.yaml").and_then(|text| Document::parse(name, text).ok()) {
            Some(document) => document,
            None => self.document.with_value("/source", self.document.value()["source"].clone()),
        }
    }

    /// One scenario's own text, not merged, with its positions.
    pub fn scenario_document(&self, id: &str) -> Result<Document, Fault> {
        if let Some(tree) = self.guide.scenarios.get(id) {
            return Ok(self.document.with_value(&format!("/scenarios/{id}"), tree.clone()));
        }
        let path = format!("scenarios/{id}.yaml");
        let text = self.folder.file(&path).unwrap_or_default();
        Document::parse(format!("{}/{path}", self.folder.name), text)
    }

    /// Its template texts by path: those that end in `.j2`, and whatever its one file holds as one.
    pub fn templates(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.folder.files.iter().filter(|(path, _)| self.is_template(path));
        all.map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Whether a file is a template.
    pub fn is_template(&self, path: &str) -> bool {
        path.ends_with(".j2") || self.guide.templates.contains_key(path)
    }

    /// Where a template begins, for messages.
    pub fn template_position(&self, name: &str) -> Position {
        if self.guide.templates.contains_key(name) {
            return self.document.position(&format!("/templates/{}", name.replace('~', "~0").replace('/', "~1")));
        }
        Document::of(format!("{}/{name}", self.folder.name), Value::Null).position("")
    }

    /// Where in the vendor's document some lines stand, for people; never line numbers.
    pub fn place(&self, lines: &[super::Lines]) -> Option<String> {
        let first = lines.first()?.first;
        self.source.as_ref()?.at(first).map(super::Passage::place)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_scenario_takes_out_is_out_of_everything_below_it() {
        let scenario = |id: &str, text: &str| (format!("scenarios/{id}.yaml"), text.to_owned());
        let files = BTreeMap::from([
            scenario("smooth", "id: smooth\nanswers: { mail: yes, host: a }"),
            scenario("keys", "based_on: smooth\nid: keys\nanswers: { user: k }"),
            scenario("keys-alone", "based_on: keys\nid: keys-alone\nanswers: { mail: null, host: b }"),
            scenario("round", "based_on: about"),
            scenario("about", "based_on: round"),
        ]);
        let folder = Folder { name: "g".into(), files };
        assert_eq!(
            folder.scenario("keys-alone").unwrap(),
            json!({ "id": "keys-alone", "answers": { "host": "b", "user": "k" } })
        );
        assert!(matches!(folder.scenario("round"), Err(ScenarioFault::Circle(_))));
        assert!(matches!(folder.scenario("none"), Err(ScenarioFault::Missing { .. })));
    }
}
