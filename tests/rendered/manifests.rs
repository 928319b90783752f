//! Each object of each way is sent to a real API server, which is asked to take it and keep nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use landfall::guides;
use landfall_core::{
    guide::{Folder, LoadedGuide},
    value::render_file,
};
use serde_json::{Value, json};

use super::ways::{said, tree, ways};
use crate::testbed::{Cluster, Testbed};

/// All objects a guide can make, each once, with a way it is made by.
fn objects(folder: Folder) -> BTreeMap<String, String> {
    let loaded = LoadedGuide::read(folder).unwrap();
    let mut objects = BTreeMap::new();
    let tasks = || loaded.guide.steps.iter().filter(|task| task.kind == "kube.manifest");
    for way in ways(&loaded) {
        for task in tasks() {
            for scope in way.scopes(task) {
                let with = way.parameters(task, &scope);
                let mut object = match with["template"].as_str() {
                    Some(name) => {
                        let text = render_file(&scope, loaded.folder.file(name).unwrap()).unwrap();
                        serde_yaml::from_str(&said(&text))
                            .unwrap_or_else(|error| panic!("{}: {name}: {error}\n{text}", way.label))
                    }
                    None => tree(with["manifest"].clone()),
                };
                assert!(object.is_object(), "{}: {}: {object}", way.label, task.id);
                // As the kind does: what names no namespace goes where the install goes.
                if let Some(namespace) =
                    with["namespace"].as_str().filter(|_| object["metadata"]["namespace"].is_null())
                {
                    object["metadata"]["namespace"] = json!(namespace);
                }
                objects.entry(object.to_string()).or_insert_with(|| format!("{}: steps/{}", way.label, task.id));
            }
        }
    }
    objects
}

/// A definition for objects whose own controller is not here: their outer shape is judged, their spec is taken as it is.
fn definition(object: &Value) -> Value {
    let (group, version) = object["apiVersion"].as_str().unwrap().rsplit_once('/').unwrap();
    let kind = object["kind"].as_str().unwrap();
    let singular = kind.to_lowercase();
    let plural = match singular.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if singular.ends_with("ss") => format!("{singular}es"),
        None => format!("{singular}s"),
    };
    let scope = if object["metadata"]["namespace"].is_null() { "Cluster" } else { "Namespaced" };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{plural}.{group}") },
        "spec": {
            "group": group, "scope": scope, "names": { "kind": kind, "plural": plural, "singular": singular },
            "versions": [{ "name": version, "served": true, "storage": true, "schema": { "openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true } } }],
        },
    })
}

/// What the API server refuses, each with the way it is made by.
fn refused(cluster: &Cluster, objects: &BTreeMap<String, String>) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let parsed: Vec<(Value, &String)> =
        objects.iter().map(|(object, way)| (serde_json::from_str(object).unwrap(), way)).collect();
    let mut before: BTreeMap<String, Value> = BTreeMap::new();
    let namespaces: BTreeSet<&str> =
        parsed.iter().filter_map(|(object, _)| object["metadata"]["namespace"].as_str()).collect();
    for name in namespaces {
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        before.insert(format!("namespace-{name}"), namespace);
    }
    let served = cluster.kubectl(&["api-versions"]);
    let is_served = |version: &str| served.lines().any(|line| line == version);
    for (object, _) in parsed.iter().filter(|(object, _)| !is_served(object["apiVersion"].as_str().unwrap())) {
        let definition = definition(object);
        before.insert(definition["metadata"]["name"].as_str().unwrap().to_owned(), definition);
    }
    for (name, object) in &before {
        let file = folder.path().join(format!("{name}.json"));
        fs::write(&file, object.to_string()).unwrap();
        cluster.kubectl(&["apply", "--server-side", "-f", file.to_str().unwrap()]);
        if object["kind"] == "CustomResourceDefinition" {
            cluster.kubectl(&["wait", "--for=condition=Established", "--timeout=60s", "-f", file.to_str().unwrap()]);
        }
    }
    let mut refused = Vec::new();
    for (index, (object, way)) in parsed.iter().enumerate() {
        let file = folder.path().join(format!("object-{index}.json"));
        fs::write(&file, object.to_string()).unwrap();
        let output = Command::new(Testbed::dir().join("bin/kubectl"))
            .arg("--kubeconfig")
            .arg(cluster.kubeconfig())
            .args(["apply", "--server-side", "--dry-run=server", "--validate=strict", "--field-manager=landfall", "-f"])
            .arg(&file)
            .output()
            .unwrap();
        if !output.status.success() {
            refused.push(format!("{way}: {}\n{object:#}", String::from_utf8_lossy(&output.stderr).trim()));
        }
    }
    refused
}

#[test]
fn a_real_api_server_takes_every_manifest_of_every_guide_in_every_way() {
    let Some(cluster) = Cluster::start() else { return };
    let (mut wrong, mut seen) = (Vec::new(), BTreeMap::new());
    for folder in guides::embedded() {
        let name = folder.name.clone();
        let objects = objects(folder);
        wrong.extend(refused(&cluster, &objects));
        seen.insert(name, objects.len());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(seen.values().sum::<usize>() >= 8, "{seen:?}");

    // What is wrong in a template is seen.
    for (guide, from, to, words) in [
        ("arthur-platform", "volumeBindingMode: WaitForFirstConsumer", "volumeBindingMode: WaitForEver", "WaitForEver"),
        ("arthur-platform", "allowVolumeExpansion: true", "allowVolumeExpansions: true", "allowVolumeExpansions"),
        (
            "inference-model-manager",
            "kind: ClusterRole, name: inference-platform-admin",
            "kind: ClusterRoll, name: inference-platform-admin",
            "ClusterRoll",
        ),
    ] {
        let mut folder = guides::folder(guide).unwrap();
        let text = folder.files.get_mut("guide.yaml").unwrap();
        assert!(text.contains(from), "{guide} has no {from}");
        *text = text.replace(from, to);
        let told = refused(&cluster, &objects(folder));
        assert!(told.iter().any(|line| line.contains(words)), "{to}: {told:?}");
    }
}
