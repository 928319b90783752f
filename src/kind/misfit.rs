//! Do parameters fit a kind, and where do they not?

use std::any::type_name;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cloud::Trouble;

/// Parameters that do not fit a kind: where inside them, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Misfit {
    /// JSON pointer inside the parameters.
    pub pointer: String,
    /// Why.
    pub message: String,
}

/// Parameters as the kind knows them.
pub(super) fn decode<K: DeserializeOwned>(parameters: &Value) -> Result<K, Misfit> {
    // A guide that gives no parameters writes nothing at all.
    let parameters = if parameters.is_null() { Value::Object(serde_json::Map::new()) } else { parameters.clone() };
    serde_path_to_error::deserialize(parameters).map_err(|error| {
        let pointer = error
            .path()
            .iter()
            .filter_map(|segment| match segment {
                serde_path_to_error::Segment::Seq { index } => Some(format!("/{index}")),
                serde_path_to_error::Segment::Map { key } => Some(format!("/{key}")),
                _ => None,
            })
            .collect();
        let path = error.path().to_string();
        let cause = error.into_inner();
        let message = if path == "." { cause.to_string() } else { format!("{path}: {cause}") };
        Misfit { pointer, message }
    })
}

/// The same, for a call whose guide was not looked at by lint.
pub(super) fn decoded<K: DeserializeOwned>(parameters: &Value) -> Result<K, Trouble> {
    decode(parameters).map_err(|misfit| {
        Trouble::guide(format!("parameters of {}: {misfit}", type_name::<K>()), "Run `landfall guide lint`.")
    })
}
