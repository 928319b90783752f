//! How is a value written in HCL?

use serde_json::Value;

/// A value as an HCL expression; texts in it are taken to the letter, so that no answer can become an interpolation.
pub(super) fn hcl(value: &Value, depth: usize) -> String {
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

#[cfg(test)]
mod tests {
    use crate::value::Scope;

    #[test]
    fn hcl_takes_texts_to_the_letter() {
        let mut scope = Scope::new();
        scope.set("x", serde_json::json!({"a b": ["${var.x}", "%{ if", "\"q\""], "n": [{"k": 1, "t": true}], "e": []}));
        let text = scope.render_text("v = {{ x | hcl }}").unwrap();
        let wanted = "v = {\n  \"a b\" = [\"$${var.x}\", \"%%{ if\", \"\\\"q\\\"\"]\n  \"n\" = [\n    {\n      \"k\" = 1\n      \"t\" = true\n    },\n  ]\n  \"e\" = []\n}";
        assert_eq!(text, wanted);
    }
}
