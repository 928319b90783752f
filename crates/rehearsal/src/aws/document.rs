//! Policy documents, as the services read them.

use serde_json::Value;

use super::ask::Ask;

/// The statements of a document; the error is IAM's word for what is wrong with them.
pub fn statements(document: &Value) -> Result<Vec<&Value>, String> {
    let syntax = || "Syntax errors in policy.".to_owned();
    if !document.is_object() {
        return Err(syntax());
    }
    if let Some(version) = document.maybe("Version")
        && !["2012-10-17", "2008-10-17"].contains(&version)
    {
        return Err(format!("The policy must contain a valid version string, not {version}"));
    }
    let statements: Vec<&Value> = match &document["Statement"] {
        Value::Array(many) => many.iter().collect(),
        one @ Value::Object(_) => vec![one],
        _ => return Err(syntax()),
    };
    if statements.is_empty() {
        return Err(syntax());
    }
    for statement in &statements {
        if !matches!(statement.text("Effect"), "Allow" | "Deny") {
            return Err("Missing required field Effect".to_owned());
        }
        let actions: Vec<&str> =
            texts(&statement["Action"]).into_iter().chain(texts(&statement["NotAction"])).collect();
        if actions.is_empty() {
            return Err("Policy statement must contain actions.".to_owned());
        }
        if actions.iter().any(|action| *action != "*" && !action.contains(':')) {
            return Err("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.".to_owned());
        }
    }
    Ok(statements)
}

/// One text or a list of them.
pub fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The AWS principals of a statement; `*` is everybody.
pub fn principals(statement: &Value) -> Vec<String> {
    match &statement["Principal"] {
        Value::String(all) => vec![all.clone()],
        principal => texts(&principal["AWS"]).into_iter().map(str::to_owned).collect(),
    }
}
