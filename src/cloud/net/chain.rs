//! The certificates a host shows: seen even where they are not trusted.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// What a host (or a file) shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// Certificates, the host's own first.
    pub certificates: Vec<Certificate>,
    /// Why they are not trusted here for that name; nothing where they are.
    pub untrusted: Option<String>,
}

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Subject's common name, or the whole subject.
    pub subject: String,
    /// Issuer's common name, or the whole issuer.
    pub issuer: String,
    /// DNS names it is for.
    pub names: Vec<String>,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Signed by itself.
    pub self_signed: bool,
}

impl Certificate {
    /// Whether it is for a host name; `*.` stands for one label.
    pub fn covers(&self, host: &str) -> bool {
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            Some(domain) => host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(domain)),
            None => name.eq_ignore_ascii_case(host),
        })
    }
}

/// Shakes hands and keeps what was shown.
pub(super) async fn shake(stream: TcpStream, host: &str, roots: Arc<RootCertStore>) -> Result<Chain, String> {
    let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
    let witness = Arc::new(Witness::new(roots)?);
    let mut config = ClientConfig::builder()
        .dangerous()
        // It only notes the verdict: nothing is ever sent over this connection.
        .with_custom_certificate_verifier(witness.clone())
        .with_no_client_auth();
    config.enable_sni = true;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| error.to_string())?;
    witness.seen()
}

/// A configuration that only notes what is shown.
pub(super) fn unverified(roots: Arc<RootCertStore>) -> Result<ClientConfig, String> {
    let witness = Arc::new(Witness::new(roots)?);
    Ok(ClientConfig::builder().dangerous().with_custom_certificate_verifier(witness).with_no_client_auth())
}

/// Judges certificates that stand in a text.
pub(super) fn judge(pem: &[u8], name: &str, roots: Arc<RootCertStore>) -> Result<Chain, String> {
    let certificates: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    let (own, intermediates) = certificates.split_first().ok_or("there is no certificate in it")?;
    let witness = Witness::new(roots)?;
    let name = ServerName::try_from(name.to_owned()).map_err(|error| error.to_string())?;
    let _ = witness.verify_server_cert(own, intermediates, &name, &[], UnixTime::now());
    witness.seen()
}

#[derive(Debug)]
struct Witness {
    verifier: Arc<WebPkiServerVerifier>,
    seen: Mutex<Option<Result<Chain, String>>>,
}

impl Witness {
    fn new(roots: Arc<RootCertStore>) -> Result<Self, String> {
        let verifier = WebPkiServerVerifier::builder(roots).build().map_err(|error| error.to_string())?;
        Ok(Self { verifier, seen: Mutex::new(None) })
    }

    fn seen(&self) -> Result<Chain, String> {
        let seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        seen.unwrap_or_else(|| Err("no certificate was shown".into()))
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.verifier.verify_server_cert(own, intermediates, name, ocsp, now);
        let certificates =
            std::iter::once(own).chain(intermediates).map(|der| read(der)).collect::<Result<Vec<_>, _>>();
        let chain = certificates
            .map(|certificates| Chain { certificates, untrusted: verdict.err().map(|error| error.to_string()) });
        *self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(chain);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

fn read(der: &CertificateDer<'_>) -> Result<Certificate, String> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|error| error.to_string())?;
    let common = |name: &x509_parser::x509::X509Name<'_>| {
        name.iter_common_name()
            .next()
            .and_then(|name| name.as_str().ok())
            .map_or_else(|| name.to_string(), str::to_owned)
    };
    let names = match certificate.subject_alternative_name() {
        Ok(Some(names)) => names
            .value
            .general_names
            .iter()
            .filter_map(|name| match name {
                GeneralName::DNSName(name) => Some((*name).to_owned()),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    let time =
        |time: x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp()).unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(Certificate {
        subject: common(certificate.subject()),
        issuer: common(certificate.issuer()),
        names,
        from: time(certificate.validity().not_before),
        until: time(certificate.validity().not_after),
        self_signed: certificate.subject() == certificate.issuer(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_one_label() {
        let certificate = Certificate {
            subject: String::new(),
            issuer: String::new(),
            names: vec!["*.corp.example".into()],
            from: Timestamp::UNIX_EPOCH,
            until: Timestamp::UNIX_EPOCH,
            self_signed: false,
        };
        assert!(certificate.covers("shield.corp.example"));
        assert!(!certificate.covers("a.shield.corp.example"));
        assert!(!certificate.covers("corp.example"));
    }
}
