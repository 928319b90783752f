//! VPCs and what is in them: `ec2.vpc`, `ec2.security_group` and its rules, `ec2.gateway_endpoint`, and their look-ups.

use landfall::kind::Made;
use landfall_core::event::{Owner, State};
use serde_json::{Value, json};

use crate::account::{Account, drift, is_ours, outputs};

/// The account's own VPC, whose id the simulated account makes up.
async fn vpc(account: &Account) -> String {
    let table = account.rows("aws.vpcs", json!({})).await;
    let own = table.rows.iter().find(|row| row.suggested).unwrap();
    own.value.as_str().unwrap().to_owned()
}

async fn cluster_group(account: &Account) -> Value {
    account.rows("aws.cluster_facts", json!({})).await.rows.remove(0).value["security_group"].clone()
}

fn group(vpc: &str) -> Value {
    json!({ "name": "deeploy-db", "vpc": vpc, "description": "The database of Deeploy", "tags": { "team": "ml" } })
}

const OTHERS: &str = r#"vpcs: [{ id: vpc-0other, name: shop, cidr: 10.9.0.0/16, dns: false, nat: false }]
subnets:
  - { id: subnet-0a1d3c5e7f9b24680, zone: us-east-2a, cidr: 10.0.1.0/24 }
  - { id: subnet-0b2e4d6f8a0c35791, zone: us-east-2b, cidr: 10.0.2.0/24 }
  - { id: subnet-0f6c8b0d2e4a79135, zone: us-east-2a, cidr: 10.0.101.0/24, public: true }
  - { id: subnet-0shop, zone: us-east-2a, cidr: 10.9.1.0/24, vpc: vpc-0other }
clusters: [{}, { name: shop, subnets: [subnet-0shop], cpu_node_group: false }]"#;

#[tokio::test]
async fn vpcs_are_listed_with_their_clusters_and_route_tables_with_where_they_lead() {
    let account = Account::open(OTHERS).await;
    let table = account.rows("aws.vpcs", json!({})).await;
    let other = table.rows.iter().find(|row| row.value == "vpc-0other").unwrap();
    assert_eq!((other.cells[1..].join(" "), other.suggested), ("shop 10.9.0.0/16 shop".to_owned(), false));
    let tables = account.rows("aws.route_tables", json!({})).await;
    let leads = |suggested: bool| -> Vec<&str> {
        tables.rows.iter().filter(|row| row.suggested == suggested).map(|row| row.cells[3].as_str()).collect()
    };
    assert_eq!(leads(true), ["out through NAT", "out through NAT"]);
    assert_eq!(leads(false), ["nowhere outside", "to the internet"]);
    let tables = account.rows("aws.route_tables", json!({ "vpc": "vpc-0other" })).await;
    assert_eq!(tables.rows.iter().filter(|row| row.suggested).count(), 1);
}

#[tokio::test]
async fn a_vpc_of_ones_own_passes_and_one_that_is_shared_is_warned_of() {
    let shared = format!("{OTHERS}\ndatabases: [{{ name: shop-db }}]");
    let account = Account::open(&shared).await;
    let vpc = vpc(&account).await;
    let code = async |parameters: Value| account.code("ec2.vpc", parameters).await;
    assert_eq!(code(json!({ "vpc": vpc, "only_for": ["pay-1"], "databases": ["shop-db"] })).await, "pass");
    assert_eq!(code(json!({ "vpc": vpc, "only_for": ["pay-1"] })).await, "EC2-VPC-SHARED");
    assert_eq!(code(json!({ "vpc": vpc, "only_for": [], "databases": ["shop-db"] })).await, "EC2-VPC-SHARED");
    assert_eq!(code(json!({ "vpc": vpc })).await, "pass");
    assert_eq!(code(json!({ "vpc": "vpc-0other" })).await, "EC2-VPC-DNS");
    assert_eq!(code(json!({ "vpc": "vpc-0other", "dns": false })).await, "pass");
    assert_eq!(code(json!({ "vpc": "vpc-0nowhere" })).await, "EC2-VPC-MISSING");
}

#[tokio::test]
async fn a_security_group_and_its_rule_are_made_and_taken_away_again() {
    let account = Account::open("").await;
    let (vpc, nodes) = (vpc(&account).await, cluster_group(&account).await);
    let before = account.snapshot();
    let made = account.make("ec2.security_group", &group(&vpc)).await;
    assert!(is_ours(&account.inspect("ec2.security_group", &group(&vpc)).await));
    assert_eq!(made.outputs["vpc"], vpc.as_str());
    let rule = json!({ "group": made.outputs["id"], "port": 5432, "source_group": nodes, "description": "nodes" });
    let made_rule = account.make("ec2.security_group_rule", &rule).await;
    assert!(is_ours(&account.inspect("ec2.security_group_rule", &rule).await));
    account.undo("ec2.security_group_rule", &rule, made_rule).await.unwrap();
    assert_eq!(account.inspect("ec2.security_group_rule", &rule).await.state, State::Absent);
    account.undo("ec2.security_group", &group(&vpc), made).await.unwrap();
    assert_eq!(account.snapshot(), before);
}

#[tokio::test]
async fn lost_answers_leave_one_group_and_one_rule() {
    let account = Account::open(
        "faults: [{ service: ec2, operation: CreateSecurityGroup, nth: 1, lose_answer: true }, { service: ec2, operation: AuthorizeSecurityGroupIngress, nth: 1, lose_answer: true }, { service: ec2, operation: DescribeSecurityGroupRules, nth: [1, 2], throttle: true }]",
    )
    .await;
    let (vpc, nodes) = (vpc(&account).await, cluster_group(&account).await);
    let made = account.make("ec2.security_group", &group(&vpc)).await;
    let rule = json!({ "group": made.outputs["id"], "port": 5432, "source_group": nodes });
    account.make("ec2.security_group_rule", &rule).await;
    let id = made.outputs["id"].as_str().unwrap();
    let rules = account.snapshot()["network"]["security_groups"][id]["rules"].clone();
    assert_eq!(rules.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn before_the_vpc_is_known_a_group_is_told_by_our_mark() {
    let account = Account::open("").await;
    let late = group("\u{E002}steps.cluster.vpc\u{E003}");
    assert_eq!(account.inspect("ec2.security_group", &late).await.state, State::Absent);
    let vpc = vpc(&account).await;
    let made = account.make("ec2.security_group", &group(&vpc)).await;
    assert_eq!(outputs(&account.inspect("ec2.security_group", &late).await), made.outputs);
    let rule = json!({ "group": "\u{E002}steps.db.id\u{E003}", "port": 5432, "source_group": "\u{E002}steps.cluster.security_group\u{E003}" });
    assert_eq!(account.inspect("ec2.security_group_rule", &rule).await.state, State::Absent);
}

#[tokio::test]
async fn a_group_of_somebody_else_keeps_what_it_had() {
    let account = Account::open(
        r#"existing:
  - { service: ec2, operation: CreateSecurityGroup, input: { GroupName: deeploy-db, Description: x, VpcId: "${vpc}", TagSpecifications: [{ ResourceType: security-group, Tags: [{ Key: team, Value: platform }] }] } }"#,
    )
    .await;
    let vpc = vpc(&account).await;
    let before = account.snapshot();
    let found = account.inspect("ec2.security_group", &group(&vpc)).await;
    assert_eq!(found.owner, Owner::Unmarked);
    assert_eq!(drift(&found).into_iter().collect::<Vec<_>>(), ["tags.team"]);
    let was = account.apply("ec2.security_group", &group(&vpc)).await.unwrap();
    let made = Made { outputs: outputs(&account.inspect("ec2.security_group", &group(&vpc)).await), before: was };
    account.undo("ec2.security_group", &group(&vpc), made).await.unwrap();
    assert_eq!(account.snapshot(), before);
}

#[tokio::test]
async fn a_group_that_is_used_is_not_deleted_and_a_wider_rule_is_used_as_it_is() {
    let account = Account::open("").await;
    let (vpc, nodes) = (vpc(&account).await, cluster_group(&account).await);
    let made = account.make("ec2.security_group", &group(&vpc)).await;
    // Its own members may reach each other: the cluster's group has that rule from the start.
    let own = json!({ "group": nodes, "port": 10250, "source_group": nodes });
    let found = account.inspect("ec2.security_group_rule", &own).await;
    assert_eq!((outputs(&found)["id"].is_string(), found.owner), (true, Owner::Unmarked));
    // A rule of another group that names ours keeps it.
    let other = json!({ "group": nodes, "port": 443, "source_group": made.outputs["id"] });
    account.make("ec2.security_group_rule", &other).await;
    let refused = account.undo("ec2.security_group", &group(&vpc), made).await.unwrap_err();
    assert_eq!(refused.code(), Some("EC2-GROUP-IN-USE"));
}

#[tokio::test]
async fn a_gateway_endpoint_takes_the_private_route_tables_and_goes_again() {
    let account =
        Account::open("faults: [{ service: ec2, operation: CreateVpcEndpoint, nth: 1, lose_answer: true }]").await;
    let vpc = vpc(&account).await;
    let before = account.snapshot();
    let check = json!({ "service": "s3", "vpc": vpc });
    assert_eq!(account.code("ec2.gateway_endpoint", check.clone()).await, "EC2-ENDPOINT-MISSING");
    let endpoint = json!({ "service": "s3", "vpc": vpc, "route_tables": [] });
    let made = account.make("ec2.gateway_endpoint", &endpoint).await;
    assert!(made.outputs["id"].as_str().unwrap().starts_with("vpce-"));
    assert!(is_ours(&account.inspect("ec2.gateway_endpoint", &endpoint).await));
    let endpoints = account.snapshot()["network"]["endpoints"].clone();
    let tables = endpoints.as_object().unwrap().values().next().unwrap()["tables"].clone();
    assert_eq!(tables.as_array().unwrap().len(), 3, "one for each private zone: {endpoints}");
    assert_eq!(account.code("ec2.gateway_endpoint", check).await, "pass");
    account.undo("ec2.gateway_endpoint", &endpoint, made).await.unwrap();
    assert_eq!(account.snapshot(), before);
}

const ENDPOINT: &str = r#"existing:
  - { service: ec2, operation: CreateVpcEndpoint, input: { VpcEndpointType: Gateway, VpcId: "${vpc}", ServiceName: com.amazonaws.us-east-2.s3, RouteTableIds: ["${route_table:private-us-east-2a}"] } }"#;

#[tokio::test]
async fn somebody_elses_endpoint_gets_what_it_lacks_and_has_it_taken_back() {
    let account = Account::open(ENDPOINT).await;
    let vpc = vpc(&account).await;
    let before = account.snapshot();
    assert_eq!(
        account.code("ec2.gateway_endpoint", json!({ "service": "s3", "vpc": vpc })).await,
        "EC2-ENDPOINT-ROUTES"
    );
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*" }] });
    let endpoint = json!({ "service": "s3", "vpc": vpc, "policy": policy });
    let found = account.inspect("ec2.gateway_endpoint", &endpoint).await;
    assert_eq!(found.owner, Owner::Unmarked);
    assert_eq!(drift(&found).into_iter().collect::<Vec<_>>(), ["policy", "route_tables"]);
    let was = account.apply("ec2.gateway_endpoint", &endpoint).await.unwrap();
    let made = Made { outputs: outputs(&account.inspect("ec2.gateway_endpoint", &endpoint).await), before: was };
    assert_eq!(account.code("ec2.gateway_endpoint", json!({ "service": "s3", "vpc": vpc })).await, "pass");
    account.undo("ec2.gateway_endpoint", &endpoint, made).await.unwrap();
    assert_eq!(account.snapshot(), before);
}

#[tokio::test]
async fn an_endpoint_that_has_the_route_tables_is_used_as_it_is() {
    let account = Account::open(ENDPOINT).await;
    let vpc = vpc(&account).await;
    let tables = account.rows("aws.route_tables", json!({})).await;
    let first = tables.rows.iter().find(|row| row.cells[1] == "private-us-east-2a").unwrap().value.clone();
    let found =
        account.inspect("ec2.gateway_endpoint", &json!({ "service": "s3", "vpc": vpc, "route_tables": [first] })).await;
    assert!(matches!((found.state, found.owner), (State::Present { .. }, Owner::Unmarked)));
}
