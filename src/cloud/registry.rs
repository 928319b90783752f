//! Container registries: which architectures has an image, and how does it get into another registry?

use std::collections::BTreeSet;

use futures::StreamExt;
use http::HeaderValue;
use landfall_core::{
    event::{Host, Problem},
    value::Plain,
};
use oci_client::{
    Client, Reference, RegistryOperation,
    client::{Certificate, CertificateEncoding, ClientConfig},
    errors::{OciDistributionError, OciErrorCode},
    manifest::{OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageIndex, OciImageManifest},
    secrets::RegistryAuth,
};
use rustls_pki_types::{CertificateDer, pem::PemObject};

use super::{Door, Endpoints, Trouble};

const ACCEPTED: [&str; 4] = [
    OCI_IMAGE_MEDIA_TYPE,
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// User name and password; anybody where left out.
pub type Login = Option<(Plain, Plain)>;

/// The door to registries.
pub struct Registry {
    client: Client,
    auth: RegistryAuth,
    login: Login,
}

/// A manifest as its registry wrote it.
enum Manifest {
    One(Box<OciImageManifest>),
    Index(Box<OciImageIndex>),
}

struct Fetched {
    bytes: Vec<u8>,
    digest: String,
    manifest: Manifest,
}

impl Registry {
    /// A door for one login.
    pub fn new(endpoints: &Endpoints, login: Login) -> Result<Self, Trouble> {
        let mut config = ClientConfig {
            connect_timeout: Some(std::time::Duration::from_secs(10)),
            read_timeout: Some(std::time::Duration::from_secs(60)),
            user_agent: "landfall",
            https_proxy: endpoints.via.clone(),
            no_proxy: Some(endpoints.no_proxy.clone()),
            ..ClientConfig::default()
        };
        if let Some(roots) = &endpoints.roots {
            let unreadable = |error: &dyn std::fmt::Display| Trouble::setting("SSL_CERT_FILE", error);
            let text = std::fs::read(roots).map_err(|error| unreadable(&error))?;
            for certificate in CertificateDer::pem_slice_iter(&text) {
                let certificate = certificate.map_err(|error| unreadable(&error))?;
                config
                    .tls_certs_only
                    .push(Certificate { encoding: CertificateEncoding::Der, data: certificate.to_vec() });
            }
        }
        let auth = match &login {
            Some((username, password)) => {
                RegistryAuth::Basic(username.reveal().to_owned(), password.reveal().to_owned())
            }
            None => RegistryAuth::Anonymous,
        };
        let client = Client::try_from(config).map_err(|error| Trouble::setting("HTTPS_PROXY", &error))?;
        Ok(Self { client, auth, login })
    }

    /// The architectures an image exists for, e.g. `amd64`, `arm64`.
    pub async fn architectures(&self, image: &str) -> Result<BTreeSet<String>, Trouble> {
        let reference = parse(image)?;
        let fetched = self.fetch(&reference).await?;
        match fetched.manifest {
            Manifest::Index(index) => Ok(index
                .manifests
                .iter()
                .filter_map(|entry| entry.platform.as_ref())
                .map(|platform| platform.architecture.to_string())
                // Attestations stand among the images under this name.
                .filter(|architecture| architecture != "unknown")
                .collect()),
            Manifest::One(manifest) => {
                let mut config = Vec::new();
                self.client
                    .pull_blob(&reference, &manifest.config, &mut config)
                    .await
                    .map_err(|error| self.trouble(image, error))?;
                let config: serde_json::Value = serde_json::from_slice(&config).unwrap_or_default();
                Ok(config["architecture"].as_str().map(str::to_owned).into_iter().collect())
            }
        }
    }

    /// The tags of a repository, e.g. a chart's versions.
    pub async fn tags(&self, repository: &str) -> Result<Vec<String>, Trouble> {
        let reference = parse(repository)?;
        let mut all: Vec<String> = Vec::new();
        loop {
            let last = all.last().cloned();
            let page = self
                .client
                .list_tags(&reference, &self.auth, Some(500), last.as_deref())
                .await
                .map_err(|error| self.trouble(repository, error))?;
            let fresh: Vec<String> = page.tags.into_iter().filter(|tag| !all.contains(tag)).collect();
            if fresh.is_empty() {
                return Ok(all);
            }
            all.extend(fresh);
        }
    }

    /// The digest an image's tag stands for; none where there is no such image.
    pub async fn digest(&self, image: &str) -> Result<Option<String>, Trouble> {
        match self.fetch(&parse(image)?).await {
            Ok(fetched) => Ok(Some(fetched.digest)),
            Err(trouble) if trouble.code() == Some("REG-IMAGE-MISSING") => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// Copies an image with all its architectures into another registry; its digest stays the same.
    pub async fn mirror(
        &self,
        from: &str,
        into: &Self,
        to: &str,
        mut said: impl FnMut(String) + Send,
    ) -> Result<String, Trouble> {
        let (source, target) = (parse(from)?, parse(to)?);
        into.client
            .auth(&target, &into.auth, RegistryOperation::Push)
            .await
            .map_err(|error| into.trouble(to, error))?;
        let top = self.fetch(&source).await?;
        if let Manifest::Index(index) = &top.manifest {
            for entry in &index.manifests {
                let one = self.fetch(&source.clone_with_digest(entry.digest.clone())).await?;
                let Manifest::One(manifest) = &one.manifest else { continue };
                self.copy_blobs(&source, manifest, into, &target, &mut said).await?;
                into.put(&target.clone_with_digest(one.digest.clone()), to, &one).await?;
            }
        }
        if let Manifest::One(manifest) = &top.manifest {
            self.copy_blobs(&source, manifest, into, &target, &mut said).await?;
        }
        into.put(&target, to, &top).await?;
        said(format!("{to} is there, {}", top.digest));
        Ok(top.digest)
    }

    async fn copy_blobs(
        &self,
        source: &Reference,
        manifest: &OciImageManifest,
        into: &Self,
        target: &Reference,
        said: &mut (impl FnMut(String) + Send),
    ) -> Result<(), Trouble> {
        let count = manifest.layers.len() + 1;
        for (at, blob) in std::iter::once(&manifest.config).chain(&manifest.layers).enumerate() {
            let known = into.client.blob_exists(target, &blob.digest).await.unwrap_or(false);
            if !known {
                self.copy_blob(source, blob, into, target).await?;
            }
            said(format!("{target}: part {} of {count}, {} bytes", at + 1, blob.size));
        }
        Ok(())
    }

    async fn copy_blob(
        &self,
        source: &Reference,
        blob: &OciDescriptor,
        into: &Self,
        target: &Reference,
    ) -> Result<(), Trouble> {
        let from = source.to_string();
        let stream = self.client.pull_blob_stream(source, blob).await.map_err(|error| self.trouble(&from, error))?;
        let size = stream.content_length.or_else(|| u64::try_from(blob.size).ok());
        let bytes = stream.map(|part| part.map_err(OciDistributionError::from));
        into.client
            .push_blob_stream(target, bytes, &blob.digest, size)
            .await
            .map_err(|error| into.trouble(&target.to_string(), error))?;
        Ok(())
    }

    async fn put(&self, target: &Reference, shown: &str, fetched: &Fetched) -> Result<(), Trouble> {
        let media_type = match &fetched.manifest {
            Manifest::One(manifest) => manifest.media_type.clone(),
            Manifest::Index(index) => index.media_type.clone(),
        };
        let media_type = media_type.unwrap_or_else(|| OCI_IMAGE_MEDIA_TYPE.to_owned());
        let header = HeaderValue::from_str(&media_type).map_err(|_| missing(shown, &"its manifest has no type"))?;
        self.client
            .push_manifest_raw(target, fetched.bytes.clone(), header)
            .await
            .map_err(|error| self.trouble(shown, error))?;
        Ok(())
    }

    async fn fetch(&self, reference: &Reference) -> Result<Fetched, Trouble> {
        let shown = reference.to_string();
        let (bytes, digest) = self
            .client
            .pull_manifest_raw(reference, &self.auth, &ACCEPTED)
            .await
            .map_err(|error| self.trouble(&shown, error))?;
        let odd = |error: &dyn std::fmt::Display| missing(&shown, &format!("its manifest is not readable: {error}"));
        let tree: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| odd(&error))?;
        let manifest = if tree.get("manifests").is_some() {
            Manifest::Index(Box::new(serde_json::from_value(tree).map_err(|error| odd(&error))?))
        } else {
            Manifest::One(Box::new(serde_json::from_value(tree).map_err(|error| odd(&error))?))
        };
        Ok(Fetched { bytes: bytes.to_vec(), digest, manifest })
    }

    fn trouble(&self, image: &str, error: OciDistributionError) -> Trouble {
        let host = image.split('/').next().unwrap_or(image).to_owned();
        let refused = |why: String| -> Trouble {
            let who = if self.login.is_some() { "the user name and password" } else { "a call without credentials" };
            Problem::new(
                "REG-LOGIN",
                format!("{host} did not accept {who}"),
                "Enter working credentials of this registry at the Secrets stage.",
            )
            .why(why)
            .into()
        };
        match error {
            OciDistributionError::AuthenticationFailure(why) => refused(why),
            OciDistributionError::UnauthorizedError { .. } => refused("it answered 401".into()),
            OciDistributionError::ImageManifestNotFoundError(why) => missing(image, &why),
            OciDistributionError::RegistryError { envelope, .. } => {
                let codes: Vec<&OciErrorCode> = envelope.errors.iter().map(|error| &error.code).collect();
                let why = envelope.errors.iter().map(|error| error.message.clone()).collect::<Vec<_>>().join("; ");
                if codes.iter().any(|code| matches!(code, OciErrorCode::Unauthorized | OciErrorCode::Denied)) {
                    return refused(why);
                }
                if codes.iter().any(|code| {
                    matches!(code, OciErrorCode::ManifestUnknown | OciErrorCode::NameUnknown | OciErrorCode::NotFound)
                }) {
                    return missing(image, &why);
                }
                Trouble::Service { code: "REG-ANSWER".into(), message: format!("{host}: {why}"), request: None }
            }
            OciDistributionError::ServerError { code: 404, message, .. } => missing(image, &message),
            OciDistributionError::ServerError { code: 401 | 403, message, .. } => refused(message),
            OciDistributionError::RequestError(error) => {
                Trouble::Unreachable { door: Door::Network, what: host, message: chain(&error) }
            }
            other => Trouble::Service { code: "REG-ANSWER".into(), message: format!("{host}: {other}"), request: None },
        }
    }
}

/// The registry of an image, as a host somebody must reach.
pub fn host(image: &str, from: &str, why: &str) -> Host {
    let name = image.split('/').next().unwrap_or(image);
    let (host, port) = name.rsplit_once(':').unwrap_or((name, "443"));
    Host { host: host.into(), port: port.parse().unwrap_or(443), from: from.into(), why: why.into() }
}

fn parse(image: &str) -> Result<Reference, Trouble> {
    image.parse().map_err(|error| {
        Problem::new("REG-NAME", format!("{image:?} is not the name of an image"), "Write it as registry/name:tag.")
            .why(format!("{error}"))
            .into()
    })
}

fn missing(image: &str, why: &dyn std::fmt::Display) -> Trouble {
    Problem::new(
        "REG-IMAGE-MISSING",
        format!("{image} is not there"),
        "Check its name and tag with the vendor, or mirror it into this registry first.",
    )
    .why(why.to_string())
    .into()
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
