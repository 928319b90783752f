//! JSON bodies, in both JSON protocols: from the wire to our values and back.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    model::{Kind, Model},
    moment,
};

/// Reads a body of the shape `of`: wire names become members' names, timestamps become RFC 3339 text.
/// What the shape does not have stays, so that validation can name it.
pub fn read(model: &Model, of: &str, wire: Value) -> Value {
    match (model.kind(of), wire) {
        (Kind::Structure(structure), Value::Object(object)) => {
            let mut out = Map::new();
            for (key, value) in object {
                if value.is_null() {
                    continue;
                }
                let found =
                    structure.members.iter().find(|(name, member)| member.wire.as_ref().unwrap_or(name) == &key);
                match found {
                    Some((name, member)) => out.insert(name.clone(), read(model, &member.of, value)),
                    None => out.insert(key, value),
                };
            }
            Value::Object(out)
        }
        (Kind::List(item, _), Value::Array(items)) => {
            items.into_iter().map(|value| read(model, &item.of, value)).collect()
        }
        (Kind::Map(_, member, _), Value::Object(object)) => {
            object.into_iter().map(|(key, value)| (key, read(model, &member.of, value))).collect()
        }
        (Kind::Timestamp, Value::Number(seconds)) => moment::from_seconds(seconds.as_f64().unwrap_or_default()).into(),
        (_, value) => value,
    }
}

/// Writes a value of the shape `of` as it stands in a body.
pub fn write(model: &Model, of: &str, value: &Value) -> Value {
    match (model.kind(of), value) {
        (Kind::Structure(structure), Value::Object(object)) => {
            let mut out = Map::new();
            for (name, value) in object {
                let Some(member) = structure.members.get(name) else { continue };
                let iso = member.format.as_deref() == Some("iso8601");
                let written = if iso { value.clone() } else { write(model, &member.of, value) };
                out.insert(member.wire.as_ref().unwrap_or(name).clone(), written);
            }
            Value::Object(out)
        }
        (Kind::List(item, _), Value::Array(items)) => items.iter().map(|value| write(model, &item.of, value)).collect(),
        (Kind::Map(_, member, _), Value::Object(object)) => {
            object.iter().map(|(key, value)| (key.clone(), write(model, &member.of, value))).collect()
        }
        (Kind::Timestamp, Value::String(text)) => {
            text.parse::<Timestamp>().map_or(Value::Null, |moment| json!(moment.as_millisecond() as f64 / 1000.0))
        }
        (_, value) => value.clone(),
    }
}
