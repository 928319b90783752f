//! helm, the person's own (3 or 4): it fetches, renders, installs, rolls back and uninstalls. What a release *is* is read
//! from its record (`release`), not asked of helm.
//!
//! Credentials stand only in 0600 files of a temporary folder that is removed afterwards, never on a command line.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use landfall_core::{
    event::{Host, Problem},
    value::{Mask, Plain},
};
use semver::Version;
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{
    Chart, Cloud, Trouble, child_kubeconfig,
    helm_fault::fault,
    helm_mark::{mark, sweep},
    private,
    process::{Command, Output},
    registry::Login,
    release::Release,
    told::Stream,
};
use crate::cloud::values::written;

pub use super::{
    helm_fault::cleaned,
    helm_mark::{at_work, working_on},
};

/// The name under which the vendor's repository is known inside the temporary folder.
const REPOSITORY: &str = "vendor";

/// Where a chart comes from.
#[derive(Clone, Debug, Default)]
pub struct ChartSource {
    /// An archive brought along.
    pub file: Option<PathBuf>,
    /// A repository: `https://…` or `oci://…`.
    pub repository: Option<String>,
    /// The chart's name in it.
    pub chart: String,
    /// Its version; the newest where left out.
    pub version: Option<String>,
    /// User name and password of the repository.
    pub login: Login,
}

impl ChartSource {
    /// From a guide's parameters, where an empty text is none.
    pub fn of(file: Option<&Path>, repository: Option<&str>, chart: &str, version: Option<&str>, login: Login) -> Self {
        let filled = |text: &&str| !text.trim().is_empty();
        Self {
            file: file.filter(|path| !path.as_os_str().is_empty()).map(Path::to_owned),
            repository: repository.filter(filled).map(str::to_owned),
            chart: chart.to_owned(),
            version: version.filter(filled).map(str::to_owned),
            login,
        }
    }

    /// The repository, as a host this machine must reach; none for a file that was brought along.
    pub fn host(&self) -> Option<Host> {
        let repository = self.repository.as_ref().filter(|_| self.file.is_none())?;
        let rest = repository.split_once("://").map_or(repository.as_str(), |(_, rest)| rest);
        let name = rest.split('/').next().unwrap_or(rest);
        let usual = if repository.starts_with("http://") { 80 } else { 443 };
        let (host, port) = match name.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().unwrap_or(usual)),
            None => (name, usual),
        };
        let why = format!("the chart {} is fetched from it", self.chart);
        Some(Host { host: host.into(), port, from: "here".into(), why })
    }
}

/// What is to be installed or upgraded.
pub struct Upgrade<'a> {
    /// Name of the release.
    pub name: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// The chart's archive.
    pub chart: &'a Path,
    /// The values file's text.
    pub values: &'a Plain,
    /// The line that is kept with the release.
    pub description: &'a str,
    /// The revision it will become.
    pub revision: i64,
}

/// helm in surroundings of its own: it sees no repositories, plugins or settings of the person's.
pub struct Helm {
    cloud: Arc<Cloud>,
    folder: PathBuf,
    home: TempDir,
    mask: Mask,
}

impl Helm {
    /// helm's version, asked once.
    pub async fn version(cloud: &Cloud) -> Result<Version, Trouble> {
        cloud.process.version("helm", &["version", "--template", "{{.Version}}"]).await
    }

    /// Makes its surroundings inside the install's folder. What an interrupted run left there is removed.
    pub async fn open(cloud: &Arc<Cloud>, folder: &Path) -> Result<Self, Trouble> {
        let version = Self::version(cloud).await?;
        if !(3..=4).contains(&version.major) {
            return Err(Problem::new(
                "TOOL-VERSION",
                format!("helm {version} is not known here"),
                "Put helm 3.12 or newer, or helm 4, first on PATH.",
            )
            .into());
        }
        sweep(folder);
        let prefix = format!("helm-{}-", std::process::id());
        let home = std::fs::create_dir_all(folder)
            .and_then(|()| tempfile::Builder::new().prefix(&prefix).tempdir_in(folder))
            .map_err(|error| unusable(folder, &error))?;
        Ok(Self { cloud: cloud.clone(), folder: folder.to_owned(), home, mask: Mask::default() })
    }

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
        std::fs::create_dir_all(&landing).map_err(|error| unusable(&landing, &error))?;
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
            .ok_or_else(|| unusable(&landing, &"helm pull left no archive there"))?;
        Chart::open(&fetched)?;
        let place = kept.parent().unwrap_or(&self.folder);
        std::fs::create_dir_all(place)
            .and_then(|()| std::fs::rename(&fetched, &kept))
            .map_err(|error| unusable(place, &error))?;
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

    /// What a chart renders to with these values, without asking the cluster; `definitions` adds what lies in its
    /// folder `crds`, which is no part of a release.
    pub async fn template(
        &mut self,
        upgrade: &Upgrade<'_>,
        definitions: bool,
        cancel: &CancellationToken,
    ) -> Result<Plain, Trouble> {
        let template = self
            .command()?
            .args(["template", upgrade.name])
            .arg(upgrade.chart)
            .args(["--namespace", upgrade.namespace, "--values"])
            .arg(self.secret_file("values.yaml", upgrade.values)?)
            .args(definitions.then_some("--include-crds"));
        let output = self.run("helm template", template, cancel, |_| {}).await?;
        Ok(Plain::new(output.stdout))
    }

    /// Installs or upgrades. Never waits for pods: what runs is what the guide's verification looks at.
    pub async fn upgrade(
        &mut self,
        upgrade: &Upgrade<'_>,
        cancel: &CancellationToken,
        said: impl FnMut(&str) + Send,
    ) -> Result<(), Trouble> {
        let command = self
            .in_cluster()
            .await?
            .args(["upgrade", "--install", upgrade.name])
            .arg(upgrade.chart)
            .args(["--namespace", upgrade.namespace, "--description", upgrade.description, "--values"])
            .arg(self.secret_file("values.yaml", upgrade.values)?);
        self.change("helm upgrade --install", upgrade.name, upgrade.revision, command, cancel, said).await
    }

    /// Goes back from a revision to an earlier one.
    pub async fn rollback(
        &mut self,
        namespace: &str,
        found: &Release,
        revision: i64,
        cancel: &CancellationToken,
        said: impl FnMut(&str) + Send,
    ) -> Result<(), Trouble> {
        let (name, to) = (found.name.as_str(), revision.to_string());
        let command = self.in_cluster().await?.args(["rollback", name, &to, "--namespace", namespace]);
        self.change("helm rollback", name, found.revision + 1, command, cancel, said).await
    }

    /// Takes a release away.
    pub async fn uninstall(
        &mut self,
        namespace: &str,
        found: &Release,
        cancel: &CancellationToken,
        said: impl FnMut(&str) + Send,
    ) -> Result<(), Trouble> {
        let name = found.name.as_str();
        let command = self.in_cluster().await?.args(["uninstall", name, "--namespace", namespace]);
        self.change("helm uninstall", name, found.revision, command, cancel, said).await
    }

    /// Runs a release's own tests; says how many passed.
    pub async fn test(
        &mut self,
        namespace: &str,
        name: &str,
        cancel: &CancellationToken,
        said: impl FnMut(&str) + Send,
    ) -> Result<usize, Trouble> {
        let test = self.in_cluster().await?.args(["test", name, "--namespace", namespace]);
        let output = self.run("helm test", test, cancel, said).await?;
        Ok(output.stdout.lines().filter(|line| line.trim_start().starts_with("Phase:")).count())
    }

    /// Text that must not be shown in what helm says.
    pub fn hide(&mut self, secret: &Plain) {
        self.mask.learn("values", secret);
    }

    fn command(&self) -> Result<Command, Trouble> {
        let home = self.home.path();
        let mut command = self.cloud.process.command("helm")?;
        for (name, below) in [
            ("HELM_CACHE_HOME", "cache"),
            ("HELM_CONFIG_HOME", "config"),
            ("HELM_DATA_HOME", "data"),
            ("HELM_REPOSITORY_CONFIG", "repositories.yaml"),
            ("HELM_REPOSITORY_CACHE", "repository"),
            ("HELM_REGISTRY_CONFIG", "registry.json"),
        ] {
            command = command.env(name, home.join(below));
        }
        Ok(command)
    }

    async fn in_cluster(&self) -> Result<Command, Trouble> {
        let kubeconfig = child_kubeconfig(&self.cloud.kube, &self.cloud.process).await?;
        let path = self.secret_file("kubeconfig", &kubeconfig)?;
        Ok(self.command()?.env("KUBECONFIG", path))
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

    fn secret_file(&self, name: &str, text: &Plain) -> Result<PathBuf, Trouble> {
        let path = self.home.path().join(name);
        private::replace(&path, text.reveal().as_bytes()).map_err(|error| unusable(&path, &error))?;
        Ok(path)
    }

    /// Runs what changes a release, and may go on with it without us. A file tells which process does, and keeps telling
    /// if it did not end well.
    async fn change(
        &self,
        what: &str,
        release: &str,
        revision: i64,
        command: Command,
        cancel: &CancellationToken,
        mut said: impl FnMut(&str) + Send,
    ) -> Result<(), Trouble> {
        let running = command.outliving(self.home.path()).start()?;
        let mark = mark(&self.folder, release);
        if let Some(pid) = running.pid {
            // Without the file a later run only takes longer to tell that nobody is at work.
            let _ = private::replace(&mark, format!("{pid} {revision}").as_bytes());
        }
        let output = running.finish(cancel, |_, line| said(&self.mask.hide(line))).await?;
        self.judge(what, output)?;
        let _ = std::fs::remove_file(&mark);
        Ok(())
    }

    async fn run(
        &self,
        what: &str,
        command: Command,
        cancel: &CancellationToken,
        mut said: impl FnMut(&str) + Send,
    ) -> Result<Output, Trouble> {
        let output = command
            .start()?
            .finish(cancel, |stream, line| {
                if stream == Stream::Err {
                    said(&self.mask.hide(line));
                }
            })
            .await?;
        self.judge(what, output)
    }

    fn judge(&self, what: &str, output: Output) -> Result<Output, Trouble> {
        if output.succeeded() {
            return Ok(output);
        }
        // Why a repository could not be read stands on standard output.
        let text = match what {
            "helm repo update" => format!("{}{}", output.stderr, output.stdout),
            _ => output.stderr,
        };
        Err(fault(what, &self.mask.hide(&text), output.code))
    }
}

/// Where a fetched chart is kept, so that what was shown is what is installed.
pub fn kept(folder: &Path, source: &ChartSource) -> PathBuf {
    let repository = source.repository.as_deref().unwrap_or_default();
    let version = source.version.as_deref().unwrap_or_default();
    let key = format!("{:x}", Sha256::digest(format!("{repository}\n{}\n{version}", source.chart)));
    folder.join("charts").join(format!("{}-{}.tgz", source.chart.replace('/', "_"), &key[..12]))
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> Trouble {
    Problem::new(
        "FOLDER-UNUSABLE",
        format!("{} cannot be used", path.display()),
        "Free some space, or make the folder yours again; then start again.",
    )
    .why(error.to_string())
    .into()
}
