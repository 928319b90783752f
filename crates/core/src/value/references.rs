//! Which names does a template read? And does it treat a secret as it may?

use std::collections::BTreeSet;

use serde_json::Value;

use super::template::{TemplateFault, environment, fault, is_template, whole_expression};

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

    /// The names a condition (`when`) reads.
    pub fn of_condition(condition: &str) -> Result<Self, TemplateFault> {
        let expression = environment().compile_expression(condition).map_err(fault)?;
        Ok(Self { names: expression.undeclared_variables(true).into_iter().collect() })
    }
}

/// The names a tree's templates read, without evaluating them.
pub fn references(tree: &Value) -> Result<References, TemplateFault> {
    let mut references = References::default();
    collect(tree, &mut references)?;
    Ok(references)
}

fn collect(tree: &Value, into: &mut References) -> Result<(), TemplateFault> {
    match tree {
        Value::String(text) if is_template(text) => {
            into.names.extend(match whole_expression(text) {
                Some(expression) => {
                    environment().compile_expression(expression).map_err(fault)?.undeclared_variables(true)
                }
                None => environment().template_from_str(text).map_err(fault)?.undeclared_variables(true),
            });
            if text.contains("secrets.") && filtered_secret(text) {
                return Err(TemplateFault(
                    "a secret cannot go through a filter or an operator; join texts by writing them side by side"
                        .into(),
                ));
            }
        }
        Value::Array(items) => {
            for item in items {
                collect(item, into)?;
            }
        }
        Value::Object(fields) => {
            for item in fields.values() {
                collect(item, into)?;
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
