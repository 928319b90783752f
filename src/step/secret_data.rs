//! What does a Secret hold? Texts from the vault, files of this machine, logins of registries.

use std::{collections::BTreeMap, path::PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use landfall_core::{
    event::Problem,
    value::{Plain, SecretText, Tree},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    cloud::{Fingerprint, Trouble, values::written},
    kind::Context,
};

/// The key of a Secret for registries.
pub const DOCKER: &str = ".dockerconfigjson";

/// A registry and how to log in to it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistryLogin {
    /// Its host, e.g. `docker.example.com`.
    pub server: String,
    /// User name.
    pub username: SecretText,
    /// Password.
    pub password: SecretText,
    /// E-mail address, where the registry wants one.
    #[serde(default)]
    pub email: Option<String>,
}

/// What a Secret is to hold.
pub struct Content<'a> {
    /// Texts.
    pub data: &'a BTreeMap<String, SecretText>,
    /// Files.
    pub files: &'a BTreeMap<String, PathBuf>,
    /// YAML documents.
    pub documents: &'a BTreeMap<String, Tree>,
    /// Logins.
    pub registries: &'a [RegistryLogin],
}

impl Content<'_> {
    /// Every key's value; it is an error where one is not known.
    pub async fn revealed(&self, cx: &Context) -> Result<BTreeMap<String, Vec<u8>>, Trouble> {
        let mut all = BTreeMap::new();
        for key in self.keys() {
            all.insert(key.to_owned(), self.value(cx, key).await?);
        }
        Ok(all)
    }

    /// Every key, with its value where that is known already.
    pub async fn known(&self, cx: &Context) -> Result<BTreeMap<String, Option<Vec<u8>>>, Trouble> {
        let mut all = BTreeMap::new();
        for key in self.keys() {
            all.insert(key.to_owned(), found(self.value(cx, key).await)?);
        }
        Ok(all)
    }

    fn keys(&self) -> impl Iterator<Item = &str> {
        let docker = (!self.registries.is_empty()).then_some(DOCKER);
        self.data.keys().chain(self.files.keys()).chain(self.documents.keys()).map(String::as_str).chain(docker)
    }

    async fn value(&self, cx: &Context, key: &str) -> Result<Vec<u8>, Trouble> {
        if let Some(text) = self.data.get(key) {
            return Ok(cx.reveal(text).await?.reveal().as_bytes().to_vec());
        }
        if let Some(path) = self.files.get(key) {
            return tokio::fs::read(path).await.map_err(|error| {
                Problem::new(
                    "SEC-FILE",
                    format!("{} cannot be read", path.display()),
                    "Give the file's right path at the Inputs stage, or make it readable.",
                )
                .why(error.to_string())
                .into()
            });
        }
        if let Some(document) = self.documents.get(key) {
            return Ok(written(&cx.reveal_tree(document).await?).into_bytes());
        }
        let mut auths = Map::new();
        for login in self.registries {
            let username = cx.reveal(&login.username).await?;
            let password = cx.reveal(&login.password).await?;
            auths.insert(login.server.clone(), auth(&username, &password, login.email.as_deref()));
        }
        Ok(json!({ "auths": auths }).to_string().into_bytes())
    }
}

/// A secret that was not entered yet, or a file that is not there, is no error while one only looks.
fn found<T>(result: Result<T, Trouble>) -> Result<Option<T>, Trouble> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(trouble) if matches!(trouble.code(), Some("SECRET-MISSING" | "SEC-FILE")) => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

fn auth(username: &Plain, password: &Plain, email: Option<&str>) -> Value {
    let (username, password) = (username.reveal(), password.reveal());
    let mut auth = json!({ "username": username, "password": password });
    if let Some(email) = email {
        auth["email"] = json!(email);
    }
    auth["auth"] = json!(STANDARD.encode(format!("{username}:{password}")));
    auth
}

/// Whether two values are equal; logins of registries are compared by what they say, not by how they are written.
pub fn same(fingerprint: &Fingerprint, key: &str, one: &[u8], other: &[u8]) -> bool {
    if fingerprint.same(one, other) {
        return true;
    }
    key == DOCKER && logins(one).is_some_and(|logins_of_one| Some(logins_of_one) == logins(other))
}

fn logins(config: &[u8]) -> Option<BTreeMap<String, String>> {
    let config: Value = serde_json::from_slice(config).ok()?;
    let pair = |auth: &Value| match auth["auth"].as_str() {
        Some(text) => String::from_utf8(STANDARD.decode(text).ok()?).ok(),
        None => Some(format!("{}:{}", auth["username"].as_str()?, auth["password"].as_str()?)),
    };
    config["auths"].as_object()?.iter().map(|(server, auth)| Some((server.clone(), pair(auth)?))).collect()
}

/// Bytes as text for the vault.
pub fn encoded(bytes: &[u8]) -> Plain {
    Plain::new(STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_equal_however_they_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let fingerprint = Fingerprint::of(folder.path()).unwrap();
        let plain = |text: &str| Plain::new(text.into());
        let ours = json!({"auths": {"r.example.com": auth(&plain("ann"), &plain("p\"w"), None)}}).to_string();
        let docker = r#"{"auths":{"r.example.com":{"auth":"YW5uOnAidw=="}}}"#;
        assert!(same(&fingerprint, DOCKER, ours.as_bytes(), docker.as_bytes()));
        assert!(!same(&fingerprint, "key", ours.as_bytes(), docker.as_bytes()));
        assert!(!same(&fingerprint, DOCKER, ours.as_bytes(), b"{}"));
    }
}
