//! Where must no secret stand? In what everybody who may list objects can read: names, labels, annotations.

use serde_json::Value;

use super::{SecretRef, SecretText};

/// The first secret that stands in an object's metadata, in labels, annotations or a selector, at any depth (a pod template,
/// a claim template, a chart's `podAnnotations`): where, as a pointer, and which.
pub fn openly_placed(tree: &Value) -> Option<(String, SecretRef)> {
    look(tree, "", false)
}

fn look(tree: &Value, pointer: &str, open: bool) -> Option<(String, SecretRef)> {
    match tree {
        Value::Object(fields) => fields.iter().find_map(|(key, value)| {
            let is_open = |key: &str| is_open(key) || key == "metadata" && is_object(tree, pointer);
            let below = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
            let open = open || value.is_object() && is_open(key);
            // A key is read by the same people.
            let named = open.then(|| first(key)).flatten().map(|reference| (pointer.to_owned(), reference));
            named.or_else(|| look(value, &below, open))
        }),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| look(item, &format!("{pointer}/{index}"), open))
        }
        Value::String(text) if open => Some((pointer.to_owned(), first(text)?)),
        _ => None,
    }
}

fn first(text: &str) -> Option<SecretRef> {
    // A fingerprint tells nothing of its secret.
    SecretText::split(text).references().find(|reference| reference.fingerprint_of().is_none()).cloned()
}

/// Charts write `podLabels` and `commonAnnotations`, too.
fn is_open(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key == "nodeselector" || key.ends_with("labels") || key.ends_with("annotations")
}

/// An object of the API, or a template of one: other trees may call anything metadata.
fn is_object(tree: &Value, pointer: &str) -> bool {
    let mut parts = pointer.rsplit('/');
    let within =
        parts.next().filter(|part| part.parse::<usize>().is_err()).or_else(|| parts.next()).unwrap_or_default();
    tree.get("apiVersion").is_some() && tree.get("kind").is_some()
        || within == "template"
        || within.ends_with("Template")
        || within.ends_with("Templates")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_found_in_metadata_at_any_depth_and_nowhere_else() {
        let secret = SecretText::stand_in(&SecretRef("keys.signing".into()));
        let of = |tree: Value| openly_placed(&tree).map(|(pointer, reference)| format!("{pointer} {reference}"));
        let annotated =
            json!({ "spec": { "template": { "metadata": { "annotations": { "a/b": format!("x{secret}") } } } } });
        assert_eq!(of(annotated).unwrap(), "/spec/template/metadata/annotations/a~1b keys.signing");
        let claim = json!({ "spec": { "volumeClaimTemplates": [{ "metadata": { "labels": { "a": secret } } }] } });
        assert_eq!(of(claim).unwrap(), "/spec/volumeClaimTemplates/0/metadata/labels/a keys.signing");
        let name = json!({ "apiVersion": "v1", "kind": "X", "metadata": { "name": secret } });
        assert_eq!(of(name).unwrap(), "/metadata/name keys.signing");
        let label = json!({ "metadata": { "labels": { secret.clone(): "x" } } });
        assert_eq!(of(label).unwrap(), "/metadata/labels keys.signing");
        let told = SecretText::stand_in(&SecretRef("keys.signing".into()).fingerprint());
        assert_eq!(of(json!({ "metadata": { "annotations": { "keys": told } } })), None);
        let chart = json!({ "server": { "podAnnotations": { "checksum": secret.clone() } } });
        assert_eq!(of(chart).unwrap(), "/server/podAnnotations/checksum keys.signing");
        let fine = json!({ "metadata": { "name": "a" }, "stringData": { "labels": secret }, "data": { "k": [secret] },
            "config": { "metadata": { "password": secret } } });
        assert_eq!(of(fine), None);
    }
}
