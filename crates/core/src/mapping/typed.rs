//! What does a typed value mean? YAML on one line; with `{{ … }}` in it, a text that refers.

use serde_json::Value;

use crate::value::{Document, references};

/// A typed line as a value, or why it is none.
pub fn read_typed(text: &str) -> Result<Value, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("type a value, or \"\" for an empty text; l leaves the key as it is".into());
    }
    let nested = text.starts_with(['[', '"', '\'']) || (text.starts_with('{') && !text.starts_with("{{"));
    let value = if text.contains("{{") && !nested {
        Value::String(text.to_owned())
    } else {
        Document::parse("value", text).map_err(|fault| fault.message)?.value().clone()
    };
    references(&value).map_err(|fault| fault.to_string())?;
    Ok(value)
}

/// A value as a person would type it.
pub fn written(value: &Value) -> String {
    match value {
        Value::String(text) if read_typed(text).is_ok_and(|read| read == *value) => text.clone(),
        other => other.to_string(),
    }
}

/// Which sort of value it is, for people.
pub fn sort_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing: helm takes the key away",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(text) if text.contains("{{") => "by reference",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "keys and values",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_typed_as_yaml() {
        for (text, value) in [
            ("5432", json!(5432)),
            ("true", json!(true)),
            ("\"5432\"", json!("5432")),
            ("yes", json!("yes")),
            ("db.example.com", json!("db.example.com")),
            ("[a, 2, \"{{ auth_host }}\"]", json!(["a", 2, "{{ auth_host }}"])),
            ("{ a: 1 }", json!({"a": 1})),
            ("{{ auth_host }}", json!("{{ auth_host }}")),
            ("https://{{ auth_host }}/x", json!("https://{{ auth_host }}/x")),
            ("null", Value::Null),
            ("\"\"", json!("")),
        ] {
            assert_eq!(read_typed(text).unwrap(), value, "{text}");
            assert_eq!(read_typed(&written(&value)).unwrap(), value, "{text}, written and read again");
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for text in ["", "[a", "{{ auth_host", "{{ secrets.a.b | upper }}"] {
            assert!(read_typed(text).is_err(), "{text}");
        }
    }
}
