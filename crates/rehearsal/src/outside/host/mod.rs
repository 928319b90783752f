//! What a host behind the proxy answers to an HTTP request; one module a kind of host.

pub mod helm_repository;
pub mod openai;
pub mod registry;
pub mod routes;

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;
use serde::Deserialize;
use serde_json::Value;

use super::{setup::Kind, state::Request};
use crate::{MARK, World};

/// A request, read whole.
#[derive(Clone, Debug)]
pub struct Call {
    /// The host, without its port.
    pub host: String,
    /// Its method.
    pub method: Method,
    /// Path, percent-encoded as it came.
    pub path: String,
    /// Query, without the question mark.
    pub query: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

/// An answer.
pub type Answer = Response<Full<Bytes>>;

/// A user and password that a host asks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// User.
    pub username: String,
    /// Password.
    pub password: String,
}

impl Call {
    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The bearer token.
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// Whether basic authentication holds these credentials.
    pub fn authenticated(&self, credentials: &Credentials) -> bool {
        let sent = self.header("authorization").and_then(|value| value.strip_prefix("Basic "));
        let right = STANDARD.encode(format!("{}:{}", credentials.username, credentials.password));
        sent.is_some_and(|sent| sent.trim() == right)
    }

    /// A parameter of the query, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            (key == name).then(|| decoded(value))
        })
    }
}

/// Answers for the scenario's host of that name.
pub async fn answer(world: &Arc<World>, call: Call) -> Answer {
    let mut answer = match world.outside.host(&call.host).map(|host| &host.kind) {
        Some(Kind::Routes(routes)) => routes.answer(world, &call).await,
        Some(Kind::Registry(registry)) => registry.answer(world, &call),
        Some(Kind::HelmRepository(repository)) => repository.answer(world, &call),
        Some(Kind::Openai(openai)) => openai.answer(world, &call),
        Some(Kind::Postgres(_) | Kind::Ldap(_) | Kind::Refused | Kind::Timeout) | None => {
            text(StatusCode::BAD_GATEWAY, format!("{} speaks no HTTP in this rehearsal\n", call.host))
        }
    };
    mark(&mut answer, world);
    let path = if call.query.is_empty() { call.path } else { format!("{}?{}", call.path, call.query) };
    world.outside.record(Request {
        host: call.host,
        method: call.method.to_string(),
        path,
        status: answer.status().as_u16(),
    });
    answer
}

/// Names the rehearsal in an answer.
pub fn mark(answer: &mut Answer, world: &World) {
    let scenario = if world.scenario.id.is_empty() { "unnamed" } else { &world.scenario.id };
    if let Ok(value) = HeaderValue::from_str(scenario) {
        answer.headers_mut().insert(HeaderName::from_static(MARK), value);
    }
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Answer {
    bytes(status, "", Bytes::new())
}

/// A plain text answer.
pub fn text(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    bytes(status, "text/plain; charset=utf-8", body.into())
}

/// A JSON answer.
pub fn json(status: StatusCode, body: &Value) -> Answer {
    bytes(status, "application/json", body.to_string().into())
}

/// Any answer.
pub fn bytes(status: StatusCode, content_type: &str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    with(answer, "content-type", content_type)
}

/// The same answer with one more header; a header with nothing in it is left out.
pub fn with(mut answer: Answer, name: &str, value: &str) -> Answer {
    if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        && !value.is_empty()
    {
        answer.headers_mut().insert(name, value);
    }
    answer
}

/// Percent-decoding, with `+` for a space.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after
            .get(..2)
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
                continue;
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(first),
        }
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
