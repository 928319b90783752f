//! `iam.role_policy`, `iam.oidc_provider` and `iam.service_account_role`.

use landfall::kind::Made;
use landfall_core::event::{Owner, State};
use serde_json::{Value, json};

use crate::account::{Account, NODE_ROLE, drift, is_ours, outputs};

fn policy(action: &str) -> Value {
    let document =
        json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": [action], "Resource": "*" }] });
    json!({ "role": NODE_ROLE, "name": "landfall-gpu-metrics", "document": document })
}

#[tokio::test]
async fn an_inline_policy_is_added_beside_the_others_and_taken_away() {
    let account = Account::open("").await;
    let before = account.snapshot();
    let made = account.make("iam.role_policy", &policy("cloudwatch:PutMetricData")).await;
    let check = json!({ "role": NODE_ROLE, "policies": [], "cloudwatch": true });
    assert_eq!(account.code("aws.role_policies", check).await, "pass");
    account.undo("iam.role_policy", &policy("cloudwatch:PutMetricData"), made).await.unwrap();
    assert_eq!(account.snapshot(), before);
}

#[tokio::test]
async fn a_policy_for_the_agents_namespace_alone_lets_it_send_metrics() {
    let account = Account::open("").await;
    let mut parameters = policy("cloudwatch:PutMetricData");
    parameters["document"]["Statement"][0]["Condition"] =
        json!({ "StringEquals": { "cloudwatch:namespace": "CWAgent" } });
    account.make("iam.role_policy", &parameters).await;
    let check = json!({ "role": NODE_ROLE, "policies": [], "cloudwatch": true });
    assert_eq!(account.code("aws.role_policies", check).await, "pass");
}

#[tokio::test]
async fn an_inline_policy_that_was_there_is_put_back() {
    let account = Account::open("").await;
    account.make("iam.role_policy", &policy("s3:GetObject")).await;
    let before = account.snapshot();
    let ours = policy("cloudwatch:PutMetricData");
    assert_eq!(drift(&account.inspect("iam.role_policy", &ours).await).into_iter().collect::<Vec<_>>(), ["document"]);
    let was = account.apply("iam.role_policy", &ours).await.unwrap();
    account.undo("iam.role_policy", &ours, Made { outputs: json!({}), before: was }).await.unwrap();
    assert_eq!(account.snapshot(), before);
}

/// A role or a user for a program, with the company's permissions boundary.
fn bounded(boundary: &str) -> (Value, Value) {
    let document =
        json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }] });
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "Service": "pods.eks.amazonaws.com" }, "Action": "sts:AssumeRole" }],
    });
    let boundary = format!("arn:aws:iam::123456789012:policy/{boundary}");
    let role = json!({ "name": "app", "trust": trust, "policy": document, "permissions_boundary": boundary });
    (role, json!({ "name": "app", "policy": document, "permissions_boundary": boundary }))
}

#[tokio::test]
async fn a_role_and_a_user_get_the_boundary_and_another_one_is_a_difference_that_is_mended() {
    let account = Account::open("").await;
    let ((role, user), (other_role, other_user)) = (bounded("company"), bounded("other"));
    for (kind, sort, first, second) in
        [("iam.role", "roles", &role, &other_role), ("iam.user", "users", &user, &other_user)]
    {
        account.make(kind, first).await;
        assert_eq!(account.snapshot()[sort]["app"]["boundary"], first["permissions_boundary"]);
        let found = account.inspect(kind, second).await;
        assert_eq!(drift(&found).into_iter().collect::<Vec<_>>(), ["permissions_boundary"], "{kind}");
        account.apply(kind, second).await.unwrap();
        assert_eq!(account.snapshot()[sort]["app"]["boundary"], second["permissions_boundary"]);
        assert!(outputs(&account.inspect(kind, second).await)["arn"].is_string(), "{kind}");
    }
}

#[tokio::test]
async fn a_role_of_somebody_else_gets_its_own_boundary_back() {
    let account = Account::open(
        r#"existing: [{ service: iam, operation: CreateRole, input: { RoleName: app, AssumeRolePolicyDocument: '{"Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}', PermissionsBoundary: "arn:aws:iam::123456789012:policy/theirs" } }]"#,
    )
    .await;
    let before = account.snapshot();
    let (ours, _) = bounded("company");
    let was = account.apply("iam.role", &ours).await.unwrap();
    assert_eq!(account.snapshot()["roles"]["app"]["boundary"], ours["permissions_boundary"]);
    account.undo("iam.role", &ours, Made { outputs: json!({}), before: was }).await.unwrap();
    assert_eq!(account.snapshot()["roles"]["app"], before["roles"]["app"]);
}

#[tokio::test]
async fn an_oidc_provider_that_is_there_is_adopted() {
    let account = Account::open("").await;
    let found = account.inspect("iam.oidc_provider", &json!({})).await;
    assert_eq!(found.owner, Owner::Unmarked);
    let outputs = outputs(&found);
    assert!(outputs["arn"].as_str().unwrap().starts_with("arn:aws:iam::123456789012:oidc-provider/oidc.eks."));
    assert!(outputs["issuer"].as_str().unwrap().starts_with("https://oidc.eks."));
}

#[tokio::test]
async fn a_provider_whose_answer_was_lost_is_recognised() {
    let account = Account::open(
        "clusters: [{ name: pay-1, oidc_provider: false }]\n\
         faults: [{ service: iam, operation: CreateOpenIDConnectProvider, nth: 1, lose_answer: true }]",
    )
    .await;
    account.make("iam.oidc_provider", &json!({})).await;
    assert!(is_ours(&account.inspect("iam.oidc_provider", &json!({})).await));
}

#[tokio::test]
async fn a_provider_and_a_role_are_made_and_taken_away() {
    let account = Account::open("clusters: [{ name: pay-1, oidc_provider: false }]").await;
    let before = account.snapshot();
    let provider = account.make("iam.oidc_provider", &json!({})).await;
    assert!(is_ours(&account.inspect("iam.oidc_provider", &json!({})).await));
    let role = json!({
        "name": "shield-usage-tracker", "service_account": "arthur-shield",
        "policy": { "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*" }] },
        "oidc_provider": provider.outputs["arn"], "issuer": provider.outputs["issuer"],
    });
    let made = account.make("iam.service_account_role", &role).await;
    assert_eq!(made.outputs["arn"], "arn:aws:iam::123456789012:role/shield-usage-tracker");
    let trust = account.snapshot()["roles"]["shield-usage-tracker"]["trust"].to_string();
    assert!(
        trust.contains("system:serviceaccount:shield:arthur-shield") && trust.contains("sts.amazonaws.com"),
        "{trust}"
    );
    let mut other = role.clone();
    other["service_account"] = json!("someone-else");
    assert_eq!(
        drift(&account.inspect("iam.service_account_role", &other).await).into_iter().collect::<Vec<_>>(),
        ["trust"]
    );
    account.undo("iam.service_account_role", &role, made).await.unwrap();
    account.undo("iam.oidc_provider", &json!({}), provider).await.unwrap();
    assert_eq!(account.inspect("iam.oidc_provider", &json!({})).await.state, State::Absent);
    assert_eq!(account.snapshot(), before);
}
