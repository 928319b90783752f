//! How is a template evaluated? A scalar that is exactly one `{{ expression }}` keeps its type; any other is text.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, LazyLock},
};

use minijinja::{
    Environment, ErrorKind, UndefinedBehavior, escape_formatter, filters,
    syntax::SyntaxConfig,
    value::{Kwargs, Object, ObjectRepr, Serde, Value as Jinja},
};
use serde_json::{Map, Value};

use super::{Part, SecretRef, SecretText, late, missing};

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateFault(pub String);

/// Which names a template reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// Dotted names, e.g. `gpu_type`, `steps.gpu_launch_template.id`, `secrets.postgres.password`, `facts.cluster.version`.
    pub names: BTreeSet<String>,
}

impl References {
    /// Ids of the steps read.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        self.below("steps.")
    }

    /// Ids of the secrets read.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.below("secrets.")
    }

    fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.names
            .iter()
            .filter_map(move |name| name.strip_prefix(prefix))
            .map(|rest| rest.split('.').next().unwrap_or(rest))
    }
}

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
        let environment = environment();
        let context = self.context();
        render_tree(environment, &context, tree)
    }

    /// Evaluates one text.
    pub fn render_text(&self, text: &str) -> Result<Value, TemplateFault> {
        self.render(&Value::String(text.to_owned()))
    }

    /// Evaluates a condition (`when`): an expression without braces.
    pub fn holds(&self, condition: &str) -> Result<bool, TemplateFault> {
        let environment = environment();
        let expression = environment.compile_expression(condition).map_err(fault)?;
        let context = self.context();
        let unknown =
            |error| unknown(error, || missing::sentence(environment, expression.undeclared_variables(true), &context));
        Ok(expression.eval(context.clone()).map_err(unknown)?.is_true())
    }

    fn context(&self) -> Jinja {
        let values = self.values.iter().map(|(name, value)| (name.clone(), Jinja::from(Serde(value))));
        let steps = Jinja::from_object(Steps { known: self.steps.clone(), late: self.late });
        Jinja::from_pairs(values.chain([("steps".to_owned(), steps)]))
    }
}

/// Renders a template file (user data, a manifest) as text; secrets in it stay stand-ins.
pub fn render_file(scope: &Scope, text: &str) -> Result<String, TemplateFault> {
    render_template(environment(), &scope.context(), text)
}

fn render_template(environment: &Environment<'_>, context: &Jinja, text: &str) -> Result<String, TemplateFault> {
    let template = environment.template_from_str(text).map_err(fault)?;
    let unknown =
        |error| unknown(error, || missing::sentence(environment, template.undeclared_variables(true), context));
    template.render(context.clone()).map_err(unknown)
}

/// The names a tree's templates read, without evaluating them.
pub fn references(tree: &Value) -> Result<References, TemplateFault> {
    let environment = environment();
    let mut references = References::default();
    collect(environment, tree, &mut references)?;
    Ok(references)
}

impl References {
    /// The names a condition (`when`) reads.
    pub fn of_condition(condition: &str) -> Result<Self, TemplateFault> {
        let environment = environment();
        let expression = environment.compile_expression(condition).map_err(fault)?;
        Ok(Self { names: expression.undeclared_variables(true).into_iter().collect() })
    }
}

fn collect(environment: &Environment<'_>, tree: &Value, into: &mut References) -> Result<(), TemplateFault> {
    match tree {
        Value::String(text) if text.contains("{{") || text.contains("{%") => {
            let names = match whole_expression(environment, text) {
                Some(expression) => {
                    environment.compile_expression(expression).map_err(fault)?.undeclared_variables(true)
                }
                None => environment.template_from_str(text).map_err(fault)?.undeclared_variables(true),
            };
            into.names.extend(names);
            if text.contains("secrets.") && filtered_secret(text) {
                return Err(TemplateFault(
                    "a secret cannot go through a filter or an operator; join texts by writing them side by side"
                        .into(),
                ));
            }
        }
        Value::Array(items) => {
            for item in items {
                collect(environment, item, into)?;
            }
        }
        Value::Object(fields) => {
            for item in fields.values() {
                collect(environment, item, into)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Whether an expression of the text reads a secret and does more than name it. It may be a whole value: all of the
/// expression, a value in a list or map, an argument, or one way of a condition.
fn filtered_secret(text: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    // A file called `secrets.tf` is a name like any other.
    let inside = |before: &str| {
        let last = |marks: [&str; 2]| marks.iter().filter_map(|mark| before.rfind(mark)).max();
        last(["{{", "{%"]) > last(["}}", "%}"])
    };
    text.match_indices("secrets.").filter(|(at, _)| inside(&text[..*at])).any(|(at, _)| {
        let before = text[..at].trim_end();
        let after = text[at..].trim_start_matches(is_name).trim_start();
        let begins = before.is_empty()
            || before.ends_with("{{")
            || before.ends_with("else")
            || (before.ends_with([':', ',', '(', '[', '=']) && !before.ends_with("=="));
        let ends = after.is_empty()
            || after.starts_with([',', ')', ']', '}'])
            || after.starts_with("if ")
            || after.starts_with("else ");
        !(begins && ends)
    })
}

/// Made once: filling it costs more than evaluating a template.
fn environment() -> &'static Environment<'static> {
    static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(new_environment);
    &ENVIRONMENT
}

fn new_environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(200_000));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
        environment.set_syntax(syntax);
    }
    environment.add_filter("b64encode", |text: String| {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(text)
    });
    environment.add_function("fingerprint", |secret: Jinja| -> Result<Jinja, minijinja::Error> {
        // Not asked for with these answers.
        if secret.is_none() {
            return Ok(secret);
        }
        let text = SecretText::split(secret.as_str().unwrap_or_default());
        match text.0.as_slice() {
            [Part::Secret(reference)] => Ok(SecretText::stand_in(&reference.fingerprint()).into()),
            _ => Err(minijinja::Error::new(
                minijinja::ErrorKind::InvalidOperation,
                "fingerprint takes one secret: fingerprint(secrets.keys.token)",
            )),
        }
    });
    environment.set_formatter(|out, state, value| escape_formatter(out, state, &missing::whole(value.clone())?));
    environment.add_filter("tojson", |value: Jinja, indent: Option<Jinja>, more: Kwargs| {
        filters::tojson(&missing::whole(value)?, indent, more)
    });
    environment.add_filter("hcl", |value: Jinja| -> Result<String, minijinja::Error> {
        let value = serde_json::to_value(missing::whole(value)?)
            .map_err(|error| minijinja::Error::new(minijinja::ErrorKind::BadSerialization, error.to_string()))?;
        Ok(hcl(&value, 0))
    });
    environment
}

/// A value as an HCL expression; texts in it are taken to the letter, so that no answer can become an interpolation.
fn hcl(value: &Value, depth: usize) -> String {
    let (margin, end) = ("  ".repeat(depth + 1), "  ".repeat(depth));
    match value {
        Value::String(text) => {
            let quoted = serde_json::to_string(text).unwrap_or_default();
            quoted.replace("${", "$${").replace("%{", "%%{")
        }
        Value::Array(items) if items.is_empty() => "[]".into(),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            format!("[{}]", items.iter().map(|item| hcl(item, depth)).collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let lines: String = items.iter().map(|item| format!("{margin}{},\n", hcl(item, depth + 1))).collect();
            format!("[\n{lines}{end}]")
        }
        Value::Object(fields) if fields.is_empty() => "{}".into(),
        Value::Object(fields) => {
            let key = |name: &String| hcl(&Value::String(name.clone()), 0);
            let lines: String = fields
                .iter()
                .map(|(name, item)| format!("{margin}{} = {}\n", key(name), hcl(item, depth + 1)))
                .collect();
            format!("{{\n{lines}{end}}}")
        }
        other => other.to_string(),
    }
}

fn fault(error: minijinja::Error) -> TemplateFault {
    let mut message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    if let Some(line) = error.line().filter(|line| *line > 1) {
        message.push_str(&format!(" (line {line} of the template)"));
    }
    TemplateFault(message)
}

/// An undefined value is told by its name, where it has one.
fn unknown(error: minijinja::Error, name: impl FnOnce() -> Option<String>) -> TemplateFault {
    let named = (error.kind() == ErrorKind::UndefinedError).then(name).flatten();
    let line = error.line().filter(|line| *line > 1).map(|line| format!(" (line {line} of the template)"));
    named.map_or_else(|| fault(error), |named| TemplateFault(named + &line.unwrap_or_default()))
}

fn render_tree(environment: &Environment<'_>, context: &Jinja, tree: &Value) -> Result<Value, TemplateFault> {
    Ok(match tree {
        Value::String(text) if text.contains("{{") || text.contains("{%") => {
            match whole_expression(environment, text) {
                Some(expression) => {
                    let compiled = environment.compile_expression(expression).map_err(fault)?;
                    let named = || missing::sentence(environment, compiled.undeclared_variables(true), context);
                    let value = compiled.eval(context.clone()).map_err(|error| unknown(error, named))?;
                    if value.is_undefined() {
                        return Err(TemplateFault(format!("{} is not known", expression.trim())));
                    }
                    let value = missing::whole(value).map_err(|error| unknown(error, named))?;
                    serde_json::to_value(&value).map_err(|error| TemplateFault(error.to_string()))?
                }
                None => Value::String(render_template(environment, context, text)?),
            }
        }
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| render_tree(environment, context, item)).collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(key, item)| Ok((key.clone(), render_tree(environment, context, item)?)))
                .collect::<Result<_, TemplateFault>>()?,
        ),
        other => other.clone(),
    })
}

/// The expression, where the text is exactly one `{{ expression }}`. Braces inside may be those of maps and texts: then it
/// is one expression if the template language reads it as one.
fn whole_expression<'a>(environment: &Environment<'_>, text: &'a str) -> Option<&'a str> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    let inner = inner.strip_suffix(['-', '+']).unwrap_or(inner);
    let plain = !inner.contains("{{") && !inner.contains("}}");
    (plain || environment.compile_expression(inner).is_ok()).then_some(inner)
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

#[cfg(test)]
mod tests {
    #[test]
    fn hcl_takes_texts_to_the_letter() {
        let mut scope = Scope::new();
        scope.set("x", serde_json::json!({"a b": ["${var.x}", "%{ if", "\"q\""], "n": [{"k": 1, "t": true}], "e": []}));
        let text = scope.render_text("v = {{ x | hcl }}").unwrap();
        let wanted = "v = {\n  \"a b\" = [\"$${var.x}\", \"%%{ if\", \"\\\"q\\\"\"]\n  \"n\" = [\n    {\n      \"k\" = 1\n      \"t\" = true\n    },\n  ]\n  \"e\" = []\n}";
        assert_eq!(text, wanted);
    }

    use serde_json::json;

    use super::*;
    use crate::value::{Late, Tree};

    fn scope() -> Scope {
        let mut scope = Scope::new().with_late_steps();
        scope.set("gpu_max", json!(4));
        scope.set("hosts", json!(["a", "b"]));
        scope.secret("postgres", "password");
        scope.step("template", json!({"id": "lt-1"}));
        scope
    }

    #[test]
    fn one_whole_expression_keeps_its_type_and_any_other_text_is_text() {
        let rendered = scope()
            .render(&json!({"count": "{{ gpu_max }}", "text": "max {{ gpu_max }}", "list": "{{ hosts }}", "n": "{{ gpu_max * 8 }}"}))
            .unwrap();
        assert_eq!(rendered, json!({"count": 4, "text": "max 4", "list": ["a", "b"], "n": 32}));
    }

    #[test]
    fn one_whole_expression_may_have_braces_inside() {
        let rendered = scope()
            .render(&json!([
                "{{ {'a': {'b': gpu_max}} }}",
                "{{ {'a': {'b': gpu_max}}}}",
                "{{ {'a': [{}, {'b': {'c': hosts}}]} }}",
                "{{ '}} and {{' }}",
                "{{- gpu_max -}}",
                "{{ {'a': {'b': gpu_max}} }} and {{ {'a': {}} }}",
                "{{ gpu_max }}{{ gpu_max }}",
            ]))
            .unwrap();
        assert_eq!(rendered[0], json!({"a": {"b": 4}}));
        assert_eq!(rendered[1], json!({"a": {"b": 4}}));
        assert_eq!(rendered[2], json!({"a": [{}, {"b": {"c": ["a", "b"]}}]}));
        assert_eq!(rendered[3], "}} and {{");
        assert_eq!(rendered[4], 4);
        assert!(rendered[5].as_str().is_some_and(|text| text.contains(" and ")), "{}", rendered[5]);
        assert_eq!(rendered[6], "44");
        let found = references(&json!("{{ {'a': {'b': secrets.x.y}} }}")).unwrap();
        assert_eq!(found.secrets().collect::<Vec<_>>(), ["x"]);
    }

    #[test]
    fn a_file_called_secrets_is_no_secret() {
        let read =
            |text: &str| references(&json!(text)).map(|references| references.names.into_iter().collect::<Vec<_>>());
        assert_eq!(read("{{ folder }}/secrets.tf").unwrap(), ["folder"]);
        assert!(read("{{ secrets.a.b | upper }}/secrets.tf").is_err());
        assert!(read("secrets.tf of {{ 'x' ~ secrets.a.b }}").is_err());
    }

    #[test]
    fn an_output_is_unknown_while_planning_and_known_once_the_step_is_done() {
        let rendered = scope()
            .render(&json!(["{{ steps.template.id }}", "{{ steps.group.asg }}", "{{ steps.release.ingresses['a'] }}"]))
            .unwrap();
        assert_eq!(rendered[0], "lt-1");
        let late: Late<String> = serde_json::from_value(rendered[1].clone()).unwrap();
        assert_eq!(late, Late::Unknown("steps.group.asg".into()));
        let late: Late<String> = serde_json::from_value(rendered[2].clone()).unwrap();
        assert_eq!(late, Late::Unknown("steps.release.ingresses.a".into()));
    }

    #[test]
    fn a_secret_renders_to_a_reference() {
        let rendered = scope().render(&json!({"url": "pg:{{ secrets.postgres.password }}@x"})).unwrap();
        assert_eq!(Tree(rendered.clone()).shown()["url"], "pg:<secret postgres.password>@x");
        let text: SecretText = serde_json::from_value(rendered["url"].clone()).unwrap();
        assert_eq!(text.references().count(), 1);
    }

    #[test]
    fn a_secret_through_a_filter_is_refused() {
        assert!(references(&json!("{{ secrets.postgres.password | upper }}")).is_err());
        assert!(references(&json!("{{ secrets.postgres.password ~ 'x' }}")).is_err());
        assert!(references(&json!("{{ secrets.postgres.password }}")).is_ok());
    }

    #[test]
    fn an_undefined_name_is_an_error() {
        let fault = scope().render_text("{{ gpu_maximum }}").unwrap_err();
        assert_eq!(fault.0, "gpu_maximum is not known");
        let fault = scope().render_text("at most\n{{ gpu_maximum }}").unwrap_err();
        assert_eq!(fault.0, "gpu_maximum is not known (line 2 of the template)");
        assert_eq!(scope().holds("gpu_maximum == 2").unwrap_err().0, "gpu_maximum is not known");
    }

    #[test]
    fn an_undefined_name_inside_a_map_or_list_is_an_error_that_names_it() {
        for text in [
            "{{ {'a': nope} }}",
            "{{ [gpu_max, nope] }}",
            "{{ {'a': [1, {'b': nope}]} }}",
            "{{ {'a': nope} | hcl }}",
            "{{ [nope] | tojson }}",
            "x {{ {'a': [nope]} }}",
            "{{ dict(a=nope) }}",
        ] {
            assert_eq!(scope().render_text(text).unwrap_err().0, "nope is not known", "{text}");
        }
        let fault = scope().render_text("{{ {'a': steps.template.arn, 'b': gpu_max} }}").unwrap_err();
        assert_eq!(fault.0, "steps.template.arn is not known");
        let rendered = scope().render_text("{{ {'a': none, 'b': nope | default('x'), 'c': steps.group.id} }}").unwrap();
        assert_eq!((&rendered["a"], &rendered["b"]), (&Value::Null, &json!("x")));
    }

    #[test]
    fn references_are_dotted_names() {
        let found = references(
            &json!({"a": "{{ steps.template.id }}", "b": "x {{ gpu_max }} {{ secrets.postgres.password }}"}),
        )
        .unwrap();
        assert_eq!(found.steps().collect::<Vec<_>>(), ["template"]);
        assert_eq!(found.secrets().collect::<Vec<_>>(), ["postgres"]);
        assert!(found.names.contains("gpu_max"));
    }

    #[test]
    fn a_condition_reads_inputs() {
        let mut scope = scope();
        scope.set("mode", json!("full"));
        assert!(scope.holds("mode == 'full' and gpu_max > 2").unwrap());
        assert!(scope.holds("missing == 1").is_err());
    }

    #[test]
    fn a_secret_stands_for_a_whole_value_and_goes_through_nothing() {
        let of = |text: &str| references(&json!(text)).is_ok();
        assert!(of("{{ secrets.a.b }}") && of("user={{ secrets.a.b }};"));
        assert!(of("{{ {'name': 'x', 'password': secrets.a.b} }}") && of("{{ dict(values, key=secrets.a.b) }}"));
        assert!(of("{{ secrets.a.b if asked else none }}") && of("{{ none if asked else secrets.a.b }}"));
        assert!(!of("{{ secrets.a.b | upper }}") && !of("{{ 'x' ~ secrets.a.b }}") && !of("{{ secrets.a.b == 'x' }}"));
        assert!(!of("{{ secrets.a.b ~ 'x' }}") && !of("{{ 'x' == secrets.a.b }}"));
    }
}
