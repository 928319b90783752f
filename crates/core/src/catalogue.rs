//! What does a kind declare? Guides name kinds; the program has them; the core only knows these descriptions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Span;

/// What a kind does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Room {
    /// Looks.
    Check,
    /// Changes one thing.
    Step,
    /// Fills an input's table.
    Lookup,
}

/// What looking or changing touches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Touches {
    /// Only reads.
    #[default]
    Nothing,
    /// Makes something in the cluster: a probe, announced and agreed to.
    Cluster,
    /// Costs money.
    Money,
}

/// How a step may be repeated after a lost answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Again {
    /// The call carries a client token.
    Token,
    /// Repeating it changes nothing.
    #[default]
    Upsert,
    /// Our mark tells whether it landed.
    ByMark,
    /// Never by itself; a person is asked.
    Once,
}

/// One kind, as lint, plan, schema and the front ends need it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Descriptor {
    /// The name guides use, e.g. `eks.node_group`.
    pub name: String,
    /// What it does.
    pub room: Room,
    /// Its row's code, e.g. `AWS-04`.
    pub code: String,
    /// One line for people.
    pub about: String,
    /// JSON schema of its parameters. `x-late` marks fields that may read a step's output, `x-sink` those that accept secrets.
    pub parameters: Value,
    /// JSON schema of a step's outputs.
    pub outputs: Value,
    /// What it touches.
    pub touches: Touches,
    /// How it may be repeated.
    pub again: Again,
    /// Whether undoing it loses data; then its name must be typed.
    pub keeps_data: bool,
    /// What of it costs money, and by what.
    #[serde(default)]
    pub costs: Option<String>,
    /// Parameters that cannot be changed once it is made.
    pub fixed: Vec<String>,
    /// How often the engine looks again.
    pub interval: Span,
    /// After how long it gives up, unless the guide says otherwise.
    pub deadline: Span,
    /// What is usual, e.g. `3 to 6 minutes`.
    pub usual: Option<String>,
}

/// Every kind there is.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    kinds: BTreeMap<(Room, String), Descriptor>,
}

impl Catalogue {
    /// A catalogue of these kinds.
    pub fn of(kinds: impl IntoIterator<Item = Descriptor>) -> Self {
        Self { kinds: kinds.into_iter().map(|kind| ((kind.room, kind.name.clone()), kind)).collect() }
    }

    /// The kind of a name in a room.
    pub fn find(&self, room: Room, name: &str) -> Option<&Descriptor> {
        self.kinds.get(&(room, name.to_owned()))
    }

    /// All of a room, by name.
    pub fn room(&self, room: Room) -> impl Iterator<Item = &Descriptor> {
        self.kinds.values().filter(move |kind| kind.room == room)
    }
}

/// The part of a JSON schema that describes the value at `path` (keys, or indices as text), following `$ref`,
/// `allOf`, `anyOf` and free-form maps.
pub fn schema_at<'a>(schema: &'a Value, path: &[&str]) -> Option<&'a Value> {
    at(schema, schema, path)
}

fn at<'a>(root: &'a Value, schema: &'a Value, path: &[&str]) -> Option<&'a Value> {
    let schema = resolved(root, schema)?;
    let Some((first, rest)) = path.split_first() else { return Some(schema) };
    // A tree that accepts anything describes everything below it.
    if (flag(schema, "x-late") || flag(schema, "x-sink"))
        && schema.get("properties").is_none()
        && schema.get("items").is_none()
    {
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            return parts.iter().find_map(|part| at(root, part, path)).or(Some(schema));
        }
        return Some(schema);
    }
    if let Some(below) = schema.get("properties").and_then(|properties| properties.get(*first)) {
        return at(root, below, rest);
    }
    if let Some(items) = schema.get("items").filter(|_| first.parse::<usize>().is_ok()) {
        return at(root, items, rest);
    }
    for combined in ["allOf", "anyOf", "oneOf"] {
        if let Some(parts) = schema.get(combined).and_then(Value::as_array)
            && let Some(found) = parts.iter().find_map(|part| at(root, part, path))
        {
            return Some(found);
        }
    }
    match schema.get("additionalProperties") {
        Some(below @ Value::Object(_)) => at(root, below, rest),
        // Whatever is there, by whatever name.
        Some(anything @ Value::Bool(true)) => Some(anything),
        _ => None,
    }
}

fn resolved<'a>(root: &'a Value, schema: &'a Value) -> Option<&'a Value> {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => root.pointer(reference.strip_prefix('#')?),
        None => Some(schema),
    }
}

/// Whether a schema carries one of our marks (`x-late`, `x-sink`), itself or in a part it combines.
pub fn flag(schema: &Value, mark: &str) -> bool {
    schema.get(mark).and_then(Value::as_bool).unwrap_or(false)
        || ["allOf", "anyOf", "oneOf"].iter().any(|combined| {
            schema
                .get(combined)
                .and_then(Value::as_array)
                .is_some_and(|parts| parts.iter().any(|part| flag(part, mark)))
        })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use schemars::{JsonSchema, schema_for};

    use super::*;
    use crate::value::{Late, SecretText, Tree};

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is read")]
    struct Parameters {
        name: String,
        version: Late<String>,
        data: BTreeMap<String, SecretText>,
        values: Option<Tree>,
        volume: Volume,
        outputs: serde_json::Map<String, Value>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is read")]
    struct Volume {
        gib: u32,
    }

    #[test]
    fn marks_are_found_below_references_maps_and_options() {
        let schema = schema_for!(Parameters).to_value();
        let marked = |path: &[&str], mark| schema_at(&schema, path).is_some_and(|found| flag(found, mark));
        assert!(marked(&["version"], "x-late"));
        assert!(!marked(&["name"], "x-late"));
        assert!(marked(&["data", "password"], "x-sink"));
        assert!(marked(&["values", "database", "host"], "x-late"));
        assert!(!marked(&["volume", "gib"], "x-sink"));
        assert!(schema_at(&schema, &["volume", "size"]).is_none());
        assert!(schema_at(&schema, &["outputs", "whatever", "it", "is"]).is_some());
    }
}
