//! helm, the person's own (3 or 4): it fetches, renders, installs, rolls back and uninstalls. What a release *is* is read
//! from its record (`release`), not asked of helm.
//!
//! Credentials stand only in 0600 files of a temporary folder that is removed afterwards, never on a command line.

mod fault;
mod fetch;
mod mark;
mod source;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use landfall_core::{
    event::Problem,
    value::{Mask, Plain},
};
use semver::Version;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use self::{
    fault::fault,
    mark::{mark, sweep},
};
use super::{
    Cloud, Trouble, child_kubeconfig, private,
    process::{Command, Output},
    release::Release,
    told::Stream,
};

pub use fault::cleaned;
pub use mark::{at_work, working_on};
pub use source::{ChartSource, kept};

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
            .map_err(|error| private::folder_unusable(folder, &error))?;
        Ok(Self { cloud: cloud.clone(), folder: folder.to_owned(), home, mask: Mask::default() })
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

    fn secret_file(&self, name: &str, text: &Plain) -> Result<PathBuf, Trouble> {
        let path = self.home.path().join(name);
        private::replace(&path, text.reveal().as_bytes()).map_err(|error| private::folder_unusable(&path, &error))?;
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
