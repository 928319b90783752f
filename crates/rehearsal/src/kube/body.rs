//! Bodies of requests, read.

use serde_json::{Value, json};

use super::{call::Call, refusal::Refusal, remove::Removal};

/// How a deletion is meant, from body and query.
pub fn removal(call: &Call, body: &[u8]) -> Result<Removal, Refusal> {
    let options =
        if body.is_empty() { Value::Null } else { read(call, body, &["application/json", "application/yaml"])? };
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let query = |name: &str| Some(call.query.get(name)).filter(|value| !value.is_empty());
    Ok(Removal {
        propagation: text(&options["propagationPolicy"])
            .or_else(|| query("propagationPolicy").map(Into::into))
            .unwrap_or_default(),
        grace: options["gracePeriodSeconds"]
            .as_i64()
            .or_else(|| query("gracePeriodSeconds").and_then(|value| value.parse().ok())),
        uid: text(&options["preconditions"]["uid"]),
        version: text(&options["preconditions"]["resourceVersion"]),
        dry_run: query("dryRun") == Some("All") || options["dryRun"] == json!(["All"]),
    })
}

/// An object, in one of the content types accepted.
pub fn read(call: &Call, body: &[u8], accepted: &[&str]) -> Result<Value, Refusal> {
    if !call.content_type.is_empty() && !accepted.contains(&call.content_type.as_str()) {
        return Err(Refusal::unsupported_media(&call.content_type, &accepted.join(" and ")));
    }
    parse(body)
}

/// JSON, or the YAML it is a subset of.
pub fn parse(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).or_else(|json| {
        let text = std::str::from_utf8(body)
            .map_err(|error| Refusal::bad_request(format!("the body is no UTF-8: {error}")))?;
        serde_yaml::from_str(text)
            .map_err(|yaml| Refusal::bad_request(format!("the body is neither JSON ({json}) nor YAML ({yaml})")))
    })
}
