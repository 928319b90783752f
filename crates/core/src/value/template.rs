//! How is a template evaluated? A scalar that is exactly one `{{ expression }}` keeps its type; any other is text.

use std::sync::LazyLock;

use minijinja::{Environment, UndefinedBehavior, syntax::SyntaxConfig, value::Value as Jinja};
use serde_json::Value;

use super::{Scope, hcl::hcl};

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateFault(pub String);

/// Renders a template file (user data, a manifest) as text; secrets in it stay stand-ins.
pub fn render_file(scope: &Scope, text: &str) -> Result<String, TemplateFault> {
    environment().render_str(text, scope.context()).map_err(fault)
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
    environment.add_filter("hcl", |value: Jinja| -> Result<String, minijinja::Error> {
        let value = serde_json::to_value(&value)
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
                let value = compiled.eval(context.clone()).map_err(fault)?;
                if value.is_undefined() {
                    return Err(TemplateFault(format!("{} is not known", expression.trim())));
                }
                serde_json::to_value(&value).map_err(|error| TemplateFault(error.to_string()))?
            }
            None => Value::String(environment().render_str(text, context.clone()).map_err(fault)?),
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
