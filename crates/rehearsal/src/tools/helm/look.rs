//! Commands that only look: status, list, history, get.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Value, json};

use super::{
    Failure, Helm, print,
    release::{self, Release},
    values,
};

/// `helm status`.
pub fn status(helm: &Helm<'_>) -> Result<String, Failure> {
    let release = one(helm)?;
    Ok(print::made(helm, &release))
}

/// `helm list`.
pub fn list(helm: &Helm<'_>) -> Result<String, Failure> {
    let cluster = helm.cluster()?;
    let namespace = helm.namespace(&cluster);
    let everywhere = helm.arguments.is("all-namespaces");
    let filter =
        helm.arguments.last("filter").map(Regex::new).transpose().map_err(|error| Failure::said(error.to_string()))?;
    let mut last = BTreeMap::new();
    for release in release::all(&cluster, (!everywhere).then_some(namespace.as_str()))? {
        last.insert((release.name().to_owned(), release.namespace().to_owned()), release);
    }
    // Version 3 leaves out what is pending unless it is asked for everything.
    let shown = |release: &Release| {
        helm.is_four() || helm.arguments.is("all") || matches!(release.status(), "deployed" | "failed")
    };
    let fits = |release: &Release| filter.as_ref().is_none_or(|filter| filter.is_match(release.name()));
    let found: Vec<_> = last.into_values().filter(|release| shown(release) && fits(release)).collect();
    if helm.arguments.is("short") {
        return Ok(found.iter().map(|release| format!("{}\n", release.name())).collect());
    }
    let row = |release: &Release| {
        let metadata = &release.body["chart"]["metadata"];
        let chart = format!("{}-{}", word(metadata, "name"), word(metadata, "version"));
        let updated = release.info("last_deployed").replace('T', " ").replace('Z', " +0000 UTC");
        let app_version = word(metadata, "appVersion").to_owned();
        [
            release.name().to_owned(),
            release.namespace().to_owned(),
            release.version().to_string(),
            updated,
            release.status().to_owned(),
            chart,
            app_version,
        ]
    };
    if helm.arguments.last("output") == Some("json") {
        let keys = ["name", "namespace", "revision", "updated", "status", "chart", "app_version"];
        let object = |release: &Release| {
            keys.iter().zip(row(release)).map(|(key, text)| ((*key).to_owned(), json!(text))).collect()
        };
        let rows: Vec<Value> = found.iter().map(|release| Value::Object(object(release))).collect();
        return Ok(format!("{}\n", json!(rows)));
    }
    let head = ["NAME", "NAMESPACE", "REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION"];
    Ok(print::table(&head, found.iter().map(|release| row(release).to_vec()).collect()))
}

/// `helm history`.
pub fn history(helm: &Helm<'_>) -> Result<String, Failure> {
    let [name] = helm.arguments.exactly::<1>()?;
    let cluster = helm.cluster()?;
    let revisions = release::revisions(&cluster, &helm.namespace(&cluster), name)?;
    if revisions.is_empty() {
        return Err(Failure::said("release: not found"));
    }
    let chart = |release: &Release| {
        let metadata = &release.body["chart"]["metadata"];
        (format!("{}-{}", word(metadata, "name"), word(metadata, "version")), word(metadata, "appVersion").to_owned())
    };
    if helm.arguments.last("output") == Some("json") {
        let rows: Vec<_> = revisions
            .iter()
            .map(|release| {
                let (chart, app_version) = chart(release);
                let mut row = json!({
                    "revision": release.version(), "updated": release.info("last_deployed"), "status": release.status(),
                    "chart": chart, "app_version": app_version,
                });
                if let Some(back_to) = release.body["info"].get("rollback_revision") {
                    row["rollback_revision"] = back_to.clone();
                }
                row["description"] = json!(release.info("description"));
                row
            })
            .collect();
        return Ok(format!("{}\n", json!(rows)));
    }
    let rows = revisions.iter().map(|release| {
        let (chart, app_version) = chart(release);
        let updated = print::date(release.info("last_deployed"));
        vec![
            release.version().to_string(),
            updated,
            release.status().to_owned(),
            chart,
            app_version,
            release.info("description").to_owned(),
        ]
    });
    Ok(print::table(&["REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION", "DESCRIPTION"], rows.collect()))
}

/// `helm get values`.
pub fn values(helm: &Helm<'_>) -> Result<String, Failure> {
    let release = one(helm)?;
    let given = release.body.get("config").cloned().unwrap_or(Value::Null);
    let all = helm.arguments.is("all");
    let shown = print::sorted(&if all {
        let own = serde_json::to_string(&release.body["chart"]["values"]).unwrap_or_default();
        values::computed(&own, &given)?
    } else {
        given
    });
    if helm.arguments.last("output") == Some("json") {
        return Ok(format!("{shown}\n"));
    }
    let text = serde_yaml::to_string(&shown).map_err(std::io::Error::other)?;
    if helm.arguments.last("output") == Some("yaml") {
        return Ok(text);
    }
    Ok(format!("{}:\n{text}", if all { "COMPUTED VALUES" } else { "USER-SUPPLIED VALUES" }))
}

/// `helm get manifest`.
pub fn manifest(helm: &Helm<'_>) -> Result<String, Failure> {
    Ok(one(helm)?.manifest().to_owned() + "\n")
}

/// `helm get notes`.
pub fn notes(helm: &Helm<'_>) -> Result<String, Failure> {
    let release = one(helm)?;
    let notes = release.info("notes");
    Ok(if notes.is_empty() { String::new() } else { format!("NOTES:\n{notes}\n") })
}

/// `helm get metadata`.
pub fn metadata(helm: &Helm<'_>) -> Result<String, Failure> {
    let release = one(helm)?;
    let chart = &release.body["chart"]["metadata"];
    let mut shown = json!({
        "name": release.name(), "chart": chart["name"], "version": chart["version"], "appVersion": word(chart, "appVersion"),
        "namespace": release.namespace(), "revision": release.version(), "status": release.status(),
        "deployedAt": release.info("last_deployed"),
    });
    if helm.is_four() {
        shown["applyMethod"] = json!("ssa");
    }
    if helm.arguments.last("output") == Some("json") {
        return Ok(format!("{shown}\n"));
    }
    Ok(serde_yaml::to_string(&shown).map_err(std::io::Error::other)?)
}

/// The release that is asked for, at `--revision` or the last one.
fn one(helm: &Helm<'_>) -> Result<Release, Failure> {
    let [name] = helm.arguments.exactly::<1>()?;
    let cluster = helm.cluster()?;
    let mut revisions = release::revisions(&cluster, &helm.namespace(&cluster), name)?;
    if let Some(wanted) = helm.arguments.last("revision") {
        revisions.retain(|release| release.version().to_string() == wanted);
    }
    revisions.pop().ok_or_else(|| Failure::said("release: not found"))
}

fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}
