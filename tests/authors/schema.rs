//! `guide schema`: what editors are told fits what there is, and refuses what lint would.

use std::path::Path;

use jsonschema::Validator;
use landfall::guides;
use landfall_core::guide::LoadedGuide;
use serde_json::{Value, json};

use crate::rehearsed::{landfall, run};

fn schema(arguments: &[&str]) -> Validator {
    let home = tempfile::tempdir().unwrap();
    let said = run(landfall(home.path()).args(["guide", "schema"]).args(arguments));
    assert_eq!(said.code, Some(0), "{}", said.err);
    jsonschema::validator_for(&serde_json::from_str(&said.out).unwrap()).unwrap()
}

fn wrong(schema: &Validator, tree: &Value) -> Vec<String> {
    schema.iter_errors(tree).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// Every built-in guide, and the examples.
fn all() -> Vec<LoadedGuide> {
    let examples = ["lantern-board", "ferrywire"].map(|name| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/examples/{name}.yaml"));
        guides::find(path.to_str().unwrap()).unwrap()
    });
    let embedded = guides::embedded().into_iter().map(|folder| LoadedGuide::read(folder).unwrap());
    embedded.chain(examples).collect()
}

#[test]
fn every_guide_follows_the_schema() {
    let schema = schema(&[]);
    for loaded in all() {
        let told = wrong(&schema, loaded.document.value());
        assert!(told.is_empty(), "{}:\n{}", loaded.guide.id, told.join("\n"));
    }
}

#[test]
fn the_schema_knows_the_kinds_and_their_parameters() {
    let schema = schema(&[]);
    let guide = |step: Value| {
        json!({
            "id": "x", "title": "X", "code_prefix": "X", "source": { "document": "x" }, "target": { "cluster": "eks" },
            "checks": [{ "id": "quota", "kind": "aws.quota", "with": { "instance_type": "g4dn.2xlarge", "count": "{{ many }}" } }],
            "steps": [step],
        })
    };
    let right = json!({ "id": "a", "kind": "kube.namespace", "with": { "name": "{{ namespace }}" } });
    assert_eq!(wrong(&schema, &guide(right)), [""; 0]);
    for (step, words) in [
        (json!({ "id": "a", "kind": "kube.namespaces" }), "kube.namespaces"),
        (json!({ "id": "a", "kind": "kube.namespace", "with": { "nam": "x" } }), "nam"),
        (json!({ "id": "a", "kind": "kube.namespace", "whit": {} }), "whit"),
        (json!({ "id": "a", "kind": "aws.quota" }), "aws.quota"),
    ] {
        let told = wrong(&schema, &guide(step)).join("\n");
        assert!(told.contains(words), "{words}: {told}");
    }
    let mut number = guide(json!({ "id": "a", "kind": "kube.namespace", "with": { "name": "x" } }));
    number["checks"][0]["with"]["count"] = json!("many");
    assert!(!wrong(&schema, &number).is_empty(), "a word is no number");
}

#[test]
fn every_scenario_follows_the_schema_and_a_key_it_does_not_have_is_refused() {
    let validator = schema(&[]);
    let guide = |scenario: Value| {
        json!({ "id": "x", "title": "X", "code_prefix": "X", "source": { "document": "x" },
            "target": { "cluster": "kubernetes" }, "scenarios": { "smooth": scenario } })
    };
    for loaded in all() {
        for id in loaded.folder.scenarios() {
            let tree = loaded.scenario_document(id).unwrap().value().clone();
            let tree = tree.pointer(&format!("/scenarios/{id}")).cloned().unwrap_or(tree);
            let told = wrong(&validator, &guide(tree));
            assert!(told.is_empty(), "{id} of {}:\n{}", loaded.guide.id, told.join("\n"));
        }
    }
    for (scenario, words) in [
        (json!({ "id": "smooth", "end": {} }), "end"),
        (json!({ "id": "smooth", "ends": { "exit_kode": 0 } }), "smooth/ends"),
        (json!({ "id": "smooth", "kubernetes": { "pod": [] } }), "smooth/kubernetes"),
        (
            json!({ "id": "smooth", "kubernetes": { "pods": [{ "name": "x", "logs": [{ "line": "y" }] }] } }),
            "smooth/kubernetes",
        ),
        (json!({ "id": "smooth", "outside": { "dns": [{ "nam": "x" }] } }), "smooth/outside"),
    ] {
        let told = wrong(&validator, &guide(scenario)).join("\n");
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn every_scenarios_answers_follow_the_schema_of_their_guide() {
    for loaded in all() {
        let place = loaded.folder.name.clone();
        let place = if Path::new(&place).is_file() { place } else { loaded.guide.id.clone() };
        let schema = schema(&[&place]);
        for scenario in loaded.folder.scenarios() {
            let tree = loaded.folder.scenario(scenario).unwrap();
            let told = wrong(&schema, &tree["answers"]);
            assert!(told.is_empty(), "{} of {}:\n{}", scenario, loaded.guide.id, told.join("\n"));
        }
    }
}

#[test]
fn a_secret_an_unknown_question_and_another_guides_answers_are_refused() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/lantern-board.yaml");
    let schema = schema(&[example.to_str().unwrap()]);
    let right = json!({ "guide": "lantern-board", "inputs": { "reach": "inside" }, "secrets": { "admin.password": { "env": "PASSWORD" } } });
    assert_eq!(wrong(&schema, &right), [""; 0]);
    for (pointer, value) in [
        ("/secrets/admin.password", json!("hunter2")),
        ("/secrets/admin.password", json!({ "text": "hunter2" })),
        ("/inputs/reach", json!("outside")),
        ("/inputs", json!({ "reech": "inside" })),
        ("/guide", json!("another")),
    ] {
        let mut tree = right.clone();
        *tree.pointer_mut(pointer).unwrap() = value;
        assert!(!wrong(&schema, &tree).is_empty(), "{pointer}");
    }
}
