//! Which lines of the vendor's document does something come from?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Lines of the vendor's document: `23` or `146-182`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "LinesText")]
pub struct Lines {
    /// First.
    pub first: u32,
    /// Last.
    pub last: u32,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "only its schema is read")]
enum LinesText {
    One(u32),
    Range(String),
}

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = |text: &str| serde::de::Error::custom(format!("{text:?} is not a line or a range such as 146-182"));
        match Value::deserialize(deserializer)? {
            Value::Number(number) => {
                let line = number.as_u64().and_then(|line| u32::try_from(line).ok());
                let line = line.ok_or_else(|| wrong(&number.to_string()))?;
                Ok(Self { first: line, last: line })
            }
            Value::String(text) => {
                let parts = text
                    .split_once('-')
                    .and_then(|(first, last)| Some((first.trim().parse().ok()?, last.trim().parse().ok()?)));
                match parts {
                    Some((first, last)) if first <= last => Ok(Self { first, last }),
                    _ => Err(wrong(&text)),
                }
            }
            other => Err(wrong(&other.to_string())),
        }
    }
}

impl Serialize for Lines {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.first == self.last {
            serializer.serialize_u32(self.first)
        } else {
            serializer.collect_str(&format_args!("{}-{}", self.first, self.last))
        }
    }
}
