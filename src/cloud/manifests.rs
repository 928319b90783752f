//! What would a chart change? Rendered manifests compared object by object; what Secrets hold is never shown.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};

use super::values::{Values, written};

/// More lines than this are not read by anybody.
const LINES: usize = 1_500;

/// What comes (`+`), what goes (`-`) and what stands around it, object by object; empty where nothing changes.
pub fn diff(before: &str, after: &str) -> String {
    let (before, after) = (objects(before), objects(after));
    let mut lines: Vec<String> = Vec::new();
    for (name, old) in &before {
        if !after.contains_key(name) {
            lines.push(format!("- {name}"));
            lines.extend(old.lines().map(|line| format!("- {line}")));
        }
    }
    for (name, new) in &after {
        match before.get(name) {
            None => {
                lines.push(format!("+ {name}"));
                lines.extend(new.lines().map(|line| format!("+ {line}")));
            }
            Some(old) if old != new => {
                lines.push(format!("  {name}"));
                lines.extend(changed(old, new));
            }
            Some(_) => {}
        }
    }
    if lines.len() > LINES {
        let more = lines.len() - LINES;
        lines.truncate(LINES);
        lines.push(format!("  … {more} more lines"));
    }
    lines.join("\n")
}

fn changed(old: &str, new: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(old, new);
    let groups = diff.grouped_ops(2);
    let changes = groups.iter().flatten().flat_map(|operation| diff.iter_changes(operation));
    let line = |change: similar::Change<&str>| {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        format!("{sign} {}", change.value().trim_end_matches('\n'))
    };
    changes.map(line).collect()
}

/// Each object's text by what it is, e.g. `Deployment shield/web`. Hooks are no part of a release.
fn objects(manifests: &str) -> BTreeMap<String, String> {
    let documents = manifests.split("\n---").map(|document| document.trim_start_matches("---"));
    documents.filter_map(object).collect()
}

fn object(text: &str) -> Option<(String, String)> {
    let Ok(Values { mut tree, .. }) = Values::read(text) else {
        return Some(("something that is no YAML".into(), String::new()));
    };
    let word = |pointer: &str| tree.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let kind = word("/kind")?;
    if tree.pointer("/metadata/annotations/helm.sh~1hook").is_some() {
        return None;
    }
    let name = word("/metadata/name").unwrap_or_default();
    let name = match word("/metadata/namespace") {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    };
    if kind != "Secret" {
        let lines = text.lines().filter(|line| !line.starts_with("# Source:") && !line.trim().is_empty());
        return Some((name, lines.collect::<Vec<_>>().join("\n")));
    }
    for part in ["data", "stringData"] {
        for value in tree.get_mut(part).and_then(Value::as_object_mut).into_iter().flat_map(|data| data.values_mut()) {
            *value = json!("<not shown>");
        }
    }
    Some((name, written(&tree)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "---\n# Source: web/map.yaml\nkind: ConfigMap\nmetadata: { name: web }\ndata:\n  mode: full\n  host: a\n---\nkind: Service\nmetadata: { name: old }\n";

    #[test]
    fn what_comes_goes_and_changes_is_told_apart() {
        let new = OLD.replace("mode: full", "mode: api_only").replace("Service", "Deployment");
        let diff = diff(OLD, &new);
        assert!(diff.contains("- Service old\n"), "{diff}");
        assert!(diff.contains("+ Deployment old\n"), "{diff}");
        assert!(diff.contains("  ConfigMap web\n") && diff.contains("-   mode: full\n+   mode: api_only"), "{diff}");
    }

    #[test]
    fn equal_manifests_differ_in_nothing_whatever_their_order_and_comments() {
        let other = "kind: Service\nmetadata: { name: old }\n---\nkind: ConfigMap\nmetadata: { name: web }\ndata:\n  mode: full\n  host: a\n";
        assert_eq!(diff(OLD, other), "");
    }

    #[test]
    fn a_secret_shows_its_keys_alone_and_hooks_are_left_out() {
        let manifests = "kind: Secret\nmetadata: { name: s }\nstringData: { password: canary }\n---\nkind: Job\nmetadata: { name: j, annotations: { helm.sh/hook: test } }\n";
        let diff = diff("", manifests);
        assert!(diff.contains("password: \"<not shown>\"") && !diff.contains("canary"), "{diff}");
        assert!(!diff.contains("Job"), "{diff}");
    }
}
