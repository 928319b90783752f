//! What `plan --commands` prints, typed by hand into bash with the official `aws` CLI: the kinds then find it as planned.

use std::process::Command;

use landfall::kind::PlanView;
use landfall_core::{event::State, guide::Folder, plan::InstallId, value::Scope};
use serde_json::{Value, json};

use crate::account::{Account, NODE_ROLE, SUBNETS, node_group, outputs, template};

fn there() -> bool {
    let there = Command::new("aws").arg("--version").output().is_ok_and(|done| done.status.success());
    if !there {
        eprintln!("not run: there is no aws CLI on PATH");
    }
    there
}

/// Types a step's commands, all but those that wait.
async fn type_in(account: &Account, kind: &str, parameters: &Value) {
    let context = account.context();
    let (target, install) = (Account::target(), InstallId::of(&account.install));
    let (files, scope): (&Folder, &Scope) = (&context.files, &context.scope);
    let view = PlanView { target: &target, install: &install, files, scope };
    let commands = account.kinds.steps[kind].commands(&view, parameters);
    let typed = commands.into_iter().filter(|command| !command.contains(" wait "));
    let typed: Vec<String> =
        typed.map(|command| command.replace("read -rs password", "password=typed-by-hand-42")).collect();
    let place = tempfile::tempdir().unwrap();
    let mut bash = Command::new("bash");
    bash.arg("-ec").arg(typed.join("\n")).current_dir(place.path());
    bash.env("AWS_ENDPOINT_URL", &account.url)
        .env("AWS_ACCESS_KEY_ID", "ASIATEST")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_REGION", "us-east-2")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_MAX_ATTEMPTS", "1")
        .env("AWS_PAGER", "");
    let done = tokio::task::spawn_blocking(move || bash.output()).await.unwrap().unwrap();
    assert!(done.status.success(), "{kind}: {}\n{}", typed.join("\n"), String::from_utf8_lossy(&done.stderr));
}

#[tokio::test]
async fn commands_make_what_the_steps_would_make() {
    if !there() {
        return;
    }
    let account = Account::open("clusters: [{ name: pay-1, oidc_provider: false }]").await;
    account.after(0.0);
    type_in(&account, "ec2.launch_template", &template(60)).await;
    let found = outputs(&account.inspect("ec2.launch_template", &template(60)).await);

    let group = node_group(found["reference"].as_str().unwrap());
    type_in(&account, "eks.node_group", &group).await;
    account.after(8.0);
    outputs(&account.inspect("eks.node_group", &group).await);

    let policy =
        json!({ "node_group": "gpu", "name": "gpu-out", "adjustment": 1, "bound": "lower", "warmup_seconds": 300 });
    type_in(&account, "autoscaling.policy", &policy).await;
    let action = outputs(&account.inspect("autoscaling.policy", &policy).await)["arn"].clone();

    let query =
        r#"SELECT AVG(CPUUtilization) FROM SCHEMA("AWS/EC2", AutoScalingGroupName) WHERE AutoScalingGroupName = 'x'"#;
    let alarm = json!({
        "name": "cpu-busy", "description": "CPU above 60 %", "actions": [action], "threshold": 60,
        "comparison": "GreaterThanThreshold", "expressions": [{ "id": "cpu", "expression": query, "period": 300 }],
    });
    type_in(&account, "cloudwatch.alarm", &alarm).await;
    outputs(&account.inspect("cloudwatch.alarm", &alarm).await);

    let labels = json!({ "node_group": "cpu-1", "labels": { "capability": "cpu" } });
    type_in(&account, "eks.node_labels", &labels).await;
    account.after(11.0);
    outputs(&account.inspect("eks.node_labels", &labels).await);

    let document = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*" }] });
    let inline = json!({ "role": NODE_ROLE, "name": "gpu-metrics", "document": document });
    type_in(&account, "iam.role_policy", &inline).await;
    outputs(&account.inspect("iam.role_policy", &inline).await);

    assert_eq!(account.inspect("iam.oidc_provider", &json!({})).await.state, State::Absent);
    type_in(&account, "iam.oidc_provider", &json!({})).await;
    let provider = outputs(&account.inspect("iam.oidc_provider", &json!({})).await);
    let role = json!({
        "name": "usage-tracker", "service_account": "arthur-shield", "policy": document,
        "oidc_provider": provider["arn"], "issuer": provider["issuer"],
    });
    type_in(&account, "iam.service_account_role", &role).await;
    outputs(&account.inspect("iam.service_account_role", &role).await);
}

#[tokio::test]
async fn commands_make_the_network_and_the_database_that_the_steps_would_make() {
    if !there() {
        return;
    }
    let account = Account::open("").await;
    account.after(0.0);
    let facts = account.rows("aws.cluster_facts", json!({})).await.rows.remove(0).value;
    let group =
        json!({ "name": "db", "vpc": facts["vpc_id"], "description": "the database", "tags": { "team": "ml ops" } });
    type_in(&account, "ec2.security_group", &group).await;
    let id = outputs(&account.inspect("ec2.security_group", &group).await)["id"].clone();

    let rule = json!({ "group": id, "port": 5432, "source_group": facts["security_group"] });
    type_in(&account, "ec2.security_group_rule", &rule).await;
    outputs(&account.inspect("ec2.security_group_rule", &rule).await);

    let tables = account.rows("aws.route_tables", json!({})).await;
    let tables: Vec<Value> = tables.rows.into_iter().filter(|row| row.suggested).map(|row| row.value).collect();
    let endpoint = json!({ "service": "s3", "vpc": facts["vpc_id"], "route_tables": tables });
    type_in(&account, "ec2.gateway_endpoint", &endpoint).await;
    outputs(&account.inspect("ec2.gateway_endpoint", &endpoint).await);

    let subnets = json!({ "name": "db", "subnets": SUBNETS });
    type_in(&account, "rds.subnet_group", &subnets).await;
    outputs(&account.inspect("rds.subnet_group", &subnets).await);

    let database = json!({
        "name": "ml", "class": "db.t4g.medium", "storage_gib": 20, "max_storage_gib": 100, "multi_az": false,
        "backup_days": 7, "username": "postgres", "password": "never-shown", "subnet_group": "db",
        "security_groups": [id], "deletion_protection": true, "tags": { "team": "ml ops" },
    });
    type_in(&account, "rds.postgres", &database).await;
    account.after(9.0);
    outputs(&account.inspect("rds.postgres", &database).await);
}
