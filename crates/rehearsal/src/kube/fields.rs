//! Who wrote which fields: `metadata.managedFields`.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{object, patch};

/// Who writes, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Writer {
    /// Name of the field manager.
    pub manager: String,
    /// `Apply` or `Update`.
    pub operation: &'static str,
    /// Written through a subresource?
    pub subresource: String,
}

/// Records that a writer wrote what `written` holds; the fields are taken from its other writers' entries only on `Apply`.
pub fn record(target: &mut Value, written: &Value, writer: &Writer, now: Timestamp) {
    let fields = fields_of(written);
    let mut entry = json!({
        "manager": writer.manager, "operation": writer.operation, "apiVersion": target["apiVersion"],
        "time": object::stamp(now), "fieldsType": "FieldsV1", "fieldsV1": fields,
    });
    if !writer.subresource.is_empty() {
        entry["subresource"] = writer.subresource.as_str().into();
    }
    let entries = object::slot(target, &["metadata", "managedFields"]);
    if !entries.is_array() {
        *entries = json!([]);
    }
    let Value::Array(entries) = entries else { return };
    let same = |old: &Value| {
        old["manager"] == writer.manager
            && old["operation"] == writer.operation
            && object::text(old, "/subresource") == writer.subresource
    };
    match entries.iter_mut().find(|old| same(old)) {
        Some(old) => {
            if writer.operation == "Update" {
                let mut all = old["fieldsV1"].clone();
                patch::merge(&mut all, &entry["fieldsV1"], patch::Lists::Replace);
                entry["fieldsV1"] = all;
            }
            *old = entry;
        }
        None => entries.push(entry),
    }
}

/// The set of fields of a value in the form `FieldsV1`, without what every object has.
fn fields_of(value: &Value) -> Value {
    let Value::Object(map) = value else { return json!({}) };
    let mut fields = Map::new();
    for (key, value) in map {
        if matches!(key.as_str(), "apiVersion" | "kind") {
            continue;
        }
        if key == "metadata" {
            let mut own = Map::new();
            for part in ["labels", "annotations", "finalizers", "ownerReferences"] {
                if let Some(value) = value.get(part) {
                    own.insert(format!("f:{part}"), tree(part, value));
                }
            }
            if !own.is_empty() {
                fields.insert("f:metadata".into(), Value::Object(own));
            }
            continue;
        }
        fields.insert(format!("f:{key}"), tree(key, value));
    }
    Value::Object(fields)
}

fn tree(field: &str, value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut fields = Map::new();
            if !map.is_empty() && !matches!(field, "labels" | "annotations") {
                fields.insert(".".into(), json!({}));
            }
            fields.extend(map.iter().map(|(key, value)| (format!("f:{key}"), tree(key, value))));
            Value::Object(fields)
        }
        Value::Array(items) => match patch::merge_key(field, items.iter()) {
            Some(by) => items
                .iter()
                .map(|item| (format!("k:{}", json!({ by: item[by] })), tree("", item)))
                .collect::<Map<_, _>>()
                .into(),
            None => json!({}),
        },
        _ => json!({}),
    }
}
