//! What it says: lines of JSON (`-json`), or text.

use std::io::Write;

use serde_json::{Value, json};

use super::{Failure, module};

/// Says a line of the JSON stream.
pub fn line(kind: &str, message: &str, rest: Value) {
    let mut line = json!({
        "@level": if kind == "diagnostic" { "error" } else { "info" }, "@message": message, "@module": "terraform.ui", "type": kind,
    });
    if let (Some(line), Some(rest)) = (line.as_object_mut(), rest.as_object()) {
        line.extend(rest.clone());
    }
    let mut out = std::io::stdout().lock();
    // Nobody reads any more: whoever started it is gone.
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// Says a line about a resource.
pub fn hook(kind: &str, address: &str, action: &str, words: &str) {
    line(kind, &format!("{address}: {words}"), json!({ "hook": { "resource": resource(address), "action": action } }));
}

/// A resource as the stream names it.
pub fn resource(address: &str) -> Value {
    json!({ "addr": address, "resource_type": module::kind(address) })
}

/// Says why it failed.
pub fn failure(failure: &Failure, as_json: bool) {
    if as_json {
        let told = json!({
            "severity": "error", "summary": failure.summary, "detail": failure.detail, "address": failure.address,
        });
        line("diagnostic", &format!("Error: {}", failure.summary), json!({ "diagnostic": told }));
        return;
    }
    eprintln!("╷\n│ Error: {}\n│ ", failure.summary);
    for text in failure.detail.lines() {
        eprintln!("│ {text}");
    }
    eprintln!("╵");
}
