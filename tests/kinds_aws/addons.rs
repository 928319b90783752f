//! `eks.addon`, `eks.pod_identity_association`, `aws.addon` and `ses.identity`.

use landfall::kind::Made;
use landfall_core::event::{Owner, State};
use serde_json::{Value, json};

use crate::account::{Account, NODE_ROLE, drift, outputs};

fn csi() -> Value {
    json!({ "name": "aws-ebs-csi-driver", "pod_identity": { "ebs-csi-controller-sa": NODE_ROLE } })
}

#[tokio::test]
async fn an_add_on_is_watched_until_it_is_active_and_taken_away_with_its_associations() {
    let account = Account::open("").await;
    let before = account.snapshot();
    assert_eq!(account.code("aws.addon", json!({ "name": "aws-ebs-csi-driver" })).await, "EKS-ADDON-MISSING");
    account.apply("eks.addon", &csi()).await.unwrap();
    assert!(matches!(account.inspect("eks.addon", &csi()).await.state, State::Pending { .. }));
    assert_eq!(account.code("aws.addon", json!({ "name": "aws-ebs-csi-driver" })).await, "EKS-ADDON-CREATING");
    account.after(1.0);
    let found = account.inspect("eks.addon", &csi()).await;
    assert_eq!((found.owner.clone(), outputs(&found)["version"].as_str()), (Owner::Ours, Some("v1.53.0-eksbuild.1")));
    let check = json!({ "name": "aws-ebs-csi-driver", "with_role": true });
    assert_eq!(account.code("aws.addon", check).await, "pass");
    account.undo("eks.addon", &csi(), Made { outputs: outputs(&found), before: None }).await.unwrap();
    account.after(2.0);
    assert_eq!(account.inspect("eks.addon", &csi()).await.state, State::Absent);
    assert_eq!(account.snapshot(), before);
}

#[tokio::test]
async fn an_add_on_without_the_role_has_drifted_and_gets_it() {
    let account = Account::open("existing: [{ service: eks, operation: CreateAddon, input: { clusterName: pay-1, addonName: aws-ebs-csi-driver } }]").await;
    let found = account.inspect("eks.addon", &csi()).await;
    assert_eq!(drift(&found).into_iter().collect::<Vec<_>>(), ["pod_identity.ebs-csi-controller-sa"]);
    let was = account.apply("eks.addon", &csi()).await.unwrap();
    assert_eq!(was.unwrap()["pod_identity"], json!({}));
    account.after(1.0);
    outputs(&account.inspect("eks.addon", &csi()).await);
}

#[tokio::test]
async fn a_role_that_does_not_exist_is_refused_by_eks() {
    let account = Account::open("").await;
    let mut wrong = csi();
    wrong["pod_identity"]["ebs-csi-controller-sa"] = json!("arn:aws:iam::123456789012:role/nobody");
    assert_eq!(account.apply("eks.addon", &wrong).await.unwrap_err().code(), Some("InvalidParameterException"));
}

#[tokio::test]
async fn a_pod_identity_association_is_made_changed_and_taken_away() {
    let account = Account::open("").await;
    let before = account.snapshot();
    let of = |role: &str| json!({ "service_account": "app", "role": format!("arn:aws:iam::123456789012:role/{role}") });
    let made = account.make("eks.pod_identity_association", &of("pay-1-nodes")).await;
    let other = account.inspect("eks.pod_identity_association", &of("admin")).await;
    assert_eq!(drift(&other).into_iter().collect::<Vec<_>>(), ["role"]);
    let was = account.apply("eks.pod_identity_association", &of("admin")).await.unwrap();
    let changed = Made { outputs: made.outputs.clone(), before: was };
    account.undo("eks.pod_identity_association", &of("admin"), changed).await.unwrap();
    outputs(&account.inspect("eks.pod_identity_association", &of("pay-1-nodes")).await);
    account.undo("eks.pod_identity_association", &of("pay-1-nodes"), made).await.unwrap();
    assert_eq!(account.snapshot(), before);
}

#[tokio::test]
async fn an_address_must_be_verified_and_out_of_the_sandbox_where_it_is() {
    let code = async |ses: &str, identity: &str| {
        let account = Account::open(&format!("ses: {ses}")).await;
        account.code("ses.identity", json!({ "identity": identity, "region": "us-west-2" })).await
    };
    let there =
        |rest: &str| format!("{{ region: us-west-2, identities: {{ example.com: true, new.org: false }}, {rest} }}");
    assert_eq!(code(&there("production: true"), "alerts@ml.example.com").await, "pass");
    assert_eq!(code(&there("production: false"), "example.com").await, "SES-SANDBOX");
    assert_eq!(code(&there("production: true, paused: true"), "example.com").await, "SES-PAUSED");
    assert_eq!(code(&there("production: true"), "a@new.org").await, "SES-NOT-VERIFIED");
    assert_eq!(code(&there("production: true"), "a@nobody.net").await, "SES-IDENTITY-MISSING");
    assert_eq!(
        code("{ identities: { example.com: true }, production: true }", "example.com").await,
        "SES-IDENTITY-MISSING"
    );
}
