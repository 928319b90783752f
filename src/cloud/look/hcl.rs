//! What could somebody apply with Terraform? Blocks of HCL; every text is quoted as HCL reads it.

use std::fmt;

use serde_json::Value;

/// One block, e.g. `resource "aws_iam_role" "usage" { … }`.
#[derive(Clone, Debug)]
pub struct Block {
    head: String,
    lines: Vec<(String, String)>,
}

/// A resource; its label is made from `name`.
pub fn resource(kind: &str, name: &str) -> Block {
    Block { head: format!("resource \"{kind}\" \"{}\"", label(name)), lines: Vec::new() }
}

/// A data source; its label is made from `name`.
pub fn data(kind: &str, name: &str) -> Block {
    Block { head: format!("data \"{kind}\" \"{}\"", label(name)), lines: Vec::new() }
}

/// A label: letters, digits and `_`, not a digit first.
pub fn label(name: &str) -> String {
    let label: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if label.starts_with(|c: char| c.is_ascii_digit()) { format!("_{label}") } else { label }
}

/// A text as HCL reads it: `${` and `%{` would be templates.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string().replace("${", "$${").replace("%{", "%%{")
}

impl Block {
    /// An argument that is a text.
    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        self.expression(name, &quoted(value))
    }

    /// An argument that is a text, where there is one.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// An argument that is an expression, written as it is.
    #[must_use]
    pub fn expression(mut self, name: &str, expression: &str) -> Self {
        self.lines.push((name.to_owned(), expression.to_owned()));
        self
    }

    /// An argument that is JSON as a text.
    #[must_use]
    pub fn json(self, name: &str, value: &Value) -> Self {
        let expression = format!("jsonencode({})", object(value, 1));
        self.expression(name, &expression)
    }
}

/// A tree as an HCL object, which is what `jsonencode` takes.
fn object(value: &Value, depth: usize) -> String {
    let (indent, end) = ("  ".repeat(depth + 1), "  ".repeat(depth));
    match value {
        Value::Object(map) if !map.is_empty() => {
            let lines: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{indent}{} = {}", quoted(key), object(value, depth + 1)))
                .collect();
            format!("{{\n{}\n{end}}}", lines.join("\n"))
        }
        Value::Array(items) if !items.is_empty() => {
            let items: Vec<String> = items.iter().map(|item| format!("{indent}{},", object(item, depth + 1))).collect();
            format!("[\n{}\n{end}]", items.join("\n"))
        }
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {{", self.head)?;
        let width = self.lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in &self.lines {
            writeln!(f, "  {name:<width$} = {value}")?;
        }
        writeln!(f, "}}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_block_quotes_what_terraform_would_take_for_a_template() {
        let block = resource("aws_iam_role_policy", "gpu-metrics.1").text("name", "a \"b\" ${c}").json(
            "policy",
            &json!({ "Version": "2012-10-17", "Statement": [{ "Action": ["s3:Get*"], "Resource": "*" }] }),
        );
        assert_eq!(
            block.to_string(),
            "resource \"aws_iam_role_policy\" \"gpu_metrics_1\" {\n  name   = \"a \\\"b\\\" $${c}\"\n  policy = jsonencode({\n    \
             \"Version\" = \"2012-10-17\"\n    \"Statement\" = [\n      {\n        \"Action\" = [\n          \"s3:Get*\",\n        ]\n        \
             \"Resource\" = \"*\"\n      },\n    ]\n  })\n}\n"
        );
    }
}
