//! `autoscaling.policy`, `cloudwatch.alarm`, and the checks that prove them.

use landfall_core::event::State;
use serde_json::{Value, json};

use crate::account::{Account, drift, is_ours, node_group, outputs, template};

/// An account with the GPU node group up.
async fn with_nodes() -> Account {
    let account = Account::open("").await;
    account.after(0.0);
    let made = account.make("ec2.launch_template", &template(60)).await;
    let parameters = node_group(made.outputs["reference"].as_str().unwrap());
    account.apply("eks.node_group", &parameters).await.unwrap();
    account.after(8.0);
    outputs(&account.inspect("eks.node_group", &parameters).await);
    account
}

fn policy(adjustment: i32) -> Value {
    json!({ "node_group": "gpu", "name": "gpu-out", "adjustment": adjustment, "bound": "lower", "warmup_seconds": 300 })
}

fn alarm(action: &str, threshold: u32) -> Value {
    json!({
        "name": "gpu-busy", "description": "GPU above", "actions": [action],
        "metric": {
            "namespace": "CWAgent", "name": "nvidia_smi_utilization_gpu", "period": 120,
            "dimensions": { "EKSClusterName": "pay-1", "EKSNodeGroupType": "gpu" },
        },
        "threshold": threshold, "comparison": "GreaterThanThreshold", "treat_missing_data": "notBreaching",
    })
}

#[tokio::test]
async fn a_policy_waits_for_its_group_and_is_made_changed_and_undone() {
    let account = Account::open("").await;
    assert_eq!(account.inspect("autoscaling.policy", &policy(1)).await.state, State::Absent);
    let trouble = account.apply("autoscaling.policy", &policy(1)).await.unwrap_err();
    assert_eq!(trouble.code(), Some("EKS-SCALING-GROUP-MISSING"));
    let account = with_nodes().await;
    let before = account.snapshot();
    let made = account.make("autoscaling.policy", &policy(1)).await;
    let found = account.inspect("autoscaling.policy", &policy(2)).await;
    assert!(is_ours(&found));
    assert_eq!(drift(&found).into_iter().collect::<Vec<_>>(), ["steps"]);
    let refused = account.undo("autoscaling.policy", &policy(2), made.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Some("UNDO-CHANGED"));
    account.undo("autoscaling.policy", &policy(1), made).await.unwrap();
    assert_eq!(account.snapshot(), before);
}

#[tokio::test]
async fn an_alarm_is_made_changed_by_hand_shown_and_undone() {
    let account = with_nodes().await;
    let made = account.make("autoscaling.policy", &policy(1)).await;
    let action = made.outputs["arn"].as_str().unwrap();
    let before = account.snapshot();
    let made = account.make("cloudwatch.alarm", &alarm(action, 40)).await;
    assert!(is_ours(&account.inspect("cloudwatch.alarm", &alarm(action, 40)).await));
    account.apply("cloudwatch.alarm", &alarm(action, 90)).await.unwrap();
    let found = account.inspect("cloudwatch.alarm", &alarm(action, 40)).await;
    assert_eq!(drift(&found).into_iter().collect::<Vec<_>>(), ["threshold"]);
    let refused = account.undo("cloudwatch.alarm", &alarm(action, 40), made.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Some("UNDO-CHANGED"));
    account.apply("cloudwatch.alarm", &alarm(action, 40)).await.unwrap();
    account.undo("cloudwatch.alarm", &alarm(action, 40), made).await.unwrap();
    assert_eq!(account.snapshot(), before);
}

#[tokio::test]
async fn an_alarm_by_expression_and_one_on_all_below_come_back_as_they_were_written() {
    let account = with_nodes().await;
    let query =
        r#"SELECT AVG(CPUUtilization) FROM SCHEMA("AWS/EC2", AutoScalingGroupName) WHERE AutoScalingGroupName = 'x'"#;
    let busy = json!({
        "name": "cpu-busy", "description": "CPU above", "actions": [], "threshold": 60, "comparison": "GreaterThanThreshold",
        "expressions": [{ "id": "cpu", "expression": query, "period": 300 }],
    });
    account.make("cloudwatch.alarm", &busy).await;
    let metric = |namespace: &str, name: &str| json!({ "namespace": namespace, "name": name, "dimensions": { "a": "b" }, "period": 300 });
    let idle = json!({
        "name": "all-idle", "description": "both low", "actions": [],
        "all_below": [
            { "metric": metric("CWAgent", "nvidia_smi_utilization_gpu"), "below": 10 },
            { "metric": metric("AWS/EC2", "CPUUtilization"), "below": 5 },
        ],
    });
    account.make("cloudwatch.alarm", &idle).await;
}

#[tokio::test]
async fn the_checks_prove_policies_and_alarms() {
    let account = with_nodes().await;
    let policies = json!({ "node_group": "gpu", "policies": ["gpu-out"] });
    let alarms = json!({ "names": ["gpu-busy"] });
    assert_eq!(account.code("aws.scaling_policies", policies.clone()).await, "AUTOSCALING-POLICY-MISSING");
    assert_eq!(account.code("aws.alarms", alarms.clone()).await, "CLOUDWATCH-ALARM-MISSING");
    let made = account.make("autoscaling.policy", &policy(1)).await;
    assert_eq!(account.code("aws.scaling_policies", policies.clone()).await, "AUTOSCALING-POLICY-IDLE");
    account.make("cloudwatch.alarm", &alarm(made.outputs["arn"].as_str().unwrap(), 40)).await;
    assert_eq!(account.code("aws.scaling_policies", policies).await, "pass");
    assert_eq!(account.code("aws.alarms", alarms).await, "pass");
}
