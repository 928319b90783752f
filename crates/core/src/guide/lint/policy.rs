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
        Value::String(text) if text.contains("\"Statement\"") => {
            written(text, &mut |message| say(pointer.to_owned(), message))
        }
        _ => {}
    }
}

/// Policies that a text holds, alone or among words that tell a person what to do with them.
fn written(text: &str, say: &mut impl FnMut(String)) {
    let mut rest = text;
    let mut first_error = None;
    let mut seen = 0;
    while let Some(start) = rest.find('{') {
        rest = &rest[start..];
        let mut read = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        match read.next() {
            Some(Ok(inside)) => {
                if inside.get("Statement").is_some() {
                    seen += 1;
                    document(&inside, "", &mut |_, message| say(message));
                }
                rest = &rest[read.byte_offset()..];
            }
            Some(Err(error)) => {
                first_error.get_or_insert(error);
                rest = &rest[1..];
            }
            None => break,
        }
    }
    if let Some(error) = first_error.filter(|_| seen < text.matches("\"Statement\"").count()) {
        say(format!("the policy is not JSON: {error}"));
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
            let sids: Vec<&str> = all.iter().filter_map(|one| one["Sid"].as_str()).collect();
            for (index, sid) in sids.iter().enumerate().filter(|(_, sid)| !sid.is_empty()) {
                if sids[..index].contains(sid) {
                    say(format!("{pointer}/Statement"), format!("two statements have the Sid {sid}"));
                }
            }
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
    for action in actions.iter().filter(|action| {
        action.split_once(':').is_some_and(|(service, name)| {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
            !service.chars().all(plain) || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '*' || c == '?')
        })
    }) {
        say(format!("{pointer}/Action"), format!("{action:?} is not an action such as s3:GetObject"));
    }
    for (one_of, other) in [("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal")] {
        if one.get(one_of).is_some() && one.get(other).is_some() {
            say(pointer.to_owned(), format!("a statement has {one_of} or {other}, not both"));
        }
    }
    for key in ["Principal", "NotPrincipal"] {
        principal(&one[key], &format!("{pointer}/{key}"), say);
    }
    condition(&one["Condition"], &format!("{pointer}/Condition"), say);
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
    let whole = |resource: &&String| resource.starts_with("arn:") && !resource.contains('\u{E002}');
    for resource in resources.iter().filter(whole).filter(|resource| resource.split(':').count() < 6) {
        say(
            format!("{pointer}/Resource"),
            format!("{resource:?} is not a whole ARN (arn:partition:service:region:account:resource)"),
        );
    }
}

/// Who is meant: everybody, or lists of names by kind.
fn principal(value: &Value, pointer: &str, say: &mut impl FnMut(String, String)) {
    match value {
        Value::Null => {}
        Value::String(all) if all == "*" => {}
        Value::Object(kinds) if !kinds.is_empty() => {
            for (kind, names) in kinds {
                if !["AWS", "Federated", "Service", "CanonicalUser"].contains(&kind.as_str()) {
                    say(
                        format!("{pointer}/{kind}"),
                        format!("a principal is AWS, Federated, Service or CanonicalUser, not {kind}"),
                    );
                }
                if !listed(names) {
                    say(format!("{pointer}/{kind}"), "a principal is a text or a list of texts".into());
                }
            }
        }
        _ => say(pointer.to_owned(), "a principal is * or names by kind (AWS, Federated, Service)".into()),
    }
}

/// A text or a list of at least one.
fn listed(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(all) => !all.is_empty() && all.iter().all(|one| one.as_str().is_some_and(|text| !text.is_empty())),
        _ => false,
    }
}

/// Condition operators without their prefixes and `IfExists`. IAM User Guide, "IAM JSON policy elements: Condition operators".
const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
];

fn condition(value: &Value, pointer: &str, say: &mut impl FnMut(String, String)) {
    let Value::Object(operators) = value else {
        if !value.is_null() {
            say(pointer.to_owned(), "a condition is an operator with keys and values".into());
        }
        return;
    };
    for (operator, keys) in operators {
        let bare = operator.trim_start_matches("ForAllValues:").trim_start_matches("ForAnyValue:");
        if !OPERATORS.contains(&bare.trim_end_matches("IfExists")) {
            say(
                format!("{pointer}/{operator}"),
                format!("{operator:?} is not a condition operator such as StringEquals"),
            );
        }
        match keys {
            Value::Object(keys) if !keys.is_empty() => {
                for (key, values) in keys {
                    // A key whose beginning is a step's output has its colon there or here.
                    if !key.contains(':') && !key.contains('\u{E002}') {
                        say(
                            format!("{pointer}/{operator}"),
                            format!("{key:?} is not a condition key such as aws:SourceAccount"),
                        );
                    }
                    if !(listed(values) || values.is_boolean() || values.is_number()) {
                        say(
                            format!("{pointer}/{operator}"),
                            format!("{key} is compared with a text or a list of texts"),
                        );
                    }
                }
            }
            _ => say(format!("{pointer}/{operator}"), format!("{operator} compares keys with values")),
        }
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
    fn principals_conditions_sids_and_arns_have_their_grammar() {
        let policy = |statement: Value| json!({"document": {"Version": "2012-10-17", "Statement": [statement]}});
        let trust = json!({"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::1:oidc-provider/x"},
            "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"x:sub": ["a", "b"], "x:aud": "c"}}});
        assert_eq!(told(policy(trust.clone())), Vec::<String>::new());
        for (pointer, value, word) in [
            ("/Principal", json!("everybody"), "a principal is * or"),
            ("/Principal", json!({"Person": "me"}), "not Person"),
            ("/Condition", json!({"StringIs": {"x:sub": "a"}}), "not a condition operator"),
            ("/Condition", json!({"StringEquals": {"sub": "a"}}), "not a condition key"),
            ("/Condition", json!({"StringEquals": {"x:sub": []}}), "is compared with"),
            ("/Action", json!("sts:Assume Role"), "not an action"),
        ] {
            let mut wrong = trust.clone();
            *wrong.pointer_mut(pointer).unwrap() = value;
            let said = told(policy(wrong)).join("\n");
            assert!(said.contains(word), "{pointer}: {said}");
        }
        let twice = json!({"Sid": "A", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:data"});
        let said = told(json!({"policy": {"Version": "2012-10-17", "Statement": [twice, twice]}})).join("\n");
        assert!(said.contains("two statements have the Sid A") && said.contains("not a whole ARN"), "{said}");
    }

    #[test]
    fn policies_among_words_are_read_each() {
        let good =
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
        let text = |second: &str| json!({"instruction": format!("Make it {{so}}. First: {good} Then: {second}")});
        assert_eq!(told(text(good)), Vec::<String>::new());
        let said = told(text(&good.replace("Allow", "Perhaps"))).join("\n");
        assert!(said.contains("Effect is Allow or Deny"), "{said}");
        let said = told(text(&good.replace("[{", "["))).join("\n");
        assert!(said.contains("not JSON"), "{said}");
    }

    #[test]
    fn a_policy_written_as_text_must_be_json() {
        let said = told(json!({"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [,]}"}));
        assert!(said[0].contains("not JSON"), "{said:?}");
    }
}
