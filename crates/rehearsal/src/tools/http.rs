//! A small blocking HTTP client for tools: TLS, an optional proxy, one request a connection.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    path::Path,
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};

/// A client.
#[derive(Clone, Debug)]
pub struct Client {
    tls: Arc<ClientConfig>,
    proxy: Option<String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status.
    pub status: u16,
    /// What stands beside it.
    pub reason: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// Where a URL leads.
#[derive(Clone, Debug, PartialEq)]
pub struct Address {
    /// `http` or `https`.
    pub secure: bool,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path and query.
    pub path: String,
}

impl Address {
    /// Reads a URL.
    pub fn of(url: &str) -> io::Result<Self> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| other(format!("{url:?} is not a URL")))?;
        let secure = scheme == "https";
        let (authority, path) =
            rest.split_once('/').map_or((rest, String::new()), |(host, path)| (host, path.to_owned()));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| other(format!("{url:?} has no valid port")))?),
            None => (authority, if secure { 443 } else { 80 }),
        };
        Ok(Self { secure, host: host.to_owned(), port, path: format!("/{path}") })
    }
}

impl Client {
    /// A client that trusts these authorities, shows this certificate, and goes through this proxy (`host:port`).
    pub fn new(roots_pem: &[u8], identity: Option<(&[u8], &[u8])>, proxy: Option<String>) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(roots_pem) {
            roots.add(certificate.map_err(io::Error::other)?).map_err(io::Error::other)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots);
        let tls = match identity {
            Some((certificate, key)) => {
                let chain =
                    CertificateDer::pem_slice_iter(certificate).collect::<Result<_, _>>().map_err(io::Error::other)?;
                let key = PrivateKeyDer::from_pem_slice(key).map_err(io::Error::other)?;
                builder.with_client_auth_cert(chain, key).map_err(io::Error::other)?
            }
            None => builder.with_no_client_auth(),
        };
        Ok(Self { tls: Arc::new(tls), proxy })
    }

    /// A client that trusts what a file holds.
    pub fn trusting(roots: &Path, proxy: Option<String>) -> io::Result<Self> {
        Self::new(&std::fs::read(roots)?, None, proxy)
    }

    /// Sends one request and reads its answer.
    pub fn send(&self, method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Reply> {
        let address = Address::of(url)?;
        let mut request = format!(
            "{method} {} HTTP/1.1\r\nhost: {}:{}\r\nconnection: close\r\n",
            address.path, address.host, address.port
        );
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("content-length: {}\r\n\r\n", body.len());
        let stream = self.connect(&address)?;
        let request = [request.as_bytes(), body].concat();
        if !address.secure {
            return exchange(stream, &request);
        }
        let name = ServerName::try_from(address.host.clone()).map_err(io::Error::other)?;
        let connection = ClientConnection::new(self.tls.clone(), name).map_err(io::Error::other)?;
        exchange(StreamOwned::new(connection, stream), &request)
    }

    fn connect(&self, address: &Address) -> io::Result<TcpStream> {
        let Some(proxy) = &self.proxy else { return TcpStream::connect((address.host.as_str(), address.port)) };
        let mut stream = TcpStream::connect(proxy)?;
        let there = format!("{}:{}", address.host, address.port);
        stream.write_all(format!("CONNECT {there} HTTP/1.1\r\nhost: {there}\r\n\r\n").as_bytes())?;
        let head = read_head(&mut stream)?;
        match head.split(' ').nth(1) {
            Some("200") => Ok(stream),
            _ => Err(other(
                head.lines()
                    .next()
                    .unwrap_or("the proxy said nothing")
                    .split_once(' ')
                    .map_or("", |(_, why)| why)
                    .to_owned(),
            )),
        }
    }
}

/// The value of an `Authorization` header for a user and password.
pub fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))
}

fn exchange<S: Read + Write>(mut stream: S, request: &[u8]) -> io::Result<Reply> {
    stream.write_all(request)?;
    stream.flush()?;
    let head = read_head(&mut stream)?;
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        // Servers that close without saying so have said everything.
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
        _ => {}
    }
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let mut words = first.splitn(3, ' ').skip(1);
    let status =
        words.next().and_then(|status| status.parse().ok()).ok_or_else(|| other(format!("not HTTP: {first:?}")))?;
    let reason = words.next().unwrap_or_default().to_owned();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value.contains("chunked"));
    let body = if chunked { unchunked(&rest)? } else { rest };
    Ok(Reply { status, reason, headers, body })
}

fn read_head<S: Read>(stream: &mut S) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
        if head.len() > 64 * 1024 {
            return Err(other("an endless header".to_owned()));
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn unchunked(mut rest: &[u8]) -> io::Result<Vec<u8>> {
    let broken = || other("a broken chunk".to_owned());
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").ok_or_else(broken)?;
        let length = std::str::from_utf8(&rest[..end]).ok().and_then(|hex| usize::from_str_radix(hex.trim(), 16).ok());
        let length = length.ok_or_else(broken)?;
        if length == 0 {
            return Ok(body);
        }
        body.extend_from_slice(rest.get(end + 2..end + 2 + length).ok_or_else(broken)?);
        rest = rest.get(end + 4 + length..).ok_or_else(broken)?;
    }
}

fn other(what: String) -> io::Error {
    io::Error::other(what)
}
