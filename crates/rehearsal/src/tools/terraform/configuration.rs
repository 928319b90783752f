//! What stands in the folder: which module is called with which arguments, where the state is kept, and the root's outputs.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use minijinja::{Environment, value::Serde};
use regex::Regex;
use serde_json::{Map, Value, json};

use super::{
    Failure, Terraform,
    module::{Module, RECORDED, Release},
};

/// The folder, read.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Where the module is, e.g. `./gateway-0.8.1`.
    pub source: String,
    /// Name of the module block.
    pub name: String,
    /// What the module declares.
    pub module: Module,
    /// The module block's one-line arguments, as text without quotes.
    pub args: BTreeMap<String, String>,
    /// Root outputs: name to expression.
    pub outputs: Vec<(String, String)>,
    /// `local`, or `s3:BUCKET/KEY`.
    pub backend: String,
    /// Variables that were given.
    pub var: Map<String, Value>,
}

impl Configuration {
    /// Reads the folder.
    pub fn read(terraform: &Terraform<'_>) -> Result<Self, Failure> {
        let text = text_of(&terraform.folder)?;
        let find =
            |pattern: &str| Regex::new(pattern).ok().and_then(|regex| regex.captures(&text).map(|c| c[1].to_owned()));
        let source = find(r#"(?m)^\s*source\s*=\s*"(\./[^"]+)""#).unwrap_or_default();
        let name = find(r#"(?m)^module\s+"(\w+)""#).unwrap_or_default();
        let recorded = terraform.folder.join(&source).join(RECORDED);
        let module = match std::fs::read(&recorded) {
            Ok(bytes) if !source.is_empty() => {
                serde_json::from_slice(&bytes).map_err(|error| Failure::said(error.to_string()))?
            }
            _ => Module::default(),
        };
        let backend = match find(r#"backend\s+"(\w+)""#).as_deref() {
            Some("s3") => format!(
                "s3:{}/{}",
                find(r#"(?m)^\s*bucket\s*=\s*"([^"]+)""#).unwrap_or_default(),
                find(r#"(?m)^\s*key\s*=\s*"([^"]+)""#).unwrap_or_default()
            ),
            _ => "local".to_owned(),
        };
        let block = text.split_once(&format!("module \"{name}\" {{")).map_or("", |(_, rest)| rest);
        let block = block.split("\n}").next().unwrap_or(block);
        let pairs = |pattern: &str, text: &str| -> Vec<(String, String)> {
            let found = Regex::new(pattern).ok();
            let all = found.iter().flat_map(|regex| regex.captures_iter(text));
            all.map(|c| (c[1].to_owned(), c[2].trim().to_owned())).collect()
        };
        let args = pairs(r"(?m)^  (\w+)\s*=\s*(.+)$", block)
            .into_iter()
            .map(|(key, value)| (key, value.trim_matches('"').to_owned()))
            .collect();
        let outputs = pairs(r#"(?ms)^output\s+"(\w+)"\s*\{.*?value\s*=\s*([^\n]+)"#, &text);
        let var = match terraform.value("-var-file") {
            Some(path) => serde_json::from_slice(&std::fs::read(terraform.folder.join(path))?)
                .map_err(|error| Failure::said(error.to_string()))?,
            None => Map::new(),
        };
        for wanted in pairs(r#"(?m)^variable\s+"(\w+)"\s*(\{)"#, &text) {
            let has_default = text
                .split_once(&format!("variable \"{}\"", wanted.0))
                .and_then(|(_, rest)| rest.split_once("\n}"))
                .is_some_and(|(block, _)| block.contains("default"));
            if !has_default && !var.contains_key(&wanted.0) && terraform.value("-var-file").is_some() {
                return Err(Failure::said("No value for required variable").because(format!(
                    "The root module input variable \"{}\" is not set, and has no default value.",
                    wanted.0
                )));
            }
        }
        Ok(Self { source, name, module, args, outputs, backend, var })
    }

    /// What `init` remembers of it.
    pub fn initialised(&self) -> Value {
        json!({ "source": self.source, "backend": self.backend })
    }

    /// Whether `init` has seen it as it is.
    pub fn check_initialised(&self, folder: &Path) -> Result<(), Failure> {
        let known: Value = std::fs::read(folder.join(".terraform").join(RECORDED))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        if known["backend"] != self.backend.as_str() {
            return Err(Failure::said("Backend initialization required, please run \"terraform init\"").because(
                format!(
                    "Reason: Initial configuration of the requested backend {:?}",
                    self.backend.split(':').next().unwrap_or_default()
                ),
            ));
        }
        if known["source"] != self.source.as_str() {
            return Err(Failure::said("Module not installed")
                .because("This module is not yet installed. Run \"terraform init\" to install all modules required by this configuration."));
        }
        Ok(())
    }

    /// Where the state is.
    pub fn state_path(&self, terraform: &Terraform<'_>) -> PathBuf {
        match self.backend.strip_prefix("s3:") {
            Some(place) => terraform.place.folder.join("s3").join(place),
            None => terraform.folder.join("terraform.tfstate"),
        }
    }

    /// A text with its templates evaluated.
    pub fn fill(&self, text: &str, made: &Value) -> Value {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        let context = minijinja::context! { var => Serde(&self.var), args => self.args.clone(), made => Serde(made) };
        environment.render_str(text, context).map_or_else(|error| json!(error.to_string()), Value::String)
    }

    /// Whether a condition holds.
    pub fn holds(&self, condition: &str) -> bool {
        let environment = Environment::new();
        let context = minijinja::context! { var => Serde(&self.var), args => self.args.clone() };
        environment
            .compile_expression(condition)
            .and_then(|expression| expression.eval(context))
            .is_ok_and(|value| value.is_true())
    }

    /// A tree with the templates of its texts evaluated.
    pub fn fill_all(&self, tree: &Value, made: &Value) -> Value {
        match tree {
            Value::String(text) => self.fill(text, made),
            Value::Array(items) => items.iter().map(|item| self.fill_all(item, made)).collect(),
            Value::Object(fields) => {
                Value::Object(fields.iter().map(|(key, item)| (key.clone(), self.fill_all(item, made))).collect())
            }
            other => other.clone(),
        }
    }

    /// The release of an effect, with its templates evaluated.
    pub fn release(&self, release: &Release) -> Release {
        let fill = |text: &String| self.fill(text, &Value::Null).as_str().unwrap_or_default().to_owned();
        Release {
            name: fill(&release.name),
            namespace: fill(&release.namespace),
            chart: fill(&release.chart),
            repository: fill(&release.repository),
            version: fill(&release.version),
            username: fill(&release.username),
            password: fill(&release.password),
            values: release.values.clone(),
        }
    }
}

/// All of a folder's configuration as one text, without comments.
fn text_of(folder: &Path) -> Result<String, Failure> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(|error| Failure::said(format!("{}: {error}", folder.display())))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "tf"))
        .collect();
    paths.sort();
    if paths.is_empty() {
        return Err(Failure::said("No configuration files"));
    }
    let mut all = String::new();
    for path in paths {
        for line in std::fs::read_to_string(path)?.lines().filter(|line| !line.trim_start().starts_with('#')) {
            all.push_str(line);
            all.push('\n');
        }
    }
    Ok(all)
}
