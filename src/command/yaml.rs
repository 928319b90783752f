//! Trees as YAML that people read, each value exactly as it was: short lists on one line, texts of several lines as blocks.

use std::fmt::Write as _;

use serde_json::Value;

/// A mapping's fields, or a list's items, each on lines of its own.
pub(super) fn lines(tree: &Value, depth: usize) -> String {
    let mut out = String::new();
    match tree {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| field(&mut out, key, value, depth)),
        Value::Array(items) => items.iter().for_each(|item| list_item(&mut out, item, depth)),
        _ => {}
    }
    out
}

/// One field of a mapping.
pub(super) fn field(out: &mut String, key: &str, value: &Value, depth: usize) {
    let (indent, key) = ("  ".repeat(depth), word(key));
    let nested = match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => items.iter().any(|item| item.is_object() || item.is_array()),
        _ => false,
    };
    let _ = match (value, nested) {
        (value, true) => write!(out, "{indent}{key}:\n{}", lines(value, depth + 1)),
        (Value::String(text), _) if is_block(text) => {
            let (sign, below) = (if text.ends_with('\n') { "|" } else { "|-" }, "  ".repeat(depth + 1));
            let block: Vec<String> = text
                .lines()
                .map(|line| if line.is_empty() { String::new() } else { format!("{below}{line}") })
                .collect();
            writeln!(out, "{indent}{key}: {sign}\n{}", block.join("\n"))
        }
        (value, _) => writeln!(out, "{indent}{key}: {}", scalar(value)),
    };
}

fn list_item(out: &mut String, item: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    let _ = match item {
        Value::Object(fields) if !fields.is_empty() => {
            writeln!(out, "{indent}- {}", lines(item, depth + 1).trim())
        }
        _ => writeln!(out, "{indent}- {}", scalar(item)),
    };
}

/// A value on one line.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => word(text),
        Value::Array(items) if !items.is_empty() => {
            format!("[{}]", items.iter().map(scalar).collect::<Vec<_>>().join(", "))
        }
        value => value.to_string(),
    }
}

/// A text as it is where it is a plain word or several, else quoted: JSON's strings are YAML's, too.
pub(super) fn word(text: &str) -> String {
    let plain = |sign: char| sign.is_alphanumeric() || matches!(sign, ' ' | '-' | '_' | '(' | ')' | '/' | '.');
    let other = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let begins = text.chars().next().is_some_and(char::is_alphabetic);
    let is_plain =
        begins && text.chars().all(plain) && text.trim() == text && !other.contains(&text.to_lowercase().as_str());
    if is_plain { text.to_owned() } else { Value::from(text).to_string() }
}

/// Whether a block of lines says exactly this.
fn is_block(text: &str) -> bool {
    let strange = |sign: char| sign.is_control() && sign != '\n';
    text.trim_end_matches('\n').contains('\n')
        && !text.starts_with([' ', '\n'])
        && !text.ends_with("\n\n")
        && !text.chars().any(strange)
        && text.lines().all(|line| !line.ends_with(' '))
}

#[cfg(test)]
mod tests {
    use landfall_core::value::Document;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_back_as_it_was() {
        let texts = [
            "",
            "a b",
            "no",
            "1.31",
            "0x1f",
            "a: b",
            "- x",
            "# x",
            "a\nb",
            "a\nb\n",
            "a\n\n  b\n",
            " a\nb",
            "a\nb\n\n",
            "\"q\"",
            "it's",
            "tab\tx\ny",
            "é – ü",
            "{{ x }}",
            "2026-11-20",
            "~",
            "a \nb",
        ];
        let texts: Vec<Value> = texts.iter().map(|text| json!(text)).collect();
        let fields: serde_json::Map<String, Value> =
            texts.iter().enumerate().map(|(at, text)| (format!("k{at}"), text.clone())).collect();
        let tree = json!({
            "texts": texts, "fields": fields, "numbers": [1, -2.5, true, null], "empty": {}, "none": [],
            "rows": [{ "a": 1, "b": { "c": [{ "d": "x\ny" }] } }, { "a": "2" }], "no": "no", "a/b.c": [["x"]],
        });
        let written = lines(&tree, 0);
        assert_eq!(Document::parse("x", &written).unwrap().value(), &tree, "{written}");
    }
}
