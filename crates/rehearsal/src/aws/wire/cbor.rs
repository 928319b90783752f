//! CBOR bodies of Smithy's RPC protocol, version 2: <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>.

use base64::{Engine, engine::general_purpose::STANDARD};
use ciborium::value::Value as Cbor;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    model::{Kind, Model},
    moment,
};

/// Reads a body into plain values; the answer is `None` where it is not CBOR.
pub fn read(body: &[u8]) -> Option<Value> {
    if body.is_empty() {
        return Some(Value::Object(Map::new()));
    }
    plain(ciborium::from_reader(body).ok()?)
}

fn plain(cbor: Cbor) -> Option<Value> {
    Some(match cbor {
        Cbor::Null => Value::Null,
        Cbor::Bool(yes) => yes.into(),
        Cbor::Text(text) => text.into(),
        Cbor::Bytes(bytes) => STANDARD.encode(bytes).into(),
        Cbor::Integer(number) => i64::try_from(number).ok()?.into(),
        Cbor::Float(number) => number.into(),
        Cbor::Array(items) => Value::Array(items.into_iter().map(plain).collect::<Option<_>>()?),
        Cbor::Map(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                match plain(value)? {
                    Value::Null => {}
                    value => drop(object.insert(key.into_text().ok()?, value)),
                }
            }
            Value::Object(object)
        }
        // Tag 1 is a moment, in seconds since 1970.
        Cbor::Tag(1, inner) => match *inner {
            Cbor::Float(seconds) => moment::from_seconds(seconds).into(),
            Cbor::Integer(seconds) => moment::from_seconds(i64::try_from(seconds).ok()? as f64).into(),
            _ => return None,
        },
        _ => return None,
    })
}

/// Writes a value of the shape `of`. Fractions are always 64 bits wide: clients need not know shorter ones.
pub fn write(model: &Model, of: &str, value: &Value, out: &mut Vec<u8>) {
    match (model.kind(of), value) {
        (Kind::Structure(structure), Value::Object(object)) => {
            let known = || object.iter().filter_map(|(name, value)| Some((name, structure.members.get(name)?, value)));
            head(0xa0, known().count() as u64, out);
            for (name, member, value) in known() {
                text(name, out);
                write(model, &member.of, value, out);
            }
        }
        (Kind::Map(_, member, _), Value::Object(object)) => {
            head(0xa0, object.len() as u64, out);
            for (name, value) in object {
                text(name, out);
                write(model, &member.of, value, out);
            }
        }
        (Kind::List(item, _), Value::Array(items)) => {
            head(0x80, items.len() as u64, out);
            for value in items {
                write(model, &item.of, value, out);
            }
        }
        (Kind::Timestamp, Value::String(moment)) => {
            let milliseconds = moment.parse::<Timestamp>().unwrap_or_default().as_millisecond();
            out.push(0xc1);
            fraction(milliseconds as f64 / 1000.0, out);
        }
        (Kind::Blob, Value::String(encoded)) => {
            let bytes = STANDARD.decode(encoded).unwrap_or_default();
            head(0x40, bytes.len() as u64, out);
            out.extend(bytes);
        }
        (Kind::Double, value) => fraction(value.as_f64().unwrap_or_default(), out),
        (_, Value::Bool(yes)) => out.push(if *yes { 0xf5 } else { 0xf4 }),
        (_, Value::Number(number)) => match number.as_i64() {
            Some(negative) if negative < 0 => head(0x20, negative.unsigned_abs() - 1, out),
            Some(whole) => head(0x00, whole.unsigned_abs(), out),
            None => fraction(number.as_f64().unwrap_or_default(), out),
        },
        (_, Value::String(plain)) => text(plain, out),
        _ => out.push(0xf6),
    }
}

/// A map of text to text, which is what an error is.
pub fn words(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    head(0xa0, entries.len() as u64, &mut out);
    for (key, value) in entries {
        text(key, &mut out);
        text(value, &mut out);
    }
    out
}

fn text(text: &str, out: &mut Vec<u8>) {
    head(0x60, text.len() as u64, out);
    out.extend(text.as_bytes());
}

fn fraction(number: f64, out: &mut Vec<u8>) {
    out.push(0xfb);
    out.extend(number.to_be_bytes());
}

fn head(major: u8, length: u64, out: &mut Vec<u8>) {
    match length {
        0..=23 => out.push(major | length as u8),
        24..=0xff => out.extend([major | 24, length as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend((length as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend((length as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend(length.to_be_bytes());
        }
    }
}
