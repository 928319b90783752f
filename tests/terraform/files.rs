//! What these steps write, take away and refuse, without any terraform.

use std::{collections::BTreeMap, fs, sync::Arc};

use landfall::{
    cloud::{Cloud, Endpoints},
    kind::{Made, Needs},
    kinds::Kinds,
};
use landfall_core::value::Scope;
use serde_json::{Value, json};

use crate::place::Place;

const ARRIVED: &str = "auth:\n  password: canary-word-1\nname: a-tenant\n";

fn place() -> Place {
    Place {
        cloud: Arc::new(Cloud::new(Endpoints::default())),
        kinds: Kinds::all(),
        vault: Arc::default(),
        folder: tempfile::tempdir().unwrap(),
        said: Arc::default(),
        needs: Needs::default(),
        scope: Scope::new(),
        files: BTreeMap::new(),
        bin: None,
        rehearsal: None,
    }
}

fn split(place: &Place, from: &str, to: &str) -> Value {
    let path = |name: &str| place.folder.path().join(name);
    let secret = place.secret("auth.password", "canary-word-1");
    json!({ "from": path(from), "to": path(to), "remove": true, "secrets": { "auth.password": secret } })
}

#[tokio::test]
async fn values_that_arrived_where_the_rest_would_be_written_are_not_lost() {
    let place = place();
    let file = place.folder.path().join("values.yaml");
    fs::write(&file, ARRIVED).unwrap();
    let refused = place.apply("file.split", &split(&place, "values.yaml", "./values.yaml")).await.unwrap_err();
    assert_eq!(refused.problem().code, "FILE-SAME");
    assert_eq!(fs::read_to_string(&file).unwrap(), ARRIVED);
}

#[tokio::test]
async fn what_was_there_before_is_in_the_vault_and_undo_leaves_what_was_changed_since() {
    let place = place();
    let (from, to) = (place.folder.path().join("arrived.yaml"), place.folder.path().join("values.yaml"));
    fs::write(&from, ARRIVED).unwrap();
    fs::write(&to, "auth:\n  password: canary-older\n").unwrap();
    let parameters = split(&place, "arrived.yaml", "values.yaml");
    let before = place.apply("file.split", &parameters).await.unwrap();
    assert!(!json!(before).to_string().contains("canary-older"), "{before:?}");
    assert!(!from.exists());
    let undo = async |before: Option<Value>| {
        let made = Made { outputs: json!({}), before };
        place.kinds.steps["file.split"].undo(&place.context(), &parameters, &made).await
    };
    let ours = fs::read_to_string(&to).unwrap();
    fs::write(&to, format!("{ours}by: hand\n")).unwrap();
    assert_eq!(undo(before.clone()).await.unwrap_err().problem().code, "FILE-CHANGED");
    fs::write(&to, ours).unwrap();
    undo(before).await.unwrap();
    assert!(fs::read_to_string(&to).unwrap().contains("canary-older"));
    assert!(fs::read_to_string(&from).unwrap().contains("canary-word-1"), "what arrived is together again");
}

#[tokio::test]
async fn a_plan_that_was_written_anew_after_it_was_shown_is_not_agreed_to() {
    let place = place();
    let plan = place.folder.path().join("plan.json");
    let written = |name: &str| {
        let change = json!({ "address": name, "type": "a", "mode": "managed", "change": { "actions": ["create"] } });
        fs::write(&plan, json!({ "format_version": "1.2", "resource_changes": [change] }).to_string()).unwrap();
    };
    let parameters = json!({ "plan": plan });
    written("a.one");
    let kind = &place.kinds.steps["terraform.reviewed"];
    kind.approval(&place.context(), &parameters).await.unwrap().unwrap();
    written("a.another");
    let refused = place.apply("terraform.reviewed", &parameters).await.unwrap_err();
    assert_eq!(refused.problem().code, "TF-PLAN-REPLACED");
    kind.approval(&place.context(), &parameters).await.unwrap().unwrap();
    place.apply("terraform.reviewed", &parameters).await.unwrap();
}

#[tokio::test]
async fn without_its_configuration_nothing_is_said_to_be_destroyed() {
    let place = place();
    let parameters = json!({ "folder": place.folder.path().join("deployment") });
    let kind = &place.kinds.steps["terraform.module"];
    let refused = kind.undo(&place.context(), &parameters, &Made::default()).await.unwrap_err();
    assert_eq!(refused.problem().code, "TF-CONFIGURATION-GONE");
}
