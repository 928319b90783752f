//! The labels that say whose an object is: put on as it is sent, taken off what was there before.

use std::collections::BTreeMap;

use kube::{ResourceExt, core::DynamicObject};
use serde_json::{Value, json};

use crate::kind::Context;

/// The manifest with the install's labels.
pub(super) fn labelled(mut tree: Value, cx: &Context) -> Value {
    for (key, value) in cx.labels() {
        let label = &mut tree["metadata"]["labels"][key];
        // What the manifest says itself stays: Helm takes over only what says that Helm manages it.
        if label.is_null() {
            *label = json!(value);
        }
    }
    tree
}

/// The labels that are sent, as they were: those of the manifest and our marks.
pub(super) fn labels_before(manifest: &Value, found: &DynamicObject, cx: &Context) -> BTreeMap<String, Option<String>> {
    let named = manifest.pointer("/metadata/labels").and_then(Value::as_object);
    let keys = named.into_iter().flat_map(|labels| labels.keys().cloned()).chain(cx.labels().into_keys());
    keys.map(|key| (key.clone(), found.labels().get(&key).cloned())).collect()
}

/// What our marks go back to, where they still are ours and the journal says what they replaced.
pub(super) fn marks_back(before: &Value, found: &DynamicObject, cx: &Context) -> BTreeMap<String, Value> {
    let ours = cx.labels().into_iter().filter(|(key, value)| found.labels().get(key) == Some(value));
    ours.filter_map(|(key, _)| Some((key.clone(), before.pointer("/metadata/labels")?.get(&key)?.clone()))).collect()
}
