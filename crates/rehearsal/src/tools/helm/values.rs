//! Values: what files and flags give, laid over a chart's own.

use serde_json::{Map, Value};

use super::{Failure, Helm};

/// What `-f` and `--set` give together; later ones win.
pub fn given(helm: &Helm<'_>) -> Result<Value, Failure> {
    let mut all = Value::Object(Map::new());
    for path in helm.arguments.all("values") {
        let text = if path == "-" { std::io::read_to_string(std::io::stdin())? } else { read(path)? };
        let values: Value = serde_yaml::from_str(&text).map_err(|error| {
            let why = if helm.is_four() { "cannot unmarshal yaml document: " } else { "" };
            Failure::said(format!(
                "failed to parse {path}: {why}error converting YAML to JSON: yaml: {}",
                place_of(&error)
            ))
        })?;
        if !values.is_null() {
            overlay(&mut all, values);
        }
    }
    for (flag, as_text) in [("set", false), ("set-string", true)] {
        for assignment in helm.arguments.all(flag).iter().flat_map(|list| list.split(',')) {
            let (path, value) = assignment.split_once('=').ok_or_else(|| {
                Failure::said(format!("failed parsing --{flag} data: key \"{assignment}\" has no value"))
            })?;
            set(&mut all, path, if as_text { Value::String(value.to_owned()) } else { typed(value) });
        }
    }
    Ok(all)
}

/// Where a parser stumbled, without the text around it: it may be a secret.
fn place_of(error: &serde_yaml::Error) -> String {
    error.location().map_or_else(|| "not valid".to_owned(), |place| format!("line {}: not valid", place.line()))
}

fn read(path: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        let why = if error.kind() == std::io::ErrorKind::NotFound {
            "no such file or directory".to_owned()
        } else {
            error.to_string()
        };
        Failure::said(format!("open {path}: {why}"))
    })
}

/// Lays one tree over another: objects merge, all else replaces.
pub fn overlay(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                match base.get_mut(&key) {
                    Some(there) => overlay(there, value),
                    None => {
                        base.insert(key, value);
                    }
                }
            }
        }
        (base, over) => *base = over,
    }
}

/// What templates see: the chart's values with the given ones over them; a given `null` takes a key away.
pub fn computed(chart: &str, given: &Value) -> Result<Value, Failure> {
    let mut all: Value =
        serde_yaml::from_str(chart).map_err(|error| Failure::said(format!("cannot load values.yaml: {error}")))?;
    if all.is_null() {
        all = Value::Object(Map::new());
    }
    overlay(&mut all, given.clone());
    without_nulls_of(&mut all, given);
    Ok(all)
}

fn without_nulls_of(all: &mut Value, given: &Value) {
    let (Value::Object(all), Value::Object(given)) = (all, given) else { return };
    for (key, value) in given {
        if value.is_null() {
            all.shift_remove(key);
        } else if let Some(there) = all.get_mut(key) {
            without_nulls_of(there, value);
        }
    }
}

fn set(all: &mut Value, path: &str, value: Value) {
    let mut here = all;
    for key in path.split('.') {
        if !here.is_object() {
            *here = Value::Object(Map::new());
        }
        here = &mut here[key];
    }
    *here = value;
}

fn typed(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" => Value::Null,
        _ => text.parse::<i64>().map_or_else(|_| Value::String(text.to_owned()), Value::from),
    }
}
