//! Which keys may a scenario have? As a JSON schema for editors; the keys are those of the types that read it.

use std::fmt;

use serde::{
    de::{Deserialize, Deserializer, Visitor},
    forward_to_deserialize_any,
};
use serde_json::{Map, Value, json};

use crate::{Ends, Scenario, aws, kube, outside, tools};

/// The JSON schema of a scenario. A part whose shape is a world of its own (a host, a cloud's objects) is open below its keys.
pub fn schema() -> Value {
    let pods = list(object::<kube::rule::Rule>(&[
        ("name", text("Pods whose name begins so.")),
        ("logs", list(log_line())),
        ("then", list(log_line())),
        ("crash", object::<kube::rule::Crash>(&[("exit_code", whole()), ("log", list(words()))])),
        ("ready_when", object::<kube::rule::ReadyWhen>(&[])),
        ("image_pull_failure", object::<kube::rule::PullFailure>(&[])),
        ("never_ready", yes_or_no()),
    ]));
    let kubernetes = object::<kube::Setup>(&[
        ("version", text("What the API server says, e.g. v1.31.4.")),
        ("objects", list(json!({ "type": "object", "description": "A manifest that is there at the start." }))),
        ("pods", pods),
        ("times", object::<kube::setup::Times>(&[])),
        ("nodes", list(object::<kube::setup::NodeSetup>(&[]))),
        ("users", list(object::<kube::setup::User>(&[]))),
        ("arrivals", list(object::<kube::setup::Arrival>(&[]))),
        ("controllers", list(object::<kube::setup::Controller>(&[]))),
        ("denied", list(object::<kube::access::Denied>(&[]))),
        ("faults", list(object::<kube::faults::Fault>(&[]))),
        ("without", list(words())),
    ]);
    let certificate = object::<outside::setup::Certificate>(&[("names", list(words())), ("days", whole())]);
    let host = json!({
        "type": "object",
        "properties": {
            "kind": { "enum": ["routes", "registry", "helm_repository", "openai", "postgres", "ldap", "refused", "timeout"] },
            "certificate": certificate.clone(),
            "port": whole(),
            "faults": list(object::<outside::setup::Fault>(&[])),
        },
    });
    let outside = object::<outside::Setup>(&[
        ("dns", list(object::<outside::setup::Record>(&[("type", json!({ "enum": ["A", "CNAME", "TXT"] }))]))),
        ("hosts", json!({ "type": "object", "additionalProperties": or_null(host) })),
        ("certificates", list(object::<outside::setup::CertificateFile>(&[("certificate", certificate)]))),
    ]);
    object::<Scenario>(&[
        ("id", text("Its name again.")),
        ("title", text("One line.")),
        ("about", text("What there is to learn here.")),
        (
            "based_on",
            text("Another scenario of this guide: objects are merged over it, all else is replaced, null removes."),
        ),
        ("kubernetes", kubernetes),
        ("outside", outside),
        ("aws", object::<aws::Setup>(&[])),
        ("tools", object::<tools::Setup>(&[])),
        ("answers", json!({ "type": "object", "description": "A customer's answers file." })),
        ("files", json!({ "type": "object", "additionalProperties": { "type": ["string", "null"] } })),
        ("ends", object::<Ends>(&[("exit_code", json!({ "enum": [0, 1, 2, 3, 4, 5] })), ("says", list(words()))])),
    ])
}

fn text(about: &str) -> Value {
    json!({ "type": "string", "description": about })
}

fn words() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

fn whole() -> Value {
    json!({ "type": "integer" })
}

fn yes_or_no() -> Value {
    json!({ "type": "boolean" })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn log_line() -> Value {
    let later = json!({ "type": "object", "properties": { "after": text("How long after the line before it."), "line": {} },
        "required": ["after", "line"], "additionalProperties": false });
    json!({ "anyOf": [words(), later] })
}

/// A scenario that is based on another one takes a key away with null.
fn or_null(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

/// An object with the keys of a type, and no other ones; what is known of some of them.
fn object<T: for<'de> Deserialize<'de>>(known: &[(&str, Value)]) -> Value {
    let mut properties: Map<String, Value> = keys::<T>().iter().map(|key| ((*key).to_owned(), json!({}))).collect();
    for (key, schema) in known {
        properties.insert((*key).to_owned(), or_null(schema.clone()));
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// The keys a type is read by.
fn keys<T: for<'de> Deserialize<'de>>() -> &'static [&'static str] {
    match T::deserialize(Asked) {
        Err(Keys(keys)) => keys,
        Ok(_) => &[],
    }
}

/// What a type asks for when it is read, as the error of reading it.
struct Asked;

#[derive(Debug)]
struct Keys(&'static [&'static str]);

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

impl std::error::Error for Keys {}

impl serde::de::Error for Keys {
    fn custom<M: fmt::Display>(_: M) -> Self {
        Self(&[])
    }
}

impl<'de> Deserializer<'de> for Asked {
    type Error = Keys;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Keys> {
        Err(Keys(fields))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Keys> {
        Err(Keys(&[]))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_knows_its_keys() {
        let schema = schema();
        for (pointer, key) in [
            ("/properties", "ends"),
            ("/properties/kubernetes/anyOf/0/properties", "pods"),
            ("/properties/kubernetes/anyOf/0/properties/times/anyOf/0/properties", "volume"),
            ("/properties/outside/anyOf/0/properties/dns/anyOf/0/items/properties", "after"),
            ("/properties/aws/anyOf/0/properties", "no_capacity"),
            ("/properties/tools/anyOf/0/properties", "charts"),
        ] {
            assert!(
                schema.pointer(pointer).is_some_and(|keys| keys.get(key).is_some()),
                "{key} is not below {pointer}"
            );
        }
    }
}
