//! Look-ups.

use landfall_core::event::{Row, Table};
use serde_json::json;

use crate::account::{Account, NODE_ROLE, SUBNETS};

fn suggested(table: &Table) -> Vec<&Row> {
    table.rows.iter().filter(|row| row.suggested).collect()
}

#[tokio::test]
async fn the_image_table_suggests_al2023_and_keeps_the_rejected_ones() {
    let account = Account::open("").await;
    let table = account.rows("aws.eks_gpu_amis", json!({ "version": "1.31" })).await;
    let chosen = suggested(&table);
    assert_eq!(chosen.len(), 1);
    assert_eq!(chosen[0].value["ami_type"], "AL2023_x86_64_NVIDIA");
    assert!(chosen[0].value["release_version"].as_str().unwrap().starts_with("1.31."), "{:?}", chosen[0].value);
    assert!(chosen[0].value["image_id"].as_str().unwrap().starts_with("ami-"));
    assert!(chosen[0].cells[4].contains("2026-11-26"), "{:?}", chosen[0].cells);
    assert_eq!(table.rows.len(), 3);
    assert!(table.rows[2].rejected.as_deref().unwrap().contains("only to adopt"));
}

#[tokio::test]
async fn from_1_33_on_there_is_no_al2_image() {
    let account = Account::open("").await;
    let table = account.rows("aws.eks_gpu_amis", json!({ "version": "1.33" })).await;
    assert_eq!(table.rows[2].rejected.as_deref(), Some("not published for Kubernetes 1.33"));
    assert_eq!(suggested(&table).len(), 1);
}

#[tokio::test]
async fn clusters_subnets_roles_and_node_groups_fill_their_tables() {
    let account = Account::open("").await;
    let clusters = account.rows("aws.clusters", json!({})).await;
    assert_eq!(clusters.rows[0].cells, ["pay-1", "1.31", "ACTIVE"]);
    let subnets = account.rows("aws.subnets", json!({})).await;
    let private: Vec<&str> = suggested(&subnets).iter().filter_map(|row| row.value.as_str()).collect();
    assert_eq!(private, SUBNETS);
    let roles = account.rows("aws.node_roles", json!({})).await;
    assert_eq!(suggested(&roles)[0].value, NODE_ROLE);
    assert!(roles.rows.iter().all(|row| row.value != "arn:aws:iam::123456789012:role/pay-1-cluster"));
    let groups = account.rows("aws.node_groups", json!({})).await;
    assert_eq!(groups.rows[0].cells[..3], ["cpu-1", "ACTIVE", "2 (2 to 4)"]);
}

#[tokio::test]
async fn the_clusters_facts_are_one_row() {
    let account = Account::open("").await;
    let facts = account.rows("aws.cluster_facts", json!({})).await.rows.remove(0).value;
    assert_eq!((&facts["version"], &facts["auto_mode"]), (&json!("1.31"), &json!(false)));
    for field in ["endpoint", "ca", "service_cidr", "issuer", "vpc_id", "arn"] {
        assert!(facts[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {facts}");
    }
}

#[tokio::test]
async fn a_cluster_that_cannot_be_asked_says_so() {
    let account = Account::open("").await;
    let table = account.rows("aws.scaling_owner", json!({})).await;
    assert_eq!(suggested(&table)[0].value, "step_policies");
    assert!(table.note.contains("say it yourself"));
}

#[tokio::test]
async fn roles_in_use_are_shown_even_where_listing_is_denied() {
    let account = Account::open("denied: ['iam:ListRoles']").await;
    let roles = account.rows("aws.node_roles", json!({})).await;
    assert_eq!(roles.rows.len(), 1);
    assert!(roles.note.contains("denied"));
}
