//! How helm words what it did.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::{Helm, release::Release, render::Hook};

/// A release after a command, or as `status` shows it.
pub fn made(helm: &Helm<'_>, release: &Release) -> String {
    if helm.arguments.last("output") == Some("json") {
        let mut body = release.body.clone();
        if let Some(body) = body.as_object_mut().filter(|_| helm.arguments.command == "status") {
            body.shift_remove("chart");
        }
        return format!("{body}\n");
    }
    let mut said = format!(
        "NAME: {}\nLAST DEPLOYED: {}\nNAMESPACE: {}\nSTATUS: {}\nREVISION: {}\n",
        release.name(),
        date(release.info("last_deployed")),
        release.namespace(),
        release.status(),
        release.version(),
    );
    if helm.is_four() {
        said += &format!("DESCRIPTION: {}\n", release.info("description"));
    }
    let hooks = release.body["hooks"].as_array().map_or(&[][..], Vec::as_slice);
    let tests: Vec<_> = hooks
        .iter()
        .filter(|hook| hook["events"].as_array().is_some_and(|events| events.contains(&"test".into())))
        .collect();
    if tests.is_empty() {
        said += "TEST SUITE: None\n";
    }
    for test in tests {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let run = &test["last_run"];
        if !word(&run["started_at"]).is_empty() {
            let (started, completed) = (date(&word(&run["started_at"])), date(&word(&run["completed_at"])));
            said += &format!(
                "TEST SUITE:     {}\nLast Started:   {started}\nLast Completed: {completed}\nPhase:          {}\n",
                word(&test["name"]),
                word(&run["phase"]),
            );
        }
    }
    if release.body["info"]["description"] == "Dry run complete" {
        said += &format!("HOOKS:\nMANIFEST:\n{}\n", release.manifest());
    }
    said
}

/// Hooks as `template` shows them.
pub fn hooks(hooks: &[Hook]) -> String {
    hooks.iter().map(|hook| format!("---\n# Source: {}\n{}\n", hook.path, hook.text)).collect()
}

/// A moment as helm's text output has it, e.g. `Sat Nov 21 05:24:02 2026`.
pub fn date(moment: &str) -> String {
    let parsed = moment.parse::<Timestamp>();
    parsed.map_or_else(
        |_| moment.to_owned(),
        |moment| moment.to_zoned(TimeZone::UTC).strftime("%a %b %e %H:%M:%S %Y").to_string(),
    )
}

/// The same with the keys of every object in order, as Go prints maps.
pub fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let ordered: BTreeMap<_, _> = map.iter().map(|(key, item)| (key.clone(), sorted(item))).collect();
            Value::Object(ordered.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// A table with columns as wide as their widest cell, parted by tabs.
pub fn table(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut lines = vec![head.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>()];
    lines.extend(rows);
    let widths: Vec<_> = (0..head.len())
        .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
        .collect();
    let line = |cells: &Vec<String>| {
        let padded: Vec<_> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("\t") + "\n"
    };
    lines.iter().map(line).collect()
}
