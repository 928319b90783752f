//! The API server's port: TLS, connections, and the mark on every answer.

use std::{io, sync::Arc};

use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_rustls::TlsAcceptor;

use super::{
    answer::{self, Outcome},
    call::Call,
    refusal::Refusal,
    reply::{self, Body},
};
use crate::{MARK, World};

/// As large as a request's body may be (etcd's own limit is 1.5 MiB an object).
const LARGEST: usize = 3 * 1024 * 1024;

/// Serves the cluster until dropped.
pub async fn serve(world: Arc<World>, listener: TcpListener, tls: Arc<rustls::ServerConfig>) -> io::Result<()> {
    // What is there at the start has been there for a while before anybody asks.
    world.settle();
    let acceptor = TlsAcceptor::from(tls);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                connections.spawn(connection(world.clone(), acceptor.clone(), stream));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(world: Arc<World>, acceptor: TlsAcceptor, stream: tokio::net::TcpStream) {
    let mut outages = world.cluster.outages();
    let serving = async {
        let _ = stream.set_nodelay(true);
        let Ok(stream) = acceptor.accept(stream).await else { return };
        let service = service_fn(|request| handle(world.clone(), request));
        // A client that goes away is its own business.
        let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
    };
    tokio::select! {
        () = serving => {}
        _ = outages.wait_for(|down| *down) => {}
    }
}

async fn handle(world: Arc<World>, request: Request<Incoming>) -> Result<Response<Body>, io::Error> {
    let (head, body) = request.into_parts();
    let call = Call::new(head.method, &head.uri, &head.headers);
    let outcome = match Limited::new(body, LARGEST).collect().await {
        Ok(body) => answer::answer(&world, &call, &body.to_bytes()),
        Err(error) => Outcome::Answer(reply::refuse(&Refusal::new(
            413,
            "RequestEntityTooLarge",
            format!("reading the body of the request: {error}"),
        ))),
    };
    match outcome {
        Outcome::Drop => Err(io::Error::new(io::ErrorKind::ConnectionReset, "the scenario drops this connection")),
        Outcome::Answer(mut answer) => {
            if let Ok(mark) = HeaderValue::from_str(&world.scenario.id) {
                answer.headers_mut().insert(MARK, mark);
            }
            Ok(answer)
        }
    }
}
