//! Where does a key stand in a values file? `auth.host`, `tenants[0].name`, `annotations["eks.amazonaws.com/role-arn"]`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;

/// The way to a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPath(Vec<Part>);

/// One step of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A key of a mapping.
    Key(String),
    /// An item of a list, from 0.
    Item(usize),
}

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no path of keys such as auth.host or annotations[\"a.b/c\"]")]
pub struct NotAPath(pub String);

impl KeyPath {
    /// From its parts; none is the whole file.
    pub fn of(parts: Vec<Part>) -> Self {
        Self(parts)
    }

    /// Its parts.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The same, one key further down.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.with(Part::Key(key.to_owned()))
    }

    /// The same, at an item of the list.
    #[must_use]
    pub fn item(&self, index: usize) -> Self {
        self.with(Part::Item(index))
    }

    fn with(&self, part: Part) -> Self {
        let mut parts = self.0.clone();
        parts.push(part);
        Self(parts)
    }

    /// What is left of this path below `above`; none where it does not lie there.
    pub fn below(&self, above: &Self) -> Option<&[Part]> {
        self.0.strip_prefix(above.0.as_slice())
    }

    /// The outermost list on the way, where there is one: helm replaces lists whole.
    pub fn list(&self) -> Option<Self> {
        let at = self.0.iter().position(|part| matches!(part, Part::Item(_)))?;
        Some(Self(self.0[..at].to_vec()))
    }

    /// The value at these parts of a tree.
    pub fn find<'a>(tree: &'a Value, parts: &[Part]) -> Option<&'a Value> {
        parts.iter().try_fold(tree, |tree, part| match part {
            Part::Key(key) => tree.get(key),
            Part::Item(index) => tree.get(index),
        })
    }

    /// Puts a value there, making mappings on the way; items of lists have to be there.
    pub fn put(tree: &mut Value, parts: &[Part], value: Value) {
        match parts.split_first() {
            None => *tree = value,
            Some((Part::Key(key), rest)) => {
                if !tree.is_object() {
                    *tree = Value::Object(serde_json::Map::new());
                }
                if let Some(fields) = tree.as_object_mut() {
                    Self::put(fields.entry(key.clone()).or_insert(Value::Null), rest, value);
                }
            }
            Some((Part::Item(index), rest)) => {
                if let Some(item) = tree.get_mut(index) {
                    Self::put(item, rest, value);
                }
            }
        }
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.iter().enumerate() {
            match part {
                Part::Item(item) => write!(f, "[{item}]")?,
                Part::Key(key) if plain(key) => {
                    if index > 0 {
                        f.write_str(".")?;
                    }
                    f.write_str(key)?;
                }
                Part::Key(key) => write!(f, "[{}]", Value::from(key.as_str()))?,
            }
        }
        Ok(())
    }
}

fn plain(key: &str) -> bool {
    !key.is_empty() && !key.contains(|letter: char| letter.is_whitespace() || ".[]\"".contains(letter))
}

impl FromStr for KeyPath {
    type Err = NotAPath;

    fn from_str(text: &str) -> Result<Self, NotAPath> {
        let wrong = || NotAPath(text.to_owned());
        let mut parts = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let mut read = serde_json::Deserializer::from_str(inner).into_iter::<Value>();
                let part = match read.next() {
                    Some(Ok(Value::String(key))) => Part::Key(key),
                    Some(Ok(Value::Number(index))) => {
                        let index = index.as_u64().and_then(|index| usize::try_from(index).ok());
                        Part::Item(index.ok_or_else(wrong)?)
                    }
                    _ => return Err(wrong()),
                };
                parts.push(part);
                rest = inner.get(read.byte_offset()..).and_then(|rest| rest.strip_prefix(']')).ok_or_else(wrong)?;
                continue;
            }
            if !parts.is_empty() {
                rest = rest.strip_prefix('.').ok_or_else(wrong)?;
            }
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            if !plain(key) {
                return Err(wrong());
            }
            parts.push(Part::Key(key.to_owned()));
            rest = after;
        }
        if parts.is_empty() { Err(wrong()) } else { Ok(Self(parts)) }
    }
}

impl Serialize for KeyPath {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyPath {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_is_read_as_it_is_written() {
        for text in ["auth.host", "tenants[0].name", "annotations[\"eks.amazonaws.com/role-arn\"]", "a[\"b c\"][2].d-e"]
        {
            let path: KeyPath = text.parse().unwrap();
            assert_eq!(path.to_string(), text);
        }
        for text in ["", ".a", "a.", "a..b", "a[", "a[x]", "a[0", "a]b"] {
            assert!(text.parse::<KeyPath>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_outermost_list_is_found() {
        let path: KeyPath = "a.b[1].c[0]".parse().unwrap();
        assert_eq!(path.list().unwrap().to_string(), "a.b");
        assert_eq!("a.b".parse::<KeyPath>().unwrap().list(), None);
    }

    #[test]
    fn values_are_put_and_found() {
        let mut tree = json!({"list": [{"a": 1}, {}]});
        for (path, value) in [("x.y", json!(2)), ("list[1].b", json!("c"))] {
            KeyPath::put(&mut tree, path.parse::<KeyPath>().unwrap().parts(), value);
        }
        assert_eq!(tree, json!({"list": [{"a": 1}, {"b": "c"}], "x": {"y": 2}}));
        let path: KeyPath = "list[1].b".parse().unwrap();
        assert_eq!(KeyPath::find(&tree, path.parts()), Some(&json!("c")));
    }

    proptest! {
        #[test]
        fn every_key_survives(key in "\\PC{0,12}", index in 0usize..9) {
            let path = KeyPath::of(vec![Part::Key(key.clone()), Part::Item(index), Part::Key(key)]);
            prop_assert_eq!(path.to_string().parse::<KeyPath>().unwrap(), path);
        }
    }
}
