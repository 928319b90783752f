//! Answers as HTTP has them.

use std::io;

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use serde_json::Value;

use super::refusal::Refusal;

/// Body of an answer.
pub type Body = UnsyncBoxBody<Bytes, io::Error>;

/// An answer of JSON.
pub fn whole(code: u16, value: &Value) -> Response<Body> {
    bytes(code, value.to_string().into())
}

/// An answer of JSON text.
pub fn bytes(code: u16, text: Bytes) -> Response<Body> {
    typed(code, "application/json", Full::new(text).map_err(|never| match never {}).boxed_unsync())
}

/// An answer of plain text.
pub fn text(text: impl Into<Bytes>) -> Response<Body> {
    typed(200, "text/plain", Full::new(text.into()).map_err(|never| match never {}).boxed_unsync())
}

/// An answer that goes on.
pub fn stream(
    content_type: &'static str,
    stream: impl futures::Stream<Item = Result<Bytes, io::Error>> + Send + 'static,
) -> Response<Body> {
    let frames = futures::StreamExt::map(stream, |bytes| bytes.map(hyper::body::Frame::data));
    typed(200, content_type, BodyExt::boxed_unsync(StreamBody::new(frames)))
}

/// An answer that says no.
pub fn refuse(refusal: &Refusal) -> Response<Body> {
    let mut answer = whole(refusal.code, &refusal.status());
    if refusal.code == 429 {
        answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    }
    answer
}

fn typed(code: u16, content_type: &'static str, body: Body) -> Response<Body> {
    let mut answer = Response::new(body);
    *answer.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    answer
}
