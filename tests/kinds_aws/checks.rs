//! Checks.

use landfall::cloud::Trouble;
use landfall_core::{
    clock::Span,
    event::{Outcome, Permissions},
};
use serde_json::json;

use crate::account::{Account, NODE_ROLE, SUBNETS};

fn quota() -> serde_json::Value {
    json!({ "instance_type": "g4dn.2xlarge", "count": 4 })
}

#[tokio::test]
async fn a_quota_with_room_passes() {
    let account = Account::open("").await;
    let outcome = account.check("aws.quota", quota()).await.unwrap();
    assert_eq!(outcome, Outcome::pass("0 of 64 vCPU used, 32 more needed"));
}

#[tokio::test]
async fn a_quota_of_nothing_fails_with_the_request_to_make() {
    let account = Account::open("quotas: { L-DB2E81BA: 0.0 }").await;
    let outcome = account.check("aws.quota", quota()).await.unwrap();
    let problem = outcome.problem().unwrap();
    assert_eq!(problem.code, "AWS-QUOTA-LOW");
    assert!(matches!(outcome, Outcome::Fail { .. }));
    assert!(problem.fix.contains("--quota-code L-DB2E81BA --desired-value 32 --region us-east-2"), "{}", problem.fix);
}

#[tokio::test]
async fn an_increase_that_was_asked_for_is_told() {
    let account = Account::open("quotas: { L-DB2E81BA: 0.0 }").await;
    let client = account.cloud.aws.servicequotas().await.unwrap();
    let request = client.request_service_quota_increase().service_code("ec2").quota_code("L-DB2E81BA");
    request.desired_value(64.0).send().await.unwrap();
    let outcome = account.check("aws.quota", quota()).await.unwrap();
    assert!(outcome.problem().unwrap().why.contains("64 were asked for already"), "{outcome:?}");
}

#[tokio::test]
async fn not_being_let_to_look_is_denied_and_not_failed() {
    let account = Account::open("denied: ['servicequotas:*']").await;
    let trouble = account.check("aws.quota", quota()).await.unwrap_err();
    assert!(
        matches!(&trouble, Trouble::Denied { action, .. } if action == "servicequotas:GetServiceQuota"),
        "{trouble:?}"
    );
}

#[tokio::test]
async fn who_we_are_is_told_and_another_account_stops() {
    let account = Account::open("").await;
    assert_eq!(account.check("aws.identity", json!({})).await.unwrap(), Outcome::pass("role/admin"));
    let account =
        Account::open("account: '999999999999'\ncaller: 'arn:aws:sts::999999999999:assumed-role/admin/sre'").await;
    assert_eq!(account.code("aws.identity", json!({})).await, "AWS-WRONG-ACCOUNT");
}

#[tokio::test]
async fn the_plans_permissions_are_simulated() {
    let wanted = Permissions::default().iam("*", ["eks:CreateNodegroup"]).iam(NODE_ROLE, ["iam:PassRole"]);
    let mut account = Account::open("").await;
    account.needs.permissions = wanted.clone();
    account.needs.longest_step = Some(Span::minutes(25));
    assert_eq!(account.code("aws.permissions", json!({})).await, "pass");
    let mut account = Account::open("denied: ['iam:PassRole']").await;
    account.needs.permissions = wanted;
    let outcome = account.check("aws.permissions", json!({})).await.unwrap();
    assert_eq!(outcome.line(), "iam:PassRole would be denied");
    let denied = Account::open("denied: ['iam:Simulate*']").await;
    let mut denied = denied;
    denied.needs.permissions = Permissions::default().iam("*", ["eks:CreateNodegroup"]);
    assert!(matches!(denied.check("aws.permissions", json!({})).await, Err(Trouble::Denied { .. })));
}

#[tokio::test]
async fn the_cluster_and_its_version_are_looked_at() {
    let account = Account::open("").await;
    assert_eq!(account.code("aws.cluster", json!({})).await, "pass");
    assert_eq!(account.code("aws.cluster", json!({ "cluster": "pay-2" })).await, "EKS-CLUSTER-MISSING");
    let outcome = account.check("aws.cluster_version", json!({ "tested_on": "1.31" })).await.unwrap();
    assert_eq!(outcome.line(), "Kubernetes 1.31: support ends in 5 days (2026-11-26)");
    let auto = Account::open("clusters: [{ name: pay-1, auto_mode: true, version: '1.34' }]").await;
    assert_eq!(auto.code("aws.cluster", json!({})).await, "EKS-AUTO-MODE");
    assert_eq!(auto.code("aws.cluster_version", json!({ "tested_on": "1.31" })).await, "EKS-VERSION-UNTESTED");
}

#[tokio::test]
async fn subnets_and_zones_are_looked_at() {
    let account = Account::open("not_offered: { g4dn.2xlarge: [us-east-2c] }").await;
    let with = |subnets: &[&str], free: u32| json!({ "subnets": subnets, "free_addresses": free });
    assert_eq!(account.code("aws.subnets", with(&SUBNETS, 100)).await, "pass");
    assert_eq!(account.code("aws.subnets", with(&SUBNETS, 10_000)).await, "EC2-NO-ADDRESSES");
    assert_eq!(account.code("aws.subnets", with(&SUBNETS[..1], 10)).await, "EC2-ONE-ZONE");
    assert_eq!(account.code("aws.subnets", with(&["subnet-0123456789abcdef0"], 1)).await, "EC2-SUBNET-MISSING");
    let offered = json!({ "instance_type": "g4dn.2xlarge", "subnets": SUBNETS });
    let outcome = account.check("aws.instance_offering", offered).await.unwrap();
    assert_eq!(outcome.line(), "g4dn.2xlarge is not offered in us-east-2c");
    assert!(matches!(outcome, Outcome::Warn { .. }));
}

#[tokio::test]
async fn the_node_role_needs_its_policies_and_the_right_to_send_metrics() {
    let account = Account::open("").await;
    let policies = ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"];
    let of = |role: &str, policies: &[&str], cloudwatch| json!({ "role": role, "policies": policies, "cloudwatch": cloudwatch });
    assert_eq!(account.code("aws.role_policies", of(NODE_ROLE, &policies[..2], false)).await, "pass");
    assert_eq!(account.code("aws.role_policies", of(NODE_ROLE, &policies, false)).await, "IAM-POLICIES-MISSING");
    assert_eq!(account.code("aws.role_policies", of(NODE_ROLE, &policies[..2], true)).await, "IAM-CLOUDWATCH-MISSING");
    let other = "arn:aws:iam::123456789012:role/pay-1-cluster";
    assert_eq!(account.code("aws.role_policies", of(other, &[], false)).await, "IAM-ROLE-TRUST");
    let none = "arn:aws:iam::123456789012:role/none";
    assert_eq!(account.code("aws.role_policies", of(none, &[], false)).await, "IAM-ROLE-MISSING");
}

#[tokio::test]
async fn a_node_groups_pool_is_counted() {
    let account = Account::open("").await;
    account.after(0.0);
    let pool = json!({ "node_group": "cpu-1", "vcpu": 4, "memory_gib": 16, "active": true });
    assert_eq!(account.check("aws.node_group", pool).await.unwrap(), Outcome::pass("2 × m8g.large: 4 vCPU, 16 GiB"));
    let images = json!({ "node_group": "cpu-1", "architectures": ["amd64"] });
    assert_eq!(account.code("aws.node_group", images).await, "EKS-ARCHITECTURE");
    assert_eq!(account.code("aws.node_group", json!({ "node_group": "gpu" })).await, "EKS-NODE-GROUP-MISSING");
}

#[tokio::test]
async fn a_call_that_is_throttled_again_and_again_is_told_once() {
    let account = Account::open("faults: [{ service: eks, nth: [1, 2], throttle: true }]").await;
    let _ = account.check("aws.cluster", json!({})).await.unwrap();
    let said = account.said.lock().unwrap();
    let told: Vec<&String> = said.iter().filter(|line| line.starts_with("Throttled")).collect();
    assert_eq!(told, [r#"Throttled { service: "AWS eks" }"#]);
}

#[tokio::test]
async fn an_expired_session_parks_the_door() {
    let account = Account::open("faults: [{ service: eks, expired: true }]").await;
    assert!(matches!(account.check("aws.cluster", json!({})).await, Err(Trouble::Expired { .. })));
}
