//! Releases, kept as helm keeps them: one Secret a revision.

use std::io::{self, Read, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde_json::{Map, Value, json};

use super::{Failure, Helm, render::Rendered};
use crate::tools::{chart::Unpacked, cluster::Cluster};

/// One revision of a release.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// What the Secret holds.
    pub body: Value,
    /// Labels beyond helm's own.
    pub labels: Map<String, Value>,
}

/// Labels that helm sets itself.
const OWN_LABELS: [&str; 5] = ["modifiedAt", "name", "owner", "status", "version"];

impl Release {
    /// A new revision that is not deployed yet.
    pub fn pending(
        helm: &Helm<'_>,
        name: &str,
        namespace: &str,
        version: u64,
        chart: &Unpacked,
        given: &Value,
        rendered: &Rendered,
    ) -> Result<Self, Failure> {
        let now = helm.now().to_string();
        let (status, description) = match version {
            1 => ("pending-install", "Initial install underway"),
            _ => ("pending-upgrade", "Preparing upgrade"),
        };
        let last_run = if helm.is_four() {
            json!({"phase": ""})
        } else {
            json!({"started_at": "", "completed_at": "", "phase": ""})
        };
        let hooks: Vec<_> = rendered
            .hooks
            .iter()
            .map(|hook| {
                json!({
                    "name": hook.object["metadata"]["name"], "kind": hook.object["kind"], "path": hook.path,
                    "manifest": hook.text, "events": hook.events, "last_run": last_run,
                })
            })
            .collect();
        let values = super::values::computed(&chart.values_text, &Value::Object(Map::new()))?;
        let mut body = json!({
            "name": name,
            "info": {"first_deployed": now, "last_deployed": now, "deleted": "", "description": description, "status": status},
            "chart": {"metadata": chart.metadata, "lock": null, "templates": [], "values": values, "schema": null, "files": null},
            "manifest": rendered.manifest,
            "version": version,
            "namespace": namespace,
        });
        if given.as_object().is_some_and(|given| !given.is_empty()) {
            body["config"] = given.clone();
        }
        if !hooks.is_empty() {
            body["hooks"] = json!(hooks);
        }
        if helm.is_four() {
            body["apply_method"] = json!("ssa");
            if let Some(info) = body["info"].as_object_mut() {
                info.shift_remove("deleted");
            }
        }
        let pairs = helm
            .arguments
            .all("labels")
            .iter()
            .flat_map(|list| list.split(','))
            .filter_map(|pair| pair.split_once('='));
        let labels = pairs.map(|(key, value)| (key.to_owned(), json!(value))).collect();
        Ok(Self { body, labels })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.body["name"].as_str().unwrap_or_default()
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        self.body["namespace"].as_str().unwrap_or_default()
    }

    /// Its revision.
    pub fn version(&self) -> u64 {
        self.body["version"].as_u64().unwrap_or(0)
    }

    /// Its status.
    pub fn status(&self) -> &str {
        self.body["info"]["status"].as_str().unwrap_or_default()
    }

    /// A field of its info.
    pub fn info(&self, field: &str) -> &str {
        self.body["info"][field].as_str().unwrap_or_default()
    }

    /// Its manifest.
    pub fn manifest(&self) -> &str {
        self.body["manifest"].as_str().unwrap_or_default()
    }

    /// The same with another status and description.
    pub fn become_status(&mut self, status: &str, description: &str) {
        self.body["info"]["status"] = json!(status);
        self.body["info"]["description"] = json!(description);
    }

    /// Writes it, new or again.
    pub fn save(&self, helm: &Helm<'_>, cluster: &Cluster) -> Result<(), Failure> {
        let collection = format!("/api/v1/namespaces/{}/secrets", self.namespace());
        let name = self.secret_name();
        let mut labels = self.labels.clone();
        for (key, value) in [
            ("modifiedAt", helm.now().as_second().to_string()),
            ("name", self.name().to_owned()),
            ("owner", "helm".to_owned()),
            ("status", self.status().to_owned()),
            ("version", self.version().to_string()),
        ] {
            labels.insert(key.to_owned(), Value::String(value));
        }
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
            "metadata": {"name": name, "namespace": self.namespace(), "labels": labels},
            "data": {"release": STANDARD.encode(encode(&self.body)?)},
        });
        let path = format!("{collection}/{name}");
        if cluster.get(&path)?.is_some() {
            cluster.merge(&path, &secret)?
        } else {
            cluster.create(&collection, &secret)?
        };
        Ok(())
    }

    /// Deletes its Secret.
    pub fn forget(&self, cluster: &Cluster) -> Result<(), Failure> {
        Ok(cluster.delete(&format!("/api/v1/namespaces/{}/secrets/{}", self.namespace(), self.secret_name()))?)
    }

    fn secret_name(&self) -> String {
        format!("sh.helm.release.v1.{}.v{}", self.name(), self.version())
    }

    fn of_secret(secret: &Value) -> Option<Self> {
        let release = STANDARD.decode(secret["data"]["release"].as_str()?).ok()?;
        let mut labels = secret["metadata"]["labels"].as_object().cloned().unwrap_or_default();
        labels.retain(|key, _| !OWN_LABELS.contains(&key.as_str()));
        Some(Self { body: decode(&release).ok()?, labels })
    }
}

/// Every revision of a release, oldest first.
pub fn revisions(cluster: &Cluster, namespace: &str, name: &str) -> Result<Vec<Release>, Failure> {
    let secrets =
        cluster.list(&format!("/api/v1/namespaces/{namespace}/secrets"), &format!("owner=helm,name={name}"))?;
    Ok(sorted(secrets))
}

/// Every revision of every release of a namespace, or of all namespaces.
pub fn all(cluster: &Cluster, namespace: Option<&str>) -> Result<Vec<Release>, Failure> {
    let path = namespace
        .map_or_else(|| "/api/v1/secrets".to_owned(), |namespace| format!("/api/v1/namespaces/{namespace}/secrets"));
    Ok(sorted(cluster.list(&path, "owner=helm")?))
}

fn sorted(secrets: Vec<Value>) -> Vec<Release> {
    let mut releases: Vec<_> = secrets.iter().filter_map(Release::of_secret).collect();
    releases.sort_by(|one, other| {
        (one.name(), one.namespace(), one.version()).cmp(&(other.name(), other.namespace(), other.version()))
    });
    releases
}

/// A release as its Secret holds it: base64 of gzip of JSON (the Secret's own base64 comes on top).
pub fn encode(body: &Value) -> io::Result<String> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(body.to_string().as_bytes())?;
    Ok(STANDARD.encode(gzip.finish()?))
}

/// The other way round.
pub fn decode(release: &[u8]) -> io::Result<Value> {
    let gzip = STANDARD.decode(release).map_err(io::Error::other)?;
    let mut text = String::new();
    GzDecoder::new(gzip.as_slice()).read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text)?)
}
