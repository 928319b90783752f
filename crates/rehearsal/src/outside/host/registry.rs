//! A container registry: the distribution API, for reading images and for mirroring into it.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Answer, Call, Credentials, bytes, empty, json, with};
use crate::World;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// The registry.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Who may read (and write); anyone where left out.
    #[serde(default)]
    pub credentials: Option<Credentials>,
    /// Asks for a token (`/token`) instead of basic authentication.
    #[serde(default)]
    pub token: bool,
    /// Whether images may be pushed.
    #[serde(default)]
    pub writable: bool,
    /// Images by `repository:tag`.
    #[serde(default)]
    pub images: BTreeMap<String, Image>,
}

/// An image.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// `amd64`, `arm64`; with one alone there is no index, only a manifest.
    pub architectures: Vec<String>,
}

/// What a registry holds beyond its images: what was pushed.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    blobs: BTreeMap<String, Bytes>,
    manifests: BTreeMap<String, (String, Bytes)>,
    uploads: BTreeMap<String, Vec<u8>>,
}

impl Registry {
    /// Answers the distribution API.
    pub fn answer(&self, world: &World, call: &Call) -> Answer {
        if call.path == "/token" {
            return self.token_for(call);
        }
        if !self.admits(call) {
            let challenge = if self.token {
                format!("Bearer realm=\"https://{0}/token\",service=\"{0}\"", call.host)
            } else {
                "Basic realm=\"registry\"".to_owned()
            };
            return with(
                refusal(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required"),
                "www-authenticate",
                &challenge,
            );
        }
        let path = match call.path.strip_prefix("/v2/") {
            Some("") => return json(StatusCode::OK, &json!({})),
            Some(path) => path,
            None => return refusal(StatusCode::NOT_FOUND, "UNSUPPORTED", "not found"),
        };
        if let Some((repository, reference)) = path.split_once("/manifests/") {
            return self.manifest(world, call, repository, reference);
        }
        if let Some((repository, upload)) = path.split_once("/blobs/uploads/") {
            return self.upload(world, call, repository, upload);
        }
        if let Some((_, digest)) = path.split_once("/blobs/") {
            return self.blob(world, call, digest);
        }
        if let Some(repository) = path.strip_suffix("/tags/list") {
            return self.tags(repository);
        }
        refusal(StatusCode::NOT_FOUND, "UNSUPPORTED", "not found")
    }

    fn token_value(&self) -> Option<String> {
        let credentials = self.credentials.as_ref()?;
        Some(STANDARD.encode(Sha256::digest(format!("{}:{}", credentials.username, credentials.password))))
    }

    fn token_for(&self, call: &Call) -> Answer {
        if self.credentials.as_ref().is_some_and(|credentials| !call.authenticated(credentials)) {
            return refusal(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "incorrect username or password");
        }
        let token = self.token_value().unwrap_or_default();
        json(StatusCode::OK, &json!({"token": token, "access_token": token, "expires_in": 300}))
    }

    fn admits(&self, call: &Call) -> bool {
        match &self.credentials {
            None => true,
            Some(_) if self.token => call.bearer() == self.token_value().as_deref(),
            Some(credentials) => call.authenticated(credentials),
        }
    }

    fn tags(&self, repository: &str) -> Answer {
        let tags: Vec<_> =
            self.images.keys().filter_map(|image| image.strip_prefix(repository)?.strip_prefix(':')).collect();
        if tags.is_empty() {
            return refusal(StatusCode::NOT_FOUND, "NAME_UNKNOWN", "repository name not known to registry");
        }
        json(StatusCode::OK, &json!({"name": repository, "tags": tags}))
    }

    fn manifest(&self, world: &World, call: &Call, repository: &str, reference: &str) -> Answer {
        let key = format!("{repository}:{reference}");
        if call.method == Method::PUT {
            if !self.writable {
                return refusal(StatusCode::FORBIDDEN, "DENIED", "requested access to the resource is denied");
            }
            let media = call.header("content-type").unwrap_or(MANIFEST).to_owned();
            let digest = digest_of(&call.body);
            let mut inner = world.outside.inner();
            let stored = inner.registries.entry(call.host.clone()).or_default();
            stored.manifests.insert(format!("{repository}:{digest}"), (media.clone(), call.body.clone()));
            stored.manifests.insert(key, (media, call.body.clone()));
            let answer = with(empty(StatusCode::CREATED), "docker-content-digest", &digest);
            return with(answer, "location", &format!("/v2/{repository}/manifests/{digest}"));
        }
        let pushed =
            world.outside.inner().registries.get(&call.host).and_then(|stored| stored.manifests.get(&key).cloned());
        let Some((media, body)) = pushed.or_else(|| self.declared(repository, reference)) else {
            return refusal(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "manifest unknown");
        };
        let answer = with(bytes(StatusCode::OK, &media, body.clone()), "docker-content-digest", &digest_of(&body));
        with(answer, "docker-distribution-api-version", "registry/2.0")
    }

    /// A declared image's manifest or index, by tag or digest.
    fn declared(&self, repository: &str, reference: &str) -> Option<(String, Bytes)> {
        let images = self.images.iter().filter_map(|(name, image)| {
            let (own, tag) = name.rsplit_once(':')?;
            (own == repository).then_some((tag, image))
        });
        for (tag, image) in images {
            let parts: Vec<_> =
                image.architectures.iter().map(|architecture| Part::of(repository, tag, architecture)).collect();
            let top = match parts.as_slice() {
                [only] => (MANIFEST.to_owned(), only.manifest.clone()),
                many => (INDEX.to_owned(), index(many)),
            };
            if reference == tag || reference == digest_of(&top.1) {
                return Some(top);
            }
            if let Some(part) = parts.iter().find(|part| reference == digest_of(&part.manifest)) {
                return Some((MANIFEST.to_owned(), part.manifest.clone()));
            }
        }
        None
    }

    fn blob(&self, world: &World, call: &Call, digest: &str) -> Answer {
        let pushed =
            world.outside.inner().registries.get(&call.host).and_then(|stored| stored.blobs.get(digest).cloned());
        let parts = || {
            self.images.iter().filter_map(|(name, image)| Some((name.rsplit_once(':')?, image))).flat_map(
                |((repository, tag), image)| {
                    image.architectures.iter().map(move |architecture| Part::of(repository, tag, architecture))
                },
            )
        };
        let blob = pushed
            .or_else(|| parts().flat_map(|part| [part.config, part.layer]).find(|blob| digest_of(blob) == digest));
        match blob {
            Some(blob) => {
                with(bytes(StatusCode::OK, "application/octet-stream", blob), "docker-content-digest", digest)
            }
            None => refusal(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "blob unknown to registry"),
        }
    }

    fn upload(&self, world: &World, call: &Call, repository: &str, upload: &str) -> Answer {
        if !self.writable {
            return refusal(StatusCode::FORBIDDEN, "DENIED", "requested access to the resource is denied");
        }
        let mut inner = world.outside.inner();
        let stored = inner.registries.entry(call.host.clone()).or_default();
        let id = if call.method == Method::POST { uuid::Uuid::new_v4().to_string() } else { upload.to_owned() };
        let upload = stored.uploads.entry(id.clone()).or_default();
        upload.extend_from_slice(&call.body);
        let (received, location) = (upload.len(), format!("/v2/{repository}/blobs/uploads/{id}"));
        let Some(digest) = call.parameter("digest") else {
            let answer = with(empty(StatusCode::ACCEPTED), "location", &location);
            let answer = with(answer, "docker-upload-uuid", &id);
            return with(answer, "range", &format!("0-{}", received.saturating_sub(1)));
        };
        let blob = Bytes::from(stored.uploads.remove(&id).unwrap_or_default());
        if digest_of(&blob) != digest {
            return refusal(
                StatusCode::BAD_REQUEST,
                "DIGEST_INVALID",
                "provided digest did not match uploaded content",
            );
        }
        stored.blobs.insert(digest.clone(), blob);
        let answer = with(empty(StatusCode::CREATED), "location", &format!("/v2/{repository}/blobs/{digest}"));
        with(answer, "docker-content-digest", &digest)
    }
}

/// One architecture of an image; the same bytes every time.
struct Part {
    architecture: String,
    config: Bytes,
    layer: Bytes,
    manifest: Bytes,
}

impl Part {
    fn of(repository: &str, tag: &str, architecture: &str) -> Self {
        let layer = Bytes::from(format!("layer of {repository}:{tag} for {architecture}"));
        let config: Bytes = json!({
            "architecture": architecture, "os": "linux", "config": {},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(&layer)]},
        })
        .to_string()
        .into();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": digest_of(&config), "size": config.len()},
            "layers": [{"mediaType": LAYER, "digest": digest_of(&layer), "size": layer.len()}],
        });
        Self { architecture: architecture.to_owned(), config, layer, manifest: manifest.to_string().into() }
    }
}

fn index(parts: &[Part]) -> Bytes {
    let manifests: Vec<Value> = parts
        .iter()
        .map(|part| {
            json!({
                "mediaType": MANIFEST, "digest": digest_of(&part.manifest), "size": part.manifest.len(),
                "platform": {"architecture": part.architecture, "os": "linux"},
            })
        })
        .collect();
    json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}).to_string().into()
}

fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(bytes))
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Answer {
    json(status, &json!({"errors": [{"code": code, "message": message}]}))
}
