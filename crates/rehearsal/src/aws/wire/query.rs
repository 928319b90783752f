//! Form fields, in the query protocol and in EC2's dialect of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{
    member::Member,
    model::{Kind, Model, Protocol},
};

/// The fields of one request, and which of them have been understood.
struct Fields<'a> {
    model: &'a Model,
    dialect: Protocol,
    fields: BTreeMap<String, String>,
    used: BTreeSet<String>,
}

/// Reads a form body of the shape `of`. Fields that no member explains stay under their own name, so that validation can name them.
pub fn read(model: &Model, dialect: Protocol, of: Option<&str>, fields: BTreeMap<String, String>) -> Value {
    let mut form = Fields { model, dialect, fields, used: BTreeSet::from(["Action".to_owned(), "Version".to_owned()]) };
    let mut value = match of {
        Some(of) => form.value(of, "", false).unwrap_or_else(|| Value::Object(Map::new())),
        None => Value::Object(Map::new()),
    };
    if let Value::Object(object) = &mut value {
        for (name, text) in &form.fields {
            if !form.used.contains(name) {
                object.insert(name.clone(), Value::String(text.clone()));
            }
        }
    }
    value
}

impl Fields<'_> {
    fn value(&mut self, of: &str, at: &str, flat: bool) -> Option<Value> {
        match self.model.kind(of) {
            Kind::Structure(structure) => {
                let mut object = Map::new();
                for (name, member) in &structure.members {
                    let here = join(at, &self.name(name, member));
                    let flat = member.flat;
                    if let Some(value) = self.there(&here).then(|| self.value(&member.of, &here, flat)).flatten() {
                        object.insert(name.clone(), value);
                    }
                }
                Some(Value::Object(object))
            }
            Kind::List(item, list_flat) => {
                // `Names=` is how query clients write an empty list.
                if self.fields.get(at).is_some_and(String::is_empty) {
                    self.used.insert(at.to_owned());
                    return Some(Value::Array(Vec::new()));
                }
                let flat = flat || list_flat || self.dialect == Protocol::Ec2;
                let base = if flat { at.to_owned() } else { join(at, item.wire.as_deref().unwrap_or("member")) };
                let mut items = Vec::new();
                for index in self.indices(&base) {
                    items.extend(self.value(&item.of, &join(&base, &index.to_string()), false));
                }
                Some(Value::Array(items))
            }
            Kind::Map(key, member, map_flat) => {
                let base = if flat || map_flat { at.to_owned() } else { join(at, "entry") };
                let mut object = Map::new();
                for index in self.indices(&base) {
                    let entry = join(&base, &index.to_string());
                    let key = self.text(&join(&entry, key.wire.as_deref().unwrap_or("key")))?;
                    let value =
                        self.value(&member.of, &join(&entry, member.wire.as_deref().unwrap_or("value")), false)?;
                    object.insert(key, value);
                }
                Some(Value::Object(object))
            }
            Kind::Integer => {
                let text = self.text(at)?;
                Some(text.parse::<i64>().map_or(Value::String(text), Value::from))
            }
            Kind::Double => {
                let text = self.text(at)?;
                Some(text.parse::<f64>().map_or(Value::String(text), Value::from))
            }
            Kind::Boolean => {
                let text = self.text(at)?;
                Some(text.to_ascii_lowercase().parse::<bool>().map_or(Value::String(text), Value::from))
            }
            Kind::Text | Kind::Timestamp | Kind::Blob => self.text(at).map(Value::String),
        }
    }

    fn text(&mut self, at: &str) -> Option<String> {
        let text = self.fields.get(at)?.clone();
        self.used.insert(at.to_owned());
        Some(text)
    }

    fn there(&self, at: &str) -> bool {
        let inner = format!("{at}.");
        self.fields.contains_key(at)
            || self.fields.range(inner.clone()..).next().is_some_and(|(key, _)| key.starts_with(&inner))
    }

    fn indices(&self, base: &str) -> BTreeSet<u32> {
        let inner = format!("{base}.");
        self.fields
            .range(inner.clone()..)
            .take_while(|(key, _)| key.starts_with(&inner))
            .filter_map(|(key, _)| key[inner.len()..].split('.').next()?.parse().ok())
            .collect()
    }

    fn name(&self, name: &str, member: &Member) -> String {
        match (&member.query, &member.wire, self.dialect) {
            (Some(query), _, Protocol::Ec2) => query.clone(),
            (None, Some(wire), Protocol::Ec2) => capital(wire),
            (None, None, Protocol::Ec2) => capital(name),
            // A flattened list goes by its items' name.
            _ if member.flat => match self.model.kind(&member.of) {
                Kind::List(item, _) => item.wire.as_deref().or(member.wire.as_deref()).unwrap_or(name).to_owned(),
                _ => member.wire.as_deref().unwrap_or(name).to_owned(),
            },
            _ => member.wire.as_deref().unwrap_or(name).to_owned(),
        }
    }
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}
