//! `iam.role`, `iam.user`, `iam.access_key`, and what `aws.access` says of them.

use landfall::{cloud::Trouble, kind::Made};
use landfall_core::{
    event::State,
    value::{SecretRef, SecretText},
};
use serde_json::{Value, json};

use crate::account::{Account, drift, is_ours};

fn s3(actions: &[&str]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "Data", "Effect": "Allow", "Action": actions, "Resource": ["arn:aws:s3:::data", "arn:aws:s3:::data/*"],
    }] })
}

fn role(actions: &[&str]) -> Value {
    json!({
        "name": "ml-app", "policy": s3(actions), "attached": ["arn:aws:iam::aws:policy/AmazonSESFullAccess"],
        "trust": { "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "pods.eks.amazonaws.com" }, "Action": ["sts:AssumeRole", "sts:TagSession"],
        }] },
    })
}

fn access(principal: &str, action: &str) -> Value {
    json!({ "principal": principal, "needs": [{ "actions": [action], "resources": ["arn:aws:s3:::data/a"] }] })
}

#[tokio::test]
async fn a_role_is_made_proved_and_taken_away() {
    let account = Account::open("").await;
    let before = account.snapshot();
    let made = account.make("iam.role", &role(&["s3:GetObject"])).await;
    let arn = made.outputs["arn"].as_str().unwrap().to_owned();
    assert!(is_ours(&account.inspect("iam.role", &role(&["s3:GetObject"])).await));
    assert_eq!(account.code("aws.access", access(&arn, "s3:GetObject")).await, "pass");
    assert_eq!(account.code("aws.access", access(&arn, "s3:PutObject")).await, "IAM-ACCESS-LACKS");
    assert_eq!(account.code("aws.access", access(&arn, "ses:SendEmail")).await, "pass");
    let changed = account.inspect("iam.role", &role(&["s3:PutObject"])).await;
    assert_eq!(drift(&changed).into_iter().collect::<Vec<_>>(), ["policy"]);
    account.undo("iam.role", &role(&["s3:GetObject"]), made).await.unwrap();
    assert_eq!(account.snapshot(), before);
    assert_eq!(account.code("aws.access", access(&arn, "s3:GetObject")).await, "IAM-PRINCIPAL-MISSING");
}

#[tokio::test]
async fn a_role_that_was_there_is_put_back() {
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let made = json!([{ "service": "iam", "operation": "CreateRole", "input": { "RoleName": "ml-app", "AssumeRolePolicyDocument": trust } }]);
    let account = Account::open(&format!("existing: {made}")).await;
    let before = account.snapshot();
    let parameters = role(&["s3:GetObject"]);
    let found = account.inspect("iam.role", &parameters).await;
    assert_eq!(drift(&found).into_iter().collect::<Vec<_>>(), ["attached", "policy", "trust"]);
    let was = account.apply("iam.role", &parameters).await.unwrap();
    account.undo("iam.role", &parameters, Made { outputs: Value::Null, before: was }).await.unwrap();
    assert_eq!(account.snapshot(), before);
}

fn user() -> Value {
    json!({ "name": "ml-uploader", "policy": s3(&["s3:GetObject", "s3:PutObject"]) })
}

#[tokio::test]
async fn a_user_and_its_key_are_made_and_taken_away_and_the_secret_half_is_in_the_vault_alone() {
    let account = Account::open("").await;
    let before = account.snapshot();
    let made_user = account.make("iam.user", &user()).await;
    let of = json!({ "user": "ml-uploader" });
    let made_key = account.make("iam.access_key", &of).await;
    let reference = SecretRef::field("a_step", "secret");
    let secret = account.kept.0.lock().unwrap()[&reference].clone();
    assert_eq!(secret.len(), 40);
    assert_eq!(made_key.outputs["secret"], SecretText::stand_in(&reference));
    assert!(!made_key.outputs.to_string().contains(&secret));
    assert!(!account.said.lock().unwrap().concat().contains(&secret));
    let arn = "arn:aws:iam::123456789012:user/ml-uploader";
    assert_eq!(account.code("aws.access", access(arn, "s3:PutObject")).await, "pass");
    account.undo("iam.access_key", &of, made_key).await.unwrap();
    assert!(account.kept.0.lock().unwrap().is_empty(), "a key that opens nothing is kept nowhere");
    account.undo("iam.user", &user(), made_user).await.unwrap();
    assert_eq!(account.snapshot(), before);
}

#[tokio::test]
async fn a_key_whose_answer_was_lost_is_not_asked_for_twice() {
    let account =
        Account::open("faults: [{ service: iam, operation: CreateAccessKey, nth: 1, lose_answer: true }]").await;
    account.make("iam.user", &user()).await;
    let of = json!({ "user": "ml-uploader" });
    let unheard = account.apply("iam.access_key", &of).await.unwrap_err();
    assert!(matches!(unheard, Trouble::Unreachable { .. }), "{unheard:?}");
    assert_eq!(account.snapshot()["users"]["ml-uploader"]["keys"], json!(["Active"]));
    assert_eq!(account.inspect("iam.access_key", &of).await.state, State::Absent);
}

#[tokio::test]
async fn a_key_that_somebody_made_inactive_has_drifted_and_a_third_key_is_refused() {
    let account = Account::open("").await;
    account.make("iam.user", &user()).await;
    let of = json!({ "user": "ml-uploader" });
    let made = account.make("iam.access_key", &of).await;
    let iam = account.cloud.aws.iam().await.unwrap();
    let id = made.outputs["id"].as_str().unwrap();
    iam.update_access_key().user_name("ml-uploader").access_key_id(id).status("Inactive".into()).send().await.unwrap();
    assert_eq!(drift(&account.inspect("iam.access_key", &of).await).into_iter().collect::<Vec<_>>(), ["status"]);
    iam.create_access_key().user_name("ml-uploader").send().await.unwrap();
    account.kept.0.lock().unwrap().clear();
    assert_eq!(account.inspect("iam.access_key", &of).await.state, State::Absent);
    assert_eq!(account.apply("iam.access_key", &of).await.unwrap_err().code(), Some("IAM-KEYS-FULL"));
}

#[tokio::test]
async fn service_accounts_that_may_not_assume_the_role_are_named() {
    let account = Account::open("").await;
    let made = account.make("iam.role", &role(&["s3:GetObject"])).await;
    let check = json!({ "principal": made.outputs["arn"], "service_accounts": ["arthur/arthurai-arthur"] });
    assert_eq!(account.code("aws.access", check).await, "IAM-TRUST-ACCOUNTS");
}
