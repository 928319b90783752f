use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::*;

fn check() -> OidcToken {
    serde_json::from_value(json!({
        "token": "t", "issuer": "https://dex.corp.example:443/dex", "client_id": "infer-platform",
        "username_claim": "email", "username_prefix": "infer:", "groups_claim": "groups", "groups_prefix": "infer:",
        "group": "admins",
    }))
    .unwrap()
}

fn claims(change: Value) -> Claims {
    let mut all = json!({
        "iss": "https://dex.corp.example:443/dex", "aud": "infer-platform", "exp": 1_000, "email": "a@corp.example",
        "groups": ["admins", "all"],
    });
    for (name, value) in change.as_object().unwrap() {
        all[name] = value.clone();
    }
    Claims::of(&format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(all.to_string()))).unwrap()
}

#[test]
fn each_wrong_setting_has_a_problem_of_its_own() {
    let code = |change| check().against(&claims(change), 10).map(|problem| problem.code);
    assert_eq!(code(json!({})), None);
    assert_eq!(code(json!({"iss": "https://dex.corp.example/dex"})).as_deref(), Some("OIDC-TOKEN-ISSUER"));
    assert_eq!(code(json!({"aud": ["other"]})).as_deref(), Some("OIDC-TOKEN-CLIENT"));
    assert_eq!(code(json!({"exp": 9})).as_deref(), Some("OIDC-TOKEN-EXPIRED"));
    assert_eq!(code(json!({"groups": null})).as_deref(), Some("OIDC-TOKEN-CLAIM"));
    assert_eq!(code(json!({"groups": ["all"]})).as_deref(), Some("OIDC-TOKEN-GROUP"));
}

#[test]
fn what_the_api_server_makes_of_it_is_compared_too() {
    let code = |name: &str, groups: &[&str]| {
        let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        check().otherwise(&claims(json!({})), name, &groups).map(|problem| problem.code)
    };
    let all = "system:authenticated";
    assert_eq!(code("infer:a@corp.example", &["infer:admins", "infer:all", all]), None);
    assert_eq!(code("infer:a@corp.example", &[all]).as_deref(), Some("OIDC-GROUPS-CLAIM"));
    assert_eq!(code("a@corp.example", &["infer:admins", "infer:all", all]).as_deref(), Some("OIDC-PREFIX"));
    assert_eq!(code("infer:a@corp.example", &["oidc:admins", "oidc:all", all]).as_deref(), Some("OIDC-PREFIX"));
    assert_eq!(code("infer:sub-1", &["infer:admins", "infer:all", all]).as_deref(), Some("OIDC-USERNAME-CLAIM"));
}
