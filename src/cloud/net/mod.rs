//! The network: connections through the proxy, one setting for trusted certificates, HTTP, and names.

mod address;
mod chain;
mod header;
mod names;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use landfall_core::event::Problem;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub use address::host_of;
pub use chain::{Certificate, Chain};
pub use header::secret_header;
pub use names::{Answer, Names};
/// An open connection.
pub use tokio::net::TcpStream as Connection;

use super::{Door, Endpoints, Trouble};

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(8);

/// The door to the network.
pub struct Net {
    endpoints: Endpoints,
    roots: OnceLock<Result<Arc<RootCertStore>, String>>,
    http: OnceLock<reqwest::Client>,
}

impl Net {
    /// A door that is not open yet.
    pub fn new(endpoints: Endpoints) -> Self {
        Self { endpoints, roots: OnceLock::new(), http: OnceLock::new() }
    }

    /// The same door, which trusts these certificates (PEM), too.
    pub fn trusting(&self, pem: &[u8]) -> Result<Self, Trouble> {
        let mut store = RootCertStore::clone(&*self.roots()?);
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let added = certificate
                .map_err(|error| error.to_string())
                .and_then(|certificate| store.add(certificate).map_err(|error| error.to_string()));
            added.map_err(|why| {
                Trouble::from(
                    Problem::new(
                        "TLS-UNREADABLE",
                        "the certificate authority cannot be read",
                        "Give the authority's certificate in PEM form.",
                    )
                    .why(why),
                )
            })?;
        }
        let net = Self::new(self.endpoints.clone());
        // A new door has no roots yet.
        let _ = net.roots.set(Ok(Arc::new(store)));
        Ok(net)
    }

    /// The proxy that is used for a host, if any.
    pub fn via(&self, host: &str) -> Option<&str> {
        self.endpoints.via.as_deref().filter(|_| !bypasses(&self.endpoints.no_proxy, host))
    }

    /// A connection to a host, through the proxy where there is one.
    pub async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, Trouble> {
        if self.via(host).is_none() {
            self.endpoints.admit(host)?;
        }
        let what = format!("{host}:{port}");
        let silent = |message: String| Trouble::Unreachable { door: Door::Network, what: what.clone(), message };
        let opened = async {
            match self.via(host) {
                None => {
                    let address = match self.endpoints.dns {
                        // An address is no name that somebody could be asked for.
                        Some(_) if host.parse::<std::net::IpAddr>().is_err() => {
                            match self.names().addresses(host).await.map_err(|trouble| trouble.to_string())?.first() {
                                Some(address) => address.to_string(),
                                None => return Err(format!("{host} does not resolve")),
                            }
                        }
                        _ => host.to_owned(),
                    };
                    TcpStream::connect((address.as_str(), port)).await.map_err(|error| error.to_string())
                }
                Some(proxy) => through(proxy, host, port).await,
            }
        };
        match tokio::time::timeout(PATIENCE, opened).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(message)) => Err(silent(message)),
            Err(_) => Err(silent(format!("no answer in {} s", PATIENCE.as_secs()))),
        }
    }

    /// The certificates a host shows, and whether they are trusted here; given also where they are not.
    pub async fn chain(&self, host: &str, port: u16) -> Result<Chain, Trouble> {
        let stream = self.connect(host, port).await?;
        let what = format!("{host}:{port}");
        let shaken = tokio::time::timeout(PATIENCE, chain::shake(stream, host, self.roots()?)).await;
        match shaken {
            Ok(Ok(chain)) => Ok(chain),
            Ok(Err(message)) => Err(Trouble::Unreachable { door: Door::Network, what, message }),
            Err(_) => Err(Trouble::Unreachable { door: Door::Network, what, message: "no TLS answer in 8 s".into() }),
        }
    }

    /// Certificates of a file or a Secret, judged against the roots for a name.
    pub fn judge(&self, pem: &[u8], name: &str) -> Result<Chain, Trouble> {
        chain::judge(pem, name, self.roots()?).map_err(|message| {
            Problem::new(
                "TLS-UNREADABLE",
                message,
                "Give the certificate in PEM form, the host's own first, then its intermediates.",
            )
            .into()
        })
    }

    /// Whom we trust: `SSL_CERT_FILE`, or the system's store.
    pub fn roots(&self) -> Result<Arc<RootCertStore>, Trouble> {
        let loaded = self.roots.get_or_init(|| {
            let mut store = RootCertStore::empty();
            match &self.endpoints.roots {
                Some(path) => {
                    let text = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
                    for certificate in CertificateDer::pem_slice_iter(&text) {
                        let certificate = certificate.map_err(|error| format!("{}: {error}", path.display()))?;
                        store.add(certificate).map_err(|error| format!("{}: {error}", path.display()))?;
                    }
                }
                None => {
                    let (_, _) = store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                }
            }
            Ok(Arc::new(store))
        });
        loaded.clone().map_err(|error| Trouble::setting("SSL_CERT_FILE", &error))
    }

    /// A TLS configuration with our roots.
    pub fn tls(&self) -> Result<ClientConfig, Trouble> {
        Ok(ClientConfig::builder().with_root_certificates(self.roots()?).with_no_client_auth())
    }

    /// A TLS configuration that accepts any certificate, for servers whose owner asks for no more than encryption.
    pub fn tls_unverified(&self) -> Result<ClientConfig, Trouble> {
        chain::unverified(self.roots()?).map_err(|error| Trouble::setting("SSL_CERT_FILE", &error))
    }

    /// An HTTP client with our roots and proxy; redirects are not followed.
    pub fn http(&self) -> Result<reqwest::Client, Trouble> {
        if let Some(client) = self.http.get() {
            return Ok(client.clone());
        }
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls()?)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(PATIENCE)
            .timeout(Duration::from_secs(30))
            .user_agent(concat!("landfall/", env!("CARGO_PKG_VERSION")));
        if let Some(via) = &self.endpoints.via {
            let proxy = reqwest::Proxy::all(via).map_err(|error| Trouble::setting("HTTPS_PROXY", &error))?;
            builder = builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_string(&self.endpoints.no_proxy)));
        }
        let client = builder.build().map_err(|error| Trouble::setting("HTTPS_PROXY", &error))?;
        Ok(self.http.get_or_init(|| client).clone())
    }

    /// Names.
    pub fn names(&self) -> Names {
        Names::new(self.endpoints.dns)
    }
}

/// What an HTTP client says, without the address's user info or a body.
impl From<reqwest::Error> for Trouble {
    fn from(error: reqwest::Error) -> Self {
        let what = error.url().and_then(|url| url.host_str()).unwrap_or("the host").to_owned();
        let error = error.without_url();
        let mut message = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(deeper) = cause {
            message = format!("{message}: {deeper}");
            cause = deeper.source();
        }
        Self::Unreachable { door: Door::Network, what, message }
    }
}

/// Asks a proxy for a way to a host (RFC 9110, 9.3.6).
async fn through(proxy: &str, host: &str, port: u16) -> Result<TcpStream, String> {
    let address = proxy.trim_start_matches("http://").trim_end_matches('/');
    let (login, address) = address.rsplit_once('@').map_or((None, address), |(login, address)| (Some(login), address));
    let address = if address.contains(':') { address.to_owned() } else { format!("{address}:3128") };
    let mut stream = TcpStream::connect(&address).await.map_err(|error| format!("the proxy {address}: {error}"))?;
    let login = login.map_or(String::new(), |login| {
        use base64::Engine;
        format!("Proxy-Authorization: Basic {}\r\n", base64::engine::general_purpose::STANDARD.encode(login))
    });
    let request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{login}\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|error| format!("the proxy {address}: {error}"))?;
    // Byte by byte: what follows the head belongs to the host.
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > 8_192 {
            return Err(format!("the proxy {address} answers with an endless head"));
        }
        head.push(stream.read_u8().await.map_err(|error| format!("the proxy {address}: {error}"))?);
    }
    let head = String::from_utf8_lossy(&head);
    let status = head.lines().next().unwrap_or_default();
    match status.split_whitespace().nth(1) {
        Some("200") => Ok(stream),
        _ => Err(format!("the proxy {address} refuses: {status}")),
    }
}

/// Whether `NO_PROXY` says that a host is reached directly: exact names, domains (`.corp.example`, `corp.example`), `*`.
pub fn bypasses(no_proxy: &str, host: &str) -> bool {
    no_proxy.split([',', ' ']).map(str::trim).filter(|rule| !rule.is_empty()).any(|rule| {
        let domain = rule.trim_start_matches("*.").trim_start_matches('.');
        rule == "*" || host == domain || host.ends_with(&format!(".{domain}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_names_hosts_and_domains() {
        assert!(bypasses("127.0.0.1, .corp.example", "db.corp.example"));
        assert!(bypasses("corp.example", "corp.example"));
        assert!(!bypasses("corp.example", "notcorp.example"));
        assert!(bypasses("*", "anything"));
    }
}
