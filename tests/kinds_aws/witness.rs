//! The storage, identity, network and database kinds against an AWS that nobody here wrote.

use landfall_core::{
    event::State,
    value::{SecretRef, SecretText},
};
use serde_json::{Value, json};

use crate::{account::Account, emulator::Emulator};

type Steps = Vec<(&'static str, Value)>;

/// Makes each, then takes them away in reverse; nothing is left.
async fn there_and_back(account: &Account, steps: &Steps) {
    let mut made = Vec::new();
    for (kind, parameters) in steps {
        made.push(account.make(kind, parameters).await);
    }
    for ((kind, parameters), made) in steps.iter().zip(made).rev() {
        account.undo(kind, parameters, made).await.unwrap_or_else(|trouble| panic!("{kind}: {trouble}"));
        assert_eq!(account.inspect(kind, parameters).await.state, State::Absent, "{kind}");
    }
}

fn reads(resource: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "Data", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": resource }] })
}

#[tokio::test]
async fn keys_users_and_roles_are_made_and_taken_away_in_an_emulator_too() {
    let Some(moto) = Emulator::moto() else { return };
    let account = Account::open("").await.at(&moto.endpoint());
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "pods.eks.amazonaws.com" }, "Action": ["sts:AssumeRole", "sts:TagSession"],
    }] });
    let role = json!({
        "name": "ml-app", "trust": trust, "policy": reads("arn:aws:s3:::witness-data/*"),
        "attached": ["arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"],
    });
    let steps = vec![
        ("kms.key", json!({ "alias": "witness" })),
        ("iam.user", json!({ "name": "witness", "policy": reads("arn:aws:s3:::witness-data/*") })),
        ("iam.access_key", json!({ "user": "witness" })),
        ("iam.role", role),
    ];
    there_and_back(&account, &steps).await;
}

/// moto wraps GetBucketVersioning's answer in an element S3 does not send; ministack does not.
#[tokio::test]
async fn a_bucket_and_its_policy_are_made_and_taken_away_in_an_emulator_too() {
    let Some(ministack) = Emulator::ministack() else { return };
    let account = Account::open("").await.at(&ministack.endpoint());
    let statement = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "App", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::000000000000:root" }, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::witness-data/*",
    }] });
    let steps = vec![
        ("s3.bucket", json!({ "name": "witness-data", "versioning": true })),
        ("s3.bucket_policy", json!({ "bucket": "witness-data", "document": statement })),
    ];
    there_and_back(&account, &steps).await;
}

#[tokio::test]
async fn networks_and_databases_are_made_and_taken_away_in_an_emulator_too() {
    let Some(moto) = Emulator::moto() else { return };
    let account = Account::open("").await.at(&moto.endpoint());
    let ec2 = account.cloud.aws.ec2().await.unwrap();
    let vpc = ec2.describe_vpcs().send().await.unwrap().vpcs.unwrap().remove(0).vpc_id.unwrap();
    let nodes = ec2.create_security_group().group_name("nodes").description("x").vpc_id(&vpc).send().await.unwrap();
    let tables = account.rows("aws.route_tables", json!({ "vpc": vpc })).await;
    let tables: Vec<Value> = tables.rows.into_iter().map(|row| row.value).collect();
    let group = json!({ "name": "db", "vpc": vpc, "description": "the database" });
    let made = account.make("ec2.security_group", &group).await;
    let rule = json!({ "group": made.outputs["id"], "port": 5432, "source_group": nodes.group_id });
    let password = SecretRef::field("database", "password");
    account.kept.0.lock().unwrap().insert(password.clone(), "long-enough-42".to_owned());
    let steps = vec![
        ("ec2.security_group_rule", rule),
        ("ec2.gateway_endpoint", json!({ "service": "s3", "vpc": vpc, "route_tables": tables })),
        ("rds.subnet_group", json!({ "name": "Databases", "vpc": vpc })),
        (
            "rds.postgres",
            json!({
                "name": "ML", "engine_version": "16", "class": "db.t4g.medium", "storage_gib": 20, "max_storage_gib": 100,
                "multi_az": false, "backup_days": 7, "username": "postgres", "password": SecretText::stand_in(&password),
                "subnet_group": "databases", "security_groups": [made.outputs["id"]], "deletion_protection": true,
            }),
        ),
    ];
    there_and_back(&account, &steps).await;
    account.undo("ec2.security_group", &group, made).await.unwrap();
    let left = account.cloud.aws.rds().await.unwrap().describe_db_snapshots().send().await.unwrap();
    assert_eq!(left.db_snapshots().len(), 1, "what was in it is kept");
}
