//! REST: which operation lives at a path, and members that travel in path and query string.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    decode, json,
    model::{Kind, Model, Operation},
};

/// The operation at a path, with its placeholders' values.
pub fn operation(
    model: &'static Model,
    method: &str,
    path: &str,
) -> Option<(String, &'static Operation, BTreeMap<String, String>)> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    model.operations.iter().find_map(|(name, operation)| {
        let pattern: Vec<&str> = operation.path.as_deref()?.trim_matches('/').split('/').collect();
        if operation.method.as_deref() != Some(method) || pattern.len() != segments.len() {
            return None;
        }
        let mut placeholders = BTreeMap::new();
        for (pattern, segment) in pattern.iter().zip(&segments) {
            match pattern.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(placeholder) => drop(placeholders.insert(placeholder.to_owned(), decode(segment))),
                None if pattern == segment => {}
                None => return None,
            }
        }
        Some((name.clone(), operation, placeholders))
    })
}

/// Puts path, query string and body together.
pub fn read(
    model: &Model,
    operation: &Operation,
    path: BTreeMap<String, String>,
    query: Option<&str>,
    body: Value,
) -> Value {
    let Some(of) = operation.input.as_deref() else { return body };
    let mut value = match json::read(model, of, body) {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    let mut pairs: Vec<(String, String)> = query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, text)| (decode(&name.replace('+', " ")), decode(&text.replace('+', " "))))
        .collect();
    for (name, member) in model.structure(Some(of)).into_iter().flat_map(|structure| &structure.members) {
        let wire = member.wire.as_ref().unwrap_or(name);
        match member.place.as_deref() {
            Some("path") => {
                if let Some(text) = path.get(wire) {
                    value.insert(name.clone(), text.as_str().into());
                }
            }
            Some("query") => {
                let (mine, rest): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(key, _)| key == wire);
                pairs = rest;
                let texts: Vec<String> = mine.into_iter().map(|(_, text)| text).collect();
                if let Some(first) = texts.first() {
                    value.insert(name.clone(), typed(model, &member.of, first, &texts));
                }
            }
            _ => {}
        }
    }
    value.extend(pairs.into_iter().map(|(name, text)| (name, Value::String(text))));
    Value::Object(value)
}

fn typed(model: &Model, of: &str, first: &str, all: &[String]) -> Value {
    match model.kind(of) {
        Kind::List(..) => all.iter().map(|text| Value::String(text.clone())).collect(),
        Kind::Integer => first.parse::<i64>().map_or_else(|_| first.into(), Value::from),
        Kind::Boolean => first.parse::<bool>().map_or_else(|_| first.into(), Value::from),
        _ => first.into(),
    }
}
