//! How is a template evaluated? A scalar that is exactly one `{{ expression }}` keeps its type; any other is text.

use std::sync::LazyLock;

use minijinja::{
    Environment, ErrorKind, UndefinedBehavior, escape_formatter, filters,
    syntax::SyntaxConfig,
    value::{Kwargs, Value as Jinja},
};
use serde_json::Value;

use super::{Part, Scope, SecretText, hcl::hcl, missing};

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateFault(pub String);

/// Renders a template file (user data, a manifest) as text; secrets in it stay stand-ins.
pub fn render_file(scope: &Scope, text: &str) -> Result<String, TemplateFault> {
    render_template(&scope.context(), text)
}

fn render_template(context: &Jinja, text: &str) -> Result<String, TemplateFault> {
    let template = environment().template_from_str(text).map_err(fault)?;
    let unknown =
        |error| unknown(error, || missing::sentence(environment(), template.undeclared_variables(true), context));
    template.render(context.clone()).map_err(unknown)
}

/// Made once: filling it costs more than evaluating a template.
pub(super) fn environment() -> &'static Environment<'static> {
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

pub(super) fn fault(error: minijinja::Error) -> TemplateFault {
    let mut message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    if let Some(line) = error.line().filter(|line| *line > 1) {
        message.push_str(&format!(" (line {line} of the template)"));
    }
    TemplateFault(message)
}

/// An undefined value is told by its name, where it has one.
pub(super) fn unknown(error: minijinja::Error, name: impl FnOnce() -> Option<String>) -> TemplateFault {
    let named = (error.kind() == ErrorKind::UndefinedError).then(name).flatten();
    let line = error.line().filter(|line| *line > 1).map(|line| format!(" (line {line} of the template)"));
    named.map_or_else(|| fault(error), |named| TemplateFault(named + &line.unwrap_or_default()))
}

/// Whether there is something to evaluate in a text.
pub(super) fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// Evaluates every template in a tree.
pub(super) fn render_tree(context: &Jinja, tree: &Value) -> Result<Value, TemplateFault> {
    Ok(match tree {
        Value::String(text) if is_template(text) => match whole_expression(text) {
            Some(expression) => {
                let compiled = environment().compile_expression(expression).map_err(fault)?;
                let named = || missing::sentence(environment(), compiled.undeclared_variables(true), context);
                let value = compiled.eval(context.clone()).map_err(|error| unknown(error, named))?;
                if value.is_undefined() {
                    return Err(TemplateFault(format!("{} is not known", expression.trim())));
                }
                let value = missing::whole(value).map_err(|error| unknown(error, named))?;
                serde_json::to_value(&value).map_err(|error| TemplateFault(error.to_string()))?
            }
            None => Value::String(render_template(context, text)?),
        },
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| render_tree(context, item)).collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(key, item)| Ok((key.clone(), render_tree(context, item)?)))
                .collect::<Result<_, TemplateFault>>()?,
        ),
        other => other.clone(),
    })
}

/// The expression, where the text is exactly one `{{ expression }}`. Braces inside may be those of maps and texts: then it
/// is one expression if the template language reads it as one.
pub(super) fn whole_expression(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    let inner = inner.strip_suffix(['-', '+']).unwrap_or(inner);
    let plain = !inner.contains("{{") && !inner.contains("}}");
    (plain || environment().compile_expression(inner).is_ok()).then_some(inner)
}
