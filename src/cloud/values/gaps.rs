//! Which keys of a vendor's values file are still to be filled? Those that are null, empty or a placeholder.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{NotValues, Values};

/// A key to fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Where, e.g. `auth.host`.
    pub path: String,
    /// What stands there: `null`, `empty`, or the placeholder's text.
    pub found: String,
    /// What the vendor says about it.
    pub comment: String,
    /// Line in the file, from 1.
    pub line: usize,
}

static PLACEHOLDER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)
        ^\s*<[^>]+>\s*$ | <[a-z][a-z0-9_.\ -]*> | \$\{[A-Z_]+\}
        | change[-_\ ]?me | replace[-_\ ]?(me|this|with) | fill[-_\ ]?(me|in) | to[-_\ ]?do\b | tbd\b
        | \byour[-_\ ][a-z] | ^x{3,}$ | ^\.\.\.$ | (^|[.@/])example\.(com|org|net)\b | ^placeholder",
    )
    .ok()
});

/// The keys to fill, in the file's order.
pub fn gaps(text: &str) -> Result<Vec<Gap>, NotValues> {
    let values = Values::read(text)?;
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    look(&values, &lines, &values.tree, String::new(), String::new(), &mut found);
    found.sort_by_key(|gap| gap.line);
    Ok(found)
}

fn look(values: &Values, lines: &[&str], tree: &Value, pointer: String, path: String, found: &mut Vec<Gap>) {
    let seen = match tree {
        Value::Object(fields) => {
            for (key, value) in fields {
                let below = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                look(values, lines, value, below, path, found);
            }
            return;
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                look(values, lines, value, format!("{pointer}/{index}"), format!("{path}[{index}]"), found);
            }
            return;
        }
        Value::Null => "null".to_owned(),
        Value::String(text) if text.trim().is_empty() => "empty".to_owned(),
        Value::String(text) if PLACEHOLDER.as_ref().is_some_and(|pattern| pattern.is_match(text)) => text.clone(),
        _ => return,
    };
    let line = values.lines.get(&pointer).copied().unwrap_or(1);
    found.push(Gap { path, found: seen, comment: comment(lines, line), line });
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
        let found = gaps(text).unwrap();
        let paths: Vec<&str> = found.iter().map(|gap| gap.path.as_str()).collect();
        assert_eq!(paths, ["auth.host", "auth.tlsSecret", "shield.host", "database.url", "tenants[0].name"]);
        assert_eq!(found[0].comment, "The host name people sign in at (required)");
        assert_eq!((found[0].found.as_str(), found[0].line), ("null", 6));
        assert_eq!(found[1].comment, "empty for a certificate at the load balancer");
        assert_eq!(found[2].found, "<shield.example.com>");
    }

    #[test]
    fn ordinary_values_are_left_alone() {
        assert_eq!(gaps("a: docker.arthur.ai\nb: 1.0.42\nc: enabled\nd: false\n").unwrap(), []);
    }
}
