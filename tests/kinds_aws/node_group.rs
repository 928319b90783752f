//! `eks.node_group` and `eks.node_labels`.

use aws_sdk_eks::types::{NodegroupScalingConfig, UpdateLabelsPayload};
use landfall::kind::Made;
use landfall_core::event::{Found, State, Waiting};
use serde_json::{Value, json};

use crate::account::{Account, drift, is_ours, node_group, outputs, template};

const KIND: &str = "eks.node_group";

/// A node group's parameters, with the template it starts from.
async fn ready(aws: &str) -> (Account, Value) {
    let account = Account::open(aws).await;
    account.after(0.0);
    let made = account.make("ec2.launch_template", &template(60)).await;
    let parameters = node_group(made.outputs["reference"].as_str().unwrap());
    (account, parameters)
}

fn waiting(found: &Found) -> &Waiting {
    match &found.state {
        State::Pending { why } => why,
        other => panic!("it does not wait: {other:?}"),
    }
}

#[tokio::test]
async fn it_is_absent_then_pending_then_there() {
    let (account, parameters) = ready("").await;
    assert_eq!(account.inspect(KIND, &parameters).await.state, State::Absent);
    account.apply(KIND, &parameters).await.unwrap();
    account.after(1.0);
    let found = account.inspect(KIND, &parameters).await;
    assert!(is_ours(&found));
    assert!(waiting(&found).on.starts_with("CREATING, "), "{:?}", waiting(&found));
    account.after(8.0);
    let outputs = outputs(&account.inspect(KIND, &parameters).await);
    assert_eq!(outputs["status"], "ACTIVE");
    assert!(outputs["autoscaling_group"].as_str().unwrap().starts_with("eks-gpu-"));
    assert_eq!(outputs["version"], "1.31");
}

#[tokio::test]
async fn an_answer_lost_twice_makes_one_node_group() {
    let (account, parameters) = ready("faults: [{ operation: CreateNodegroup, nth: [1, 2], lose_answer: true }]").await;
    account.apply(KIND, &parameters).await.unwrap();
    account.apply(KIND, &parameters).await.unwrap();
    account.after(8.0);
    outputs(&account.inspect(KIND, &parameters).await);
    assert_eq!(account.snapshot()["node_groups"].as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn a_zone_without_capacity_is_told_while_it_waits() {
    let (account, parameters) = ready("no_capacity: [{ zones: [us-east-2a, us-east-2b, us-east-2c] }]").await;
    account.apply(KIND, &parameters).await.unwrap();
    account.after(4.0);
    let found = account.inspect(KIND, &parameters).await;
    let waiting = waiting(&found);
    assert_eq!(waiting.on, "CREATING, 0 of 2 instances launched");
    let problem = waiting.problem.as_ref().unwrap();
    assert_eq!(problem.code, "EC2-NO-CAPACITY");
    assert!(
        waiting.story.iter().any(|line| line.contains("InsufficientInstanceCapacity in us-east-2")),
        "{:?}",
        waiting.story
    );
}

#[tokio::test]
async fn nodes_that_do_not_join_show_ekss_code_and_then_break_with_a_way_out() {
    let (account, parameters) = ready("join: { never: [gpu], reason: 'kubelet: Unable to register node' }").await;
    account.apply(KIND, &parameters).await.unwrap();
    account.after(16.5);
    let found = account.inspect(KIND, &parameters).await;
    let waiting = waiting(&found);
    assert_eq!(waiting.problem.as_ref().unwrap().code, "EKS-NODES-NOT-JOINING");
    assert!(waiting.story.iter().any(|line| line.contains("NodeCreationFailure")), "{:?}", waiting.story);
    assert!(waiting.story.iter().any(|line| line.contains("Unable to register node")), "{:?}", waiting.story);
    account.after(25.0);
    let found = account.inspect(KIND, &parameters).await;
    let State::Broken { problem, recoveries } = &found.state else { panic!("{found:?}") };
    assert!(problem.what.contains("CREATE_FAILED"), "{}", problem.what);
    assert_eq!(recoveries[0].id, "recreate");
    let step = &account.kinds.steps[KIND];
    step.recover(&account.context(), &parameters, "recreate").await.unwrap();
    account.after(26.0);
    assert!(matches!(account.inspect(KIND, &parameters).await.state, State::Pending { .. }));
    account.after(40.0);
    assert_eq!(account.inspect(KIND, &parameters).await.state, State::Absent);
}

#[tokio::test]
async fn a_change_by_hand_is_shown_as_drift_and_can_be_set_right() {
    let (account, parameters) = ready("").await;
    account.apply(KIND, &parameters).await.unwrap();
    account.after(8.0);
    let eks = account.cloud.aws.eks().await.unwrap();
    eks.update_nodegroup_config()
        .cluster_name("pay-1")
        .nodegroup_name("gpu")
        .scaling_config(NodegroupScalingConfig::builder().min_size(1).max_size(2).desired_size(1).build())
        .labels(UpdateLabelsPayload::builder().add_or_update_labels("capability", "other").build())
        .send()
        .await
        .unwrap();
    account.after(10.0);
    let found = account.inspect(KIND, &parameters).await;
    let fields: Vec<String> = drift(&found).into_iter().collect();
    assert_eq!(fields, ["labels.capability", "scaling.max", "scaling.min"]);
    // It is ours: there is nothing of somebody else's to go back to.
    assert_eq!(account.apply(KIND, &parameters).await.unwrap(), None);
    account.after(13.0);
    outputs(&account.inspect(KIND, &parameters).await);
}

#[tokio::test]
async fn a_new_template_version_is_rolled_out_in_place() {
    let (account, parameters) = ready("").await;
    account.apply(KIND, &parameters).await.unwrap();
    account.after(8.0);
    account.apply("ec2.launch_template", &template(100)).await.unwrap();
    let newer = outputs(&account.inspect("ec2.launch_template", &template(100)).await);
    let parameters = node_group(newer["reference"].as_str().unwrap());
    assert_eq!(
        drift(&account.inspect(KIND, &parameters).await).into_iter().collect::<Vec<_>>(),
        ["launch_template.version"]
    );
    account.apply(KIND, &parameters).await.unwrap();
    account.after(60.0);
    outputs(&account.inspect(KIND, &parameters).await);
}

#[tokio::test]
async fn what_eks_cannot_change_is_refused_with_a_fix() {
    let (account, mut parameters) = ready("").await;
    account.apply(KIND, &parameters).await.unwrap();
    account.after(8.0);
    parameters["subnets"] = json!([crate::account::SUBNETS[0]]);
    let trouble = account.apply(KIND, &parameters).await.unwrap_err();
    assert_eq!(trouble.code(), Some("EKS-NODE-GROUP-FIXED"));
}

#[tokio::test]
async fn undo_takes_the_node_group_away_and_nothing_else() {
    let (account, parameters) = ready("").await;
    let before = account.snapshot();
    account.apply(KIND, &parameters).await.unwrap();
    account.after(8.0);
    let outputs = outputs(&account.inspect(KIND, &parameters).await);
    account.undo(KIND, &parameters, Made { outputs, before: None }).await.unwrap();
    let found = account.inspect(KIND, &parameters).await;
    assert!(waiting(&found).on.starts_with("DELETING"), "{found:?}");
    account.after(20.0);
    assert_eq!(account.inspect(KIND, &parameters).await.state, State::Absent);
    assert_eq!(account.snapshot(), before);
}

#[tokio::test]
async fn labels_are_added_and_go_back() {
    let account = Account::open("").await;
    account.after(0.0);
    let before = account.snapshot();
    let parameters = json!({ "node_group": "cpu-1", "labels": { "capability": "cpu" } });
    assert_eq!(account.inspect("eks.node_labels", &parameters).await.state, State::Absent);
    let was = account.apply("eks.node_labels", &parameters).await.unwrap();
    assert_eq!(was, Some(json!({ "capability": null })));
    account.after(3.0);
    let outputs = outputs(&account.inspect("eks.node_labels", &parameters).await);
    account.undo("eks.node_labels", &parameters, Made { outputs, before: was }).await.unwrap();
    account.after(6.0);
    assert_eq!(account.snapshot()["node_groups"], before["node_groups"]);
}

#[tokio::test]
async fn tags_of_a_node_group_that_was_there_go_back() {
    let (account, mut parameters) = ready("").await;
    account.apply(KIND, &parameters).await.unwrap();
    account.after(8.0);
    let eks = account.cloud.aws.eks().await.unwrap();
    let group = async || {
        let answer = eks.describe_nodegroup().cluster_name("pay-1").nodegroup_name("gpu").send().await.unwrap();
        answer.nodegroup.unwrap()
    };
    // Nothing on it says any more that it is this install's.
    let arn = group().await.nodegroup_arn.unwrap();
    let marks = ["landfall:install", "landfall:task"].map(str::to_owned).to_vec();
    eks.untag_resource().resource_arn(&arn).set_tag_keys(Some(marks)).send().await.unwrap();
    eks.tag_resource().resource_arn(&arn).tags("owner", "ml").send().await.unwrap();
    let before = group().await.tags;

    parameters["tags"] = json!({ "owner": "platform", "team": "shield" });
    let fields: Vec<String> = drift(&account.inspect(KIND, &parameters).await).into_iter().collect();
    assert_eq!(fields, ["tags.owner", "tags.team"]);
    let was = account.apply(KIND, &parameters).await.unwrap();
    assert_ne!(group().await.tags, before);
    let outputs = outputs(&account.inspect(KIND, &parameters).await);
    account.undo(KIND, &parameters, Made { outputs, before: was }).await.unwrap();
    assert_eq!(group().await.tags, before);
}
