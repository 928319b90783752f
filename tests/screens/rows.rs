//! Rows typed cell by cell: each cell says what it is for, and the empty last row how to end.

use landfall_core::wizard::{Key, SecretRow};
use serde_json::json;

use super::given::{Led, enter};

const GUIDE: &str = r#"
id: relay
title: Relay
code_prefix: RELAY
source: { document: Relay }
target: { cluster: eks, namespace: relay }
inputs:
  - id: targets
    type: rows
    label: Services that webhooks are passed on to
    columns:
      - { id: path, type: text, label: Path, help: "What senders call, from the first slash on.", pattern: "^/" }
      - { id: url, type: url, label: Address, help: "The service inside the cluster, as the relay's pod reaches it." }
checks: [{ id: identity, kind: aws.identity, title: Identity }]
"#;

const SOURCE: &str = "document: Relay\nlines: 1\npassages: []\n";

fn typing() -> Led {
    let mut led = Led::inputs_of("relay", GUIDE, SOURCE);
    led.press(&[enter()]);
    led
}

#[test]
fn the_cell_that_is_typed_says_what_it_is_for() {
    let mut led = typing();
    led.type_in("/billing").press(&[enter()]);
    led.type_in("http://billing");
    led.snapshot("rows_cell");
}

#[test]
fn an_empty_row_ends_it_and_says_so() {
    let mut led = typing();
    led.type_in("/billing").press(&[enter()]);
    led.type_in("http://billing.prod.svc:8080/hooks").press(&[enter()]);
    led.snapshot("rows_last");
    led.press(&[enter(), Key::Home]);
    let targets = led.0.inputs.named("targets").unwrap();
    assert_eq!(targets.given, json!([{ "path": "/billing", "url": "http://billing.prod.svc:8080/hooks" }]));
}

#[test]
fn rows_half_typed_are_thrown_away_only_when_asked_for_twice() {
    let mut led = typing();
    led.press(&[Key::Esc]);
    assert!(led.0.inputs.editing.is_none(), "nothing was typed");
    led.press(&[enter()]);
    led.type_in("/bill").press(&[Key::Esc]);
    assert!(led.0.inputs.editing.is_some());
    assert!(led.0.notice.as_ref().unwrap().contains("throws these rows away"), "{:?}", led.0.notice);
    // Any other key goes on with them.
    led.type_in("ing").press(&[Key::Esc]);
    assert!(led.0.inputs.editing.is_some());
    led.press(&[Key::Esc]);
    assert!(led.0.inputs.editing.is_none());
}

#[test]
fn a_secret_half_typed_is_thrown_away_only_when_asked_for_twice() {
    let mut led = Led::secrets();
    let rows = led.0.secrets.rows();
    led.0.secrets.at = rows.iter().position(|row| matches!(row, SecretRow::Field(..))).unwrap();
    led.press(&[enter(), Key::Esc]);
    assert!(led.0.secrets.editing.is_none(), "nothing was typed");
    led.press(&[enter()]);
    led.type_in("https://corp.open").press(&[Key::Esc]);
    assert!(led.0.secrets.editing.is_some() && led.0.notice.is_some());
    led.press(&[Key::Esc]);
    assert!(led.0.secrets.editing.is_none());
}
