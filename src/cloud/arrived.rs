//! A values file that arrives with secrets in it: what of it is secret, and what is the rest?

use std::{collections::BTreeMap, path::Path, sync::LazyLock};

use landfall_core::{event::Problem, value::Plain};
use regex::Regex;
use serde_json::Value;

use super::{Trouble, written};

/// Names of keys whose values are likely secrets.
static LIKELY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new("(?i)(secret|password|passwd|token|credential|private_?key|api_?key|access_?key)").ok()
});

/// The file as a tree.
pub fn tree(path: &Path) -> Result<Value, Trouble> {
    let text = written::read(path)?.ok_or_else(|| written::unusable(path, &"it is not there"))?;
    // The error's position is enough: its text could quote a value.
    let tree: Value = serde_yaml::from_str(&text).map_err(|error| {
        let place = error.location().map(|at| format!("line {} column {}", at.line(), at.column())).unwrap_or_default();
        unreadable(path, &format!("it is not valid YAML ({place})"))
    })?;
    if !tree.is_object() {
        return Err(unreadable(path, "it is no tree of keys"));
    }
    Ok(tree)
}

/// The text under a dotted key.
pub fn at<'a>(tree: &'a Value, key: &str) -> Option<&'a str> {
    key.split('.').try_fold(tree, |tree, key| tree.get(key))?.as_str()
}

/// The text under a dotted key of a file; none where it has none.
pub fn secret(path: &Path, key: &str) -> Result<Option<Plain>, Trouble> {
    Ok(at(&tree(path)?, key).map(|text| Plain::new(text.to_owned())))
}

/// The tree without these dotted keys; groups that become empty go, too.
pub fn without<'a>(mut tree: Value, keys: impl IntoIterator<Item = &'a str>) -> Value {
    for key in keys {
        let path: Vec<&str> = key.split('.').collect();
        take(&mut tree, &path);
    }
    tree
}

/// Puts a text under a dotted key.
pub fn put(tree: &mut Value, key: &str, text: &str) {
    let at = key.split('.').fold(tree, |tree, key| {
        if !tree.is_object() {
            *tree = Value::Object(serde_json::Map::new());
        }
        &mut tree[key]
    });
    *at = Value::from(text);
}

fn take(tree: &mut Value, path: &[&str]) {
    let (Some(fields), Some((first, rest))) = (tree.as_object_mut(), path.split_first()) else { return };
    if rest.is_empty() {
        fields.remove(*first);
        return;
    }
    if let Some(below) = fields.get_mut(*first) {
        take(below, rest);
        if below.as_object().is_some_and(serde_json::Map::is_empty) {
            fields.remove(*first);
        }
    }
}

/// Further keys that look as if they held secrets, except those a person called plain.
pub fn suspicious(rest: &Value, plain: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    walk(rest, "", &mut |key, text| {
        let name = key.rsplit('.').next().unwrap_or(key);
        let likely = LIKELY.as_ref().is_none_or(|likely| likely.is_match(name));
        if likely && !text.is_empty() && !plain.iter().any(|known| known == key) {
            found.push(key.to_owned());
        }
    });
    found
}

fn walk(tree: &Value, at: &str, see: &mut impl FnMut(&str, &str)) {
    match tree {
        Value::String(text) => see(at, text),
        Value::Object(fields) => fields.iter().for_each(|(key, below)| {
            let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
            walk(below, &at, see);
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, below)| walk(below, &format!("{at}.{index}"), see));
        }
        _ => {}
    }
}

/// What of a file has to be different before it can be split: keys that are missing, and secrets nobody named.
pub fn fault(
    path: &Path,
    tree: &Value,
    secrets: &BTreeMap<String, Plain>,
    keys: &[String],
    plain: &[String],
) -> Option<Problem> {
    let missing: Vec<&str> = keys
        .iter()
        .chain(secrets.keys())
        .map(String::as_str)
        .filter(|key| at(tree, key).is_none_or(|text| text.trim().is_empty()))
        .collect();
    if !missing.is_empty() {
        return Some(
            Problem::new(
                "VALUES-INCOMPLETE",
                format!("{} lacks {}", path.display(), missing.join(", ")),
                "Ask who sent it for a complete file; a link that can be read once has to be sent again.",
            )
            .why("Every key of the list is needed, and none may be empty."),
        );
    }
    let other: Vec<&str> = secrets
        .iter()
        .filter(|(key, secret)| at(tree, key) != Some(secret.reveal()))
        .map(|(key, _)| key.as_str())
        .collect();
    if !other.is_empty() {
        return Some(
            Problem::new(
                "VALUES-SECRET-OTHER",
                format!("the vault holds something else than the file for {}", other.join(", ")),
                "Enter these secrets again from the file, or remove the file if the vault is right.",
            )
            .why("The file is only split once all of its secrets are kept."),
        );
    }
    let left = suspicious(&without(tree.clone(), secrets.keys().map(String::as_str)), plain);
    (!left.is_empty()).then(|| {
        Problem::new(
            "VALUES-SECRET-LEFT",
            format!("{} holds more that looks secret: {}", path.display(), left.join(", ")),
            "If it is not secret, name its keys among those that are not; else ask for an update of this guide.",
        )
        .why("It would be written into a plain file.")
    })
}

fn unreadable(path: &Path, why: &str) -> Trouble {
    Problem::new(
        "VALUES-UNREADABLE",
        format!("{} cannot be read as values", path.display()),
        "Check that it is the YAML file that was sent, complete.",
    )
    .why(why.to_owned())
    .into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn arrived() -> Value {
        json!({"tenant": "t", "auth": {"domain": "d", "orchestrator": {"clientId": "c", "clientSecret": "canary"}}, "repoPassword": "p"})
    }

    fn secrets(pairs: &[(&str, &str)]) -> BTreeMap<String, Plain> {
        pairs.iter().map(|(key, text)| ((*key).to_owned(), Plain::new((*text).to_owned()))).collect()
    }

    fn code(secrets: &BTreeMap<String, Plain>, keys: &[&str], plain: &[&str]) -> Option<String> {
        let own = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        fault(Path::new("values.yaml"), &arrived(), secrets, &own(keys), &own(plain)).map(|problem| problem.code)
    }

    #[test]
    fn what_was_split_can_be_put_together_again() {
        let mut whole =
            without(arrived(), ["auth.orchestrator.clientSecret", "auth.orchestrator.clientId", "repoPassword"]);
        for (key, text) in
            [("auth.orchestrator.clientSecret", "canary"), ("auth.orchestrator.clientId", "c"), ("repoPassword", "p")]
        {
            put(&mut whole, key, text);
        }
        assert_eq!(whole, arrived());
    }

    #[test]
    fn the_rest_holds_no_secret_and_no_empty_group() {
        let rest = without(arrived(), ["auth.orchestrator.clientSecret", "repoPassword", "not.there"]);
        assert_eq!(rest, json!({"tenant": "t", "auth": {"domain": "d", "orchestrator": {"clientId": "c"}}}));
        let rest = without(rest, ["auth.orchestrator.clientId"]);
        assert_eq!(rest, json!({"tenant": "t", "auth": {"domain": "d"}}));
    }

    #[test]
    fn a_file_is_split_only_when_all_its_secrets_are_known_and_kept() {
        let all = secrets(&[("auth.orchestrator.clientSecret", "canary"), ("repoPassword", "p")]);
        assert_eq!(code(&all, &["tenant"], &[]), None);
        assert_eq!(code(&all, &["licence"], &[]).as_deref(), Some("VALUES-INCOMPLETE"));
        let one = secrets(&[("auth.orchestrator.clientSecret", "canary")]);
        assert_eq!(code(&one, &[], &[]).as_deref(), Some("VALUES-SECRET-LEFT"));
        assert_eq!(code(&one, &[], &["repoPassword"]), None);
        let other = secrets(&[("auth.orchestrator.clientSecret", "another"), ("repoPassword", "p")]);
        assert_eq!(code(&other, &[], &[]).as_deref(), Some("VALUES-SECRET-OTHER"));
    }
}
