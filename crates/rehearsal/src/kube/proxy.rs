//! Standing in front of a real API server, so that its answers carry the mark.
//!
//! Everything passes, watches and followed logs included. A client's own bearer token is passed on; the
//! rehearsal's tokens, and those that EKS would have signed, stand for the kubeconfig's own user.

use std::{io, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, client::conn::http2::SendRequest, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::OnceCell,
    task::JoinSet,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::upstream::Upstream;
use crate::MARK;

type Body = UnsyncBoxBody<Bytes, hyper::Error>;

/// One client's ways to the real API server, made when they are first needed.
#[derive(Debug, Default)]
struct Ways {
    own_user: OnceCell<SendRequest<Incoming>>,
    bearer: OnceCell<SendRequest<Incoming>>,
}

/// Serves until dropped; every answer is marked with `mark`.
pub async fn serve(
    upstream: Arc<Upstream>,
    mark: String,
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
) -> io::Result<()> {
    let mark = HeaderValue::from_str(&mark).map_err(|error| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("the scenario's id {mark:?} does not fit a header: {error}"),
        )
    })?;
    let acceptor = TlsAcceptor::from(tls);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                connections.spawn(connection(upstream.clone(), mark.clone(), acceptor.clone(), stream));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(upstream: Arc<Upstream>, mark: HeaderValue, acceptor: TlsAcceptor, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let ways = Arc::new(Ways::default());
    let service = service_fn(move |request| {
        let (upstream, ways, mark) = (upstream.clone(), ways.clone(), mark.clone());
        async move {
            let mut answer = match pass(&upstream, &ways, request).await {
                Ok(answer) => answer.map(BodyExt::boxed_unsync),
                Err(error) => unreachable_server(&upstream, &error),
            };
            answer.headers_mut().insert(MARK, mark);
            Ok::<_, io::Error>(answer)
        }
    });
    // A client that goes away is its own business.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

async fn pass(upstream: &Upstream, ways: &Ways, mut request: Request<Incoming>) -> io::Result<Response<Incoming>> {
    let token = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let stands_in =
        token.is_none_or(|token| token.starts_with("k8s-aws-v1.") || upstream.stand_ins.iter().any(|own| own == token));
    if stands_in {
        request.headers_mut().remove(header::AUTHORIZATION);
        if let Some(token) = &upstream.token {
            let value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(io::Error::other)?;
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
    }
    for hop in [header::HOST, header::CONNECTION, header::TRANSFER_ENCODING, header::UPGRADE, header::TE] {
        request.headers_mut().remove(hop);
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let uri: Uri = format!("https://{}{path}", upstream.authority()).parse().map_err(io::Error::other)?;
    *request.uri_mut() = uri;
    *request.version_mut() = http::Version::HTTP_2;
    let way = if stands_in { &ways.own_user } else { &ways.bearer };
    let mut sender = way.get_or_try_init(|| connect(upstream, stands_in)).await?.clone();
    sender.ready().await.map_err(io::Error::other)?;
    sender.send_request(request).await.map_err(io::Error::other)
}

async fn connect(upstream: &Upstream, as_own_user: bool) -> io::Result<SendRequest<Incoming>> {
    let stream = TcpStream::connect((upstream.host.as_str(), upstream.port)).await?;
    stream.set_nodelay(true)?;
    let tls = if as_own_user { &upstream.as_own_user } else { &upstream.anonymous };
    let stream = TlsConnector::from(tls.clone()).connect(upstream.name.clone(), stream).await?;
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    tokio::spawn(connection);
    Ok(sender)
}

fn unreachable_server(upstream: &Upstream, error: &io::Error) -> Response<Body> {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "ServiceUnavailable", "code": 503,
        "message": format!("the rehearsal could not reach the API server at {}: {error}", upstream.authority()),
    });
    let mut answer =
        Response::new(Full::new(Bytes::from(status.to_string())).map_err(|never| match never {}).boxed_unsync());
    *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
