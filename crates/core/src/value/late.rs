//! A value that another step will bring.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::Value;

/// Opens the stand-in text of a value that is not known yet. Private-use characters: no answer may contain them.
pub(super) const OPEN: char = '\u{E002}';
/// Closes it.
pub(super) const CLOSE: char = '\u{E003}';

/// The first reference inside a text that waits for a step's output, e.g. `steps.gpu_node_group.arn`.
pub fn late_reference(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(OPEN)?;
    rest.split_once(CLOSE).map(|(reference, _)| reference)
}

/// A parameter that may come from a step's output: unknown while planning, known just before the task runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Late<T> {
    /// Known.
    Known(T),
    /// Will be known once the named output is, e.g. `steps.gpu_launch_template.id`.
    Unknown(String),
}

impl<T> Late<T> {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }
}

impl Late<Vec<String>> {
    /// The items for people; one stand-in where they are not known.
    pub fn shown(&self) -> Vec<String> {
        match self {
            Self::Known(items) => items.clone(),
            Self::Unknown(reference) => vec![format!("<{reference}>")],
        }
    }
}

impl<T: std::fmt::Display> std::fmt::Display for Late<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(value) => value.fmt(f),
            Self::Unknown(reference) => write!(f, "<{reference}>"),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Late<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        // A list of which one item is not known is not known.
        let items = value.as_array().map_or(std::slice::from_ref(&value), Vec::as_slice);
        if let Some(reference) = items.iter().find_map(|item| item.as_str().and_then(late_reference)) {
            return Ok(Self::Unknown(reference.to_owned()));
        }
        serde_json::from_value(value).map(Self::Known).map_err(serde::de::Error::custom)
    }
}

impl<T: Serialize> Serialize for Late<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(value) => value.serialize(serializer),
            Self::Unknown(reference) => serializer.collect_str(&format_args!("{OPEN}{reference}{CLOSE}")),
        }
    }
}

impl<T: JsonSchema> JsonSchema for Late<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Late_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let inner = generator.subschema_for::<T>();
        schemars::json_schema!({ "x-late": true, "allOf": [inner] })
    }
}

/// Words for a person that may hold what a step will bring: shown with its name in the place of what is not known yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LateText(String);

impl std::fmt::Display for LateText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.replace(OPEN, "<").replace(CLOSE, ">"))
    }
}

impl JsonSchema for LateText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "LateText".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "x-late": true, "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_keep_standing_around_what_is_not_known_yet() {
        let text: LateText =
            serde_json::from_value(format!("Make it a CNAME to {OPEN}steps.a.b{CLOSE}, please").into()).unwrap();
        assert_eq!(text.to_string(), "Make it a CNAME to <steps.a.b>, please");
    }

    #[test]
    fn a_list_is_known_once_all_of_it_is() {
        let late = |value: Value| serde_json::from_value::<Late<Vec<String>>>(value).unwrap();
        assert_eq!(late(json!(["a", "b"])), Late::Known(vec!["a".into(), "b".into()]));
        let open = format!("{OPEN}steps.db.id{CLOSE}");
        assert_eq!(late(json!(["a", open])), Late::Unknown("steps.db.id".into()));
        assert_eq!(late(json!(open)).shown(), ["<steps.db.id>"]);
    }
}
