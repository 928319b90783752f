//! `s3.bucket`, `s3.bucket_policy` and `kms.key`, as steps and as checks.

use landfall::{cloud::Trouble, kind::Made};
use landfall_core::event::{Owner, State};
use serde_json::{Value, json};

use crate::account::{Account, NODE_ROLE, drift, is_ours, outputs};

fn bucket() -> Value {
    json!({ "name": "mycompany-ml-data", "versioning": true })
}

#[tokio::test]
async fn a_bucket_is_made_encrypted_and_closed_and_taken_away_while_it_is_empty() {
    let account = Account::open("").await;
    let before = account.snapshot();
    assert_eq!(account.code("s3.bucket", json!({ "name": "mycompany-ml-data" })).await, "S3-MISSING");
    let made = account.make("s3.bucket", &bucket()).await;
    assert_eq!(made.outputs["arn"], "arn:aws:s3:::mycompany-ml-data");
    assert!(is_ours(&account.inspect("s3.bucket", &bucket()).await));
    assert_eq!(account.code("s3.bucket", json!({ "name": "mycompany-ml-data" })).await, "pass");
    assert_eq!(account.snapshot()["buckets"]["mycompany-ml-data"]["versioning"], "Enabled");
    account.undo("s3.bucket", &bucket(), made).await.unwrap();
    assert_eq!(account.snapshot(), before);
}

#[tokio::test]
async fn a_bucket_that_holds_something_is_never_deleted() {
    let account = Account::open(
        "buckets: [{ name: mycompany-ml-data, objects: [model.bin], tags: { landfall:install: abcd1234 } }]",
    )
    .await;
    let refused = account.undo("s3.bucket", &bucket(), Made::default()).await.unwrap_err();
    assert_eq!(refused.code(), Some("S3-NOT-EMPTY"));
    assert!(account.snapshot()["buckets"]["mycompany-ml-data"].is_object());
}

#[tokio::test]
async fn somebody_elses_bucket_and_one_in_another_region_are_told_apart() {
    let account = Account::open(
        "buckets: [{ name: theirs-x, foreign: true }, { name: far-away, region: eu-west-1 }, { name: wide-open, open: true }]",
    )
    .await;
    let code = async |name: &str| match account.check("s3.bucket", json!({ "name": name })).await {
        Ok(outcome) => outcome.problem().unwrap().code.clone(),
        Err(trouble) => trouble.code().unwrap().to_owned(),
    };
    assert_eq!(code("theirs-x").await, "S3-NAME-TAKEN");
    assert_eq!(code("far-away").await, "S3-OTHER-REGION");
    assert_eq!(code("wide-open").await, "S3-PUBLIC");
}

#[tokio::test]
async fn a_session_that_ended_is_no_bucket_of_somebody_else() {
    let account = Account::open("buckets: [{ name: mine }]\nfaults: [{ service: s3, expired: true }]").await;
    let ended = account.check("s3.bucket", json!({ "name": "mine" })).await.unwrap_err();
    assert!(matches!(ended, Trouble::Expired { .. }), "{ended:?}");
    // Renewed between the two calls.
    let account = Account::open(
        "buckets: [{ name: mine, open: true }]\nfaults: [{ service: s3, operation: HeadBucket, expired: true }]",
    )
    .await;
    assert_eq!(account.code("s3.bucket", json!({ "name": "mine" })).await, "S3-PUBLIC");
}

#[tokio::test]
async fn a_bucket_that_was_there_gets_its_settings_back() {
    let account = Account::open("buckets: [{ name: mycompany-ml-data }]").await;
    let before = account.snapshot();
    let found = account.inspect("s3.bucket", &bucket()).await;
    assert_eq!(
        (found.owner.clone(), drift(&found).into_iter().collect()),
        (Owner::Unmarked, vec!["versioning".to_owned()])
    );
    let was = account.apply("s3.bucket", &bucket()).await.unwrap();
    let made = Made { outputs: outputs(&account.inspect("s3.bucket", &bucket()).await), before: was };
    account.undo("s3.bucket", &bucket(), made).await.unwrap();
    let after = account.snapshot();
    // S3 has no way back to "never set".
    assert_eq!(after["buckets"]["mycompany-ml-data"]["versioning"], "Suspended");
    assert_eq!(after["buckets"]["mycompany-ml-data"]["block"], before["buckets"]["mycompany-ml-data"]["block"]);
}

#[tokio::test]
async fn a_bucket_with_a_key_of_ones_own_names_it() {
    let account = Account::open("keys: [{ alias: alias/ml }]").await;
    let key = "arn:aws:kms:us-east-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let parameters = json!({ "name": "mycompany-ml-data", "kms_key": key });
    account.make("s3.bucket", &parameters).await;
    let rule = &account.snapshot()["buckets"]["mycompany-ml-data"]["encryption"]["Rules"][0];
    assert_eq!(rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"], key);
}

fn statement(action: &str) -> Value {
    json!({ "bucket": "mycompany-ml-data", "document": { "Version": "2012-10-17", "Statement": [{
        "Sid": "LandfallApp", "Effect": "Allow", "Principal": { "AWS": NODE_ROLE }, "Action": [action],
        "Resource": "arn:aws:s3:::mycompany-ml-data/*",
    }] } })
}

const WITH_A_POLICY: &str = r#"buckets: [{ name: mycompany-ml-data, policy: { Version: "2012-10-17", Statement: [{ Sid: Audit, Effect: Deny, Principal: "*", Action: "s3:DeleteBucket", Resource: "arn:aws:s3:::mycompany-ml-data" }] } }]"#;

#[tokio::test]
async fn a_bucket_policy_grows_by_our_statements_and_keeps_the_others() {
    let account = Account::open(WITH_A_POLICY).await;
    let before = account.snapshot();
    let made = account.make("s3.bucket_policy", &statement("s3:GetObject")).await;
    let statements = account.snapshot()["buckets"]["mycompany-ml-data"]["policy"]["Statement"].clone();
    assert_eq!(statements.as_array().unwrap().len(), 2);
    let changed = account.inspect("s3.bucket_policy", &statement("s3:PutObject")).await;
    assert_eq!(drift(&changed).into_iter().collect::<Vec<_>>(), ["LandfallApp"]);
    let refused = account.undo("s3.bucket_policy", &statement("s3:PutObject"), made.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Some("UNDO-CHANGED"));
    account.undo("s3.bucket_policy", &statement("s3:GetObject"), made).await.unwrap();
    assert_eq!(account.snapshot(), before);
}

#[tokio::test]
async fn a_bucket_without_a_policy_has_none_after_undo() {
    let account = Account::open("buckets: [{ name: mycompany-ml-data }]").await;
    let before = account.snapshot();
    let made = account.make("s3.bucket_policy", &statement("s3:GetObject")).await;
    account.undo("s3.bucket_policy", &statement("s3:GetObject"), made).await.unwrap();
    assert_eq!(account.snapshot(), before);
}

fn key(users: &[&str]) -> Value {
    let mut statements = vec![json!({
        "Sid": "Account", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::123456789012:root" }, "Action": "kms:*", "Resource": "*",
    })];
    statements.extend(users.iter().map(|user| {
        json!({ "Sid": "Use", "Effect": "Allow", "Principal": { "AWS": user }, "Action": ["kms:Decrypt", "kms:Encrypt"], "Resource": "*" })
    }));
    json!({ "alias": "mycompany-ml", "policy": { "Version": "2012-10-17", "Statement": statements } })
}

#[tokio::test]
async fn a_key_is_made_under_its_alias_and_goes_after_a_month() {
    let account = Account::open("").await;
    let made = account.make("kms.key", &key(&[NODE_ROLE])).await;
    let arn = made.outputs["arn"].clone();
    assert_eq!(account.code("kms.key", json!({ "key": arn, "used_by": NODE_ROLE })).await, "pass");
    assert_eq!(account.snapshot()["keys"][0]["rotates"], true);
    account.undo("kms.key", &key(&[NODE_ROLE]), made).await.unwrap();
    assert_eq!(account.snapshot()["keys"][0]["goes"], true);
    assert_eq!(account.inspect("kms.key", &key(&[NODE_ROLE])).await.state, State::Absent);
    assert_eq!(account.code("kms.key", json!({ "key": arn })).await, "KMS-KEY-GOING");
    assert_eq!(account.code("kms.key", json!({ "key": "alias/nobody" })).await, "KMS-KEY-MISSING");
}

#[tokio::test]
async fn a_key_whose_alias_was_lost_with_the_answer_is_found_by_its_tags() {
    let account = Account::open(
        "faults: [{ service: kms, operation: CreateAlias, nth: 1, error: { code: InternalFailure, status: 400 } }]",
    )
    .await;
    assert!(account.apply("kms.key", &key(&[])).await.is_err());
    account.apply("kms.key", &key(&[])).await.unwrap();
    assert_eq!(account.snapshot()["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_whose_answer_was_lost_is_not_made_twice() {
    let account = Account::open(
        "faults:\n- { service: kms, operation: CreateKey, nth: 1, lose_answer: true }\n\
         - { service: kms, operation: CreateAlias, nth: 1, lose_answer: true }\n\
         - { service: kms, operation: ScheduleKeyDeletion, nth: 1, lose_answer: true }",
    )
    .await;
    let unheard = account.apply("kms.key", &key(&[])).await.unwrap_err();
    assert!(matches!(unheard, Trouble::Unreachable { .. }), "{unheard:?}");
    assert_eq!(account.snapshot()["keys"].as_array().unwrap().len(), 1);
    account.apply("kms.key", &key(&[])).await.unwrap();
    assert_eq!(account.snapshot()["keys"].as_array().unwrap().len(), 1);
    let found = account.inspect("kms.key", &key(&[])).await;
    assert!(is_ours(&found));
    account.undo("kms.key", &key(&[]), Made { outputs: outputs(&found), before: None }).await.unwrap();
    assert_eq!(account.inspect("kms.key", &key(&[])).await.state, State::Absent);
}

#[tokio::test]
async fn an_error_that_leaves_open_whether_there_is_a_key_is_no_answer_and_throttling_is_waited_for() {
    let error = "{ code: KMSInternalException, message: not today, status: 500 }";
    let account = Account::open(&format!(
        "faults:\n- {{ service: kms, operation: CreateKey, nth: 1, error: {error} }}\n\
         - {{ service: kms, operation: CreateKey, nth: 2, throttle: true }}"
    ))
    .await;
    let unheard = account.apply("kms.key", &key(&[])).await.unwrap_err();
    assert!(matches!(unheard, Trouble::Unreachable { .. }), "{unheard:?}");
    account.apply("kms.key", &key(&[])).await.unwrap();
    assert_eq!(account.snapshot()["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_malformed_key_policy_is_refused_and_a_closed_one_is_told() {
    let account = Account::open(
        r#"keys: [{ alias: alias/closed, policy: { Version: "2012-10-17", Statement: [{ Effect: Allow, Principal: { AWS: "arn:aws:iam::123456789012:role/admin" }, Action: "kms:*", Resource: "*" }] } }]"#,
    )
    .await;
    let mut broken = key(&[]);
    broken["policy"]["Statement"][0]["Action"] = json!("everything");
    let refused = account.apply("kms.key", &broken).await.unwrap_err();
    assert_eq!(refused.code(), Some("MalformedPolicyDocumentException"));
    let check = json!({ "key": "alias/closed", "used_by": NODE_ROLE });
    assert_eq!(account.code("kms.key", check).await, "KMS-KEY-CLOSED");
}

#[tokio::test]
async fn whom_a_closed_key_has_a_grant_for_may_use_it() {
    let account = Account::open(&format!(
        r#"
keys: [{{ alias: alias/closed, policy: {{ Version: "2012-10-17", Statement: [{{ Effect: Allow, Principal: {{ AWS: "arn:aws:iam::123456789012:role/admin" }}, Action: "kms:*", Resource: "*" }}] }} }}]
existing: [{{ service: kms, operation: CreateGrant, input: {{ KeyId: alias/closed, GranteePrincipal: "{NODE_ROLE}", Operations: [Decrypt] }} }}]
"#
    ))
    .await;
    assert_eq!(account.code("kms.key", json!({ "key": "alias/closed", "used_by": NODE_ROLE })).await, "pass");
    let other = NODE_ROLE.replace("nodes", "cluster");
    assert_eq!(account.code("kms.key", json!({ "key": "alias/closed", "used_by": other })).await, "KMS-KEY-CLOSED");
}

#[tokio::test]
async fn to_a_service_linked_role_the_accounts_root_opens_no_key() {
    let account = Account::open("keys: [{ alias: alias/disks }]").await;
    let role = "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
    assert_eq!(account.code("kms.key", json!({ "key": "alias/disks", "used_by": NODE_ROLE })).await, "pass");
    assert_eq!(account.code("kms.key", json!({ "key": "alias/disks", "used_by": role })).await, "KMS-KEY-CLOSED");
}

#[tokio::test]
async fn a_key_on_its_way_out_can_be_kept() {
    let account = Account::open("keys: [{ alias: alias/mycompany-ml }]\nexisting: [{ service: kms, operation: ScheduleKeyDeletion, input: { KeyId: alias/mycompany-ml } }]").await;
    let found = account.inspect("kms.key", &key(&[])).await;
    let State::Broken { problem, recoveries } = &found.state else { panic!("{found:?}") };
    assert_eq!((problem.code.as_str(), recoveries[0].id.as_str()), ("KMS-KEY-GOING", "keep"));
    account.kinds.steps["kms.key"].recover(&account.context(), &key(&[]), "keep").await.unwrap();
    let found = account.inspect("kms.key", &json!({ "alias": "mycompany-ml" })).await;
    assert_eq!(outputs(&found)["id"], "1234abcd-12ab-34cd-56ef-1234567890ab");
}
