//! `guide schema`: JSON schemas for editors, generated from the shape of guides and from the kinds.

use landfall_core::{
    catalogue::{Catalogue, Room},
    guide::{Guide, Input, InputType, Secret},
};
use serde_json::{Map, Value, json};

use super::{Common, Exit, guide::load, say::say};
use crate::kinds::Kinds;

/// The JSON schema of guides; or that of one guide's answers files.
pub fn schema(common: &Common, guide: Option<&str>) -> i32 {
    let schema = match guide {
        None => of_guides(&Kinds::all().catalogue()),
        Some(guide) => match load(common, guide) {
            Ok(loaded) => of_answers(&loaded.guide),
            Err(code) => return code,
        },
    };
    say!("{}", serde_json::to_string_pretty(&schema).unwrap_or_default());
    Exit::Done.code()
}

/// The shape of guides, with the parameters of every kind where a task names it.
pub fn of_guides(kinds: &Catalogue) -> Value {
    let mut schema = serde_json::to_value(schemars::schema_for!(Guide)).unwrap_or_default();
    let task = schema["$defs"]["Task"].clone();
    for (section, room, name) in
        [("checks", Room::Check, "Check"), ("steps", Room::Step, "Step"), ("verify", Room::Check, "Check")]
    {
        schema["$defs"][name] = with_kinds(task.clone(), kinds, room, "kind", "with", name);
        schema["properties"][section]["items"] = json!({ "$ref": format!("#/$defs/{name}") });
    }
    let until = schema["$defs"]["Until"].clone();
    schema["$defs"]["Until"] = with_kinds(until, kinds, Room::Check, "kind", "with", "Check");
    for name in ["FrozenFact", "Suggest"] {
        let lookup = schema["$defs"][name].clone();
        schema["$defs"][name] = with_kinds(lookup, kinds, Room::Lookup, "lookup", "with", "Lookup");
    }
    for (room, name) in [(Room::Check, "Check"), (Room::Step, "Step"), (Room::Lookup, "Lookup")] {
        for kind in kinds.room(room) {
            let place = definition(name, &kind.name);
            let mut parameters = kind.parameters.clone();
            fit(&mut parameters, &format!("#/$defs/{place}"));
            schema["$defs"][place] = parameters;
        }
    }
    schema["$defs"]["Scenario"] = landfall_rehearsal::shape::schema();
    schema["properties"]["scenarios"]["additionalProperties"] = json!({ "$ref": "#/$defs/Scenario" });
    // A file may say which schema it follows.
    schema["title"] = json!("A Landfall guide");
    schema
}

fn definition(room: &str, kind: &str) -> String {
    format!("{room}.{kind}")
}

/// A task's schema, whose kinds are those there are, and whose parameters are those of its kind.
fn with_kinds(mut task: Value, kinds: &Catalogue, room: Room, key: &str, with: &str, name: &str) -> Value {
    let names: Vec<Value> =
        kinds.room(room).map(|kind| json!({ "const": kind.name, "description": kind.about })).collect();
    let all: Vec<Value> = kinds
        .room(room)
        .map(|kind| {
            json!({
                "if": { "properties": { key: { "const": kind.name } }, "required": [key] },
                "then": { "properties": { with: { "$ref": format!("#/$defs/{}", definition(name, &kind.name)) } } },
            })
        })
        .collect();
    task["properties"][key]["oneOf"] = Value::Array(names);
    task["allOf"] = Value::Array(all);
    task
}

/// A kind's schema inside the guides': its own definitions are found where it stands, and where it wants a number, a list or
/// a word of its own, a template may stand.
fn fit(schema: &mut Value, root: &str) {
    let Value::Object(fields) = schema else {
        if let Value::Array(items) = schema {
            items.iter_mut().for_each(|item| fit(item, root));
        }
        return;
    };
    fields.remove("$schema");
    if let Some(Value::String(to)) = fields.get_mut("$ref") {
        *to = to.replacen('#', root, 1);
    }
    for (key, below) in fields.iter_mut() {
        match key.as_str() {
            "properties" | "$defs" | "patternProperties" => {
                for (_, field) in below.as_object_mut().into_iter().flatten() {
                    fit(field, root);
                    if key != "$defs" {
                        or_template(field);
                    }
                }
            }
            "items" | "additionalProperties" if below.is_object() => {
                fit(below, root);
                or_template(below);
            }
            "anyOf" | "oneOf" | "allOf" => fit(below, root),
            _ => {}
        }
    }
}

/// The same, or a text with `{{ … }}`. What describes it stays where editors look for it.
fn or_template(field: &mut Value) {
    let takes_any_text = field.get("type").is_some_and(|kind| kind == "string")
        && ["enum", "const", "pattern", "format"].iter().all(|key| field.get(key).is_none());
    if takes_any_text || !field.is_object() {
        return;
    }
    let mut either = Map::new();
    if let Some(description) = field.as_object_mut().and_then(|fields| fields.remove("description")) {
        either.insert("description".into(), description);
    }
    either.insert("anyOf".into(), json!([field.take(), { "type": "string", "pattern": "\\{[{%]" }]));
    *field = Value::Object(either);
}

/// The shape of a guide's answers files: what it asks, and where secrets may come from.
pub fn of_answers(guide: &Guide) -> Value {
    let inputs: Map<String, Value> = guide.inputs.iter().map(|input| (input.id.clone(), answer(input))).collect();
    let mut secrets = Map::new();
    for secret in &guide.secrets {
        sources(secret, &mut secrets);
    }
    let steps: Vec<&str> = guide.steps.iter().filter(|step| step.optional).map(|step| step.id.as_str()).collect();
    let said = json!({
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "task": { "type": "string", "description": "The task's path, e.g. checks/licence." },
                "name": { "type": "string", "description": "Who says it." },
                "reason": { "type": "string", "description": "Why; a ticket." },
                "choice": { "type": "string", "description": "The choice, where there is more than one." },
            },
            "required": ["task", "name", "reason"],
            "additionalProperties": false,
        },
    });
    let text = |about: &str| json!({ "type": "string", "description": about });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("Answers for {}", guide.title),
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "guide": { "const": guide.id },
            "target": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "profile": text("AWS profile."),
                    "region": text("AWS region."),
                    "cluster": text("Cluster name."),
                    "context": text("kubeconfig context."),
                    "namespace": text("Namespace."),
                    "build_kubeconfig": { "type": "boolean", "description": "Build a kubeconfig from EKS." },
                },
            },
            "inputs": { "type": "object", "additionalProperties": false, "properties": inputs },
            "secrets": { "type": "object", "additionalProperties": false, "properties": secrets },
            "attest": said.clone(),
            "waive": said.clone(),
            "approve": said.clone(),
            "adopt": said,
            "hand_over": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "properties": {
                        "task": text("The step: its path or id."),
                        "kind": text("Every step of these kinds, with *, e.g. iam.*."),
                        "to": text("Who is asked."),
                        "reason": text("Why; a ticket."),
                        "name": text("Who hands it over."),
                        "within": text("How long to wait for it, e.g. 2d."),
                    },
                    "required": ["to"],
                },
            },
            "steps": {
                "type": "object",
                "description": format!("Optional steps left for later: path to `later`. Here: {}", steps.join(", ")),
                "additionalProperties": { "type": "string" },
            },
            "probes": { "type": "boolean", "description": "Agreed to what checks make in the cluster for a moment." },
        },
    })
}

/// What an input's answer looks like.
fn answer(input: &Input) -> Value {
    let mut schema = match input.kind {
        InputType::Integer => {
            json!({ "anyOf": [{ "type": "integer" }, { "type": "string", "pattern": "^-?[0-9]+$" }] })
        }
        InputType::Boolean => json!({ "anyOf": [{ "type": "boolean" }, { "enum": ["true", "false", "yes", "no"] }] }),
        InputType::Choice => json!({
            "oneOf": input.choices.iter().map(|choice| json!({ "const": choice.id(), "description": choice.label() })).collect::<Vec<_>>(),
        }),
        InputType::List | InputType::Subnets => {
            json!({ "anyOf": [{ "type": "array", "items": { "type": "string" } }, { "type": "string" }] })
        }
        InputType::Rows => {
            let columns: Map<String, Value> =
                input.columns.iter().map(|column| (column.id.clone(), answer(column))).collect();
            json!({ "type": "array", "items": { "type": "object", "properties": columns, "additionalProperties": false } })
        }
        InputType::Tree | InputType::Mapping | InputType::Ami => json!({ "type": ["object", "array", "string"] }),
        InputType::Text | InputType::HostName | InputType::File | InputType::Url | InputType::RoleArn => {
            // A version such as 1.31 is written without quotes, too.
            json!({ "type": ["string", "number"] })
        }
    };
    let help = input.help.trim();
    let about = if help.is_empty() { input.label() } else { format!("{}: {help}", input.label()) };
    if let Value::Object(fields) = &mut schema {
        fields.insert("description".into(), about.into());
    }
    if input.optional || !input.default.is_null() || input.when.is_some() {
        schema = json!({ "anyOf": [schema, { "type": "null" }] });
    }
    schema
}

/// Where a secret's fields may come from; never the secret itself.
fn sources(secret: &Secret, all: &mut Map<String, Value>) {
    let source = |label: String| {
        let one = |key: &str, value: Value| json!({ "type": "object", "properties": { key: value }, "required": [key], "additionalProperties": false });
        json!({
            "description": label,
            "oneOf": [
                one("file", json!({ "type": "string", "description": "A file's content." })),
                one("env", json!({ "type": "string", "description": "An environment variable of this process." })),
                one("command", json!({ "type": "array", "items": { "type": "string" }, "description": "What a command prints." })),
                one("aws_secret", json!({ "type": "string", "description": "AWS Secrets Manager: name, or name#key." })),
                one("generate", json!({ "enum": ["uuid", "password"], "description": "Made up." })),
                one("vault", json!({ "type": "boolean", "description": "In the vault already." })),
                one("existing", json!({ "type": "boolean", "description": "Taken from the Secret that exists in the cluster." })),
            ],
        })
    };
    match &secret.rows {
        Some(rows) => {
            let columns: Map<String, Value> = rows
                .columns
                .iter()
                .map(|column| (column.id.clone(), source(column.label.clone().unwrap_or_else(|| column.id.clone()))))
                .collect();
            let rows = json!({ "type": "array", "items": { "type": "object", "properties": columns, "additionalProperties": false } });
            all.insert(secret.id.clone(), rows);
        }
        None => {
            for field in &secret.fields {
                let label = field.label.clone().unwrap_or_else(|| field.id.clone());
                all.insert(format!("{}.{}", secret.id, field.id), source(format!("{}: {label}", secret.label)));
            }
        }
    }
}
