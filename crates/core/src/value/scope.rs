//! What may templates read? Answers, facts, the target, secrets as stand-ins, and what steps brought.

use std::{fmt, sync::Arc};

use minijinja::value::{Object, ObjectRepr, Serde, Value as Jinja};
use serde_json::{Map, Value};

use super::{
    SecretRef, SecretText, late, missing,
    template::{TemplateFault, environment, fault, render_tree, unknown},
};

/// The names templates may read, with their values.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    values: Map<String, Value>,
    steps: Map<String, Value>,
    late: bool,
}

impl Scope {
    /// An empty scope in which step outputs that are missing are errors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Step outputs that are missing become [`super::Late::Unknown`]: for planning.
    #[must_use]
    pub fn with_late_steps(mut self) -> Self {
        self.late = true;
        self
    }

    /// Sets a top-level name: an input's id, `facts`, `target`, `row`.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        self.values.insert(name.into(), value);
    }

    /// A top-level name's value.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// Whether a dotted name, e.g. `facts.cluster.version`, has a value.
    pub fn has(&self, name: &str) -> bool {
        let mut parts = name.split('.');
        let root = parts.next().and_then(|root| self.values.get(root));
        parts.fold(root, |value, part| value.and_then(|value| value.get(part))).is_some_and(|value| !value.is_null())
    }

    /// Makes a secret's field readable, as a stand-in.
    pub fn secret(&mut self, secret: &str, field: &str) {
        self.secret_field(secret, field, Value::String(SecretText::stand_in(&SecretRef::field(secret, field))));
    }

    /// Makes the field of a secret that is not asked for read as null.
    pub fn no_secret(&mut self, secret: &str, field: &str) {
        self.secret_field(secret, field, Value::Null);
    }

    fn secret_field(&mut self, secret: &str, field: &str, value: Value) {
        let fields = self.values.entry("secrets").or_insert_with(|| Value::Object(Map::new()));
        if let Some(fields) = fields.as_object_mut() {
            let fields = fields.entry(secret).or_insert_with(|| Value::Object(Map::new()));
            fields[field] = value;
        }
    }

    /// Sets a finished step's outputs.
    pub fn step(&mut self, id: impl Into<String>, outputs: Value) {
        self.steps.insert(id.into(), outputs);
    }

    /// Evaluates every template in a tree.
    pub fn render(&self, tree: &Value) -> Result<Value, TemplateFault> {
        render_tree(&self.context(), tree)
    }

    /// Evaluates one text.
    pub fn render_text(&self, text: &str) -> Result<Value, TemplateFault> {
        self.render(&Value::String(text.to_owned()))
    }

    /// Evaluates a condition (`when`): an expression without braces.
    pub fn holds(&self, condition: &str) -> Result<bool, TemplateFault> {
        let expression = environment().compile_expression(condition).map_err(fault)?;
        let context = self.context();
        let unknown = |error| {
            unknown(error, || missing::sentence(environment(), expression.undeclared_variables(true), &context))
        };
        Ok(expression.eval(context.clone()).map_err(unknown)?.is_true())
    }

    pub(super) fn context(&self) -> Jinja {
        let values = self.values.iter().map(|(name, value)| (name.clone(), Jinja::from(Serde(value))));
        let steps = Jinja::from_object(Steps { known: self.steps.clone(), late: self.late });
        Jinja::from_pairs(values.chain([("steps".to_owned(), steps)]))
    }
}

/// `steps`: outputs of finished steps; the others' are unknown while planning.
#[derive(Debug)]
struct Steps {
    known: Map<String, Value>,
    late: bool,
}

impl Object for Steps {
    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        let id = key.as_str()?;
        match self.known.get(id) {
            Some(outputs) => Some(Jinja::from(Serde(outputs))),
            None if self.late => Some(Jinja::from_object(Unknown { reference: format!("steps.{id}") })),
            None => None,
        }
    }
}

/// An output nobody knows yet, and everything below it.
#[derive(Debug)]
struct Unknown {
    reference: String,
}

impl Object for Unknown {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        Some(Jinja::from_object(Self { reference: format!("{}.{key}", self.reference) }))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", late::OPEN, self.reference, late::CLOSE)
    }
}
