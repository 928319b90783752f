//! Repositories: `repositories.yaml`, and their indexes fetched through the proxy.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Failure, Helm};
use crate::tools::http::{self, Client, Reply};

/// A repository with the credentials it was added with.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct Repository {
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: String,
    /// User.
    #[serde(default)]
    pub username: String,
    /// Password.
    #[serde(default)]
    pub password: String,
}

#[derive(Debug, Default, Deserialize, Serialize)]
struct File {
    #[serde(default)]
    repositories: Vec<Repository>,
}

impl Repository {
    /// The repository of `--repo`, `--username` and `--password`.
    pub fn of_flags(helm: &Helm<'_>, url: &str) -> Self {
        let flag = |name| helm.arguments.last(name).unwrap_or_default().to_owned();
        Self { name: String::new(), url: url.to_owned(), username: flag("username"), password: flag("password") }
    }

    /// Its index, fetched now, in the words of a first contact.
    pub fn index(&self, helm: &Helm<'_>) -> Result<Value, Failure> {
        let text = self.fetch_index(helm).map_err(|why| {
            Failure::said(format!(
                "looks like \"{}\" is not a valid chart repository or cannot be reached: {why}",
                self.url
            ))
        })?;
        read(&text)
    }

    /// Its index as the last update left it.
    pub fn cached_index(&self, helm: &Helm<'_>) -> Result<Value, Failure> {
        let path = self.cache(helm);
        let text = std::fs::read(&path)
            .map_err(|_| Failure::said(format!("open {}: no such file or directory", path.display())))?;
        read(&text)
    }

    /// Fetches the index and keeps it.
    fn update(&self, helm: &Helm<'_>) -> Result<(), Failure> {
        let text = self.fetch_index(helm)?;
        let path = self.cache(helm);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        Ok(std::fs::write(path, text)?)
    }

    fn fetch_index(&self, helm: &Helm<'_>) -> Result<Vec<u8>, Failure> {
        self.fetch(helm, &format!("{}/index.yaml", self.url.trim_end_matches('/')))
    }

    fn cache(&self, helm: &Helm<'_>) -> PathBuf {
        let told = helm
            .arguments
            .last("repository-cache")
            .or(helm.environment.get("HELM_REPOSITORY_CACHE").map(String::as_str));
        let folder = told.map_or_else(|| helm.place.folder.join("helm").join("repository"), PathBuf::from);
        folder.join(format!("{}-index.yaml", self.name))
    }

    /// One of its files.
    pub fn fetch(&self, helm: &Helm<'_>, url: &str) -> Result<Vec<u8>, Failure> {
        let authorization = http::basic(&self.username, &self.password);
        let mut headers = vec![("user-agent", "Helm/rehearsal")];
        if !self.username.is_empty() {
            headers.push(("authorization", &authorization));
        }
        let loopback = url.contains("://127.0.0.1") || url.contains("://localhost");
        let proxy = (!loopback).then(|| helm.place.proxy.clone());
        let sent =
            Client::trusting(&helm.place.roots(), proxy).and_then(|client| client.send("GET", url, &headers, &[]));
        match sent {
            Ok(Reply { status: 200, body, .. }) => Ok(body),
            Ok(Reply { status, reason, .. }) => {
                Err(Failure::said(format!("failed to fetch {url} : {status} {reason}")))
            }
            Err(error) => Err(Failure::said(format!("Get \"{url}\": {error}"))),
        }
    }
}

/// All repositories that were added.
pub fn added(helm: &Helm<'_>) -> Result<Vec<Repository>, Failure> {
    match std::fs::read(path(helm)) {
        Ok(text) => Ok(serde_yaml::from_slice::<File>(&text).map_err(io::Error::other)?.repositories),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// `helm repo add`.
pub fn add(helm: &Helm<'_>) -> Result<String, Failure> {
    let [name, url] = helm.arguments.exactly::<2>()?;
    let mut repository = Repository { name: name.to_owned(), ..Repository::of_flags(helm, url) };
    if helm.arguments.is("password-stdin") {
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        repository.password = line.trim_end_matches(['\r', '\n']).to_owned();
    }
    let mut all = added(helm)?;
    if let Some(same) = all.iter().find(|known| known.name == name).filter(|_| !helm.arguments.is("force-update")) {
        if *same == repository {
            return Ok(format!("\"{name}\" already exists with the same configuration, skipping\n"));
        }
        return Err(Failure::said(format!("repository name ({name}) already exists, please specify a different name")));
    }
    repository.index(helm)?;
    repository.update(helm)?;
    all.retain(|known| known.name != name);
    all.push(repository);
    save(helm, all)?;
    Ok(format!("\"{name}\" has been added to your repositories\n"))
}

/// `helm repo update`.
pub fn update(helm: &Helm<'_>) -> Result<String, Failure> {
    let wanted = &helm.arguments.operands;
    let mut all = added(helm)?;
    if all.is_empty() {
        return Err(Failure::said("no repositories found. You must add one before updating"));
    }
    if let Some(missing) = wanted.iter().find(|name| !all.iter().any(|known| known.name == **name)) {
        return Err(Failure::said(format!("no repositories found matching '{missing}'.  Nothing will be updated")));
    }
    all.retain(|known| wanted.is_empty() || wanted.contains(&known.name));
    let mut said = String::from("Hang tight while we grab the latest from your chart repositories...\n");
    let mut failed = Vec::new();
    for repository in &all {
        match repository.update(helm) {
            Ok(()) => {
                said += &format!("...Successfully got an update from the \"{}\" chart repository\n", repository.name)
            }
            Err(error) => {
                said += &format!(
                    "...Unable to get an update from the \"{}\" chart repository ({}):\n\t{error}\n",
                    repository.name, repository.url
                );
                failed.push(repository.url.clone());
            }
        }
    }
    // Version 3 calls it complete all the same, unless it is told to fail.
    if failed.is_empty() || !(helm.is_four() || helm.arguments.is("fail-on-repo-update-fail")) {
        return Ok(said + "Update Complete. ⎈Happy Helming!⎈\n");
    }
    print!("{said}");
    let word = if helm.is_four() { "failed" } else { "Failed" };
    Err(Failure::said(format!("{word} to update the following repositories: [{}]", failed.join(" "))))
}

/// `helm search repo`.
pub fn search(helm: &Helm<'_>) -> Result<String, Failure> {
    let wanted = helm.arguments.operands.first().map_or("", String::as_str);
    let mut rows = Vec::new();
    for repository in added(helm)? {
        let index = match repository.cached_index(helm) {
            Ok(index) => index,
            Err(why) if helm.is_four() => {
                eprintln!("level=WARN msg=\"repo is corrupt or missing\" repo={} error=\"{why}\"", repository.name);
                continue;
            }
            Err(why) => {
                eprintln!(
                    "WARNING: Repo \"{}\" is corrupt or missing. Try 'helm repo update'.\nWARNING: {why}",
                    repository.name
                );
                continue;
            }
        };
        for (name, entries) in index["entries"].as_object().into_iter().flatten() {
            let name = format!("{}/{name}", repository.name);
            let versions = entries.as_array().map_or(&[][..], Vec::as_slice);
            let shown = if helm.arguments.is("versions") { versions.len() } else { 1 };
            if name.contains(wanted) {
                let word = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
                let row = |entry| {
                    [name.clone(), word(entry, "version"), word(entry, "appVersion"), word(entry, "description")]
                };
                rows.extend(versions.iter().take(shown).map(row));
            }
        }
    }
    if helm.arguments.last("output") == Some("json") {
        let object = |[name, version, app_version, description]: [String; 4]| json!({"name": name, "version": version, "app_version": app_version, "description": description});
        return Ok(format!("{}\n", rows.into_iter().map(object).collect::<Value>()));
    }
    if rows.is_empty() {
        return Ok("No results found\n".to_owned());
    }
    Ok(super::print::table(
        &["NAME", "CHART VERSION", "APP VERSION", "DESCRIPTION"],
        rows.into_iter().map(Vec::from).collect(),
    ))
}

/// `helm repo list`.
pub fn list(helm: &Helm<'_>) -> Result<String, Failure> {
    let all = added(helm)?;
    if all.is_empty() {
        return Err(Failure::said("no repositories to show"));
    }
    if helm.arguments.last("output") == Some("json") {
        let rows: Vec<_> = all.iter().map(|known| json!({"name": known.name, "url": known.url})).collect();
        return Ok(format!("{}\n", Value::Array(rows)));
    }
    let rows = all.into_iter().map(|known| vec![known.name, known.url]).collect();
    Ok(super::print::table(&["NAME", "URL"], rows))
}

/// `helm repo remove`.
pub fn remove(helm: &Helm<'_>) -> Result<String, Failure> {
    let mut all = added(helm)?;
    let mut said = String::new();
    for name in &helm.arguments.operands {
        let before = all.len();
        all.retain(|known| known.name != *name);
        if all.len() == before {
            return Err(Failure::said(format!("no repo named \"{name}\" found")));
        }
        said += &format!("\"{name}\" has been removed from your repositories\n");
    }
    save(helm, all)?;
    Ok(said)
}

fn read(index: &[u8]) -> Result<Value, Failure> {
    serde_yaml::from_slice(index).map_err(|error| Failure::said(format!("the index is not valid: {error}")))
}

fn save(helm: &Helm<'_>, repositories: Vec<Repository>) -> Result<(), Failure> {
    let path = path(helm);
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    let text = serde_yaml::to_string(&File { repositories }).map_err(io::Error::other)?;
    Ok(std::fs::write(path, text)?)
}

/// Where repositories are kept: a flag, a variable, or the rehearsal's own folder; never the user's real one.
fn path(helm: &Helm<'_>) -> PathBuf {
    let told =
        helm.arguments.last("repository-config").or(helm.environment.get("HELM_REPOSITORY_CONFIG").map(String::as_str));
    told.map_or_else(|| helm.place.folder.join("helm").join("repositories.yaml"), PathBuf::from)
}
