//! Finding a chart: an archive on disk, a repository that was added, or `--repo`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{
    Failure, Helm,
    repository::{self, Repository},
};
use crate::tools::chart::Unpacked;

/// A chart's archive and what is in it.
pub fn chart(helm: &Helm<'_>, reference: &str) -> Result<(Vec<u8>, Unpacked), Failure> {
    let (_, archive) = archive(helm, reference)?;
    let unpacked = Unpacked::of(&archive).map_err(|error| Failure::said(error.to_string()))?;
    Ok((archive, unpacked))
}

/// `helm pull`.
pub fn pull(helm: &Helm<'_>) -> Result<String, Failure> {
    for reference in &helm.arguments.operands {
        let (name, archive) = archive(helm, reference)?;
        let folder = PathBuf::from(helm.arguments.last("destination").unwrap_or("."));
        std::fs::write(folder.join(name), archive)?;
    }
    Ok(String::new())
}

fn archive(helm: &Helm<'_>, reference: &str) -> Result<(String, Vec<u8>), Failure> {
    let version = helm.arguments.last("version").unwrap_or_default();
    if let Some(url) = helm.arguments.last("repo") {
        let repository = Repository::of_flags(helm, url);
        let index = repository.index(helm)?;
        let not_found = |why: &str| {
            let quoted = if version.is_empty() { String::new() } else { format!(" version \"{version}\"") };
            Failure::said(format!("chart \"{reference}\"{quoted} not found in {url} repository{why}"))
        };
        let entry = entry(&index, reference, version).map_err(|_| not_found(""))?;
        return download(helm, &repository, entry);
    }
    let path = Path::new(reference);
    if path.is_file() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Ok((name, std::fs::read(path)?));
    }
    let Some((repository, name)) =
        reference.split_once('/').filter(|(repository, _)| !repository.starts_with('.') && !repository.is_empty())
    else {
        return Err(Failure::said(format!("path \"{reference}\" not found")));
    };
    let added = repository::added(helm)?;
    let Some(repository) = added.into_iter().find(|known| known.name == repository) else {
        return Err(Failure::said(format!("repo {repository} not found")));
    };
    let index = repository
        .cached_index(helm)
        .map_err(|why| Failure::said(format!("no cached repo found. (try 'helm repo update'): {why}")))?;
    let entry = entry(&index, name, version).map_err(|why| {
        Failure::said(format!(
            "chart \"{name}\" matching {version} not found in {} index. (try 'helm repo update'): {why}",
            repository.name
        ))
    })?;
    download(helm, &repository, entry)
}

fn entry<'a>(index: &'a Value, name: &str, version: &str) -> Result<&'a Value, String> {
    let entries = index["entries"][name].as_array().ok_or("no chart name found")?;
    let wanted = entries.iter().find(|entry| version.is_empty() || entry["version"] == version);
    wanted.ok_or_else(|| format!("no chart version found for {name}-{version}"))
}

fn download(helm: &Helm<'_>, repository: &Repository, entry: &Value) -> Result<(String, Vec<u8>), Failure> {
    let link = entry["urls"][0].as_str().ok_or_else(|| Failure::said("chart has no downloadable URLs"))?;
    let url =
        if link.contains("://") { link.to_owned() } else { format!("{}/{link}", repository.url.trim_end_matches('/')) };
    let name = url.rsplit('/').next().unwrap_or_default().to_owned();
    Ok((name, repository.fetch(helm, &url)?))
}
