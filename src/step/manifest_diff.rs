//! Where is an object not as its manifest says? Fields the manifest does not name are the cluster's own.

use landfall_core::{
    event::Difference,
    value::{SecretText, Tree, late_reference},
};
use serde_json::Value;

/// Every place where the object differs from the manifest; secrets and unknown outputs are not compared.
pub fn differences(manifest: &Tree, object: &Value) -> Vec<Difference> {
    let mut all = Vec::new();
    look(&manifest.0, object, String::new(), &mut all);
    all
}

fn look(wanted: &Value, found: &Value, path: String, all: &mut Vec<Difference>) {
    match (wanted, found) {
        (Value::String(text), _) if late_reference(text).is_some() || SecretText::is_in(text) => {}
        (Value::Object(wanted), _) => {
            for (key, value) in wanted {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                look(value, found.get(key).unwrap_or(&Value::Null), below, all);
            }
        }
        (Value::Array(wanted), Value::Array(found)) if wanted.len() <= found.len() => {
            for (index, value) in wanted.iter().enumerate() {
                let same = counterpart(value, found).or_else(|| found.get(index)).unwrap_or(&Value::Null);
                look(value, same, format!("{path}[{index}]"), all);
            }
        }
        (wanted, found) if wanted == found || (wanted.is_null() && found.is_null()) => {}
        (Value::Number(one), Value::Number(other)) if one.as_f64() == other.as_f64() => {}
        (wanted, found) => {
            let fixed = matches!(path.as_str(), "kind" | "metadata.name" | "metadata.namespace");
            all.push(Difference { wanted: shown(wanted), found: shown(found), field: path, fixed });
        }
    }
}

/// Lists of named things are compared by name: the server may have put others among them.
fn counterpart<'a>(wanted: &Value, found: &'a [Value]) -> Option<&'a Value> {
    let name = wanted.get("name")?;
    found.iter().find(|item| item.get("name") == Some(name))
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::String(text) => text.clone(),
        other => Tree(other.clone()).shown().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_the_manifest_does_not_name_are_the_clusters_own() {
        let manifest = Tree(
            json!({"kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"name": "http", "port": 80}]}}),
        );
        let object = json!({"kind": "Service", "metadata": {"name": "a", "uid": "1"}, "status": {},
            "spec": {"clusterIP": "10.0.0.1", "ports": [{"name": "extra", "port": 1}, {"name": "http", "port": 80, "protocol": "TCP"}]}});
        assert_eq!(differences(&manifest, &object), []);
    }

    #[test]
    fn a_changed_or_missing_field_is_named() {
        let manifest = Tree(json!({"spec": {"replicas": 2, "paused": false}}));
        let all = differences(&manifest, &json!({"spec": {"replicas": 3}}));
        let fields: Vec<&str> = all.iter().map(|difference| difference.field.as_str()).collect();
        assert_eq!(fields, ["spec.replicas", "spec.paused"]);
        assert_eq!((all[0].wanted.as_str(), all[0].found.as_str()), ("2", "3"));
    }
}
