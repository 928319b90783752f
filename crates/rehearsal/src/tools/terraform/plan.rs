//! What would be done: the module's resources beside the state.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Failure, Terraform,
    configuration::Configuration,
    module::{self, Resource},
    state::State,
};

/// A plan that can be saved.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Plan {
    /// The state it was made from.
    pub serial: u64,
    /// What changes, in order.
    pub changes: Vec<Change>,
    /// Root outputs afterwards that are known already.
    pub outputs: Map<String, Value>,
    /// Names of root outputs that change.
    pub output_changes: Vec<String>,
    /// The variables, as the real one saves them.
    pub var: Map<String, Value>,
    /// Whether everything is taken away.
    pub destroy: bool,
    /// The state before.
    pub before: State,
}

/// One change.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Change {
    /// Its whole address.
    pub address: String,
    /// `create`, `update`, `replace`, `delete`, `no-op`.
    pub action: String,
    /// Attributes before.
    pub before: Map<String, Value>,
    /// Attributes after.
    pub after: Map<String, Value>,
    /// Attributes that are not shown.
    pub sensitive: Vec<String>,
    /// What forces it to be replaced.
    pub because: Vec<String>,
    /// It was left half made.
    pub tainted: bool,
    /// What the module says of it; none for what it no longer knows.
    pub resource: Option<Resource>,
}

impl Plan {
    /// Compares.
    pub fn of(configuration: &Configuration, state: State, destroy: bool) -> Self {
        let whole = |resource: &Resource| format!("module.{}.{}", configuration.name, resource.address);
        let wanted: Vec<&Resource> = configuration
            .module
            .resources
            .iter()
            .filter(|resource| resource.when.as_ref().is_none_or(|condition| configuration.holds(condition)))
            .collect();
        let mut changes = Vec::new();
        if !destroy {
            changes.extend(wanted.iter().map(|resource| change(configuration, resource, whole(resource), &state)));
        }
        for held in state.resources.iter().rev() {
            if destroy || !wanted.iter().any(|resource| whole(resource) == held.address) {
                let resource = configuration.module.resources.iter().find(|resource| whole(resource) == held.address);
                changes.push(Change {
                    address: held.address.clone(),
                    action: "delete".into(),
                    before: held.attributes.clone(),
                    resource: resource.cloned(),
                    ..Change::default()
                });
            }
        }
        let outputs = if destroy { Map::new() } else { outputs(configuration) };
        let names: Vec<&String> = outputs.keys().chain(state.outputs.keys()).collect();
        let mut output_changes: Vec<String> =
            names.into_iter().filter(|name| outputs.get(*name) != state.outputs.get(*name)).cloned().collect();
        output_changes.sort();
        output_changes.dedup();
        let var = configuration.var.clone();
        Self { serial: state.serial, changes, outputs, output_changes, var, destroy, before: state }
    }

    /// Whether nothing is to be done.
    pub fn nothing(&self) -> bool {
        self.changes.iter().all(|change| change.action == "no-op") && self.output_changes.is_empty()
    }

    /// Reads a saved one that still fits the state.
    pub fn saved(path: &std::path::Path) -> Result<Self, Failure> {
        let bytes = std::fs::read(path).map_err(|error| {
            Failure::said(format!("Failed to load {:?} as a plan file", path.display().to_string()))
                .because(error.to_string())
        })?;
        serde_json::from_slice(&bytes).map_err(|error| Failure::said(error.to_string()))
    }

    /// As `show -json` tells it.
    pub fn shown(&self, terraform: &Terraform<'_>) -> Value {
        let changes: Vec<Value> = self.changes.iter().map(Change::shown).collect();
        let outputs: Map<String, Value> = self
            .output_changes
            .iter()
            .map(|name| (name.clone(), json!({ "actions": [if self.destroy { "delete" } else { "create" }] })))
            .collect();
        let known: Map<String, Value> = self
            .before
            .outputs
            .iter()
            .map(|(name, value)| (name.clone(), json!({ "sensitive": false, "value": value, "type": "string" })))
            .collect();
        let planned: Map<String, Value> = self
            .outputs
            .iter()
            .map(|(name, value)| (name.clone(), json!({ "sensitive": false, "value": value })))
            .collect();
        let held: Vec<Value> = self.before.resources.iter().map(|held| json!({ "address": held.address })).collect();
        let module = if held.is_empty() { json!({}) } else { json!({ "child_modules": [{ "resources": held }] }) };
        json!({
            "format_version": "1.2", "terraform_version": terraform.place.tools.terraform.version,
            "variables": self.var.iter().map(|(name, value)| (name.clone(), json!({ "value": value }))).collect::<Map<_, _>>(),
            "resource_changes": changes, "output_changes": outputs, "planned_values": { "outputs": planned },
            "prior_state": { "format_version": "1.0", "values": { "outputs": known, "root_module": module } },
        })
    }
}

impl Change {
    fn shown(&self) -> Value {
        let actions = match self.action.as_str() {
            "replace" => vec!["delete", "create"],
            action => vec![action],
        };
        let sensitive: Map<String, Value> = self.sensitive.iter().map(|name| (name.clone(), json!(true))).collect();
        let empty_to_null = |map: &Map<String, Value>| if map.is_empty() { Value::Null } else { json!(map) };
        let mut shown = json!({
            "address": self.address, "mode": "managed", "type": module::kind(&self.address),
            "change": {
                "actions": actions, "before": empty_to_null(&self.before), "after": empty_to_null(&self.after),
                "after_unknown": {}, "before_sensitive": sensitive, "after_sensitive": sensitive,
            },
        });
        if self.tainted {
            shown["action_reason"] = json!("replace_because_tainted");
        } else if !self.because.is_empty() {
            shown["action_reason"] = json!("replace_because_cannot_update");
            shown["change"]["replace_paths"] = self.because.iter().map(|name| json!([name])).collect();
        }
        shown
    }
}

fn change(configuration: &Configuration, resource: &Resource, address: String, state: &State) -> Change {
    let mut after = Map::new();
    for (name, value) in &resource.attributes {
        after.insert(name.clone(), configuration.fill_all(value, &Value::Null));
    }
    let mut change = Change {
        address,
        action: "create".into(),
        after,
        sensitive: resource.sensitive.clone(),
        resource: Some(resource.clone()),
        ..Change::default()
    };
    let Some(held) = state.at(&change.address) else { return change };
    change.before = held.attributes.clone();
    let differs = |name: &&String| change.before.get(*name) != change.after.get(*name);
    let different: Vec<String> = change.after.keys().filter(differs).cloned().collect();
    change.because = different.iter().filter(|name| resource.forces_new.contains(name)).cloned().collect();
    change.tainted = held.tainted;
    change.action = if held.tainted || !change.because.is_empty() {
        "replace"
    } else if different.is_empty() {
        "no-op"
    } else {
        "update"
    }
    .into();
    change
}

/// Root outputs: `module.NAME.OUTPUT`, or a text.
fn outputs(configuration: &Configuration) -> Map<String, Value> {
    let below = format!("module.{}.", configuration.name);
    configuration
        .outputs
        .iter()
        .map(|(name, expression)| {
            let value = match expression.strip_prefix(&below) {
                Some(output) => {
                    let declared = configuration.module.outputs.get(output).cloned().unwrap_or_default();
                    configuration.fill_all(&declared, &Value::Null)
                }
                None => json!(expression.trim_matches('"')),
            };
            (name.clone(), value)
        })
        .collect()
}
