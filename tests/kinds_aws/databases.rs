//! `rds.subnet_group` and `rds.postgres`, as steps, and what checks see of databases.

use landfall::{kind::Made, kinds::Kinds};
use landfall_core::{
    event::{Found, Owner, State},
    value::{SecretRef, SecretText},
};
use serde_json::{Value, json};

use crate::account::{Account, SUBNETS, drift, is_ours, outputs};

const PASSWORD: &str = "Canary-pass_word.42";

async fn vpc(account: &Account) -> Value {
    account.rows("aws.cluster_facts", json!({})).await.rows.remove(0).value["vpc_id"].clone()
}

fn subnets() -> Value {
    json!({ "name": "Deeploy", "description": "The database of Deeploy", "subnets": SUBNETS })
}

fn postgres(account: &Account, groups: &[&str]) -> Value {
    let reference = SecretRef::field("database", "password");
    account.kept.0.lock().unwrap().insert(reference.clone(), PASSWORD.to_owned());
    json!({
        "name": "Deeploy", "engine_version": "16", "class": "db.t4g.medium", "storage_gib": 20, "max_storage_gib": 100,
        "multi_az": false, "backup_days": 7, "username": "postgres", "password": SecretText::stand_in(&reference),
        "subnet_group": "deeploy", "security_groups": groups, "deletion_protection": true,
    })
}

fn on(found: &Found) -> String {
    match &found.state {
        State::Pending { why } => why.on.clone(),
        other => panic!("it does not wait: {other:?}"),
    }
}

/// A security group of the account's own VPC.
async fn group(account: &Account) -> String {
    let group = json!({ "name": "deeploy-db", "vpc": vpc(account).await, "description": "x" });
    account.make("ec2.security_group", &group).await.outputs["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_database_is_made_waited_for_and_leaves_a_snapshot_behind() {
    let account = Account::open("").await;
    let before = account.snapshot();
    let sg = group(&account).await;
    let made_subnets = account.make("rds.subnet_group", &subnets()).await;
    assert_eq!(made_subnets.outputs, json!({ "name": "deeploy", "vpc": vpc(&account).await }));
    let database = postgres(&account, &[&sg]);
    assert_eq!(account.code("rds.instance", json!({ "instance": "deeploy" })).await, "RDS-MISSING");
    assert_eq!(account.inspect("rds.postgres", &database).await.state, State::Absent);
    account.apply("rds.postgres", &database).await.unwrap();
    let coming = account.inspect("rds.postgres", &database).await;
    assert!(is_ours(&coming));
    assert_eq!(on(&coming), "creating");
    assert_eq!(account.code("rds.instance", json!({ "instance": "deeploy" })).await, "RDS-CREATING");
    account.after(6.5);
    assert_eq!(on(&account.inspect("rds.postgres", &database).await), "backing-up");
    account.after(9.0);
    let made = Made { outputs: outputs(&account.inspect("rds.postgres", &database).await), before: None };
    assert_eq!(made.outputs["endpoint"], "deeploy.ce8c3f5a94224.us-east-2.rds.amazonaws.com");
    assert_eq!(made.outputs["port"], 5432);
    let kept = account.snapshot()["databases"]["deeploy"].clone();
    assert_eq!((&kept["version"], &kept["encrypted"], &kept["public"]), (&json!("16.8"), &json!(true), &json!(false)));
    let check = json!({
        "instance": "deeploy", "vpc": vpc(&account).await, "storage_autoscaling": true, "backup_days": 7, "public": false,
        "encrypted": true, "class": "db.t4g.medium", "version_at_least": 13,
    });
    assert_eq!(account.code("rds.instance", check).await, "pass");
    let refused = account.undo("rds.subnet_group", &subnets(), made_subnets.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Some("RDS-SUBNET-GROUP-IN-USE"));
    // Its protection is ours, and goes with it.
    account.undo("rds.postgres", &database, made.clone()).await.unwrap();
    assert_eq!(on(&account.inspect("rds.postgres", &database).await), "deleting");
    account.undo("rds.postgres", &database, made).await.unwrap();
    account.after(14.0);
    assert_eq!(account.inspect("rds.postgres", &database).await.state, State::Absent);
    account.undo("rds.subnet_group", &subnets(), made_subnets).await.unwrap();
    let after = account.snapshot();
    assert_eq!([&after["databases"], &after["subnet_groups"]], [&json!({}), &json!({})]);
    assert_eq!(after["snapshots"], json!(["deeploy"]));
    assert_eq!(after["buckets"], before["buckets"]);
    let said = account.said.lock().unwrap().join("\n");
    assert!(said.contains("deeploy-last-2026"), "{said}");
}

#[tokio::test]
async fn its_password_is_in_nothing_that_is_told_or_kept() {
    let account = Account::open("").await;
    account.make("rds.subnet_group", &subnets()).await;
    let sg = group(&account).await;
    let database = postgres(&account, &[&sg]);
    account.apply("rds.postgres", &database).await.unwrap();
    account.after(9.0);
    let seen = format!(
        "{:?} {} {:?}",
        account.inspect("rds.postgres", &database).await,
        account.snapshot(),
        account.said.lock().unwrap()
    );
    assert!(!seen.contains(PASSWORD), "{seen}");
    account.kept.0.lock().unwrap().insert(SecretRef::field("database", "password"), "has a space".to_owned());
    let other = json!({ "name": "other" });
    let mut refused = database.clone();
    refused["name"] = other["name"].clone();
    assert_eq!(account.apply("rds.postgres", &refused).await.unwrap_err().code(), Some("RDS-PASSWORD"));
}

#[tokio::test]
async fn another_password_is_set_once_and_only_in_what_is_ours() {
    let account = Account::open("").await;
    account.make("rds.subnet_group", &subnets()).await;
    let sg = group(&account).await;
    let database = postgres(&account, &[&sg]);
    account.apply("rds.postgres", &database).await.unwrap();
    account.after(9.0);
    outputs(&account.inspect("rds.postgres", &database).await);
    let reference = SecretRef::field("database", "password");
    account.kept.0.lock().unwrap().insert(reference, "Another-pass_word.42".to_owned());
    let found = account.inspect("rds.postgres", &database).await;
    assert_eq!(drift(&found).into_iter().collect::<Vec<_>>(), ["password"]);
    account.apply("rds.postgres", &database).await.unwrap();
    let coming = on(&account.inspect("rds.postgres", &database).await);
    assert_eq!(coming, "available, password to come");
    account.after(14.0);
    outputs(&account.inspect("rds.postgres", &database).await);
    account.apply("rds.postgres", &database).await.unwrap();
    assert_eq!(account.snapshot()["databases"]["deeploy"]["passwords"], 1);
    let seen = format!("{} {:?}", account.snapshot(), account.said.lock().unwrap());
    assert!(!seen.contains("Another-pass_word.42"), "{seen}");
}

#[tokio::test]
async fn lost_answers_and_throttling_leave_one_database() {
    let account = Account::open(
        "faults: [{ service: rds, operation: CreateDBInstance, nth: 1, lose_answer: true }, { service: rds, operation: CreateDBSubnetGroup, nth: 1, lose_answer: true }, { service: rds, operation: DescribeDBInstances, nth: [1, 2], throttle: true }, { service: rds, operation: DeleteDBInstance, nth: 1, lose_answer: true }]",
    )
    .await;
    account.make("rds.subnet_group", &subnets()).await;
    let sg = group(&account).await;
    let database = postgres(&account, &[&sg]);
    assert_eq!(account.inspect("rds.postgres", &database).await.state, State::Absent);
    account.apply("rds.postgres", &database).await.unwrap();
    account.after(9.0);
    let made = Made { outputs: outputs(&account.inspect("rds.postgres", &database).await), before: None };
    assert_eq!(account.snapshot()["databases"].as_object().unwrap().len(), 1);
    account.undo("rds.postgres", &database, made).await.unwrap();
    assert_eq!(on(&account.inspect("rds.postgres", &database).await), "deleting");
}

const THERE: &str = "databases: [{ name: deeploy, backup_days: 1, max_storage_gib: null, class: db.t4g.small }]";

#[tokio::test]
async fn a_database_that_was_there_is_changed_and_gets_its_settings_back() {
    let account = Account::open(THERE).await;
    let mut database = postgres(&account, &[]);
    database["subnet_group"] = json!("deeploy-subnets");
    let before = account.snapshot();
    let found = account.inspect("rds.postgres", &database).await;
    assert_eq!(found.owner, Owner::Unmarked);
    let fields: Vec<String> = drift(&found).into_iter().collect();
    assert_eq!(fields, ["backup_days", "class", "deletion_protection", "max_storage_gib"]);
    let was = account.apply("rds.postgres", &database).await.unwrap();
    // What RDS has taken on is on its way, whatever the status says yet.
    let coming = on(&account.inspect("rds.postgres", &database).await);
    assert!(coming.starts_with("available, ") && coming.contains("class"), "{coming}");
    account.after(1.0);
    assert_eq!(on(&account.inspect("rds.postgres", &database).await), "modifying");
    account.after(4.0);
    let made = Made { outputs: outputs(&account.inspect("rds.postgres", &database).await), before: was };
    account.undo("rds.postgres", &database, made).await.unwrap();
    account.after(8.0);
    assert_eq!(account.snapshot(), before);
}

#[tokio::test]
async fn what_cannot_be_changed_and_whose_it_is_are_told() {
    let account = Account::open(
        "databases: [{ name: deeploy, version: '13.20', username: root, encrypted: false, tags: { managed-by: terraform } }]",
    )
    .await;
    let found = account.inspect("rds.postgres", &postgres(&account, &[])).await;
    assert_eq!(found.owner, Owner::Other("Terraform".into()));
    let State::Drifted { differences, .. } = &found.state else { panic!("{found:?}") };
    let fixed: Vec<&str> =
        differences.iter().filter(|difference| difference.fixed).map(|difference| difference.field.as_str()).collect();
    assert_eq!(fixed, ["engine_version", "username", "subnet_group", "encrypted"]);
    let refused = account.undo("rds.postgres", &postgres(&account, &[]), Made::default()).await.unwrap_err();
    assert_eq!(refused.code(), Some("UNDO-CHANGED"));
}

#[tokio::test]
async fn a_stopped_database_can_be_started_and_a_full_one_says_so() {
    let account =
        Account::open("databases: [{ name: deeploy, status: stopped }, { name: full, status: storage-full }]").await;
    let mut database = postgres(&account, &[]);
    let found = account.inspect("rds.postgres", &database).await;
    let State::Broken { problem, recoveries } = &found.state else { panic!("{found:?}") };
    assert_eq!((problem.code.as_str(), recoveries[0].id.as_str()), ("RDS-STOPPED", "start"));
    account.kinds.steps["rds.postgres"].recover(&account.context(), &database, "start").await.unwrap();
    assert_eq!(on(&account.inspect("rds.postgres", &database).await), "starting");
    database["name"] = json!("full");
    let found = account.inspect("rds.postgres", &database).await;
    let State::Broken { problem, recoveries } = &found.state else { panic!("{found:?}") };
    assert_eq!((problem.code.as_str(), recoveries.len()), ("RDS-DOWN", 0));
}

#[tokio::test]
async fn subnets_are_those_of_the_vpc_where_none_are_named_and_others_are_kept() {
    let account = Account::open("").await;
    let by_vpc = json!({ "name": "deeploy", "vpc": vpc(&account).await, "subnets": [] });
    account.make("rds.subnet_group", &by_vpc).await;
    let kept = account.snapshot()["subnet_groups"]["deeploy"]["subnets"].clone();
    assert_eq!(kept, json!(SUBNETS));
    let one_zone = json!({ "name": "narrow", "subnets": [SUBNETS[0], "subnet-0d4a6f8b0c2e57913"] });
    let refused = account.apply("rds.subnet_group", &one_zone).await.unwrap_err();
    assert_eq!(refused.code(), Some("DBSubnetGroupDoesNotCoverEnoughAZs"));

    let account = Account::open(&format!(
        "existing: [{{ service: rds, operation: CreateDBSubnetGroup, input: {{ DBSubnetGroupName: deeploy, DBSubnetGroupDescription: x, SubnetIds: [{}, {}] }} }}]",
        SUBNETS[0], SUBNETS[1]
    ))
    .await;
    let before = account.snapshot();
    let wanted = json!({ "name": "deeploy", "subnets": [SUBNETS[1], SUBNETS[2]] });
    let found = account.inspect("rds.subnet_group", &wanted).await;
    assert_eq!(drift(&found).into_iter().collect::<Vec<_>>(), ["subnets"]);
    let was = account.apply("rds.subnet_group", &wanted).await.unwrap();
    let kept = account.snapshot()["subnet_groups"]["deeploy"]["subnets"].clone();
    assert_eq!(kept, json!(SUBNETS));
    let made = Made { outputs: outputs(&account.inspect("rds.subnet_group", &wanted).await), before: was };
    account.undo("rds.subnet_group", &wanted, made).await.unwrap();
    assert_eq!(account.snapshot(), before);
}

#[tokio::test]
async fn a_class_or_version_that_is_not_to_be_had_is_told_before() {
    let account = Account::open(
        "not_offered: { db.t4g.small: [us-east-2c], db.m7g.large: [us-east-2a, us-east-2b, us-east-2c] }",
    )
    .await;
    let code = async |class: &str, version: &str, zones: &[&str]| {
        let check = json!({ "class": class, "engine_version": version, "zones": zones });
        account.code("aws.orderable_database", check).await
    };
    assert_eq!(code("db.t4g.medium", "16", &["us-east-2a", "us-east-2c"]).await, "pass");
    assert_eq!(code("db.t4g.small", "16.4", &["us-east-2c"]).await, "RDS-ZONE");
    assert_eq!(code("db.t4g.medium", "9.6", &[]).await, "RDS-VERSION-NOT-OFFERED");
    assert_eq!(code("db.m7g.large", "16", &[]).await, "RDS-NOT-OFFERED");
}

#[tokio::test]
async fn a_database_in_another_vpc_or_kept_badly_is_told() {
    let account = Account::open(
        "databases: [{ name: far, vpc: vpc-0other }, { name: open, public: true }, { name: bare, max_storage_gib: null, backup_days: 0 }]",
    )
    .await;
    let vpc = vpc(&account).await;
    assert_eq!(account.code("rds.instance", json!({ "instance": "far", "vpc": vpc })).await, "RDS-OTHER-VPC");
    assert_eq!(account.code("rds.instance", json!({ "instance": "open", "public": false })).await, "RDS-PUBLIC");
    let bare = json!({ "instance": "bare", "storage_autoscaling": true });
    assert_eq!(account.code("rds.instance", bare).await, "RDS-NO-AUTOSCALING");
    assert_eq!(account.code("rds.instance", json!({ "instance": "bare", "backup_days": 7 })).await, "RDS-BACKUPS");
}

#[tokio::test]
async fn pods_reach_the_database_once_a_rule_lets_the_cluster_in() {
    let account = Account::open("").await;
    account.make("rds.subnet_group", &subnets()).await;
    let sg = group(&account).await;
    account.apply("rds.postgres", &postgres(&account, &[&sg])).await.unwrap();
    account.after(9.0);
    let address = "deeploy.ce8c3f5a94224.us-east-2.rds.amazonaws.com";
    assert_eq!(account.world.aws.database_lets_in(address, "pay-1"), Some(false));
    let nodes = account.rows("aws.cluster_facts", json!({})).await.rows.remove(0).value["security_group"].clone();
    account.make("ec2.security_group_rule", &json!({ "group": sg, "port": 5432, "source_group": nodes })).await;
    assert_eq!(account.world.aws.database_lets_in(address, "pay-1"), Some(true));
    assert_eq!(account.world.aws.database_lets_in("nowhere", "pay-1"), None);
}

#[test]
fn what_costs_money_or_holds_data_says_so() {
    let steps = Kinds::all().steps;
    for (name, data) in [("rds.postgres", true), ("kms.key", true), ("s3.bucket", true), ("eks.node_group", false)] {
        let about = steps[name].describe();
        assert!(about.costs.is_some_and(|costs| !costs.is_empty()), "{name}");
        assert_eq!(about.keeps_data, data, "{name}");
    }
    for name in ["ec2.security_group", "ec2.security_group_rule", "ec2.gateway_endpoint", "rds.subnet_group"] {
        assert_eq!(steps[name].describe().costs, None, "{name}");
    }
}
