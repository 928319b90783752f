//! What does an ID token say? Read, never verified here: whoever accepts it verifies it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// The claims of a token; never its signature.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims(Value);

impl Claims {
    /// Reads the middle part of a JWT (RFC 7519).
    pub fn of(token: &str) -> Option<Self> {
        let mut parts = token.trim().split('.');
        let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?).ok()?;
        claims.is_object().then_some(Self(claims))
    }

    /// Who signed it.
    pub fn issuer(&self) -> &str {
        self.0["iss"].as_str().unwrap_or_default()
    }

    /// For whom.
    pub fn audiences(&self) -> Vec<&str> {
        texts(&self.0["aud"])
    }

    /// Until when, in seconds since 1970.
    pub fn ends(&self) -> Option<i64> {
        self.0["exp"].as_i64()
    }

    /// A claim's text or texts; nothing where the token does not have it.
    pub fn texts(&self, claim: &str) -> Vec<&str> {
        texts(&self.0[claim])
    }

    /// The names of its claims.
    pub fn names(&self) -> Vec<&str> {
        self.0.as_object().map(|claims| claims.keys().map(String::as_str).collect()).unwrap_or_default()
    }
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_stand_between_the_dots() {
        let body = URL_SAFE_NO_PAD.encode(r#"{"iss":"https://a/dex","aud":"c","groups":["x","y"],"exp":7}"#);
        let claims = Claims::of(&format!("e30.{body}.c2ln")).unwrap();
        assert_eq!((claims.issuer(), claims.audiences()), ("https://a/dex", vec!["c"]));
        assert_eq!((claims.texts("groups"), claims.texts("group")), (vec!["x", "y"], vec![]));
        assert!(Claims::of("no token").is_none());
    }
}
