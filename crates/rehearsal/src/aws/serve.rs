//! The account's door: every AWS service on one plain HTTP port of the loopback interface.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinSet};

use super::{
    account::request_id,
    error::AwsError,
    fault::Fault,
    wire::{self, Call, Wire, validate::validate},
};
use crate::World;

/// The connection is to close without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the scenario loses this answer")]
struct Lost;

/// Serves every AWS service until it is dropped, and all its connections with it.
pub async fn serve(world: Arc<World>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else { continue };
        let world = Arc::clone(&world);
        connections.spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&world), request));
            // An error here is a client that went away, or an answer that was lost on purpose.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(world: Arc<World>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Lost> {
    let id = request_id();
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let wire = match wire::read(&parts, &body) {
        Ok(call) => {
            let (service, name) = (call.model.service.clone(), call.name.clone());
            let outcome = call_with_faults(&world, &call).await?;
            tracing::debug!(service, name, refused = outcome.as_ref().err().map(|error| error.code.as_str()), "aws");
            match outcome {
                Ok(output) => wire::answer(&call, &output, &id),
                Err(error) => wire::refuse(call.protocol, &error, &id),
            }
        }
        Err((protocol, error)) => {
            tracing::debug!(path = parts.uri.path(), code = error.code, "aws");
            wire::refuse(protocol, &error, &id)
        }
    };
    Ok(response(wire, &world.scenario.id, &id))
}

async fn call_with_faults(world: &World, call: &Call) -> Result<Result<Value, AwsError>, Lost> {
    let (account, service) = (&world.aws, call.model.service.as_str());
    if call.operation.is_none() {
        return Ok(Err(AwsError::not_simulated(&format!("{service} {}", call.name))));
    }
    let faults = account.faults(service, &call.name);
    for fault in &faults {
        if let Some(delay) = fault.delay.and_then(|delay| delay.try_into().ok()) {
            account.clock().sleep(delay).await;
        }
    }
    if faults.iter().any(|fault| fault.lose_request) {
        return Err(Lost);
    }
    if let Some(error) = faults.iter().find_map(|fault| refusal(fault, service, &call.name, &world.scenario.aws.caller))
    {
        return Ok(Err(error));
    }
    let outcome = account
        .admit(service, &call.name, &call.signature)
        .and_then(|caller| account.perform(service, &call.name, &call.input, &call.signature, caller))
        .map(without_nulls);
    if faults.iter().any(|fault| fault.lose_answer) {
        return Err(Lost);
    }
    if cfg!(debug_assertions)
        && let (Ok(output), Some(operation)) = (&outcome, call.operation)
    {
        let findings = validate(call.model, operation.output.as_deref(), output);
        if !findings.fits_an_answer() {
            let message =
                format!("the rehearsal's own answer to {service} {} is wrong: {}", call.name, findings.message());
            return Ok(Err(AwsError::new(501, "WrongAnswer", message)));
        }
    }
    Ok(outcome)
}

fn refusal(fault: &Fault, service: &str, name: &str, caller: &str) -> Option<AwsError> {
    match fault {
        Fault { error: Some(error), .. } => Some(AwsError::new(error.status, &error.code, error.message.clone())),
        Fault { denied: true, .. } => Some(AwsError::denied(service, &format!("{service}:{name}"), caller)),
        Fault { throttle: true, .. } => Some(AwsError::throttled(service)),
        Fault { expired: true, .. } => Some(AwsError::expired(service)),
        _ => None,
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(object) => object
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

fn response(wire: Wire, scenario: &str, id: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(wire.body)));
    *response.status_mut() = http::StatusCode::from_u16(wire.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    for (name, value) in &wire.headers {
        put(name, value);
    }
    put("x-landfall-rehearsal", scenario);
    put("x-amzn-requestid", id);
    put("x-amz-request-id", id);
    response
}
