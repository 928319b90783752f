//! REST with XML bodies, as S3 speaks it: sub-resources in the query string, one member as the whole body.

use std::collections::BTreeMap;

use http::{HeaderMap, request::Parts};
use quick_xml::{Reader, events::Event};
use serde_json::{Map, Value};

use super::{
    decode,
    member::Member,
    model::{Kind, Model, Operation, Protocol},
    xml,
};

/// Names in a query string that are not the name of something below a bucket.
const PLAIN: &[&str] = &["x-id", "prefix", "max-keys", "delimiter", "continuation-token", "start-after", "fetch-owner"];

/// The operation that a request means, with what its path says.
pub fn operation(
    model: &'static Model,
    parts: &Parts,
) -> Option<(String, &'static Operation, BTreeMap<String, String>)> {
    let segments: Vec<&str> = parts.uri.path().split('/').filter(|segment| !segment.is_empty()).collect();
    let asked = pairs(parts.uri.query());
    model.operations.iter().find_map(|(name, operation)| {
        let (path, query) = operation.path.as_deref()?.split_once('?').unwrap_or((operation.path.as_deref()?, ""));
        let pattern: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let wanted = pairs(Some(query));
        let members = model.structure(operation.input.as_deref());
        let explained = |key: &String| {
            wanted.iter().any(|(name, _)| name == key)
                || PLAIN.contains(&key.as_str())
                || members.is_some_and(|structure| structure.members.values().any(|member| in_query(member, key)))
        };
        let fits = operation.method.as_deref() == Some(parts.method.as_str())
            && pattern.len() == segments.len()
            && wanted.iter().all(|pair| asked.contains(pair))
            && asked.iter().all(|(key, _)| explained(key));
        let placeholder = |part: &str| part.trim_matches(['{', '}']).to_owned();
        fits.then(|| {
            let path = pattern.iter().zip(&segments).map(|(part, text)| (placeholder(part), decode(text))).collect();
            (name.clone(), operation, path)
        })
    })
}

fn in_query(member: &Member, key: &str) -> bool {
    member.place.as_deref() == Some("query") && member.wire.as_deref() == Some(key)
}

/// Puts path, query string, headers and body together; the error is what is wrong with the body.
pub fn read(
    model: &Model,
    operation: &Operation,
    path: &BTreeMap<String, String>,
    parts: &Parts,
    body: &[u8],
) -> Result<Value, String> {
    let mut value = Map::new();
    let Some(structure) = model.structure(operation.input.as_deref()) else { return Ok(Value::Object(value)) };
    let query = pairs(parts.uri.query());
    for (name, member) in &structure.members {
        let wire = member.wire.as_ref().unwrap_or(name);
        let text = match member.place.as_deref() {
            Some("path") => path.get(wire).cloned(),
            Some("query") => query.iter().find(|(key, _)| key == wire).map(|(_, text)| text.clone()),
            Some("header") => header(&parts.headers, wire),
            _ => None,
        };
        if let Some(text) = text {
            value.insert(name.clone(), scalar(model, &member.of, text));
        }
    }
    if let Some(name) = structure.payload.as_ref().filter(|_| !body.is_empty())
        && let Some(member) = structure.members.get(name)
    {
        let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
        let whole = match model.kind(&member.of) {
            Kind::Structure(_) => typed(model, &member.of, &tree(text)?),
            _ => Value::String(text.to_owned()),
        };
        value.insert(name.clone(), whole);
    }
    Ok(Value::Object(value))
}

/// An answer's body and the headers some of its members travel in.
pub fn write(
    model: &'static Model,
    operation: Option<&'static Operation>,
    output: &Value,
) -> (Vec<u8>, Vec<(&'static str, String)>) {
    let nothing = (Vec::new(), Vec::new());
    let Some(operation) = operation else { return nothing };
    let Some(of) = operation.output.as_deref() else { return nothing };
    let Some(structure) = model.structure(Some(of)) else { return nothing };
    let mut headers = Vec::new();
    for (name, member) in &structure.members {
        if let (Some("header"), Some(wire), Some(text)) =
            (member.place.as_deref(), member.wire.as_deref(), output.get(name).and_then(Value::as_str))
        {
            headers.push((wire, text.to_owned()));
        }
    }
    let namespace = model.namespace.as_deref().unwrap_or_default();
    let around = |root: &str, inner: &str| {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{namespace}\">{inner}</{root}>")
            .into_bytes()
    };
    let body = match (&structure.payload, &operation.root) {
        (Some(name), root) => {
            let (Some(member), Some(value)) = (structure.members.get(name), output.get(name)) else {
                return (Vec::new(), headers);
            };
            match (model.kind(&member.of), root) {
                (Kind::Structure(_), _) => around(
                    member.wire.as_ref().unwrap_or(name),
                    &xml::members(model, Protocol::RestXml, &member.of, value),
                ),
                (_, Some(root)) => around(root, &xml::escape(value.as_str().unwrap_or_default())),
                _ => value.as_str().unwrap_or_default().as_bytes().to_vec(),
            }
        }
        (None, Some(root)) => around(root, &xml::members(model, Protocol::RestXml, of, output)),
        (None, None) => Vec::new(),
    };
    (body, headers)
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn pairs(query: Option<&str>) -> Vec<(String, String)> {
    query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, text)| (decode(&name.replace('+', " ")), decode(&text.replace('+', " "))))
        .collect()
}

fn scalar(model: &Model, of: &str, text: String) -> Value {
    match model.kind(of) {
        Kind::Integer => text.parse::<i64>().map_or(Value::String(text), Value::from),
        Kind::Double => text.parse::<f64>().map_or(Value::String(text), Value::from),
        Kind::Boolean => text.parse::<bool>().map_or(Value::String(text), Value::from),
        _ => Value::String(text),
    }
}

/// An element without its attributes.
#[derive(Debug, Default)]
struct Element {
    name: String,
    text: String,
    inner: Vec<Element>,
}

fn tree(text: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => {
                open.push(Element { name: local(start.local_name().as_ref()), ..Element::default() })
            }
            Event::Empty(start) => {
                let element = Element { name: local(start.local_name().as_ref()), ..Element::default() };
                open.last_mut().map(|parent| parent.inner.push(element)).ok_or("an element outside the document")?;
            }
            Event::Text(text) => {
                let text = text.decode().map_err(|error| error.to_string())?;
                open.last_mut().map(|element| element.text.push_str(&text)).ok_or("text outside the document")?;
            }
            Event::GeneralRef(name) => {
                let name = name.decode().map_err(|error| error.to_string())?;
                let text =
                    quick_xml::escape::unescape(&format!("&{name};")).map_err(|error| error.to_string())?.into_owned();
                open.last_mut().map(|element| element.text.push_str(&text)).ok_or("text outside the document")?;
            }
            Event::End(_) => {
                let element = open.pop().ok_or("an end without a start")?;
                open.last_mut().map(|parent| parent.inner.push(element)).ok_or("an end without a start")?;
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let root = open.pop().filter(|_| open.is_empty()).and_then(|mut outer| outer.inner.pop());
    root.ok_or_else(|| "the body is not one XML document".to_owned())
}

fn local(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

fn typed(model: &Model, of: &str, element: &Element) -> Value {
    match model.kind(of) {
        Kind::Structure(structure) => {
            let mut object = Map::new();
            for (name, member) in &structure.members {
                let wire = member.wire.as_ref().unwrap_or(name);
                let mine: Vec<&Element> = element.inner.iter().filter(|inner| &inner.name == wire).collect();
                let Some(first) = mine.first() else { continue };
                let value = match model.kind(&member.of) {
                    Kind::List(item, flat) if flat || member.flat => {
                        mine.iter().map(|element| typed(model, &item.of, element)).collect()
                    }
                    _ => typed(model, &member.of, first),
                };
                object.insert(name.clone(), value);
            }
            Value::Object(object)
        }
        Kind::List(item, _) => element.inner.iter().map(|inner| typed(model, &item.of, inner)).collect(),
        _ => scalar(model, of, element.text.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::wire::model::model;

    fn asked(method: &str, uri: &str) -> Parts {
        http::Request::builder().method(method).uri(uri).body(()).unwrap().into_parts().0
    }

    fn name(method: &str, uri: &str) -> Option<String> {
        operation(model("s3").unwrap(), &asked(method, uri)).map(|(name, ..)| name)
    }

    #[test]
    fn what_is_below_a_bucket_is_told_by_the_query() {
        assert_eq!(name("GET", "/data?policy").as_deref(), Some("GetBucketPolicy"));
        assert_eq!(name("GET", "/data?list-type=2&prefix=a").as_deref(), Some("ListObjectsV2"));
        assert_eq!(name("PUT", "/data/").as_deref(), Some("CreateBucket"));
        assert_eq!(name("PUT", "/data?acl"), None);
        assert_eq!(name("GET", "/data/key"), None);
    }

    #[test]
    fn a_body_is_read_by_its_shape() {
        let parts = asked("PUT", "/data?tagging");
        let (_, operation, path) = operation(model("s3").unwrap(), &parts).unwrap();
        let body = b"<Tagging><TagSet><Tag><Key>a</Key><Value>b &amp; c</Value></Tag></TagSet></Tagging>";
        let value = read(model("s3").unwrap(), operation, &path, &parts, body).unwrap();
        let wanted =
            serde_json::json!({ "Bucket": "data", "Tagging": { "TagSet": [{ "Key": "a", "Value": "b & c" }] } });
        assert_eq!(value, wanted);
    }
}
