//! Does a value have the shape it should? Asked of every request, and in debug builds of every answer.

use serde_json::Value;

use super::{
    member::Member,
    model::{Kind, Model, Shape},
};

/// What is wrong with a value, member by member, in the words the services use.
#[derive(Debug, Default)]
pub struct Findings {
    /// Required members that are not there.
    pub missing: Vec<String>,
    /// Members the shape does not have.
    pub unknown: Vec<String>,
    /// Wrong types, and words that are not in the list.
    pub wrong: Vec<String>,
    /// Numbers and lengths out of bounds. The services' own answers do not keep to these.
    pub beyond: Vec<String>,
}

impl Findings {
    /// Whether nothing is wrong with it as a request.
    pub fn is_empty(&self) -> bool {
        self.fits_an_answer() && self.beyond.is_empty()
    }

    /// Whether nothing is wrong with it as an answer.
    pub fn fits_an_answer(&self) -> bool {
        self.missing.is_empty() && self.unknown.is_empty() && self.wrong.is_empty()
    }

    /// All of it as one message.
    pub fn message(&self) -> String {
        let mut lines: Vec<String> = self
            .missing
            .iter()
            .map(|path| format!("Value null at '{path}' failed to satisfy constraint: Member must not be null"))
            .collect();
        lines.extend(self.unknown.iter().map(|path| format!("Unknown member '{path}'")));
        lines.extend(self.wrong.iter().chain(&self.beyond).cloned());
        let errors = if lines.len() == 1 { "error" } else { "errors" };
        format!("{} validation {errors} detected: {}", lines.len(), lines.join("; "))
    }
}

/// Checks `value` against the structure `of`.
pub fn validate(model: &Model, of: Option<&str>, value: &Value) -> Findings {
    let mut findings = Findings::default();
    match of {
        Some(of) => check(model, of, value, "", &mut findings),
        None => {
            for key in value.as_object().into_iter().flat_map(|object| object.keys()) {
                findings.unknown.push(key.clone());
            }
        }
    }
    findings
}

fn check(model: &Model, of: &str, value: &Value, path: &str, findings: &mut Findings) {
    let typed = match model.kind(of) {
        Kind::Text | Kind::Timestamp | Kind::Blob => value.is_string(),
        Kind::Integer => value.is_i64() || value.is_u64(),
        Kind::Double => value.is_number(),
        Kind::Boolean => value.is_boolean(),
        Kind::Structure(_) | Kind::Map(..) => value.is_object(),
        Kind::List(..) => value.is_array(),
    };
    if !typed {
        findings.wrong.push(format!("Value '{value}' at '{path}' is not of type {of}"));
        return;
    }
    match (model.kind(of), value) {
        (Kind::Structure(structure), Value::Object(object)) => {
            for name in &structure.required {
                if object.get(name).is_none_or(Value::is_null) {
                    findings.missing.push(join(path, name));
                }
            }
            for (name, inner) in object {
                match structure.members.get(name) {
                    Some(member) => inner_check(model, member, inner, &join(path, name), findings),
                    None => findings.unknown.push(join(path, name)),
                }
            }
        }
        (Kind::List(item, _), Value::Array(items)) => {
            for (at, inner) in items.iter().enumerate() {
                inner_check(model, item, inner, &format!("{path}.{}.member", at + 1), findings);
            }
        }
        (Kind::Map(_, member, _), Value::Object(object)) => {
            for (name, inner) in object {
                inner_check(model, member, inner, &join(path, name), findings);
            }
        }
        _ => {}
    }
    if let Some(shape) = model.shape(of)
        && let Some(wrong) = out_of_bounds(shape, value)
    {
        let list = if matches!(shape, Shape::Enum { .. }) { &mut findings.wrong } else { &mut findings.beyond };
        list.push(format!("Value '{}' at '{path}' failed to satisfy constraint: {wrong}", shown(value)));
    }
}

fn inner_check(model: &Model, member: &Member, value: &Value, path: &str, findings: &mut Findings) {
    check(model, &member.of, value, path, findings);
}

fn out_of_bounds(shape: &Shape, value: &Value) -> Option<String> {
    match shape {
        Shape::Enum { r#enum } => (!r#enum.iter().any(|word| Some(word.as_str()) == value.as_str()))
            .then(|| format!("Member must satisfy enum value set: [{}]", r#enum.join(", "))),
        Shape::Text { string } => {
            let length = value.as_str()?.chars().count() as f64;
            beyond(string.min, string.max, length, "Member must have length")
        }
        Shape::Integer { integer } => beyond(integer.min, integer.max, value.as_f64()?, "Member must have value"),
        Shape::Double { double } => beyond(double.min, double.max, value.as_f64()?, "Member must have value"),
        Shape::List { min, max, .. } => beyond(
            min.map(|least| least as f64),
            max.map(|most| most as f64),
            value.as_array()?.len() as f64,
            "Member must have length",
        ),
        Shape::Structure(_) | Shape::Map { .. } => None,
    }
}

fn beyond(min: Option<f64>, max: Option<f64>, is: f64, must: &str) -> Option<String> {
    match (min, max) {
        (Some(least), _) if is < least => Some(format!("{must} greater than or equal to {least}")),
        (_, Some(most)) if is > most => Some(format!("{must} less than or equal to {most}")),
        _ => None,
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
