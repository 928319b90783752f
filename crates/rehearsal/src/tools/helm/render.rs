//! Manifests from a chart's recorded template.

use minijinja::{AutoEscape, Environment, UndefinedBehavior, context, value::Serde};
use serde::Deserialize;
use serde_json::Value;

use super::{Failure, values};
use crate::tools::chart::{RECORDED, Unpacked};

/// The release as templates see it.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its revision.
    pub revision: u64,
    /// Whether it is being installed rather than upgraded.
    pub is_install: bool,
}

/// What came of a chart.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Objects in the order they are written.
    pub objects: Vec<Value>,
    /// The same as text.
    pub manifest: String,
    /// Objects that only run at certain moments.
    pub hooks: Vec<Hook>,
}

/// An object that runs at certain moments.
#[derive(Clone, Debug)]
pub struct Hook {
    /// When: `test`, `pre-install` …
    pub events: Vec<String>,
    /// The object.
    pub object: Value,
    /// Its text.
    pub text: String,
    /// The template it came from.
    pub path: String,
}

/// Kinds in the order helm writes them; all others come last.
const ORDER: [&str; 32] = [
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// Renders a chart with the given values.
pub fn render(chart: &Unpacked, given: &Value, release: &Named<'_>, four: bool) -> Result<Rendered, Failure> {
    let name = chart.metadata["name"].as_str().unwrap_or_default();
    let Some(template) = &chart.manifests else {
        return Err(Failure::said(format!("chart {name} was not made by a rehearsal: it holds no {RECORDED}")));
    };
    let computed = values::computed(&chart.values_text, given)?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // A chart's author quotes, as in a real one.
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    let path = format!("{name}/{RECORDED}");
    let wrong = |error: minijinja::Error| Failure::said(format!("template: {path}: {error:#}"));
    let seen = context! {
        name => release.name, namespace => release.namespace, revision => release.revision,
        is_install => release.is_install, is_upgrade => !release.is_install,
    };
    let text = environment
        .render_named_str(
            &path,
            template,
            context! { values => Serde(computed), release => seen, chart => Serde(chart.metadata.clone()) },
        )
        .map_err(wrong)?;
    let mut objects = Vec::new();
    let mut hooks = Vec::new();
    for document in documents(&text) {
        let object: Value = serde_yaml::from_str(&document).map_err(|error| {
            Failure::said(format!("YAML parse error on {path}: error converting YAML to JSON: yaml: {error}"))
        })?;
        if object.is_null() {
            continue;
        }
        match object["metadata"]["annotations"]["helm.sh/hook"].as_str() {
            Some(events) => {
                let events = events.split(',').map(|event| event.trim().replace("test-success", "test")).collect();
                hooks.push(Hook { events, object, text: document, path: path.clone() });
            }
            None => objects.push((object, document)),
        }
    }
    objects.sort_by_key(|(object, _)| ORDER.iter().position(|kind| object["kind"] == *kind).unwrap_or(ORDER.len()));
    // Version 4 leaves an empty line after each document.
    let end = if four { "\n\n" } else { "\n" };
    let manifest = objects.iter().map(|(_, text)| format!("---\n# Source: {path}\n{text}{end}")).collect();
    Ok(Rendered { objects: objects.into_iter().map(|(object, _)| object).collect(), manifest, hooks })
}

/// The objects of a manifest.
pub fn objects(manifest: &str) -> Vec<Value> {
    let parsed = serde_yaml::Deserializer::from_str(manifest).filter_map(|document| Value::deserialize(document).ok());
    parsed.filter(|object| !object.is_null()).collect()
}

/// The documents of a YAML stream, each without its separator.
fn documents(text: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for line in text.lines() {
        match documents.last_mut() {
            Some(last) if line.trim_end() != "---" => {
                last.push_str(line);
                last.push('\n');
            }
            _ => documents.push(String::new()),
        }
    }
    documents.into_iter().map(|document| document.trim().to_owned()).filter(|document| !document.is_empty()).collect()
}
