//! Is it a policy that IAM would take?

use serde_json::Value;

/// What is wrong with every policy document in a tree, with its pointer. A policy is what has a `Statement`.
pub(super) fn wrong(tree: &Value, pointer: &str, say: &mut impl FnMut(String, String)) {
    match tree {
        Value::Object(fields) if fields.contains_key("Statement") => document(tree, pointer, say),
        Value::Object(fields) => {
            for (key, value) in fields {
                let below = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                if matches!(key.as_str(), "document" | "policy")
                    && value.is_object()
                    && value.get("Statement").is_none()
                {
                    say(below.clone(), "a policy has a Statement".into());
                }
                wrong(value, &below, say);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                wrong(item, &format!("{pointer}/{index}"), say);
            }
        }
        Value::String(text) if text.contains("\"Statement\"") => match serde_json::from_str::<Value>(text) {
            Ok(inside) => document(&inside, pointer, &mut |_, message| say(pointer.to_owned(), message)),
            Err(error) => say(pointer.to_owned(), format!("the policy is not JSON: {error}")),
        },
        _ => {}
    }
}

fn document(tree: &Value, pointer: &str, say: &mut impl FnMut(String, String)) {
    if !matches!(tree["Version"].as_str(), Some("2012-10-17" | "2008-10-17")) {
        say(format!("{pointer}/Version"), "a policy's Version is 2012-10-17".into());
    }
    for key in tree.as_object().into_iter().flatten().map(|(key, _)| key) {
        if !["Version", "Id", "Statement"].contains(&key.as_str()) {
            say(format!("{pointer}/{key}"), format!("a policy has no {key}"));
        }
    }
    match &tree["Statement"] {
        Value::Array(all) if !all.is_empty() => {
            for (index, one) in all.iter().enumerate() {
                statement(one, &format!("{pointer}/Statement/{index}"), say);
            }
        }
        one @ Value::Object(_) => statement(one, &format!("{pointer}/Statement"), say),
        _ => say(format!("{pointer}/Statement"), "a policy has at least one statement".into()),
    }
}

const KEYS: &[&str] =
    &["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

fn statement(one: &Value, pointer: &str, say: &mut impl FnMut(String, String)) {
    for key in one.as_object().into_iter().flatten().map(|(key, _)| key) {
        if !KEYS.contains(&key.as_str()) {
            say(format!("{pointer}/{key}"), format!("a statement has no {key}"));
        }
    }
    if !matches!(one["Effect"].as_str(), Some("Allow" | "Deny")) {
        say(format!("{pointer}/Effect"), "a statement's Effect is Allow or Deny".into());
    }
    if let Some(sid) = one["Sid"].as_str().filter(|sid| !sid.chars().all(|letter| letter.is_ascii_alphanumeric())) {
        say(format!("{pointer}/Sid"), format!("a Sid is letters and digits, not {sid:?}"));
    }
    let texts = |key: &str| match &one[key] {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap_or_default().to_owned()).collect(),
        _ => Vec::new(),
    };
    let actions: Vec<String> = texts("Action").into_iter().chain(texts("NotAction")).collect();
    if actions.is_empty() {
        say(pointer.to_owned(), "a statement names an Action".into());
    }
    for action in
        actions.iter().filter(|action| *action != "*" && action.split(':').filter(|part| !part.is_empty()).count() != 2)
    {
        say(format!("{pointer}/Action"), format!("{action:?} is not an action such as s3:GetObject"));
    }
    let trust = one.get("Principal").is_some() || one.get("NotPrincipal").is_some();
    let resources: Vec<String> = texts("Resource").into_iter().chain(texts("NotResource")).collect();
    if resources.is_empty() && !trust {
        say(pointer.to_owned(), "a statement names a Resource".into());
    }
    for resource in resources
        .iter()
        .filter(|resource| *resource != "*" && !resource.starts_with("arn:") && !resource.contains('\u{E002}'))
    {
        say(format!("{pointer}/Resource"), format!("{resource:?} is neither * nor an ARN"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(tree: Value) -> Vec<String> {
        let mut all = Vec::new();
        wrong(&tree, "", &mut |pointer, message| all.push(format!("{pointer}: {message}")));
        all
    }

    #[test]
    fn the_shield_guides_own_fragment_is_refused_and_a_whole_policy_is_not() {
        let fragment = json!({"document": {"Statement": [{"Action": ["cloudwatch:ListMetrics"]}]}});
        let said = told(fragment).join("\n");
        for word in ["Version", "Effect", "Resource"] {
            assert!(said.contains(word), "{said}");
        }
        let whole = json!({"document": {"Version": "2012-10-17", "Statement": [
            {"Sid": "A1", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-2:1:q"}]}});
        assert_eq!(told(whole), Vec::<String>::new());
    }

    #[test]
    fn a_policy_written_as_text_must_be_json() {
        let said = told(json!({"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [,]}"}));
        assert!(said[0].contains("not JSON"), "{said:?}");
    }
}
