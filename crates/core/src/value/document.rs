//! YAML as a tree that remembers where every value was written.

use std::{collections::HashMap, fmt, path::PathBuf, sync::Arc};

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A place in a file; lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The file.
    pub file: Arc<PathBuf>,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// Something wrong in a file, with its place. Never quotes neighbouring lines: they may hold secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {message}")]
pub struct Fault {
    /// Where.
    pub position: Position,
    /// What, and what to do about it.
    pub message: String,
}

/// One YAML document: its tree and the position of each value, by JSON pointer.
#[derive(Clone, Debug)]
pub struct Document {
    file: Arc<PathBuf>,
    value: Value,
    positions: HashMap<String, (usize, usize)>,
}

impl Document {
    /// Reads a text; the file name is only for messages. Anchors, tags and several documents are refused.
    pub fn parse(file: impl Into<PathBuf>, text: &str) -> Result<Self, Fault> {
        let mut document = Self { file: Arc::new(file.into()), value: Value::Null, positions: HashMap::new() };
        let nodes = MarkedYaml::load_from_str(text).map_err(|error| {
            let marker = error.marker();
            document.fault_at(marker.line(), marker.col() + 1, format!("this is not YAML: {}", error.info()))
        })?;
        match nodes.as_slice() {
            [] => Ok(document),
            [node] => {
                document.value = document.take(node, String::new())?;
                Ok(document)
            }
            [_, second, ..] => {
                let start = &second.span.start;
                Err(document.fault_at(
                    start.line(),
                    start.col() + 1,
                    "a second YAML document begins here; only one is read".into(),
                ))
            }
        }
    }

    /// A document that was not written in a file, e.g. made by a test or read from a journal.
    pub fn of(file: impl Into<PathBuf>, value: Value) -> Self {
        Self { file: Arc::new(file.into()), value, positions: HashMap::new() }
    }

    /// A part of this document, or what became of it, as a document of its own that remembers where it was written.
    #[must_use]
    pub fn with_value(&self, pointer: &str, value: Value) -> Self {
        let below = self.positions.iter().filter_map(|(place, position)| {
            let rest = place.strip_prefix(pointer)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| (rest.to_owned(), *position))
        });
        Self { file: self.file.clone(), value, positions: below.collect() }
    }

    /// The tree.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The file's name.
    pub fn file(&self) -> &Arc<PathBuf> {
        &self.file
    }

    /// Where the value at a JSON pointer was written; the nearest enclosing value's place if it has none of its own.
    pub fn position(&self, pointer: &str) -> Position {
        let mut pointer = pointer;
        let (line, column) = loop {
            if let Some(place) = self.positions.get(pointer) {
                break *place;
            }
            match pointer.rfind('/') {
                Some(cut) => pointer = &pointer[..cut],
                None => break (1, 1),
            }
        };
        Position { file: self.file.clone(), line, column }
    }

    /// A fault at a JSON pointer.
    pub fn fault(&self, pointer: &str, message: impl Into<String>) -> Fault {
        Fault { position: self.position(pointer), message: message.into() }
    }

    /// The whole tree as a type of ours; a mistake is named with its place.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        self.decode_at("")
    }

    /// The part at a JSON pointer as a type of ours.
    pub fn decode_at<T: DeserializeOwned>(&self, pointer: &str) -> Result<T, Fault> {
        let part = self.value.pointer(pointer).cloned().unwrap_or(Value::Null);
        self.decode_value(pointer, part)
    }

    /// Another tree of the same shape (after templates were evaluated) as a type of ours, with this document's positions.
    pub fn decode_value<T: DeserializeOwned>(&self, pointer: &str, value: Value) -> Result<T, Fault> {
        decode(value).map_err(|mistake| {
            let Mistake { pointer: inner, path, cause } = mistake;
            let message = if path == "." { cause } else { format!("{path}: {cause}") };
            self.fault(&format!("{pointer}{inner}"), message)
        })
    }

    fn fault_at(&self, line: usize, column: usize, message: String) -> Fault {
        Fault { position: Position { file: self.file.clone(), line, column }, message }
    }

    fn take(&mut self, node: &MarkedYaml<'_>, pointer: String) -> Result<Value, Fault> {
        let start = &node.span.start;
        let place = (start.line(), start.col() + 1);
        self.positions.insert(pointer.clone(), place);
        let refuse = |document: &Self, message: &str| Err(document.fault_at(place.0, place.1, message.into()));
        Ok(match &node.data {
            YamlData::Value(scalar) => match scalar {
                Scalar::Null => Value::Null,
                Scalar::Boolean(value) => Value::Bool(*value),
                Scalar::Integer(value) => Value::from(*value),
                Scalar::FloatingPoint(value) => {
                    serde_json::Number::from_f64(f64::from(*value)).map_or(Value::Null, Value::Number)
                }
                Scalar::String(text) => Value::String(text.to_string()),
            },
            YamlData::Sequence(items) => {
                let mut list = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    list.push(self.take(item, format!("{pointer}/{index}"))?);
                }
                Value::Array(list)
            }
            YamlData::Mapping(pairs) => {
                let mut map = Map::with_capacity(pairs.len());
                for (key, value) in pairs {
                    let Some(name) = key_text(key) else {
                        return refuse(self, "a key of this mapping is not a plain word");
                    };
                    let below = format!("{pointer}/{}", escape(&name));
                    let taken = self.take(value, below.clone())?;
                    // The key's own place reads better than the value's in messages about unknown keys.
                    let start = &key.span.start;
                    self.positions.insert(below, (start.line(), start.col() + 1));
                    map.insert(name, taken);
                }
                Value::Object(map)
            }
            YamlData::Tagged(..) => return refuse(self, "YAML tags (!something) are not used here"),
            YamlData::Alias(_) => return refuse(self, "YAML aliases (*name) are not used here"),
            YamlData::Representation(text, ..) => Value::String(text.to_string()),
            YamlData::BadValue => return refuse(self, "this value does not fit its tag"),
        })
    }
}

/// Why a tree is not of a type.
pub(crate) struct Mistake {
    /// Where, as a JSON pointer.
    pub pointer: String,
    /// The same for people; `.` for the whole.
    pub path: String,
    /// What is wrong there.
    pub cause: String,
}

/// A tree as a type of ours.
pub(crate) fn decode<T: DeserializeOwned>(value: Value) -> Result<T, Mistake> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let pointer = error
            .path()
            .iter()
            .filter_map(|segment| match segment {
                serde_path_to_error::Segment::Seq { index } => Some(format!("/{index}")),
                serde_path_to_error::Segment::Map { key } => Some(format!("/{}", escape(key))),
                serde_path_to_error::Segment::Enum { .. } | serde_path_to_error::Segment::Unknown => None,
            })
            .collect();
        Mistake { pointer, path: error.path().to_string(), cause: error.into_inner().to_string() }
    })
}

fn key_text(key: &MarkedYaml<'_>) -> Option<String> {
    match &key.data {
        YamlData::Value(Scalar::String(text)) => Some(text.to_string()),
        YamlData::Value(Scalar::Integer(number)) => Some(number.to_string()),
        YamlData::Value(Scalar::Boolean(value)) => Some(value.to_string()),
        _ => None,
    }
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Volume {
        #[allow(dead_code, reason = "only its shape is read")]
        gib: u32,
    }

    #[test]
    fn a_mistake_is_named_with_its_line_and_column() {
        let document = Document::parse("guide.yaml", "a: 1\nvolume:\n  gib: sixty\n").unwrap();
        let fault = document.decode_at::<Volume>("/volume").unwrap_err();
        assert_eq!(fault.position.to_string(), "guide.yaml:3:3");
        assert!(fault.message.contains("gib"), "{fault}");
    }

    #[test]
    fn an_unknown_key_is_named_where_it_stands() {
        let document = Document::parse("guide.yaml", "volume:\n  gib: 60\n  size: 1\n").unwrap();
        let fault = document.decode_at::<Volume>("/volume").unwrap_err();
        assert_eq!(fault.position.line, 3, "{fault}");
        assert!(fault.message.contains("size"));
    }

    #[test]
    fn broken_yaml_names_its_line_and_quotes_no_neighbour() {
        let fault = Document::parse("a.yaml", "password: hunter2\nb: [1, 2\nc: 3\n").unwrap_err();
        assert!(fault.position.line >= 2, "{fault}");
        assert!(!fault.to_string().contains("hunter2"));
    }

    #[test]
    fn words_of_older_yaml_stay_words() {
        let document = Document::parse("a.yaml", "a: yes\nb: off\nc: 0777\n").unwrap();
        assert_eq!(document.value()["a"], "yes");
        assert_eq!(document.value()["b"], "off");
    }
}
