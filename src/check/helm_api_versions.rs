//! `helm.api_versions`: does the cluster serve every kind that a chart renders?

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use async_trait::async_trait;
use kube::Client;
use landfall_core::{
    catalogue::Touches,
    event::{Host, Outcome, Problem},
    value::{Plain, SecretText, Tree},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    cloud::{
        Trouble,
        helm::{ChartSource, Helm, Upgrade},
        values::{Values, written},
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The kinds and versions that the chart renders, beside those that the cluster serves. Helm stops in the middle where
/// one is not served.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelmApiVersions {
    /// Name of the release it will be.
    name: String,
    /// Its namespace; the install's where left out.
    #[serde(default)]
    namespace: Option<String>,
    /// The chart's name.
    chart: String,
    /// The chart's archive, where it was brought along.
    #[serde(default)]
    chart_file: Option<PathBuf>,
    /// Its repository, `https://…` or `oci://…`.
    #[serde(default)]
    repository: Option<String>,
    /// Its version; the newest where left out.
    #[serde(default)]
    version: Option<String>,
    /// User name of the repository.
    #[serde(default)]
    username: Option<SecretText>,
    /// Its password.
    #[serde(default)]
    password: Option<SecretText>,
    /// Our values.
    #[serde(default)]
    values: Tree,
    /// API groups that another release of the plan will bring, e.g. `example.com`.
    #[serde(default)]
    brought: Vec<String>,
}

/// `apps/v1` and `Deployment`.
type Kind = (String, String);

#[async_trait]
impl Check for HelmApiVersions {
    const ABOUT: CheckAbout = CheckAbout {
        name: "helm.api_versions",
        code: "HELM-03",
        about: "the cluster serves what the chart renders",
        touches: Touches::Nothing,
    };
    const NAMES_HOSTS: bool = true;
    const PROBLEMS: &'static [&'static str] = &["HELM-API-VERSION"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let login = cx.login(self.username.as_ref(), self.password.as_ref()).await?;
        let mut helm = Helm::open(&cx.cloud, &cx.folder).await?;
        let archive = helm.fetch(&ChartSource { login, ..self.place() }, &cx.cancel).await?;
        let values = if self.values.0.is_null() { Value::Object(serde_json::Map::new()) } else { self.values.shown() };
        let values = Plain::new(written(&values));
        let upgrade = Upgrade {
            name: &self.name,
            namespace: self.namespace.as_deref().unwrap_or(&cx.target.namespace),
            chart: &archive,
            values: &values,
            description: "",
            revision: 1,
        };
        let rendered = helm.template(&upgrade, true, &cx.cancel).await?;
        let (wanted, own) = kinds(rendered.reveal());
        let client = cx.cloud.kube.client().await?;
        let versions: BTreeSet<&str> = wanted.keys().map(|(version, _)| version.as_str()).collect();
        let mut served = BTreeMap::new();
        for version in versions {
            served.insert(version.to_owned(), serves(&client, version).await?);
        }
        let groups = groups(&client).await?;
        Ok(self.judged(&wanted, &own, &served, &groups))
    }

    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        self.place().host().into_iter().collect()
    }
}

impl HelmApiVersions {
    fn place(&self) -> ChartSource {
        let version = self.version.as_deref();
        ChartSource::of(self.chart_file.as_deref(), self.repository.as_deref(), &self.chart, version, None)
    }

    fn judged(
        &self,
        wanted: &BTreeMap<Kind, String>,
        own: &BTreeSet<Kind>,
        served: &BTreeMap<String, BTreeSet<String>>,
        groups: &BTreeMap<String, Vec<String>>,
    ) -> Outcome {
        let missing: Vec<(&Kind, &String)> = wanted
            .iter()
            .filter(|(kind, _)| {
                let (version, name) = kind;
                let brought = self.brought.iter().any(|group| group == group_of(version));
                !brought && !own.contains(*kind) && !served.get(version).is_some_and(|kinds| kinds.contains(name))
            })
            .collect();
        if missing.is_empty() {
            return Outcome::pass(format!("all {} kinds of {} are served", wanted.len(), self.chart));
        }
        let line = |((version, kind), name): &(&Kind, &String)| {
            let others = groups.get(group_of(version)).map(|versions| versions.join(", ")).unwrap_or_default();
            let instead =
                if others.is_empty() { "the group is not served at all".into() } else { format!("served: {others}") };
            format!("{kind} {name} is {version} ({instead}).")
        };
        let why: Vec<String> = missing.iter().map(line).collect();
        let kinds: BTreeSet<String> = missing.iter().map(|((version, kind), _)| format!("{version} {kind}")).collect();
        let problem = Problem::new(
            "HELM-API-VERSION",
            format!(
                "the chart {} renders what this cluster does not serve: {}",
                self.chart,
                kinds.into_iter().collect::<Vec<_>>().join(", ")
            ),
            "Bring a chart that was ported to versions the cluster serves; another Kubernetes does not help where a version was removed.\n$ kubectl api-resources",
        );
        Outcome::Fail { problem: problem.why(why.join(" ")) }
    }
}

fn group_of(version: &str) -> &str {
    version.rsplit_once('/').map_or("", |(group, _)| group)
}

/// Every kind that is rendered, with the name of one such object; and those that definitions among them bring.
fn kinds(manifests: &str) -> (BTreeMap<Kind, String>, BTreeSet<Kind>) {
    let (mut wanted, mut own) = (BTreeMap::new(), BTreeSet::new());
    for document in manifests.split("\n---").map(|document| document.trim_start_matches("---")) {
        let Ok(Values { tree, .. }) = Values::read(document) else { continue };
        let word = |pointer: &str| tree.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (version, kind) = (word("/apiVersion"), word("/kind"));
        if kind.is_empty() {
            continue;
        }
        if kind == "CustomResourceDefinition" {
            let versions = tree.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten();
            let names = versions.filter_map(|version| version["name"].as_str());
            for name in names {
                own.insert((format!("{}/{name}", word("/spec/group")), word("/spec/names/kind")));
            }
        }
        wanted.entry((version, kind)).or_insert_with(|| word("/metadata/name"));
    }
    (wanted, own)
}

/// The kinds of one API version; none where it is not served.
async fn serves(client: &Client, version: &str) -> Result<BTreeSet<String>, Trouble> {
    let listed = match version.split_once('/') {
        None => client.list_core_api_resources(version).await,
        Some(_) => client.list_api_group_resources(version).await,
    };
    match listed {
        Ok(listed) => Ok(listed.resources.into_iter().map(|resource| resource.kind).collect()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(BTreeSet::new()),
        Err(error) => Err(error.into()),
    }
}

/// The versions of each group.
async fn groups(client: &Client) -> Result<BTreeMap<String, Vec<String>>, Trouble> {
    let listed = client.list_api_groups().await?;
    let versions = |group: k8s_openapi::apimachinery::pkg::apis::meta::v1::APIGroup| {
        (group.name, group.versions.into_iter().map(|version| version.version).collect())
    };
    Ok(listed.groups.into_iter().map(versions).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OLD: &str = "---\n# Source: crd/templates/crd.yaml\napiVersion: apiextensions.k8s.io/v1beta1\nkind: CustomResourceDefinition\nmetadata: { name: widgets.example.com }\nspec: { group: example.com, names: { kind: Widget }, versions: [{ name: v1 }] }\n---\napiVersion: example.com/v1\nkind: Widget\nmetadata: { name: one }\n---\napiVersion: v1\nkind: Service\nmetadata: { name: web }\n";

    #[test]
    fn what_is_not_served_is_named_with_what_is_instead() {
        let (wanted, own) = kinds(OLD);
        let check: HelmApiVersions = serde_json::from_value(json!({"name": "crd", "chart": "crd"})).unwrap();
        let served = BTreeMap::from([("v1".to_owned(), BTreeSet::from(["Service".to_owned()]))]);
        let groups = BTreeMap::from([("apiextensions.k8s.io".to_owned(), vec!["v1".to_owned()])]);
        let outcome = check.judged(&wanted, &own, &served, &groups);
        let problem = outcome.problem().unwrap();
        assert_eq!(problem.code, "HELM-API-VERSION");
        assert!(problem.why.contains("v1beta1 (served: v1)") && !problem.why.contains("Widget one"), "{}", problem.why);

        let (wanted, own) = kinds(&OLD.replace("v1beta1", "v1"));
        let served = BTreeMap::from([
            ("v1".to_owned(), BTreeSet::from(["Service".to_owned()])),
            ("apiextensions.k8s.io/v1".to_owned(), BTreeSet::from(["CustomResourceDefinition".to_owned()])),
        ]);
        assert!(matches!(check.judged(&wanted, &own, &served, &groups), Outcome::Pass { .. }));
    }
}
