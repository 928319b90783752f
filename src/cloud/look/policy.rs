//! Are two IAM policy documents the same? AWS keeps them as text, percent-encoded, and may reorder them.

use landfall_core::event::Difference;
use serde_json::Value;

/// A document as IAM returns it.
pub fn decoded(text: &str) -> Option<Value> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            }
            byte => bytes.push(byte),
        }
    }
    serde_json::from_slice(&bytes).ok()
}

/// Whether two documents mean the same: a list of one is that one, and lists have no order.
pub fn same(one: &Value, other: &Value) -> bool {
    folded(one) == folded(other)
}

fn folded(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(folded).collect();
            if items.len() == 1 {
                return items.remove(0);
            }
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort();
            Value::Object(names.into_iter().map(|name| (name.clone(), folded(&fields[name]))).collect())
        }
        other => other.clone(),
    }
}

/// What to tell of a document that is not as wanted; `null` stands for none.
pub fn difference(field: &str, wanted: &Value, found: &Value) -> Option<Difference> {
    (!same(wanted, found)).then(|| Difference {
        field: field.into(),
        wanted: short(wanted),
        found: if found.is_null() { "none".into() } else { short(found) },
        fixed: false,
    })
}

/// For a difference: one line, shortened.
pub fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(160) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn order_and_lists_of_one_do_not_matter() {
        let one = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["a:B", "a:C"]}]});
        let other = json!({"Statement": {"Action": ["a:C", "a:B"], "Effect": "Allow"}, "Version": "2012-10-17"});
        assert!(same(&one, &other));
        assert!(!same(&one, &json!({"Version": "2012-10-17"})));
    }

    #[test]
    fn a_document_is_percent_encoded() {
        assert_eq!(decoded("%7B%22a%22%3A%20%22b%22%7D"), Some(json!({"a": "b"})));
        assert_eq!(decoded("{\"a\":1}"), Some(json!({"a": 1})));
        assert_eq!(decoded("%7"), None);
    }

    #[test]
    fn a_missing_policy_is_a_difference() {
        let found = difference("policy", &json!({"Statement": []}), &Value::Null).unwrap();
        assert_eq!((found.field.as_str(), found.found.as_str()), ("policy", "none"));
    }
}
