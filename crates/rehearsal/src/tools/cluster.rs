//! The cluster as a tool reaches it: through a kubeconfig.

use std::{
    io,
    path::{Path, PathBuf},
    process::Command,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::http::{Client, Reply};

/// An API server and who one is there.
#[derive(Clone, Debug)]
pub struct Cluster {
    client: Client,
    server: String,
    token: Option<String>,
    /// The context's own namespace.
    pub namespace: Option<String>,
}

/// What an API server or the way to it refused.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No usable kubeconfig.
    #[error("{path}: {why}")]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// No such context.
    #[error("context \"{0}\" does not exist")]
    NoContext(String),
    /// No connection.
    #[error("Kubernetes cluster unreachable: {0}")]
    Unreachable(#[from] io::Error),
    /// The server refused.
    #[error("{message}")]
    Refused {
        /// Status.
        status: u16,
        /// What it said.
        message: String,
    },
}

impl Cluster {
    /// The cluster of a kubeconfig's context; its current one where none is named.
    pub fn of(path: &Path, context: Option<&str>) -> Result<Self, ClusterError> {
        let wrong = |why: &str| ClusterError::Kubeconfig { path: path.to_owned(), why: why.to_owned() };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(&error.to_string()))?;
        let config: Value = serde_yaml::from_str(&text).map_err(|_| wrong("is not valid YAML"))?;
        let name = context.or(config["current-context"].as_str()).unwrap_or_default();
        let context = entry(&config["contexts"], name)
            .map(|found| &found["context"])
            .ok_or_else(|| ClusterError::NoContext(name.to_owned()))?;
        let named = |list: &str, key: &str| entry(&config[list], context[key].as_str().unwrap_or_default());
        let cluster =
            named("clusters", "cluster").map(|found| &found["cluster"]).ok_or_else(|| wrong("has no such cluster"))?;
        let user = named("users", "user").map_or(&Value::Null, |found| &found["user"]);
        let bytes = |holder: &Value, key: &str| -> Result<Option<Vec<u8>>, ClusterError> {
            if let Some(data) = holder[format!("{key}-data")].as_str() {
                return STANDARD.decode(data).map(Some).map_err(|error| wrong(&format!("{key}-data: {error}")));
            }
            let Some(file) = holder[key].as_str() else { return Ok(None) };
            let file = path.parent().unwrap_or(Path::new("")).join(file);
            std::fs::read(&file).map(Some).map_err(|error| wrong(&format!("{}: {error}", file.display())))
        };
        let roots = bytes(cluster, "certificate-authority")?.unwrap_or_default();
        let (certificate, key) = (bytes(user, "client-certificate")?, bytes(user, "client-key")?);
        let identity = certificate.as_deref().zip(key.as_deref());
        Ok(Self {
            client: Client::new(&roots, identity, None)?,
            server: cluster["server"]
                .as_str()
                .ok_or_else(|| wrong("names no server"))?
                .trim_end_matches('/')
                .to_owned(),
            token: token(user)?,
            namespace: context["namespace"].as_str().map(str::to_owned),
        })
    }

    /// An object, or none where there is none.
    pub fn get(&self, path: &str) -> Result<Option<Value>, ClusterError> {
        match self.call("GET", path, "application/json", &Value::Null) {
            Err(ClusterError::Refused { status: 404, .. }) => Ok(None),
            other => other.map(Some),
        }
    }

    /// The items of a list.
    pub fn list(&self, path: &str, selector: &str) -> Result<Vec<Value>, ClusterError> {
        let query = if selector.is_empty() { String::new() } else { format!("?labelSelector={}", encoded(selector)) };
        let mut list = self.call("GET", &format!("{path}{query}"), "application/json", &Value::Null)?;
        Ok(list["items"].as_array_mut().map(std::mem::take).unwrap_or_default())
    }

    /// Creates an object in its collection.
    pub fn create(&self, path: &str, object: &Value) -> Result<Value, ClusterError> {
        self.call("POST", &format!("{path}?fieldManager=helm"), "application/json", object)
    }

    /// Merges into an object.
    pub fn merge(&self, path: &str, patch: &Value) -> Result<Value, ClusterError> {
        self.merge_as("helm", path, patch)
    }

    /// The same as another field manager.
    pub fn merge_as(&self, manager: &str, path: &str, patch: &Value) -> Result<Value, ClusterError> {
        self.call("PATCH", &format!("{path}?fieldManager={manager}"), "application/merge-patch+json", patch)
    }

    /// Deletes an object; one that is gone already is as good.
    pub fn delete(&self, path: &str) -> Result<(), ClusterError> {
        match self.call("DELETE", path, "application/json", &Value::Null) {
            Ok(_) | Err(ClusterError::Refused { status: 404, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn call(&self, method: &str, path: &str, content_type: &str, body: &Value) -> Result<Value, ClusterError> {
        let authorization = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let mut headers = vec![("accept", "application/json"), ("user-agent", "Helm/rehearsal")];
        headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        if !body.is_empty() {
            headers.push(("content-type", content_type));
        }
        let Reply { status, reason, body, .. } =
            self.client.send(method, &format!("{}{path}", self.server), &headers, body.as_bytes())?;
        let answer: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        let message =
            answer["message"].as_str().map_or_else(|| format!("the server answered {status} {reason}"), str::to_owned);
        Err(ClusterError::Refused { status, message })
    }
}

fn entry<'a>(list: &'a Value, name: &str) -> Option<&'a Value> {
    list.as_array()?.iter().find(|entry| entry["name"] == name)
}

/// A user's bearer token: written down, in a file, or asked of a helper.
fn token(user: &Value) -> Result<Option<String>, ClusterError> {
    if let Some(token) = user["token"].as_str() {
        return Ok(Some(token.to_owned()));
    }
    if let Some(file) = user["tokenFile"].as_str() {
        return Ok(Some(std::fs::read_to_string(file)?.trim().to_owned()));
    }
    let Some(helper) = user["exec"]["command"].as_str() else { return Ok(None) };
    let words = |key: &str| user["exec"][key].as_array().into_iter().flatten();
    let output = Command::new(helper)
        .args(words("args").filter_map(Value::as_str))
        .envs(words("env").filter_map(|pair| Some((pair["name"].as_str()?, pair["value"].as_str()?))))
        .output()?;
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    Ok(answer["status"]["token"].as_str().map(str::to_owned))
}

/// Percent-encoding for a query's value.
pub(super) fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
