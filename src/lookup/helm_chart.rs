//! `helm.chart`: which keys of the chart's values file are still to be filled, and with which answers?

use std::path::PathBuf;

use async_trait::async_trait;
use landfall_core::{
    event::{Problem, Row, Table},
    value::SecretText,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    cloud::{
        Chart, Trouble,
        helm::{ChartSource, Helm},
        values::{Gap, gaps},
    },
    kind::{Context, Lookup, LookupAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelmChart {
    /// Its repository, `https://…` or `oci://…`.
    #[serde(default)]
    repository: Option<String>,
    /// Its archive, where it was brought along.
    #[serde(default)]
    chart_file: Option<PathBuf>,
    /// Its name.
    chart: String,
    /// Its version; the newest where left out.
    #[serde(default)]
    version: Option<String>,
    /// User name of the repository.
    #[serde(default)]
    username: Option<SecretText>,
    /// Its password.
    #[serde(default)]
    password: Option<SecretText>,
    /// The vendor's values file, where it is not the chart's own.
    #[serde(default)]
    values_file: Option<PathBuf>,
}

#[async_trait]
impl Lookup for HelmChart {
    const ABOUT: LookupAbout =
        LookupAbout { name: "helm.chart", about: "keys of the chart's values file that are still to be filled" };

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let login = cx.login(self.username.as_ref(), self.password.as_ref()).await?;
        let version = self.version.as_deref();
        let source =
            ChartSource::of(self.chart_file.as_deref(), self.repository.as_deref(), &self.chart, version, login);
        let archive = Helm::open(&cx.cloud, &cx.folder).await?.fetch(&source, &cx.cancel).await?;
        let chart = Chart::open(&archive)?;
        let given = self.values_file.as_ref().filter(|path| !path.as_os_str().is_empty());
        let text = match given {
            Some(path) => tokio::fs::read_to_string(path)
                .await
                .map_err(|error| unreadable(&path.display().to_string(), &error))?,
            None => chart.values.clone(),
        };
        let found = gaps(&text).map_err(|fault| unreadable("values.yaml", &fault))?;
        let known = |name: &str| cx.scope.get(name).filter(|value| !value.is_null()).cloned();
        Ok(Table {
            columns: ["key", "now", "candidates", "what the vendor says"].map(str::to_owned).to_vec(),
            rows: found.iter().map(|gap| row(gap, &known)).collect(),
            note: format!("{} {}, sha256:{}", chart.name, chart.version, chart.digest),
        })
    }
}

fn row(gap: &Gap, known: &dyn Fn(&str) -> Option<Value>) -> Row {
    let candidates: Vec<String> = names(&gap.path)
        .into_iter()
        .filter_map(|name| {
            let value = known(&name)?;
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Some(format!("{name} = {shown}"))
        })
        .collect();
    Row {
        value: gap.path.clone().into(),
        cells: vec![gap.path.clone(), gap.found.clone(), candidates.join(", "), gap.comment.clone()],
        rejected: None,
        suggested: !candidates.is_empty(),
    }
}

/// Inputs that may be meant by a key: `auth.tlsSecret` → `auth_tls_secret`, `tls_secret`; `database.host` also `postgres_host`.
fn names(path: &str) -> Vec<String> {
    let words: Vec<String> = path.split('.').map(|word| snake(word.split('[').next().unwrap_or(word))).collect();
    let mut names = Vec::new();
    for start in 0..words.len() {
        let name = words[start..].join("_");
        for (word, other) in [("", ""), ("database", "postgres"), ("db", "postgres"), ("hostname", "host"), ("image_registry", "mirror_registry")] {
            let name = if word.is_empty() { name.clone() } else { name.replace(word, other) };
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

fn snake(word: &str) -> String {
    let mut out = String::new();
    for c in word.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        out.push(if c == '-' { '_' } else { c.to_ascii_lowercase() });
    }
    out
}

fn unreadable(what: &str, why: &dyn std::fmt::Display) -> Trouble {
    Problem::new("HELM-VALUES-FILE", format!("{what} cannot be used as a values file"), "Correct it, or name another.")
        .why(why.to_string())
        .into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_that_may_belong_to_a_key_are_offered() {
        let known = |name: &str| match name {
            "auth_host" => Some(json!("auth.example.com")),
            "postgres_host" => Some(json!("db.example.com")),
            _ => None,
        };
        let gap = |path: &str| Gap { path: path.into(), found: "null".into(), comment: String::new(), line: 1 };
        assert_eq!(row(&gap("auth.host"), &known).cells[2], "auth_host = auth.example.com");
        assert_eq!(row(&gap("database.host"), &known).cells[2], "postgres_host = db.example.com");
        assert!(row(&gap("database.host"), &known).suggested);
        assert!(!row(&gap("something.else"), &known).suggested);
        assert!(names("auth.tlsSecret").contains(&"auth_tls_secret".to_owned()));
    }
}
