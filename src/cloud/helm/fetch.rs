//! helm fetches: a chart's archive, or which versions its repository offers.

use std::path::PathBuf;

use base64::{Engine, engine::general_purpose::STANDARD};
use landfall_core::value::Plain;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{ChartSource, Helm, fault::fault, kept};
use crate::cloud::{Chart, Trouble, private, values::written};

/// The name under which the vendor's repository is known inside the temporary folder.
const REPOSITORY: &str = "vendor";

impl Helm {
    /// The chart's archive on disk: the one brought along, the one fetched before, or fetched now.
    pub async fn fetch(&mut self, source: &ChartSource, cancel: &CancellationToken) -> Result<PathBuf, Trouble> {
        if let Some(file) = &source.file {
            return Chart::open(file).map(|_| file.clone());
        }
        let kept = kept(&self.folder, source);
        if kept.exists() && Chart::open(&kept).is_ok() {
            return Ok(kept);
        }
        let Some(repository) = &source.repository else {
            return Err(Trouble::guide(
                format!("nothing says where the chart {} comes from", source.chart),
                "Name its repository, or bring its .tgz along.",
            ));
        };
        let reference = self.log_in(repository, source, cancel).await?;
        let landing = self.home.path().join("landing");
        std::fs::create_dir_all(&landing).map_err(|error| private::folder_unusable(&landing, &error))?;
        let mut pull = self.command()?.args(["pull", &reference, "--destination"]).arg(&landing);
        if let Some(version) = &source.version {
            pull = pull.args(["--version", version]);
        }
        self.run("helm pull", pull, cancel, |_| {}).await?;
        let fetched = std::fs::read_dir(&landing)
            .ok()
            .and_then(|files| {
                files.flatten().map(|file| file.path()).find(|path| path.extension() == Some("tgz".as_ref()))
            })
            .ok_or_else(|| private::folder_unusable(&landing, &"helm pull left no archive there"))?;
        Chart::open(&fetched)?;
        let place = kept.parent().unwrap_or(&self.folder);
        std::fs::create_dir_all(place)
            .and_then(|()| std::fs::rename(&fetched, &kept))
            .map_err(|error| private::folder_unusable(place, &error))?;
        Ok(kept)
    }

    /// Versions of a chart that its repository offers, newest first.
    pub async fn versions(
        &mut self,
        source: &ChartSource,
        cancel: &CancellationToken,
    ) -> Result<Vec<(String, String)>, Trouble> {
        let repository = source.repository.clone().unwrap_or_default();
        let reference = self.log_in(&repository, source, cancel).await?;
        let search = self.command()?.args(["search", "repo", &reference, "--versions", "--output", "json"]);
        let output = self.run("helm search repo", search, cancel, |_| {}).await?;
        let rows: Vec<serde_json::Value> = serde_json::from_str(&output.stdout).unwrap_or_default();
        let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
        Ok(rows
            .iter()
            // helm searches by likeness.
            .filter(|row| row["name"] == reference.as_str())
            .map(|row| (text(row, "version"), text(row, "app_version")))
            .collect())
    }

    /// Writes the repository down with its credentials, and returns what to call the chart.
    async fn log_in(
        &mut self,
        repository: &str,
        source: &ChartSource,
        cancel: &CancellationToken,
    ) -> Result<String, Trouble> {
        if let Some((_, password)) = &source.login {
            self.hide(password);
        }
        let login = source.login.as_ref().map(|(username, password)| (username.reveal(), password.reveal()));
        if let Some(place) = repository.strip_prefix("oci://") {
            if let Some((username, password)) = login {
                let host = place.split('/').next().unwrap_or(place);
                let auth = STANDARD.encode(format!("{username}:{password}"));
                let config = json!({ "auths": { host: { "auth": auth } } });
                self.secret_file("registry.json", &Plain::new(config.to_string()))?;
            }
            return Ok(format!("{}/{}", repository.trim_end_matches('/'), source.chart));
        }
        let (username, password) = login.unwrap_or_default();
        let config = json!({
            "apiVersion": "v1",
            "generated": "0001-01-01T00:00:00Z",
            "repositories": [{ "name": REPOSITORY, "url": repository, "username": username, "password": password }],
        });
        self.secret_file("repositories.yaml", &Plain::new(written(&config)))?;
        let update = self.command()?.args(["repo", "update", REPOSITORY]);
        let output = self.run("helm repo update", update, cancel, |_| {}).await?;
        // helm 3 ends well even where the index could not be read.
        if output.stdout.contains("Unable to get an update") {
            return Err(fault("helm repo update", &self.mask.hide(&output.stdout), output.code));
        }
        Ok(format!("{REPOSITORY}/{}", source.chart))
    }
}
