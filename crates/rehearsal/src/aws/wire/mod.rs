//! Between HTTP and `(service, operation, value)`: one reader and one writer per protocol.
//!
//! [`read`] turns a request into a [`Call`]; [`answer`] and [`refuse`] write what came of it. In values,
//! members carry the model's names, timestamps are RFC 3339 text and blobs are base64 text.

pub mod cbor;
pub mod json;
pub mod member;
pub mod model;
pub mod moment;
pub mod query;
pub mod rest;
pub mod rest_xml;
pub mod validate;
pub mod xml;

use std::collections::BTreeMap;

use http::{HeaderMap, request::Parts};
use serde_json::{Map, Value};

use super::error::AwsError;
use model::{Model, Operation, Protocol};

/// One request, understood.
#[derive(Debug)]
pub struct Call {
    /// The service's interface.
    pub model: &'static Model,
    /// How this request was written, and its answer has to be.
    pub protocol: Protocol,
    /// The operation's name.
    pub name: String,
    /// Its shapes; none where it is not simulated.
    pub operation: Option<&'static Operation>,
    /// What was asked.
    pub input: Value,
    /// Who asks and where, from the signature.
    pub signature: Signature,
}

/// What a signature says without being checked.
#[derive(Clone, Debug, Default)]
pub struct Signature {
    /// Access key id.
    pub access_key: String,
    /// Region.
    pub region: String,
    /// Service's name.
    pub service: String,
    /// Session token.
    pub token: Option<String>,
}

/// Bytes of an answer and the headers that go with its protocol.
#[derive(Debug)]
pub struct Wire {
    /// HTTP status.
    pub status: u16,
    /// Headers beside the ones every answer has.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// Reads the credential scope out of `Authorization`.
pub fn signature(headers: &HeaderMap) -> Option<Signature> {
    let text = headers.get("authorization")?.to_str().ok()?;
    let scope = text.split_once("Credential=")?.1.split(',').next()?;
    let mut parts = scope.trim().split('/');
    let access_key = parts.next()?.to_owned();
    let _date = parts.next()?;
    let region = parts.next()?.to_owned();
    let service = parts.next()?.to_owned();
    let token = headers.get("x-amz-security-token").and_then(|token| token.to_str().ok()).map(str::to_owned);
    Some(Signature { access_key, region, service, token })
}

/// Understands a request; the error is what to say to one that cannot be understood.
pub fn read(parts: &Parts, body: &[u8]) -> Result<Call, (Protocol, AwsError)> {
    let signature = signature(&parts.headers).ok_or_else(|| {
        (Protocol::RestJson, AwsError::new(403, "MissingAuthenticationTokenException", "Missing Authentication Token"))
    })?;
    let model = model::model(&signature.service).ok_or_else(|| {
        let what = format!("the service {:?} ({} {})", signature.service, parts.method, parts.uri.path());
        // The protocol is not known either: S3 and most others without a target read errors as XML.
        let protocol = if parts.headers.contains_key("x-amz-target") { Protocol::Json } else { Protocol::Query };
        (protocol, AwsError::not_simulated(&what))
    })?;
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let protocol = match (model.protocol, target) {
        (Protocol::Cbor, Some(_)) => Protocol::Json,
        (Protocol::Cbor, None) if !parts.headers.contains_key("smithy-protocol") => Protocol::Query,
        (own, _) => own,
    };
    let bad = |message: String| (protocol, AwsError::new(400, "SerializationException", message));
    let (name, mut raw) = match protocol {
        Protocol::Json => {
            let name = target.and_then(|target| target.rsplit('.').next()).unwrap_or_default().to_owned();
            (name, json_body(body).map_err(bad)?)
        }
        Protocol::RestJson => {
            let body = json_body(body).map_err(bad)?;
            match rest::operation(model, parts.method.as_str(), parts.uri.path()) {
                Some((name, operation, path)) => {
                    let value = rest::read(model, operation, path, parts.uri.query(), body);
                    return Ok(Call { model, protocol, name, operation: Some(operation), input: value, signature });
                }
                None => (format!("{} {}", parts.method, parts.uri.path()), body),
            }
        }
        Protocol::RestXml => {
            let Some((name, operation, path)) = rest_xml::operation(model, parts) else {
                let name = format!("{} {}", parts.method, parts.uri);
                return Ok(Call { model, protocol, name, operation: None, input: Value::Null, signature });
            };
            let input = rest_xml::read(model, operation, &path, parts, body)
                .map_err(|message| (protocol, AwsError::bad("MalformedXML", message)))?;
            return Ok(Call { model, protocol, name, operation: Some(operation), input, signature });
        }
        Protocol::Cbor => {
            let name = parts.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
            (name, cbor::read(body).ok_or_else(|| bad("the body is not CBOR".to_owned()))?)
        }
        Protocol::Query | Protocol::Ec2 => {
            let mut fields = form(body);
            fields.extend(form(parts.uri.query().unwrap_or_default().as_bytes()));
            let name = fields.get("Action").cloned().unwrap_or_default();
            let operation = model.operations.get(&name);
            let input = query::read(model, protocol, operation.and_then(|it| it.input.as_deref()), fields);
            return Ok(Call { model, protocol, name, operation, input, signature });
        }
    };
    let operation = model.operations.get(&name);
    if let Some(of) = operation.and_then(|operation| operation.input.as_deref()) {
        raw = json::read(model, of, raw);
    }
    Ok(Call { model, protocol, name, operation, input: raw, signature })
}

/// Writes what an operation answered.
pub fn answer(call: &Call, output: &Value, request_id: &str) -> Wire {
    let of = call.operation.and_then(|operation| operation.output.as_deref()).unwrap_or_default();
    match call.protocol {
        Protocol::Json => {
            let kind = format!("application/x-amz-json-{}", call.model.json.as_deref().unwrap_or("1.1"));
            wire(200, &kind, json::write(call.model, of, output).to_string().into_bytes())
        }
        Protocol::RestJson => {
            wire(200, "application/json", json::write(call.model, of, output).to_string().into_bytes())
        }
        Protocol::RestXml => {
            let (body, headers) = rest_xml::write(call.model, call.operation, output);
            let status = call.operation.and_then(|operation| operation.status).unwrap_or(200);
            let mut wire = wire(status, "application/xml", body);
            wire.headers.extend(headers);
            wire
        }
        Protocol::Cbor => {
            let mut body = Vec::new();
            cbor::write(call.model, of, output, &mut body);
            let mut wire = wire(200, "application/cbor", body);
            wire.headers.push(("smithy-protocol", "rpc-v2-cbor".to_owned()));
            wire
        }
        Protocol::Query => {
            let inner = xml::members(call.model, Protocol::Query, of, output);
            let wrapper = call.operation.and_then(|operation| operation.wrapper.clone());
            let wrapper = wrapper.unwrap_or_else(|| format!("{}Result", call.name));
            let namespace = namespace(call.model);
            let name = &call.name;
            let body = format!(
                "<{name}Response xmlns=\"{namespace}\"><{wrapper}>{inner}</{wrapper}><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"
            );
            wire(200, "text/xml", body.into_bytes())
        }
        Protocol::Ec2 => {
            let inner = xml::members(call.model, Protocol::Ec2, of, output);
            let (name, namespace) = (&call.name, namespace(call.model));
            let body = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{name}Response xmlns=\"{namespace}\"><requestId>{request_id}</requestId>{inner}</{name}Response>"
            );
            wire(200, "text/xml;charset=UTF-8", body.into_bytes())
        }
    }
}

/// Writes an error as the protocol writes errors.
pub fn refuse(protocol: Protocol, error: &AwsError, request_id: &str) -> Wire {
    let AwsError { status, code, message, fields } = error;
    match protocol {
        Protocol::Json | Protocol::RestJson => {
            let mut body = Map::new();
            if protocol == Protocol::Json {
                body.insert("__type".to_owned(), code.as_str().into());
            }
            body.insert("message".to_owned(), message.as_str().into());
            body.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
            let kind = if protocol == Protocol::Json { "application/x-amz-json-1.1" } else { "application/json" };
            let mut wire = wire(*status, kind, Value::Object(body).to_string().into_bytes());
            wire.headers.push(("x-amzn-errortype", code.clone()));
            wire
        }
        Protocol::Cbor => {
            let mut wire = wire(*status, "application/cbor", cbor::words(&[("__type", code), ("message", message)]));
            wire.headers.push(("smithy-protocol", "rpc-v2-cbor".to_owned()));
            wire.headers.push(("x-amzn-query-error", format!("{code};{}", sender(*status))));
            wire
        }
        Protocol::Query | Protocol::Ec2 | Protocol::RestXml => {
            let mut inner = String::new();
            if protocol == Protocol::Query {
                xml::wrap("Type", sender(*status), &mut inner);
            }
            xml::wrap("Code", &xml::escape(code), &mut inner);
            xml::wrap("Message", &xml::escape(message), &mut inner);
            let body = match protocol {
                Protocol::Ec2 => format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>{inner}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
                ),
                Protocol::RestXml => {
                    format!(
                        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>{inner}<RequestId>{request_id}</RequestId></Error>"
                    )
                }
                _ => {
                    format!("<ErrorResponse><Error>{inner}</Error><RequestId>{request_id}</RequestId></ErrorResponse>")
                }
            };
            let mut wire = wire(*status, "text/xml", body.into_bytes());
            if protocol == Protocol::RestXml {
                // S3 says where a bucket is in a header.
                let texts = fields.iter().filter_map(|(name, value)| Some((*name, value.as_str()?.to_owned())));
                wire.headers.extend(texts);
            }
            wire
        }
    }
}

fn sender(status: u16) -> &'static str {
    if status < 500 { "Sender" } else { "Receiver" }
}

fn wire(status: u16, kind: &str, body: Vec<u8>) -> Wire {
    Wire { status, headers: vec![("content-type", kind.to_owned())], body }
}

fn namespace(model: &Model) -> String {
    // CloudWatch's model is its CBOR one, which has no namespace; its query clients expect this one.
    model.namespace.clone().unwrap_or_else(|| format!("http://{}.amazonaws.com/doc/{}/", model.scope, model.version))
}

fn json_body(body: &[u8]) -> Result<Value, String> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))
}

/// Fields of a form or query string.
pub fn form(body: &[u8]) -> BTreeMap<String, String> {
    String::from_utf8_lossy(body)
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
        })
        .collect()
}

/// Undoes percent-encoding.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
