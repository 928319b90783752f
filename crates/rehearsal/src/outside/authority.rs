//! Who signs what: the rehearsal's certificate authority, the ones a scenario adds, and the leaves they sign.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject},
};

use super::setup::{Certificate, Setup};
use crate::Clock;

/// Common name of the rehearsal's own authority.
pub const OWN_NAME: &str = "Landfall rehearsal CA";

/// All certificate authorities of a rehearsal.
pub struct Authorities {
    clock: Clock,
    issuers: BTreeMap<String, Issuer>,
    servers: Mutex<BTreeMap<String, Arc<ServerConfig>>>,
}

struct Issuer {
    signer: CertifiedIssuer<'static, KeyPair>,
    trusted: bool,
}

/// A certificate with its key and chain.
pub struct Leaf {
    /// The certificate and its issuer's, PEM.
    pub chain_pem: String,
    /// Its private key, PEM (PKCS #8).
    pub key_pem: String,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// A certificate could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// Bad names or parameters.
    #[error("making a certificate for {names:?}: {source}")]
    Make {
        /// The names it was to have.
        names: Vec<String>,
        /// The reason.
        source: rcgen::Error,
    },
    /// TLS refused it.
    #[error("using the certificate of {host}: {source}")]
    Use {
        /// The host it is for.
        host: String,
        /// The reason.
        source: rustls::Error,
    },
    /// No such authority.
    #[error("the certificate of {names:?} is signed by {name:?}, which outside.authorities does not declare")]
    NoSuchAuthority {
        /// The names it was to have.
        names: Vec<String>,
        /// The missing authority.
        name: String,
    },
}

impl Authorities {
    /// Makes the rehearsal's own authority and those of the scenario.
    pub fn new(setup: &Setup, clock: Clock) -> Result<Self, CertificateError> {
        let mut issuers = BTreeMap::from([(OWN_NAME.to_owned(), issuer(OWN_NAME, true)?)]);
        for (name, authority) in &setup.authorities {
            issuers.insert(name.clone(), issuer(name, authority.trusted)?);
        }
        Ok(Self { clock, issuers, servers: Mutex::default() })
    }

    /// What the rehearsal's CA file holds.
    pub fn trusted_pem(&self) -> String {
        self.issuers.values().filter(|issuer| issuer.trusted).map(|issuer| issuer.signer.pem()).collect()
    }

    /// The rehearsal's own authority, PEM.
    pub fn own_pem(&self) -> String {
        self.issuers.get(OWN_NAME).map(|issuer| issuer.signer.pem()).unwrap_or_default()
    }

    /// The authority that signs a certificate, PEM; none where it signs itself.
    pub fn issuer_pem(&self, wanted: &Certificate) -> Option<String> {
        let name = wanted.signed_by.as_deref().unwrap_or(OWN_NAME);
        self.issuers.get(name).filter(|_| !wanted.self_signed).map(|issuer| issuer.signer.pem())
    }

    /// Signs a certificate; `host` is its name where it says none itself.
    pub fn leaf(&self, host: &str, wanted: &Certificate) -> Result<Leaf, CertificateError> {
        let names = if wanted.names.is_empty() { vec![host.to_owned()] } else { wanted.names.clone() };
        let failed = |source| CertificateError::Make { names: names.clone(), source };
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = CertificateParams::new(names.clone()).map_err(failed)?;
        params.distinguished_name.push(DnType::CommonName, names.first().map_or(host, String::as_str));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let now = self.clock.now().as_second();
        // Clients that know nothing of the simulated clock must accept a good certificate too.
        let (earlier, later) = {
            let real = jiff::Timestamp::now().as_second();
            (now.min(real), now.max(real))
        };
        const DAY: i64 = 86_400;
        let ends = wanted.days.map_or(later + 397 * DAY, |days| now + days * DAY);
        params.not_before = rcgen::date_time_ymd(1970, 1, 1) + since_epoch(earlier.min(ends) - 30 * DAY);
        params.not_after = rcgen::date_time_ymd(1970, 1, 1) + since_epoch(ends);
        if wanted.self_signed {
            let certificate = params.self_signed(&key).map_err(failed)?;
            return Ok(Leaf::of(vec![certificate.der().clone()], certificate.pem(), &key));
        }
        let name = wanted.signed_by.as_deref().unwrap_or(OWN_NAME);
        let issuer = self
            .issuers
            .get(name)
            .ok_or_else(|| CertificateError::NoSuchAuthority { names: names.clone(), name: name.to_owned() })?;
        let certificate = params.signed_by(&key, &issuer.signer).map_err(failed)?;
        let chain = vec![certificate.der().clone(), issuer.signer.der().clone()];
        Ok(Leaf::of(chain, certificate.pem() + &issuer.signer.pem(), &key))
    }

    /// TLS for one host; its certificate is signed once and kept.
    pub fn server(&self, host: &str, wanted: &Certificate) -> Result<Arc<ServerConfig>, CertificateError> {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = servers.get(host) {
            return Ok(server.clone());
        }
        let server = Arc::new(self.leaf(host, wanted)?.server(host)?);
        servers.insert(host.to_owned(), server.clone());
        Ok(server)
    }
}

impl std::fmt::Debug for Authorities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.issuers.keys()).finish()
    }
}

impl Leaf {
    fn of(chain: Vec<CertificateDer<'static>>, chain_pem: String, key: &KeyPair) -> Self {
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Self { chain_pem, key_pem: key.serialize_pem(), chain, key: der }
    }

    /// From PEM: a chain and its key.
    pub fn of_pem(chain: &[u8], key: &[u8]) -> Option<Self> {
        let certificates: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().ok()?;
        Some(Self {
            chain_pem: String::from_utf8_lossy(chain).into_owned(),
            key_pem: String::from_utf8_lossy(key).into_owned(),
            chain: certificates,
            key: PrivateKeyDer::from_pem_slice(key).ok()?,
        })
    }

    /// A TLS server that shows it.
    pub fn server(self, host: &str) -> Result<ServerConfig, CertificateError> {
        let failed = |source| CertificateError::Use { host: host.to_owned(), source };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(failed)?
            .with_no_client_auth()
            .with_single_cert(self.chain, self.key)
            .map_err(failed)
    }
}

fn issuer(name: &str, trusted: bool) -> Result<Issuer, CertificateError> {
    let failed = |source| CertificateError::Make { names: vec![name.to_owned()], source };
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    let key = KeyPair::generate().map_err(failed)?;
    Ok(Issuer { signer: CertifiedIssuer::self_signed(params, key).map_err(failed)?, trusted })
}

fn since_epoch(unix: i64) -> Duration {
    Duration::from_secs(unix.try_into().unwrap_or(0))
}
