//! A vendor's values file, filled in key by key.

use landfall_core::{
    event::{Problem, Table},
    mapping::{Of, State, VendorFile, VendorKey},
    wizard::{Effect, Input, Key, Stage, VaultSaid},
};
use serde_json::{Value, json};

use super::given::{Led, enter};

const GUIDE: &str = r#"
id: arthur-shield
title: Arthur Shield
about: Guards calls to language models.
code_prefix: SHIELD
source: { document: Guide }
target: { cluster: eks, namespace: shield }
inputs:
  - { id: shield_host, type: host, group: Names, label: Shield host name }
  - { id: auth_host, type: host, group: Names, label: Auth host name, optional: true }
  - { id: database_host, type: host, group: Names, label: Postgres host, default: db.corp.example }
  - id: chart_values
    type: mapping
    group: The chart's values
    label: What the chart wants to be told
    help: Every key that is empty or a placeholder is listed; nothing is guessed.
    default: {}
    suggest: { lookup: helm.chart, with: { chart: shield, password: "{{ secrets.repository.password }}" } }
    offers: [{ label: Role of the tracker, value: "arn:aws:iam::{{ account }}:role/usage", keys: "(?i)role.?arn" }]
secrets:
  - { id: repository, label: Helm repository, fields: [{ id: password }] }
  - { id: postgres, label: Postgres login, fields: [{ id: password }] }
checks: [{ id: identity, kind: aws.identity, title: Identity }]
steps: [{ id: release, kind: helm.release, title: Release, with: { name: shield, values: "{{ chart_values }}" } }]
verify: [{ id: pods, kind: kube.pods, title: Pods, proves: [release] }]
"#;

const SOURCE: &str = "document: Guide\nlines: 1\npassages: []\n";

fn key(line: usize, path: &str, value: Value, gap: bool, comment: &str) -> VendorKey {
    VendorKey { path: path.parse().unwrap(), value, gap, comment: comment.into(), line, list: Value::Null }
}

fn file(version: &str) -> Table {
    let of = Of { chart: "shield".into(), version: version.into(), digest: "5f0c".into(), values: "91ab".into() };
    let keys = [
        key(4, "imageRegistry", json!("docker.example.com"), false, "Where the images come from"),
        key(14, "auth.host", Value::Null, true, "The host name people sign in at"),
        key(21, "shield.tag", json!(""), true, "Empty: the chart's own version"),
        key(23, "shield.host", json!("<shield.example.com>"), true, "The host name that applications call"),
        key(34, "database.password", json!("changeme"), true, ""),
        key(41, "serviceAccount.roleArn", Value::Null, true, "The IAM role that may send usage counts"),
    ];
    Table {
        columns: ["key", "now", "says"].map(str::to_owned).to_vec(),
        rows: keys.iter().map(|key| VendorFile::row(&of, key)).collect(),
        note: "shield".into(),
    }
}

/// At Inputs, bound; whether the repository's password is kept already.
fn inputs(kept: bool) -> (Led, Vec<Effect>) {
    let mut led = Led::inputs_of("arthur-shield", GUIDE, SOURCE);
    for (field, host) in [("shield_host", "shield.corp.example"), ("auth_host", "shield-auth.corp.example")] {
        led.input(Input::Set { field: field.into(), value: json!(host) });
    }
    let effects = led.input(said("repository.password", kept.then_some(12)));
    (led, effects)
}

fn said(reference: &str, length: Option<usize>) -> Input {
    let reference = landfall_core::value::SecretRef(reference.into());
    Input::VaultSaid(VaultSaid { length, ..VaultSaid::none(reference) })
}

fn read(led: &mut Led, version: &str) {
    led.input(Input::Rows { field: "chart_values".into(), rows: Ok(file(version)) });
}

/// In the table, nothing decided.
fn opened() -> Led {
    let (mut led, _) = inputs(true);
    read(&mut led, "3.2.1");
    led.press(&[Key::End, enter()]);
    led
}

fn state(led: &Led, path: &str) -> State {
    let field = led.0.inputs.named("chart_values").unwrap();
    field.mapped.iter().find(|row| row.path.to_string() == path).unwrap().state.clone()
}

#[test]
fn the_keys_of_the_file_with_what_may_belong_there() {
    opened().snapshot("mapping");
}

#[test]
fn what_was_decided_stands_beside_each_key() {
    let mut led = decided();
    led.snapshot("mapping_done");
    led.press(&[Key::Esc]);
    led.snapshot("mapping_inputs");
}

fn decided() -> Led {
    let mut led = opened();
    // auth.host: what is suggested. shield.tag: left. shield.host: suggested. The password: pointed to. The role: offered.
    led.press(&[enter()]);
    led.type_in("l").type_in("the chart's own is right").press(&[enter()]);
    led.press(&[enter()]);
    led.type_in("p").type_in("secrets.postgres").press(&[enter()]);
    led.press(&[enter()]);
    led
}

#[test]
fn each_key_is_taken_left_or_pointed_and_kept_by_reference() {
    let led = decided();
    let given = &led.0.inputs.named("chart_values").unwrap().given;
    assert_eq!(
        given["set"],
        json!({
            "auth.host": "{{ auth_host }}", "shield.host": "{{ shield_host }}",
            "database.password": "{{ secrets.postgres.password }}",
            "serviceAccount.roleArn": "arn:aws:iam::{{ account }}:role/usage",
        })
    );
    assert_eq!(given["leave"], json!({"shield.tag": "the chart's own is right"}));
    assert_eq!(given["of"], json!({"chart": "shield", "version": "3.2.1", "digest": "5f0c", "values": "91ab"}));
    assert_eq!(led.0.open(), None);
    let row = led
        .0
        .inputs
        .named("chart_values")
        .unwrap()
        .mapped
        .iter()
        .find(|row| row.path.to_string() == "database.password");
    assert_eq!(row.unwrap().becomes, "<secret postgres.password>");
}

#[test]
fn what_is_open_keeps_the_stage_and_says_how_many_keys() {
    let mut led = opened();
    led.press(&[Key::Esc]);
    led.type_in("n");
    assert_eq!(led.0.stage, Stage::Inputs);
    assert_eq!(led.0.notice.as_deref(), Some("still open: What the chart wants to be told (5 keys)"));
    assert!(led.0.progress().contains("5 of 5 keys open"), "{}", led.0.progress());
}

#[test]
fn a_typed_value_says_what_it_means_and_is_refused_with_the_reason() {
    let mut led = opened();
    led.type_in("v").type_in("{{ auth_hots }}").press(&[enter()]);
    assert_eq!(state(&led, "auth.host"), State::Open);
    led.snapshot("mapping_refused");
    led.press(&[Key::Esc]);
    led.type_in("v").type_in("[a, 5432]").press(&[enter()]);
    assert_eq!(state(&led, "auth.host"), State::Set(json!(["a", 5432])));
    led.press(&[Key::Up]).type_in("x");
    assert_eq!(state(&led, "auth.host"), State::Open, "taken back");
}

#[test]
fn answers_and_secrets_are_pointed_to_without_a_value_of_a_secret() {
    let mut led = opened();
    led.type_in("p");
    led.snapshot("mapping_pointing");
    let screen = led.screen((120, 40));
    assert!(screen.contains("{{ secrets.postgres.password }}") && screen.contains("a secret"), "{screen}");
}

#[test]
fn further_keys_of_the_file_can_be_set_and_ones_own() {
    let mut led = opened();
    led.type_in("a").type_in("registry").press(&[enter()]);
    led.type_in("registry.corp.example").press(&[enter()]);
    assert_eq!(state(&led, "imageRegistry"), State::Set(json!("registry.corp.example")));
    led.type_in("a").press(&[Key::Tab]).type_in("extra[\"a.b/c\"]").press(&[enter()]);
    led.type_in("true").press(&[enter()]);
    assert_eq!(state(&led, "extra[\"a.b/c\"]"), State::Set(json!(true)));
}

#[test]
fn the_file_is_read_once_the_repositorys_secret_is_there() {
    let (mut led, effects) = inputs(false);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Lookup { .. })), "{effects:?}");
    led.press(&[Key::End]);
    led.snapshot("mapping_waits");
    led.type_in("n");
    assert_eq!(led.0.stage, Stage::Secrets, "{:?}", led.0.notice);
    let effects = led.input(said("repository.password", Some(12)));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Lookup { field, .. } if field == "chart_values")));
    led.input(said("postgres.password", Some(12)));
    read(&mut led, "3.2.1");
    led.type_in("n");
    assert_eq!(led.0.stage, Stage::Inputs, "its keys come first");
    assert_eq!(led.0.inputs.selected().unwrap().name, "chart_values");
}

#[test]
fn asking_the_vault_again_does_not_take_the_file_away() {
    let mut led = decided();
    led.press(&[Key::Esc]);
    led.type_in("n");
    assert_eq!(led.0.stage, Stage::Secrets);
    led.input(said("repository.password", Some(12)));
    led.input(said("postgres.password", Some(12)));
    led.type_in("n");
    assert_eq!(led.0.stage, Stage::Checks, "{:?}", led.0.notice);
}

#[test]
fn a_file_that_cannot_be_read_is_a_line_under_the_field_and_is_asked_for_again() {
    let (mut led, _) = inputs(true);
    let wrong = Problem::new("HELM-LOGIN", "repository.example.com refused the login", "Enter the right password.");
    led.input(Input::Rows { field: "chart_values".into(), rows: Err(wrong) });
    led.type_in("n");
    assert!(led.0.notice.as_deref().unwrap_or_default().contains("What the chart wants to be told"));
    let effects = led.input(said("repository.password", Some(14)));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Lookup { .. })), "with the new password");
}

#[test]
fn another_version_asks_only_what_is_new_or_changed() {
    let mut led = decided();
    led.press(&[Key::Esc]);
    let mut next = file("3.3.0");
    next.rows[3].value["comment"] = json!("The host name that applications call, with https://");
    next.rows.push(VendorFile::row(
        &Of { version: "3.3.0".into(), ..Of::default() },
        &key(50, "tracing.endpoint", Value::Null, true, ""),
    ));
    led.input(Input::Rows { field: "chart_values".into(), rows: Ok(next) });
    assert!(matches!(state(&led, "shield.host"), State::Changed(_)));
    assert_eq!(led.0.inputs.named("chart_values").unwrap().mapped_of(), (4, 6));
    led.press(&[enter()]);
    led.snapshot("mapping_changed");
}

#[test]
fn an_answer_that_is_taken_away_opens_the_keys_that_point_to_it() {
    let mut led = decided();
    led.press(&[Key::Esc]);
    led.input(Input::Set { field: "auth_host".into(), value: Value::Null });
    assert_eq!(state(&led, "auth.host"), State::Dangling("auth_host".into()));
    assert!(led.0.open().unwrap().contains("1 key"));
}
