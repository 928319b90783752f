//! What comes out when a patch meets an object?

use serde_json::Value;

use super::object;

/// How lists are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lists {
    /// A list replaces a list (JSON merge patch, and custom resources without a schema).
    Replace,
    /// Lists of named things are merged by name.
    Merge,
}

/// Merges a patch: objects key by key, `null` takes away.
pub fn merge(target: &mut Value, patch: &Value, lists: Lists) {
    merge_at(target, patch, "", lists);
}

fn merge_at(target: &mut Value, patch: &Value, field: &str, lists: Lists) {
    match patch {
        Value::Object(patch) => {
            if lists == Lists::Merge && patch.get("$patch").is_some_and(|directive| directive == "replace") {
                let mut replaced = patch.clone();
                replaced.shift_remove("$patch");
                *target = Value::Object(replaced);
                return;
            }
            let target = object::map(target);
            for (key, value) in patch {
                if value.is_null() {
                    target.shift_remove(key);
                } else if let Some(field) = key.strip_prefix("$deleteFromPrimitiveList/") {
                    if let (Some(Value::Array(old)), Some(gone)) = (target.get_mut(field), value.as_array()) {
                        old.retain(|item| !gone.contains(item));
                    }
                } else if key.starts_with('$') && lists == Lists::Merge {
                    // `$setElementOrder` and `$retainKeys` only say what is said otherwise already
                } else {
                    merge_at(target.entry(key.clone()).or_insert(Value::Null), value, key, lists);
                }
            }
        }
        Value::Array(items) if lists == Lists::Merge && target.is_array() => {
            let Value::Array(old) = target else { return };
            if field == "finalizers" {
                old.extend(items.iter().filter(|item| !old.contains(item)).cloned().collect::<Vec<_>>());
                return;
            }
            match merge_key(field, items.iter().chain(old.iter())) {
                Some(key) => merge_list(old, items, key),
                None => *old = items.clone(),
            }
        }
        other => *target = other.clone(),
    }
}

fn merge_list(old: &mut Vec<Value>, items: &[Value], key: &str) {
    for item in items {
        let at = old.iter().position(|known| known[key] == item[key]);
        match (at, item["$patch"] == "delete") {
            (Some(at), true) => drop(old.remove(at)),
            (None, true) => {}
            (Some(at), false) => merge_at(&mut old[at], item, "", Lists::Merge),
            (None, false) => old.push(item.clone()),
        }
    }
}

/// By which key the items of a list are told apart; none where the list is one value.
pub fn merge_key<'a>(field: &str, mut items: impl Iterator<Item = &'a Value>) -> Option<&'static str> {
    // The API's own merge keys: k8s.io/api types, patchMergeKey and listMapKey.
    let key = match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "volumes"
        | "env"
        | "imagePullSecrets"
        | "secrets" => "name",
        "volumeMounts" => "mountPath",
        "volumeDevices" => "devicePath",
        "hostAliases" => "ip",
        "conditions" | "addresses" => "type",
        "ownerReferences" => "uid",
        "taints" => "key",
        "ports" => {
            return items
                .try_fold("", |seen, item| {
                    ["containerPort", "port"]
                        .into_iter()
                        .find(|key| item.get(*key).is_some() && (seen.is_empty() || seen == *key))
                })
                .filter(|key| !key.is_empty());
        }
        _ => return None,
    };
    items.all(|item| item.get(key).is_some()).then_some(key)
}

/// Takes away what the last applied configuration had and the new one has no longer.
pub fn prune(target: &mut Value, last: &Value, new: &Value, lists: Lists) {
    let (Value::Object(target), Value::Object(last)) = (target, last) else { return };
    for (key, was) in last {
        let is = new.get(key).unwrap_or(&Value::Null);
        let Some(here) = target.get_mut(key) else { continue };
        match (was, lists) {
            (Value::Object(_), _) => {
                prune(here, was, is, lists);
                if is.is_null() && here.as_object().is_some_and(serde_json::Map::is_empty) {
                    target.shift_remove(key);
                }
            }
            (Value::Array(items), Lists::Merge) if merge_key(key, items.iter()).is_some() && here.is_array() => {
                let (Some(by), Value::Array(here)) = (merge_key(key, items.iter()), &mut *here) else { continue };
                let kept = is.as_array().map(Vec::as_slice).unwrap_or_default();
                here.retain(|item| {
                    !items.iter().any(|was| was[by] == item[by]) || kept.iter().any(|is| is[by] == item[by])
                });
                for item in here.iter_mut() {
                    let same = |other: &&Value| other[by] == item[by];
                    if let (Some(was), Some(is)) = (items.iter().find(same), kept.iter().find(same)) {
                        prune(item, was, is, lists);
                    }
                }
                if here.is_empty() {
                    target.shift_remove(key);
                }
            }
            _ if is.is_null() => drop(target.shift_remove(key)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_merge_patch_replaces_lists_and_takes_away_nulls() {
        let mut object = json!({ "a": { "b": 1, "c": 2 }, "l": [1, 2] });
        merge(&mut object, &json!({ "a": { "b": null, "d": 4 }, "l": [3] }), Lists::Replace);
        assert_eq!(object, json!({ "a": { "c": 2, "d": 4 }, "l": [3] }));
    }

    #[test]
    fn a_strategic_patch_merges_containers_by_name() {
        let mut object = json!({ "containers": [{ "name": "a", "image": "1" }, { "name": "b", "image": "1" }] });
        merge(
            &mut object,
            &json!({ "containers": [{ "name": "b", "image": "2" }, { "name": "a", "$patch": "delete" }] }),
            Lists::Merge,
        );
        assert_eq!(object, json!({ "containers": [{ "name": "b", "image": "2" }] }));
    }

    #[test]
    fn what_is_no_longer_applied_goes_away_and_what_others_set_stays() {
        let mut object = json!({ "data": { "mine": "1", "theirs": "2" }, "labels": { "mine": "x" } });
        prune(
            &mut object,
            &json!({ "data": { "mine": "1" }, "labels": { "mine": "x" } }),
            &json!({ "data": {} }),
            Lists::Merge,
        );
        assert_eq!(object, json!({ "data": { "theirs": "2" } }));
    }
}
