//! Secrets in parameters: references to the vault, never the values themselves.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Opens the stand-in text of a secret. Private-use characters: no answer may contain them.
pub(super) const OPEN: char = '\u{E000}';
/// Closes it.
pub(super) const CLOSE: char = '\u{E001}';
/// No secret's id holds such a sign.
const FINGERPRINT: &str = "fingerprint:";

/// Which secret: the guide's id and field, e.g. `postgres.password`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SecretRef(pub String);

impl SecretRef {
    /// The reference of a guide's secret field.
    pub fn field(secret: &str, field: &str) -> Self {
        Self(format!("{secret}.{field}"))
    }

    /// What stands for its keyed fingerprint: no secret itself, and another one whenever the secret is another.
    #[must_use]
    pub fn fingerprint(&self) -> Self {
        Self(format!("{FINGERPRINT}{self}"))
    }

    /// Whose fingerprint it is, where it is one.
    pub fn fingerprint_of(&self) -> Option<Self> {
        self.0.strip_prefix(FINGERPRINT).map(|of| Self(of.to_owned()))
    }

    /// Where the vault remembers of which value nobody gave it: it was made up, or adopted.
    #[must_use]
    pub fn made_up(&self) -> Self {
        Self(format!("made_up.{self}"))
    }
}

impl std::fmt::Display for SecretRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A piece of a text: as it is, or from the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// As it is.
    Plain(String),
    /// From the vault, asked at the moment of the call.
    Secret(SecretRef),
}

/// A text with secrets in it, as references: the only way a secret travels through plans, journals and diffs.
///
/// A kind declares such a field to become a sink; every other field refuses secrets.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SecretText(pub Vec<Part>);

impl SecretText {
    /// Splits a rendered text at its stand-ins.
    pub fn split(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPEN) {
            let Some((reference, after)) = after.split_once(CLOSE) else { break };
            if !before.is_empty() {
                parts.push(Part::Plain(before.to_owned()));
            }
            parts.push(Part::Secret(SecretRef(reference.to_owned())));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Plain(rest.to_owned()));
        }
        Self(parts)
    }

    /// The references inside.
    pub fn references(&self) -> impl Iterator<Item = &SecretRef> {
        self.0.iter().filter_map(|part| match part {
            Part::Plain(_) => None,
            Part::Secret(reference) => Some(reference),
        })
    }

    /// The text with each reference replaced by what `reveal` gives; an error ends it.
    pub fn reveal<E>(&self, mut reveal: impl FnMut(&SecretRef) -> Result<String, E>) -> Result<String, E> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Plain(plain) => text.push_str(plain),
                Part::Secret(reference) => text.push_str(&reveal(reference)?),
            }
        }
        Ok(text)
    }

    /// The stand-in for a reference, as templates see it.
    pub fn stand_in(reference: &SecretRef) -> String {
        format!("{OPEN}{reference}{CLOSE}")
    }

    /// Whether a text holds a stand-in.
    pub fn is_in(text: &str) -> bool {
        text.contains(OPEN)
    }
}

impl std::fmt::Display for SecretText {
    /// For people: `postgres://‹postgres.username›@…`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for part in &self.0 {
            match part {
                Part::Plain(plain) => f.write_str(plain)?,
                Part::Secret(reference) => write!(f, "<secret {reference}>")?,
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self::split(&text)),
            Value::Array(parts) => {
                serde_json::from_value(Value::Array(parts)).map(Self).map_err(serde::de::Error::custom)
            }
            Value::Number(number) => Ok(Self(vec![Part::Plain(number.to_string())])),
            Value::Bool(value) => Ok(Self(vec![Part::Plain(value.to_string())])),
            _ => Err(serde::de::Error::custom("expected a text, which may hold secrets")),
        }
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [] => serializer.serialize_str(""),
            [Part::Plain(text)] => serializer.serialize_str(text),
            parts => parts.serialize(serializer),
        }
    }
}

impl JsonSchema for SecretText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "SecretText".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "x-sink": true, "type": ["string", "number", "boolean", "array"] })
    }
}

/// A tree a guide writes freely (Helm values, a manifest): step outputs and secrets may stand anywhere in it.
///
/// Inside, texts keep their stand-ins; use [`Tree::reveal`] at the moment of the call.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tree(pub Value);

impl Tree {
    /// Every secret inside.
    pub fn references(&self) -> Vec<SecretRef> {
        let mut found = Vec::new();
        walk(&self.0, &mut |text| found.extend(SecretText::split(text).references().cloned()));
        found
    }

    /// The first step output inside that is not known yet.
    pub fn unknown(&self) -> Option<String> {
        let mut found = None;
        walk(&self.0, &mut |text| {
            if found.is_none() {
                found = super::late_reference(text).map(str::to_owned);
            }
        });
        found
    }

    /// The tree with each secret replaced by what `reveal` gives.
    pub fn reveal<E>(&self, reveal: &mut impl FnMut(&SecretRef) -> Result<String, E>) -> Result<Value, E> {
        map(&self.0, &mut |text| SecretText::split(text).reveal(&mut *reveal))
    }

    /// The tree for people: secrets and unknown outputs as `<secret x.y>` and `<steps.x.y>`.
    pub fn shown(&self) -> Value {
        let shown: Result<Value, std::convert::Infallible> = map(&self.0, &mut |text| {
            let text = SecretText::split(text).to_string();
            Ok(text.replace(super::late::OPEN, "<").replace(super::late::CLOSE, ">"))
        });
        shown.unwrap_or_else(|never| match never {})
    }
}

impl JsonSchema for Tree {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Tree".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "x-sink": true, "x-late": true })
    }
}

fn walk(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(items) => items.iter().for_each(|item| walk(item, see)),
        Value::Object(map) => map.values().for_each(|item| walk(item, see)),
        _ => {}
    }
}

fn map<E>(value: &Value, change: &mut impl FnMut(&str) -> Result<String, E>) -> Result<Value, E> {
    Ok(match value {
        Value::String(text) => Value::String(change(text)?),
        Value::Array(items) => Value::Array(items.iter().map(|item| map(item, change)).collect::<Result<_, _>>()?),
        Value::Object(fields) => Value::Object(
            fields.iter().map(|(key, item)| Ok((key.clone(), map(item, change)?))).collect::<Result<_, E>>()?,
        ),
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_secrets_keeps_only_references() {
        let reference = SecretRef::field("postgres", "password");
        let text = SecretText::split(&format!("a={};b", SecretText::stand_in(&reference)));
        assert_eq!(text.to_string(), "a=<secret postgres.password>;b");
        let journal = serde_json::to_string(&text).unwrap();
        assert_eq!(serde_json::from_str::<SecretText>(&journal).unwrap(), text);
        let shown = text.reveal(|_| Ok::<_, ()>("x".into())).unwrap();
        assert_eq!(shown, "a=x;b");
    }
}
