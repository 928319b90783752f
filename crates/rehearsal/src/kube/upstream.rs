//! Which real API server is meant, and who asks there? A kubeconfig's current context.

use std::{fs, path::Path, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::Uri;
use rustls::{
    ClientConfig, RootCertStore,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject};
use serde_json::Value;

use super::object;

/// A real API server and the kubeconfig's own user.
#[derive(Debug)]
pub struct Upstream {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Name in its certificate.
    pub name: ServerName<'static>,
    /// The user's bearer token.
    pub token: Option<String>,
    /// Tokens that stand for the user.
    pub stand_ins: Vec<String>,
    /// TLS with the user's client certificate, where there is one.
    pub as_own_user: Arc<ClientConfig>,
    /// TLS without one.
    pub anonymous: Arc<ClientConfig>,
}

/// Why a kubeconfig cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("using kubeconfig {file}: {why}")]
pub struct Unusable {
    file: String,
    why: String,
}

impl Upstream {
    /// Reads a kubeconfig's current context.
    pub fn read(file: &Path) -> Result<Self, Unusable> {
        let unusable = |why: String| Unusable { file: file.display().to_string(), why };
        let text = fs::read_to_string(file).map_err(|error| unusable(error.to_string()))?;
        let config: Value = serde_yaml::from_str(&text).map_err(|error| unusable(error.to_string()))?;
        Self::of(&config, file.parent().unwrap_or(Path::new("."))).map_err(unusable)
    }

    fn of(config: &Value, folder: &Path) -> Result<Self, String> {
        let named = |list: &str, name: &str, part: &str| {
            let found = object::list(config, &format!("/{list}")).iter().find(|item| item["name"] == name);
            found.map(|item| item[part].clone()).ok_or_else(|| format!("there is no {part} {name:?}"))
        };
        let context = named("contexts", object::text(config, "/current-context"), "context")?;
        let cluster = named("clusters", object::text(&context, "/cluster"), "cluster")?;
        let user = named("users", object::text(&context, "/user"), "user")?;
        if user.get("exec").is_some() || user.get("auth-provider").is_some() {
            return Err("its user runs a credential plugin, which a rehearsal does not; give it a token or a client certificate".into());
        }
        let server: Uri = object::text(&cluster, "/server").parse().map_err(|error| format!("server: {error}"))?;
        let host = server.host().ok_or("server: names no host")?.trim_matches(['[', ']']).to_owned();
        let in_certificate = match object::text(&cluster, "/tls-server-name") {
            "" => host.clone(),
            name => name.to_owned(),
        };
        let token = match (object::text(&user, "/token"), object::text(&user, "/tokenFile")) {
            ("", "") => None,
            ("", path) => Some(
                fs::read_to_string(folder.join(path))
                    .map_err(|error| format!("tokenFile {path}: {error}"))?
                    .trim()
                    .to_owned(),
            ),
            (token, _) => Some(token.to_owned()),
        };
        let certificate = material(&user, "client-certificate", folder)?;
        let key = material(&user, "client-key", folder)?;
        let client = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => return Err("client-certificate and client-key belong together".into()),
        };
        let authority = material(&cluster, "certificate-authority", folder)?;
        let any = cluster["insecure-skip-tls-verify"] == true;
        Ok(Self {
            port: server.port_u16().unwrap_or(443),
            name: ServerName::try_from(in_certificate).map_err(|error| format!("server: {error}"))?,
            host,
            token,
            stand_ins: Vec::new(),
            as_own_user: tls(authority.as_deref(), any, client)?,
            anonymous: tls(authority.as_deref(), any, None)?,
        })
    }

    /// `host:port`.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// PEM from `<name>-data` or the file `<name>`.
fn material(from: &Value, name: &str, folder: &Path) -> Result<Option<Vec<u8>>, String> {
    let data = object::text(from, &format!("/{name}-data"));
    if !data.is_empty() {
        return STANDARD.decode(data).map(Some).map_err(|error| format!("{name}-data: {error}"));
    }
    match object::text(from, &format!("/{name}")) {
        "" => Ok(None),
        path => fs::read(folder.join(path)).map(Some).map_err(|error| format!("{name} {path}: {error}")),
    }
}

fn tls(authority: Option<&[u8]>, any: bool, client: Option<(Vec<u8>, Vec<u8>)>) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = if any {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone(provider)))
    } else {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authority.unwrap_or_default()) {
            roots
                .add(certificate.map_err(|error| format!("certificate-authority: {error}"))?)
                .map_err(|error| format!("certificate-authority: {error}"))?;
        }
        builder.with_root_certificates(roots)
    };
    let mut config = match client {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = CertificateDer::pem_slice_iter(&certificate)
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| format!("client-certificate: {error}"))?;
            let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| format!("client-key: {error}"))?;
            builder.with_client_auth_cert(chain, key).map_err(|error| format!("client-certificate: {error}"))?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}

/// `insecure-skip-tls-verify`, as kubectl takes it.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
