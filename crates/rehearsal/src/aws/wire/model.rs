//! What does a service's interface look like? Names and shapes of the operations that are simulated.
//!
//! The files in `models/` hold facts taken from the public service models, in a compact form of our own:
//! a member is a type's name, or `{of, as, in, query, flat, format}` where its wire form differs.

use std::{collections::BTreeMap, sync::OnceLock};

use serde::Deserialize;

use super::member::Member;

/// The interface of one service.
#[derive(Debug, Deserialize)]
pub struct Model {
    /// Its name here and in scenarios, e.g. `eks`.
    pub service: String,
    /// Its name in a signature's credential scope, e.g. `monitoring`.
    pub scope: String,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// API version, which query protocols send along.
    pub version: String,
    /// Version of the JSON protocol.
    #[serde(default)]
    pub json: Option<String>,
    /// First half of `X-Amz-Target`, and the service's name in CBOR paths.
    #[serde(default)]
    pub target: Option<String>,
    /// XML namespace of answers.
    #[serde(default)]
    pub namespace: Option<String>,
    /// The operations that are simulated.
    pub operations: BTreeMap<String, Operation>,
    shapes: BTreeMap<String, Shape>,
}

/// A family of wire formats.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum Protocol {
    /// `X-Amz-Target` and a JSON body.
    #[serde(rename = "json")]
    Json,
    /// Paths, verbs and JSON bodies.
    #[serde(rename = "rest-json")]
    RestJson,
    /// Paths, verbs and XML bodies.
    #[serde(rename = "rest-xml")]
    RestXml,
    /// Form fields in, XML out.
    #[serde(rename = "query")]
    Query,
    /// EC2's own dialect of query.
    #[serde(rename = "ec2")]
    Ec2,
    /// CBOR in, CBOR out.
    #[serde(rename = "smithy-rpc-v2-cbor")]
    Cbor,
}

/// One operation's shapes and, for REST, where it lives.
#[derive(Debug, Deserialize)]
pub struct Operation {
    /// HTTP verb.
    #[serde(default)]
    pub method: Option<String>,
    /// Path with `{placeholders}`.
    #[serde(default)]
    pub path: Option<String>,
    /// Request shape.
    #[serde(default)]
    pub input: Option<String>,
    /// Answer shape.
    #[serde(default)]
    pub output: Option<String>,
    /// The element a query answer is wrapped in.
    #[serde(default)]
    pub wrapper: Option<String>,
    /// The element around a REST answer in XML.
    #[serde(default)]
    pub root: Option<String>,
    /// HTTP status of a good answer, 200 where it is left out.
    #[serde(default)]
    pub status: Option<u16>,
}

/// A shape that is not a plain scalar.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Shape {
    /// Named members.
    Structure(Structure),
    /// Items in order.
    List {
        /// What the items are.
        list: Member,
        /// Written without an element around the items.
        #[serde(default)]
        flat: bool,
        /// Fewest items.
        #[serde(default)]
        min: Option<usize>,
        /// Most items.
        #[serde(default)]
        max: Option<usize>,
    },
    /// Keys and values.
    Map {
        /// Key and value.
        map: (Member, Member),
        /// Written without an element around the entries.
        #[serde(default)]
        flat: bool,
    },
    /// One of these words.
    Enum {
        /// The words.
        r#enum: Vec<String>,
    },
    /// Text of bounded length.
    Text {
        /// The bounds.
        string: Bounds,
    },
    /// A bounded number.
    Integer {
        /// The bounds.
        #[serde(alias = "long")]
        integer: Bounds,
    },
    /// A bounded fraction.
    Double {
        /// The bounds.
        double: Bounds,
    },
}

/// Members of a structure.
#[derive(Debug, Deserialize)]
pub struct Structure {
    /// By name.
    pub members: BTreeMap<String, Member>,
    /// Those that must be there.
    #[serde(default)]
    pub required: Vec<String>,
    /// The member that is the whole body.
    #[serde(default)]
    pub payload: Option<String>,
}

/// Least and most, both allowed.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Bounds {
    /// Least.
    #[serde(default)]
    pub min: Option<f64>,
    /// Most.
    #[serde(default)]
    pub max: Option<f64>,
}

/// What a type name means.
#[derive(Clone, Copy, Debug)]
pub enum Kind<'a> {
    /// Text, also enums and bounded text.
    Text,
    /// A whole number.
    Integer,
    /// A fraction.
    Double,
    /// Yes or no.
    Boolean,
    /// A moment; RFC 3339 text in our values.
    Timestamp,
    /// Bytes; base64 text in our values.
    Blob,
    /// Named members.
    Structure(&'a Structure),
    /// Items, and whether they are written flat.
    List(&'a Member, bool),
    /// Key, value, and whether they are written flat.
    Map(&'a Member, &'a Member, bool),
}

impl Model {
    /// The shape behind a type name, if it is not a plain scalar.
    pub fn shape(&self, of: &str) -> Option<&Shape> {
        self.shapes.get(of)
    }

    /// What a type name means. A name that is neither a scalar nor a shape reads as text; a test holds that there are none.
    pub fn kind(&self, of: &str) -> Kind<'_> {
        match of {
            "integer" | "long" => return Kind::Integer,
            "double" => return Kind::Double,
            "boolean" => return Kind::Boolean,
            "timestamp" => return Kind::Timestamp,
            "blob" => return Kind::Blob,
            _ => {}
        }
        match self.shapes.get(of) {
            Some(Shape::Structure(structure)) => Kind::Structure(structure),
            Some(Shape::List { list, flat, .. }) => Kind::List(list, *flat),
            Some(Shape::Map { map: (key, value), flat }) => Kind::Map(key, value, *flat),
            Some(Shape::Integer { .. }) => Kind::Integer,
            Some(Shape::Double { .. }) => Kind::Double,
            Some(Shape::Enum { .. } | Shape::Text { .. }) | None => Kind::Text,
        }
    }

    /// A structure's members by the shape's name.
    pub fn structure(&self, of: Option<&str>) -> Option<&Structure> {
        match self.shapes.get(of?) {
            Some(Shape::Structure(structure)) => Some(structure),
            _ => None,
        }
    }
}

const FILES: [&str; 14] = [
    include_str!("../models/acm.json"),
    include_str!("../models/autoscaling.json"),
    include_str!("../models/cloudwatch.json"),
    include_str!("../models/ec2.json"),
    include_str!("../models/eks.json"),
    include_str!("../models/iam.json"),
    include_str!("../models/kms.json"),
    include_str!("../models/rds.json"),
    include_str!("../models/s3.json"),
    include_str!("../models/secretsmanager.json"),
    include_str!("../models/ses.json"),
    include_str!("../models/servicequotas.json"),
    include_str!("../models/ssm.json"),
    include_str!("../models/sts.json"),
];

/// Every service that is simulated.
pub fn models() -> &'static [Model] {
    static MODELS: OnceLock<Vec<Model>> = OnceLock::new();
    // The files are compiled in, and a test reads each of them: one that does not parse cannot ship.
    MODELS.get_or_init(|| FILES.iter().filter_map(|file| serde_json::from_str(file).ok()).collect())
}

/// The service with this name, credential scope or target.
pub fn model(name: &str) -> Option<&'static Model> {
    models().iter().find(|model| model.scope == name || model.service == name || model.target.as_deref() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_file_is_read() {
        for file in FILES {
            assert!(serde_json::from_str::<Model>(file).is_ok(), "{file:.60}");
        }
        assert_eq!(models().len(), FILES.len());
    }

    #[test]
    fn every_type_name_is_a_scalar_or_a_shape() {
        for model in models() {
            let mut names: Vec<&str> = Vec::new();
            for shape in model.shapes.values() {
                match shape {
                    Shape::Structure(structure) => names.extend(structure.members.values().map(|member| &*member.of)),
                    Shape::List { list, .. } => names.push(&list.of),
                    Shape::Map { map, .. } => names.extend([&*map.0.of, &*map.1.of]),
                    _ => {}
                }
            }
            for name in names {
                let scalar = ["string", "integer", "long", "double", "boolean", "timestamp", "blob"].contains(&name);
                assert!(scalar || model.shapes.contains_key(name), "{}: {name}", model.service);
            }
        }
    }
}
