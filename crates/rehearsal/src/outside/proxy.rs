//! The proxy: the only way from a rehearsal to any host, and it leads to simulated hosts alone.

use std::{convert::Infallible, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use super::{
    authority::{Authorities, Leaf},
    host::{self, Answer, Call},
    postgres,
    setup::{Certificate, FaultKind, Host, Kind},
    state,
};
use crate::World;

/// The port on which a directory speaks TLS from the first byte.
const LDAPS: u16 = 636;

/// The proxy.
#[derive(Debug)]
pub struct Proxy {
    world: Arc<World>,
    authorities: Arc<Authorities>,
}

/// The way to a host.
#[derive(PartialEq)]
enum Way {
    Open,
    /// Opened and closed at once.
    Reset,
}

impl Proxy {
    /// A proxy into this world.
    pub fn new(world: Arc<World>, authorities: Arc<Authorities>) -> Arc<Self> {
        Arc::new(Self { world, authorities })
    }

    /// Serves connections until dropped.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            while connections.try_join_next().is_some() {}
            let proxy = self.clone();
            connections.spawn(async move {
                let service = service_fn(move |request| proxy.clone().pass(request));
                let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection to the proxy ended");
                }
            });
        }
    }

    /// One request to the proxy itself: a tunnel, or plain HTTP with an absolute address.
    async fn pass(self: Arc<Self>, request: Request<Incoming>) -> Result<Answer, Infallible> {
        let Some(host) = request.uri().host().map(str::to_owned) else {
            return Ok(self.refuse(
                "-",
                StatusCode::BAD_REQUEST,
                "this is a proxy: ask it for an absolute address or CONNECT",
            ));
        };
        let tunnel = request.method() == Method::CONNECT;
        let port = request.uri().port_u16().unwrap_or(if tunnel { 443 } else { 80 });
        let reset = match self.way(&host, port).await {
            Ok(way) => way == Way::Reset,
            Err(refusal) => {
                self.note(&host, request.method(), port, refusal.status());
                return Ok(*refusal);
            }
        };
        if !tunnel {
            return Ok(self.answer(&host, request).await);
        }
        self.note(&host, request.method(), port, StatusCode::OK);
        let mut accepted = host::empty(StatusCode::OK);
        host::mark(&mut accepted, &self.world);
        tokio::spawn(async move {
            match hyper::upgrade::on(request).await {
                Ok(upgraded) if reset => drop(upgraded),
                Ok(upgraded) => self.tunnel(host, port, TokioIo::new(upgraded)).await,
                Err(error) => tracing::debug!(%error, "a tunnel was not opened"),
            }
        });
        Ok(accepted)
    }

    /// The way to a host now, or why there is none.
    async fn way(&self, name: &str, port: u16) -> Result<Way, Box<Answer>> {
        let refuse = |status, why: &str| Err(Box::new(self.refuse(name, status, why)));
        let outside = &self.world.outside;
        let Some(declared) = outside.host(name) else {
            return refuse(
                StatusCode::FORBIDDEN,
                "no such host in this rehearsal, and nothing real can be reached from it",
            );
        };
        if !outside.resolves(name) {
            return refuse(StatusCode::BAD_GATEWAY, "the name does not resolve");
        }
        if declared.port.is_some_and(|own| own != port) || matches!(declared.kind, Kind::Refused) {
            return refuse(StatusCode::BAD_GATEWAY, &format!("connection to port {port} refused"));
        }
        if matches!(declared.kind, Kind::Timeout) {
            std::future::pending::<()>().await;
        }
        match outside.fault(name) {
            Some((FaultKind::Refused, _)) => {
                refuse(StatusCode::BAD_GATEWAY, &format!("connection to port {port} refused"))
            }
            Some((FaultKind::Timeout, _)) => std::future::pending().await,
            Some((FaultKind::Reset, _)) => Ok(Way::Reset),
            Some((FaultKind::Slow, takes)) => {
                self.world.clock.sleep(Duration::try_from(takes).unwrap_or_default()).await;
                Ok(Way::Open)
            }
            None => Ok(Way::Open),
        }
    }

    async fn tunnel<S>(self: Arc<Self>, name: String, port: u16, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some(declared) = self.world.outside.host(&name) else { return };
        if let Kind::Postgres(database) = &declared.kind {
            let tls = self.authorities.server(&name, &declared.certificate).map(TlsAcceptor::from);
            if let Err(error) = postgres::serve(&self.world, &name, database, tls.ok(), stream).await {
                tracing::debug!(%error, host = name, "a database session ended");
            }
            return;
        }
        if let Kind::Ldap(directory) = &declared.kind
            && port != LDAPS
        {
            match directory.serve(stream, false).await {
                Ok(Some(stream)) => self.clone().secured(name, declared, stream).await,
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, host = name, "a directory session ended"),
            }
            return;
        }
        if port == 80 {
            return self.converse(name, stream).await;
        }
        self.clone().secured(name, declared, stream).await;
    }

    /// Goes on in TLS.
    async fn secured<S>(self: Arc<Self>, name: String, declared: &Host, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let server = match self.config_of(&declared.certificate).await {
            Some(server) => Ok(server),
            None => self.authorities.server(&name, &declared.certificate),
        };
        let accepted = match server {
            Ok(tls) => TlsAcceptor::from(tls).accept(stream).await,
            Err(error) => return tracing::warn!(%error, host = name, "no certificate"),
        };
        match accepted {
            Ok(stream) => match &declared.kind {
                Kind::Ldap(directory) => {
                    if let Err(error) = directory.serve(stream, true).await {
                        tracing::debug!(%error, host = name, "a directory session ended");
                    }
                }
                _ => self.converse(name, stream).await,
            },
            Err(error) => tracing::debug!(%error, host = name, "a client did not accept the certificate"),
        }
    }

    /// What the certificate's Secret holds now; the rehearsal's own certificate stands in where there is none.
    async fn config_of(&self, certificate: &Certificate) -> Option<Arc<rustls::ServerConfig>> {
        let (namespace, name) = certificate.secret.as_ref()?.split_once('/')?;
        let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
        let cluster = self.world.outside.cluster()?;
        let asked = tokio::task::spawn_blocking(move || cluster.get(&path).ok().flatten()).await.ok().flatten();
        let data = asked?["data"].take();
        let pem = |key: &str| STANDARD.decode(data[key].as_str().unwrap_or_default()).ok();
        Leaf::of_pem(&pem("tls.crt")?, &pem("tls.key")?)?.server(name).ok().map(Arc::new)
    }

    async fn converse<S>(self: Arc<Self>, name: String, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let proxy = self.clone();
        let service = service_fn(move |request| {
            let (proxy, name) = (proxy.clone(), name.clone());
            async move { Ok::<_, Infallible>(proxy.answer(&name, request).await) }
        });
        if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
            tracing::debug!(%error, "a conversation with a host ended");
        }
    }

    async fn answer(&self, name: &str, request: Request<Incoming>) -> Answer {
        let (parts, body) = request.into_parts();
        let Ok(body) = body.collect().await else {
            return self.refuse(name, StatusCode::BAD_REQUEST, "the request's body was cut off");
        };
        let call = Call {
            host: name.to_owned(),
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
            body: body.to_bytes(),
        };
        host::answer(&self.world, call).await
    }

    fn refuse(&self, name: &str, status: StatusCode, why: &str) -> Answer {
        let body = Bytes::from(format!("rehearsal proxy: {name}: {why}\n"));
        let mut answer = Response::new(Full::new(body));
        *answer.status_mut() = status;
        host::mark(&mut answer, &self.world);
        answer
    }

    fn note(&self, name: &str, method: &Method, port: u16, status: StatusCode) {
        let request = state::Request {
            host: name.to_owned(),
            method: method.to_string(),
            path: port.to_string(),
            status: status.as_u16(),
        };
        self.world.outside.record(request);
    }
}
