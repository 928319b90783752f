//! Which keys does a vendor's values file have, and which are still to be filled? Those that are null, empty or a placeholder.

use std::sync::LazyLock;

use landfall_core::mapping::{KeyPath, Part, VendorKey};
use regex::Regex;
use serde_json::Value;

use super::{NotValues, Values};

static PLACEHOLDER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)
        ^\s*<[^>]+>\s*$ | <[a-z][a-z0-9_.\ -]*> | \$\{[A-Z_]+\}
        | change[-_\ ]?me | replace[-_\ ]?(me|this|with) | fill[-_\ ]?(me|in) | to[-_\ ]?do\b | tbd\b
        | \byour[-_\ ][a-z] | ^x{3,}$ | ^\.\.\.$ | (^|[.@/])example\.(com|org|net)\b | ^placeholder",
    )
    .ok()
});

/// Every key that holds no further ones, in the file's order; the gaps among them are marked.
pub fn keys(text: &str) -> Result<Vec<VendorKey>, NotValues> {
    let values = Values::read(text)?;
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    look(&values, &lines, &values.tree, &Place::default(), &mut found);
    found.sort_by_key(|key| key.line);
    Ok(found)
}

/// Where the reader is.
#[derive(Clone, Default)]
struct Place {
    pointer: String,
    path: Option<KeyPath>,
    list: Value,
}

impl Place {
    fn key(&self, key: &str) -> Self {
        let path = match &self.path {
            Some(path) => path.key(key),
            None => KeyPath::of(vec![Part::Key(key.to_owned())]),
        };
        let pointer = format!("{}/{}", self.pointer, key.replace('~', "~0").replace('/', "~1"));
        Self { pointer, path: Some(path), list: self.list.clone() }
    }

    fn item(&self, index: usize, list: &Value) -> Self {
        Self {
            pointer: format!("{}/{index}", self.pointer),
            path: self.path.as_ref().map(|path| path.item(index)),
            list: if self.list.is_null() { list.clone() } else { self.list.clone() },
        }
    }
}

fn look(values: &Values, lines: &[&str], tree: &Value, place: &Place, found: &mut Vec<VendorKey>) {
    let gap = match tree {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                look(values, lines, value, &place.key(key), found);
            }
            return;
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array() || is_gap(item)) => {
            for (index, value) in items.iter().enumerate() {
                look(values, lines, value, &place.item(index, tree), found);
            }
            return;
        }
        value => is_gap(value),
    };
    let Some(path) = place.path.clone() else { return };
    let line = values.lines.get(&place.pointer).copied().unwrap_or(1);
    let comment = comment(lines, line);
    found.push(VendorKey { path, value: tree.clone(), gap, comment, line, list: place.list.clone() });
}

/// Null, empty or a placeholder.
fn is_gap(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => {
            text.trim().is_empty() || PLACEHOLDER.as_ref().is_some_and(|pattern| pattern.is_match(text))
        }
        _ => false,
    }
}

/// The comment beside a key, or the block of comments right above it.
fn comment(lines: &[&str], line: usize) -> String {
    let own = lines.get(line.wrapping_sub(1)).copied().unwrap_or_default();
    let beside = own.split_once(" #").map(|(_, comment)| words(comment));
    let above: Vec<String> = lines
        .iter()
        .take(line.saturating_sub(1))
        .rev()
        .take_while(|line| line.trim_start().starts_with('#'))
        .map(|line| words(line))
        .collect();
    let above = above.into_iter().rev().filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    match beside {
        Some(beside) if above.is_empty() => beside,
        Some(beside) => format!("{above} {beside}"),
        None => above,
    }
}

/// Without `#`, and without the `-- ` of helm-docs.
fn words(comment: &str) -> String {
    comment.trim().trim_start_matches('#').trim().trim_start_matches("-- ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_empty_and_placeholder_values_are_found_with_their_comments() {
        let text = "\
# Global settings

auth:
  # The host name people sign in at
  # (required)
  host:
  tlsSecret: \"\" # empty for a certificate at the load balancer
shield:
  host: <shield.example.com>
  gpus: 1
database:
  url: postgres://changeme@db
tenants:
  - name: YOUR_TENANT
annotations: {}
";
        let found: Vec<VendorKey> = keys(text).unwrap().into_iter().filter(|key| key.gap).collect();
        let paths: Vec<String> = found.iter().map(|gap| gap.path.to_string()).collect();
        assert_eq!(paths, ["auth.host", "auth.tlsSecret", "shield.host", "database.url", "tenants[0].name"]);
        assert_eq!(found[0].comment, "The host name people sign in at (required)");
        assert_eq!((found[0].value.clone(), found[0].line), (Value::Null, 6));
        assert_eq!(found[1].comment, "empty for a certificate at the load balancer");
        assert_eq!(found[2].shown(), "<shield.example.com>");
        assert_eq!(found[4].list, serde_json::json!([{"name": "YOUR_TENANT"}]));
    }

    #[test]
    fn ordinary_values_are_keys_and_no_gaps() {
        let text = "a: docker.arthur.ai\nb: 1.0.42\nc: [x, y]\nd: {}\ne.f/g: false\n";
        let found = keys(text).unwrap();
        assert!(found.iter().all(|key| !key.gap), "{found:?}");
        let paths: Vec<String> = found.iter().map(|key| key.path.to_string()).collect();
        assert_eq!(paths, ["a", "b", "c", "d", "[\"e.f/g\"]"]);
    }
}
