//! XML answers of the query protocol and of EC2's dialect of it.

use serde_json::Value;

use super::{
    model::{Kind, Model, Protocol},
    moment,
};

/// Writes the members of a structure, without an element around them.
pub fn members(model: &Model, dialect: Protocol, of: &str, value: &Value) -> String {
    let mut out = String::new();
    if let (Kind::Structure(structure), Value::Object(object)) = (model.kind(of), value) {
        for (name, value) in object {
            if let Some(member) = structure.members.get(name) {
                let tag = member.wire.as_deref().unwrap_or(name);
                element(model, dialect, &member.of, tag, member.flat, value, &mut out);
            }
        }
    }
    out
}

fn element(model: &Model, dialect: Protocol, of: &str, tag: &str, flat: bool, value: &Value, out: &mut String) {
    match (model.kind(of), value) {
        (_, Value::Null) => {}
        (Kind::Structure(_), _) => wrap(tag, &members(model, dialect, of, value), out),
        (Kind::List(item, list_flat), Value::Array(items)) => {
            let inner_tag = item.wire.as_deref();
            let mut inner = String::new();
            for value in items {
                let item_tag = match (flat || list_flat, inner_tag) {
                    (true, inner_tag) => inner_tag.unwrap_or(tag),
                    (false, inner_tag) => inner_tag.unwrap_or("member"),
                };
                element(model, dialect, &item.of, item_tag, false, value, &mut inner);
            }
            if flat || list_flat { out.push_str(&inner) } else { wrap(tag, &inner, out) }
        }
        (Kind::Map(key, member, _), Value::Object(object)) => {
            let mut inner = String::new();
            for (name, value) in object {
                let mut entry = String::new();
                wrap(key.wire.as_deref().unwrap_or("key"), &escape(name), &mut entry);
                let value_tag = member.wire.as_deref().unwrap_or("value");
                element(model, dialect, &member.of, value_tag, false, value, &mut entry);
                wrap("entry", &entry, &mut inner);
            }
            wrap(tag, &inner, out);
        }
        (Kind::Timestamp, Value::String(text)) => wrap(tag, &moment::iso(text), out),
        (_, Value::String(text)) => wrap(tag, &escape(text), out),
        (_, other) => wrap(tag, &escape(&other.to_string()), out),
    }
}

/// `<tag>inner</tag>`.
pub fn wrap(tag: &str, inner: &str, out: &mut String) {
    out.push('<');
    out.push_str(tag);
    out.push('>');
    out.push_str(inner);
    out.push_str("</");
    out.push_str(tag);
    out.push('>');
}

/// Text as it may stand in an element.
pub fn escape(text: &str) -> String {
    quick_xml::escape::escape(text).replace('\r', "&#xD;")
}
