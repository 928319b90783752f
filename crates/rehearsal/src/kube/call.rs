//! What does a request ask for? Its path, query and headers, understood.

use http::{HeaderMap, Method, Uri, header};

/// A request without its body.
#[derive(Clone, Debug)]
pub struct Call {
    /// Method.
    pub method: Method,
    /// Path.
    pub path: String,
    /// Query, decoded.
    pub query: Query,
    /// `Accept`.
    pub accept: String,
    /// `Content-Type` without its parameters.
    pub content_type: String,
    /// First word of `User-Agent`.
    pub agent: String,
    /// The bearer token.
    pub token: Option<String>,
}

/// What a path under `/api` or `/apis` names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// API group.
    pub group: String,
    /// Its version.
    pub version: String,
    /// Plural of the kind.
    pub plural: String,
    /// Namespace, empty for all or none.
    pub namespace: String,
    /// Name, empty for a collection.
    pub name: String,
    /// Subresource.
    pub subresource: String,
}

/// Decoded parameters of a query.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// From the raw text.
    pub fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(key, value)| (decode(key), decode(value)))
                .collect(),
        )
    }

    /// A parameter, empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// A parameter that is `true` or `1`.
    pub fn is(&self, name: &str) -> bool {
        matches!(self.get(name), "true" | "1")
    }
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut decoded, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let hex = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, hex) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 2;
            }
            (b'+', _) => decoded.push(b' '),
            (byte, _) => decoded.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

impl Call {
    /// From the head of a request.
    pub fn new(method: Method, uri: &Uri, headers: &HeaderMap) -> Self {
        let text =
            |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self {
            method,
            path: decode_path(uri.path()),
            query: Query::parse(uri.query().unwrap_or_default()),
            accept: text(header::ACCEPT).to_owned(),
            content_type: text(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_owned(),
            agent: text(header::USER_AGENT).split(['/', ' ']).next().unwrap_or_default().to_owned(),
            token: text(header::AUTHORIZATION).strip_prefix("Bearer ").map(Into::into),
        }
    }

    /// The path, split.
    pub fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|segment| !segment.is_empty()).collect()
    }

    /// What the path names, where it names objects.
    pub fn target(&self) -> Option<Target> {
        let segments = self.segments();
        let (group, version, rest) = match segments.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, plural, rest) = match rest {
            ["namespaces", _, "status" | "finalize"] | ["namespaces"] | ["namespaces", _] => {
                ("", "namespaces", &rest[1..])
            }
            ["namespaces", namespace, plural, rest @ ..] => (*namespace, *plural, rest),
            [plural, rest @ ..] => ("", *plural, rest),
            [] => return None,
        };
        let (name, subresource) = match rest {
            [] => ("", String::new()),
            [name, rest @ ..] => (*name, rest.join("/")),
        };
        Some(Target {
            group: group.into(),
            version: version.into(),
            plural: plural.into(),
            namespace: namespace.into(),
            name: name.into(),
            subresource,
        })
    }

    /// The verb of the authorisation attributes.
    pub fn verb(&self, target: &Target) -> &'static str {
        match (self.method.as_str(), target.name.is_empty()) {
            ("GET" | "HEAD", true) if self.query.is("watch") => "watch",
            ("GET" | "HEAD", true) => "list",
            ("GET" | "HEAD", false) => "get",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", true) => "deletecollection",
            ("DELETE", false) => "delete",
            _ => "unknown",
        }
    }
}

fn decode_path(path: &str) -> String {
    decode(&path.replace('+', "%2B"))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;

    fn target(path: &str) -> Option<Target> {
        Call::new(Method::GET, &path.parse().unwrap(), &HeaderMap::new()).target()
    }

    #[test]
    fn paths_name_objects() {
        let namespace = target("/api/v1/namespaces/shield/status").unwrap();
        assert_eq!(
            (namespace.plural.as_str(), namespace.name.as_str(), namespace.subresource.as_str()),
            ("namespaces", "shield", "status")
        );
        let log = target("/api/v1/namespaces/shield/pods/auth-0/log?follow=true").unwrap();
        assert_eq!((log.namespace.as_str(), log.name.as_str(), log.subresource.as_str()), ("shield", "auth-0", "log"));
        let all = target("/apis/apps/v1/deployments?labelSelector=a%3Db").unwrap();
        assert_eq!((all.group.as_str(), all.plural.as_str(), all.name.as_str()), ("apps", "deployments", ""));
        assert_eq!(target("/version"), None);
    }

    #[test]
    fn queries_are_decoded() {
        let query = Query::parse("labelSelector=a%20in+(b%2Cc)&watch=1");
        assert_eq!(query.get("labelSelector"), "a in (b,c)");
        assert!(query.is("watch"));
    }
}
