//! Running a command.

use std::path::PathBuf;

use super::{Failure, Helm, back, change, effect, fetch, look, print, render, repository, test, values};
use crate::tools::cluster::Cluster;

/// Runs it and returns what it prints.
pub fn run(helm: &Helm<'_>) -> Result<String, Failure> {
    effect::strike(helm)?;
    let arguments = &helm.arguments;
    match arguments.command.as_str() {
        "version" => Ok(version(helm)),
        "repo add" => repository::add(helm),
        "repo update" => repository::update(helm),
        "repo list" => repository::list(helm),
        "repo remove" => repository::remove(helm),
        "search repo" => repository::search(helm),
        "pull" => fetch::pull(helm),
        "show chart" => {
            let metadata = fetch::chart(helm, arguments.exactly::<1>()?[0])?.1.metadata;
            Ok(serde_yaml::to_string(&print::sorted(&metadata)).map_err(std::io::Error::other)? + "\n")
        }
        "show values" => Ok(fetch::chart(helm, arguments.exactly::<1>()?[0])?.1.values_text + "\n"),
        "template" => template(helm),
        "install" => change::install(helm),
        "upgrade" => change::upgrade(helm),
        "rollback" => back::rollback(helm),
        "uninstall" | "delete" => back::uninstall(helm),
        "test" => test::run(helm),
        "status" => look::status(helm),
        "list" | "ls" => look::list(helm),
        "history" | "hist" => look::history(helm),
        "get values" => look::values(helm),
        "get manifest" => look::manifest(helm),
        "get notes" => look::notes(helm),
        "get metadata" => look::metadata(helm),
        unknown => {
            let word = unknown.split(' ').next().unwrap_or_default();
            Err(Failure::said(format!("unknown command \"{word}\" for \"helm\"\nRun 'helm --help' for usage.")))
        }
    }
}

impl Helm<'_> {
    /// The cluster of the kubeconfig it was given.
    pub fn cluster(&self) -> Result<Cluster, Failure> {
        let given = self.arguments.last("kubeconfig").map(PathBuf::from);
        let path = given
            .or_else(|| self.environment.get("KUBECONFIG").map(PathBuf::from))
            .unwrap_or_else(|| self.place.kubeconfig());
        let opened = Cluster::of(&path, self.arguments.last("kube-context"));
        opened.map_err(|error| {
            let kubernetes = if self.is_four() { "kubernetes" } else { "Kubernetes" };
            Failure::said(format!("{kubernetes} cluster unreachable: {error}"))
        })
    }

    /// The namespace it was told, or the context's own.
    pub fn namespace(&self, cluster: &Cluster) -> String {
        let told = self.arguments.last("namespace").or(self.environment.get("HELM_NAMESPACE").map(String::as_str));
        told.or(cluster.namespace.as_deref()).unwrap_or("default").to_owned()
    }
}

fn version(helm: &Helm<'_>) -> String {
    let version = &helm.place.tools.helm.version;
    // Seven digits of a commit follow the short form, as in a release build.
    const COMMIT: &str = "0b7f8ac";
    if let Some(template) = helm.arguments.last("template") {
        return template
            .replace("{{.Version}}", &format!("v{version}"))
            .replace("{{ .Version }}", &format!("v{version}"));
    }
    if helm.arguments.is("short") {
        return format!("v{version}+g{COMMIT}\n");
    }
    let client = if helm.is_four() { ", KubeClientVersion:\"v1.34\"" } else { "" };
    format!(
        "version.BuildInfo{{Version:\"v{version}\", GitCommit:\"{COMMIT}\", GitTreeState:\"clean\", GoVersion:\"go1.25.0\"{client}}}\n"
    )
}

fn template(helm: &Helm<'_>) -> Result<String, Failure> {
    let operands = &helm.arguments.operands;
    let (name, reference) = match operands.as_slice() {
        [name, reference] => (name.as_str(), reference),
        [reference] => ("release-name", reference),
        _ => {
            return Err(Failure::said(
                "\"helm template\" requires at least 1 argument\n\nUsage:  helm template [NAME] [CHART] [flags]",
            ));
        }
    };
    let (_, chart) = fetch::chart(helm, reference)?;
    let given = values::given(helm)?;
    let namespace = helm.arguments.last("namespace").unwrap_or("default");
    let rendered = render::render(
        &chart,
        &given,
        &render::Named { name, namespace, revision: 1, is_install: true },
        helm.is_four(),
    )?;
    Ok(rendered.manifest.clone() + &print::hooks(&rendered.hooks))
}
