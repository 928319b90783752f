//! How are our values laid over the vendor's file? In its own text, so that its comments and order stay.

use std::{collections::BTreeMap, str::FromStr};

use serde_json::Value;
use yaml_edit::{Document, Mapping, ScalarValue, YamlValue};

use super::{NotValues, Values, written};

/// The vendor's text with our values in it, comments kept wherever the text can be edited in place.
pub fn merged(vendor: &str, ours: &Value) -> Result<String, NotValues> {
    let read = Values::read(vendor)?;
    let wanted = laid_over(read.tree.clone(), ours);
    if wanted == read.tree {
        return Ok(vendor.to_owned());
    }
    let edited = edited(vendor, &read.tree, ours);
    // An edit counts only where helm would read exactly what we mean.
    let sound = edited.filter(|text| Values::read(text).is_ok_and(|read| read.tree == wanted));
    Ok(sound.unwrap_or_else(|| written(&wanted)))
}

/// `ours` over `vendor`: mappings are merged key by key, everything else is replaced, as helm does with several files.
pub fn laid_over(vendor: Value, ours: &Value) -> Value {
    match (vendor, ours) {
        (Value::Object(mut below), Value::Object(above)) => {
            for (key, value) in above {
                let merged = match below.remove(key) {
                    Some(old) => laid_over(old, value),
                    None => value.clone(),
                };
                below.insert(key.clone(), merged);
            }
            Value::Object(below)
        }
        (_, ours) => ours.clone(),
    }
}

fn edited(vendor: &str, read: &Value, ours: &Value) -> Option<String> {
    let document = Document::from_str(vendor).ok()?;
    edit(&document.as_mapping()?, read, ours)?;
    Some(document.to_string())
}

fn edit(mapping: &Mapping, read: &Value, ours: &Value) -> Option<()> {
    for (key, value) in ours.as_object()? {
        let old = read.get(key);
        if old == Some(value) {
            continue;
        }
        match (mapping.get_mapping(key.as_str()), old, value) {
            (Some(below), Some(old @ Value::Object(fields)), Value::Object(_)) if !fields.is_empty() => {
                edit(&below, old, value)?;
            }
            _ => mapping.set(key.as_str(), node(value)),
        }
    }
    Some(())
}

/// Texts are always quoted: a bare `yes`, `0777` or `1e3` is no text to helm.
fn node(value: &Value) -> YamlValue {
    match value {
        Value::Null => YamlValue::Scalar(ScalarValue::null()),
        Value::Bool(value) => YamlValue::from(*value),
        Value::Number(number) => YamlValue::Scalar(ScalarValue::parse(number.to_string())),
        Value::String(text) => YamlValue::Scalar(ScalarValue::double_quoted(text.clone())),
        Value::Array(items) => YamlValue::Sequence(items.iter().map(node).collect()),
        Value::Object(fields) => {
            YamlValue::Mapping(fields.iter().map(|(key, value)| (key.clone(), node(value))).collect::<BTreeMap<_, _>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const VENDOR: &str = "\
# Values of the chart
shieldUsageTrackerEnabled: enabled # or disabled

database:
  # Where it is
  host: ~
  port: 5432
hosts: []
image: { tag: \"1.0\" }
tracing: on
";

    #[test]
    fn comments_and_order_stay() {
        let ours = json!({"shieldUsageTrackerEnabled": "disabled", "database": {"host": "db.example.com"}});
        let text = merged(VENDOR, &ours).unwrap();
        for kept in ["# Values of the chart", "# or disabled", "# Where it is", "tracing: on", "port: 5432"] {
            assert!(text.contains(kept), "{kept:?} is gone from\n{text}");
        }
        let tree = Values::read(&text).unwrap().tree;
        assert_eq!(tree["database"], json!({"host": "db.example.com", "port": 5432}));
        assert_eq!(tree["tracing"], true);
    }

    #[test]
    fn new_keys_lists_and_flow_mappings_are_merged_too() {
        let ours = json!({"hosts": ["a", "b"], "image": {"repository": "x"}, "new": {"deep": [{"k": "0777"}]}});
        let tree = Values::read(&merged(VENDOR, &ours).unwrap()).unwrap().tree;
        assert_eq!(tree["hosts"], json!(["a", "b"]));
        assert_eq!(tree["image"], json!({"tag": "1.0", "repository": "x"}));
        assert_eq!(tree["new"]["deep"][0]["k"], "0777");
    }

    #[test]
    fn nothing_to_change_leaves_the_file_as_it_is() {
        assert_eq!(merged(VENDOR, &json!({"database": {"port": 5432}})).unwrap(), VENDOR);
    }

    #[test]
    fn keys_are_added_at_the_end_of_a_file() {
        for vendor in ["mode: full # or not\nhost: <web>\ntracing: on\n", "a: 1 # one\n", "# c\na:\n  # d\n  b: 1\n"] {
            for ours in [
                json!({"replicas": 2}),
                json!({"host": "web"}),
                json!({"a": {"c": "x"}}),
                json!({"token": "off"}),
                json!({"rate": 1.5, "on": "x", "list": [1, "1e3"]}),
            ] {
                let text = merged(vendor, &ours).unwrap();
                assert!(text.contains('#'), "{ours}: the comment is gone from\n{text}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn helm_reads_what_was_meant(text in any::<String>(), word in "yes|off|0777|1e3|~|null|\\.|- a|#x|a: b|<") {
            let ours = json!({"database": {"host": text.clone(), "user": word.clone()}, "extra": [text, word]});
            let wanted = laid_over(Values::read(VENDOR).unwrap().tree, &ours);
            prop_assert_eq!(Values::read(&merged(VENDOR, &ours).unwrap()).unwrap().tree, wanted);
        }
    }
}
