//! How time passes over instances: creating, backing up, available; changes that are carried out; the end.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    Database,
    instance::{become_, remove},
};
use crate::aws::{ask::Ask, error::AwsError, service::Asked, state::State};

/// For so long a change that was taken on is not shown in the status.
const BEFORE_A_CHANGE: SignedDuration = SignedDuration::from_secs(15);

/// One step to `state.now`.
pub fn step(state: &mut State) {
    let (now, timings) = (state.now, state.setup.timings.clone());
    let mut gone = Vec::new();
    for database in state.databases.values_mut() {
        let lasts = |lasting: SignedDuration| now >= database.since + lasting;
        match &*database.status {
            "creating" if lasts(timings.database) => {
                database.pending.clear();
                let next = if database.backup_days > 0 { "backing-up" } else { "available" };
                become_(database, next, now);
            }
            "backing-up" if lasts(timings.database_backup) => become_(database, "available", now),
            "starting" if lasts(timings.database_change) => become_(database, "available", now),
            "stopping" if lasts(timings.database_change) => become_(database, "stopped", now),
            "modifying" if lasts(timings.database_change) => {
                carry_out(database);
                become_(database, "available", now);
            }
            "available" if database.at_once && !database.pending.is_empty() && lasts(BEFORE_A_CHANGE) => {
                become_(database, "modifying", now);
            }
            "deleting" if lasts(timings.database_delete) => gone.push(database.name.clone()),
            _ => {}
        }
    }
    for name in gone {
        remove(state, &name);
    }
}

fn carry_out(database: &mut Database) {
    let pending = std::mem::take(&mut database.pending);
    database.at_once = false;
    if let Some(class) = pending.get("DBInstanceClass").and_then(Value::as_str) {
        database.class = class.to_owned();
    }
    if let Some(version) = pending.get("EngineVersion").and_then(Value::as_str) {
        database.version = version.to_owned();
    }
    if let Some(storage) = pending.get("AllocatedStorage").and_then(Value::as_i64) {
        database.storage = storage;
    }
    if let Some(multi_az) = pending.get("MultiAZ").and_then(Value::as_bool) {
        database.multi_az = multi_az;
    }
    if let Some(days) = pending.get("BackupRetentionPeriod").and_then(Value::as_i64) {
        database.backup_days = days;
    }
}

/// DescribeEvents: that of an instance's last change of state.
pub fn events(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let name = input.maybe("SourceIdentifier");
    let of = state.databases.values().filter(|database| name.is_none_or(|name| database.name == name.to_lowercase()));
    let events: Vec<Value> = of
        .map(|database| {
            json!({
                "SourceIdentifier": database.name, "SourceType": "db-instance", "Message": format!("DB instance is {}", database.status),
                "Date": database.since.to_string(), "SourceArn": database.arn(state), "EventCategories": [],
            })
        })
        .collect();
    Ok(json!({ "Events": events }))
}
