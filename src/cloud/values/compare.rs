//! How do a release's values differ from those the plan wants? Secrets are compared, never shown.

use landfall_core::{
    event::Difference,
    value::{SecretText, Tree, late_reference},
};
use serde_json::Value;

/// Every place where `found` is not what `wanted` says. `reveal` gives a secret's text, or none where it is not known;
/// such places, and those that wait for a step's output, are not compared.
pub fn differences(wanted: &Tree, found: &Value, reveal: &dyn Fn(&SecretText) -> Option<String>) -> Vec<Difference> {
    let mut all = Vec::new();
    look(&wanted.0, found, "", reveal, &mut all);
    all
}

fn look(
    wanted: &Value,
    found: &Value,
    path: &str,
    reveal: &dyn Fn(&SecretText) -> Option<String>,
    all: &mut Vec<Difference>,
) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    let mut differs = |wanted: String, found: String| {
        all.push(Difference { field: path.to_owned(), wanted, found, fixed: false });
    };
    match (wanted, found) {
        (Value::String(text), _) if late_reference(text).is_some() => {}
        (Value::String(text), found) if SecretText::is_in(text) => {
            let secret = SecretText::split(text);
            if reveal(&secret).is_some_and(|revealed| found.as_str() != Some(&revealed)) {
                differs(secret.to_string(), if found.is_null() { "nothing" } else { "differs" }.into());
            }
        }
        (Value::Object(wanted), Value::Object(found)) => {
            for (key, value) in wanted {
                look(value, found.get(key).unwrap_or(&Value::Null), &below(key), reveal, all);
            }
            for (key, value) in found.iter().filter(|(key, value)| !wanted.contains_key(*key) && !value.is_null()) {
                // Nobody said whether it is a secret, so it is treated as one.
                all.push(Difference {
                    field: below(key),
                    wanted: "nothing".into(),
                    found: format!("set, {}", sort(value)),
                    fixed: false,
                });
            }
        }
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            for (index, (wanted, found)) in wanted.iter().zip(found).enumerate() {
                look(wanted, found, &format!("{path}[{index}]"), reveal, all);
            }
        }
        (Value::Object(fields), Value::Null) if fields.is_empty() => {}
        (Value::Number(one), Value::Number(other)) if one.as_f64() == other.as_f64() => {}
        (wanted, found) if wanted == found => {}
        (wanted, found) => {
            let shown = Tree(wanted.clone()).shown();
            let secret = !Tree(wanted.clone()).references().is_empty();
            differs(plain(&shown), if secret { "differs".into() } else { plain(found) });
        }
    }
}

fn sort(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "a mapping",
        Value::Array(_) => "a list",
        Value::String(_) => "a text",
        Value::Number(_) => "a number",
        Value::Bool(_) => "a switch",
        Value::Null => "nothing",
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use landfall_core::value::SecretRef;
    use serde_json::json;

    use super::*;

    fn secret() -> String {
        SecretText::stand_in(&SecretRef::field("postgres", "password"))
    }

    #[test]
    fn equal_values_do_not_differ_whatever_their_number_type() {
        let wanted = Tree(json!({"a": 1000, "b": {"c": "x"}, "password": secret(), "gone": null}));
        let found = json!({"a": 1000.0, "b": {"c": "x"}, "password": "hunter2"});
        assert_eq!(differences(&wanted, &found, &|_| Some("hunter2".into())), []);
    }

    #[test]
    fn a_secret_differs_without_being_shown() {
        let wanted = Tree(json!({"password": secret(), "list": [secret()]}));
        let found = json!({"password": "old-canary", "list": "other-canary", "extra": "third-canary"});
        let all = differences(&wanted, &found, &|_| Some("new-canary".into()));
        assert_eq!(all.len(), 3);
        assert!(!format!("{all:?}").contains("canary"), "{all:?}");
        assert_eq!(all[0].found, "differs");
    }

    #[test]
    fn what_is_not_known_yet_is_not_compared() {
        let late = json!({"role": "\u{E002}steps.irsa.arn\u{E003}", "password": secret()});
        assert_eq!(differences(&Tree(late), &json!({"role": "x", "password": "y"}), &|_| None), []);
    }
}
