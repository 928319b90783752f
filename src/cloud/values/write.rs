//! How are values written so that every text survives helm? Every text and every odd key in double quotes.

use std::fmt::Write;

use serde_json::Value;

/// A tree as YAML that readers of every generation of YAML take for the same.
pub fn written(tree: &Value) -> String {
    let mut out = String::new();
    match tree {
        Value::Object(fields) if !fields.is_empty() => block(&mut out, tree, 0),
        Value::Array(items) if !items.is_empty() => block(&mut out, tree, 0),
        other => {
            out.push_str(&inline(other));
            out.push('\n');
        }
    }
    out
}

fn block(out: &mut String, tree: &Value, indent: usize) {
    let margin = " ".repeat(indent);
    match tree {
        Value::Object(fields) => {
            for (name, value) in fields {
                out.push_str(&margin);
                out.push_str(&key(name));
                out.push(':');
                below(out, value, indent + 2);
            }
        }
        Value::Array(items) => {
            for item in items {
                out.push_str(&margin);
                out.push('-');
                below(out, item, indent + 2);
            }
        }
        _ => {}
    }
}

fn below(out: &mut String, value: &Value, indent: usize) {
    let nested = match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if nested {
        out.push('\n');
        block(out, value, indent);
    } else {
        out.push(' ');
        out.push_str(&inline(value));
        out.push('\n');
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Object(_) => "{}".into(),
        Value::Array(_) => "[]".into(),
        other => other.to_string(),
    }
}

fn key(name: &str) -> String {
    const WORDS: [&str; 10] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan"];
    let simple = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
        && !WORDS.contains(&name.to_ascii_lowercase().as_str());
    if simple { name.to_owned() } else { quoted(name) }
}

/// A double-quoted scalar. Line breaks of every kind are escaped: older YAML folds them away.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{0}'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::cloud::values::Values;

    #[test]
    fn it_reads_as_a_person_would_write_it() {
        let tree =
            json!({"database": {"host": "db", "port": 5432, "ca": null}, "hosts": ["a", {"b": []}], "on": "yes"});
        assert_eq!(
            written(&tree),
            "database:\n  host: \"db\"\n  port: 5432\n  ca: null\nhosts:\n  - \"a\"\n  -\n    b: []\n\"on\": \"yes\"\n"
        );
    }

    proptest! {
        #[test]
        fn every_text_survives(key in "\\PC{1,12}", text in any::<String>()) {
            let tree = json!({key: {"text": text.clone(), "list": [text]}});
            prop_assert_eq!(Values::read(&written(&tree)).unwrap().tree, tree.clone());
            let other: Value = serde_yaml::from_str(&written(&tree)).unwrap();
            prop_assert_eq!(other, tree);
        }
    }
}
