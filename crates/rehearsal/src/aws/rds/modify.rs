//! ModifyDBInstance: some changes are there at once, others are taken on and carried out.

use serde_json::{Value, json};

use super::{
    instance::{find, in_vpc, password},
    offer,
};
use crate::aws::{ask::Ask, error::AwsError, service::Asked, state::State};

/// ModifyDBInstance.
pub fn modify(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let before = find(state, input)?.clone();
    if !matches!(&*before.status, "available" | "storage-optimization" | "storage-full" | "backing-up") {
        let message = "Database instance is not in available state.";
        return Err(AwsError::bad("InvalidDBInstanceState", message));
    }
    let vpc = state.subnet_groups.get(&before.subnet_group).map(|group| group.vpc.clone()).unwrap_or_default();
    let groups = match input.part("VpcSecurityGroupIds") {
        Some(_) => Some(in_vpc(state, &vpc, input)?),
        None => None,
    };
    let class = input.maybe("DBInstanceClass").unwrap_or(&before.class).to_owned();
    let version = match input.maybe("EngineVersion") {
        None => before.version.clone(),
        Some(wanted) => {
            let version = offer::version(state, &class, Some(wanted))?;
            let major = |text: &str| text.split('.').next().unwrap_or_default().to_owned();
            if major(&version) != major(&before.version) && !input.yes("AllowMajorVersionUpgrade") {
                let message =
                    "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.";
                return Err(AwsError::bad("InvalidParameterCombination", message));
            }
            version
        }
    };
    if class != before.class {
        offer::version(state, &class, Some(&version))?;
    }
    let storage = input.whole("AllocatedStorage").unwrap_or(before.storage);
    if storage < before.storage {
        let message = format!("Invalid storage size. The storage can only be scaled up: {} GiB", before.storage);
        return Err(AwsError::bad("InvalidParameterCombination", message));
    }
    // As much as it has already means: no further. RDS API reference, ModifyDBInstance.
    let most = match input.whole("MaxAllocatedStorage") {
        Some(most) if most < storage => {
            let message = "Max storage size must be greater than storage size";
            return Err(AwsError::bad("InvalidParameterCombination", message));
        }
        Some(most) => Some(most).filter(|most| *most > storage),
        None => before.most,
    };
    if let Some(text) = input.maybe("MasterUserPassword") {
        password(text)?;
    }
    let password_sent = input.maybe("MasterUserPassword").is_some();
    let at_once = input.yes("ApplyImmediately");
    let database = find(state, input)?;
    database.most = most;
    database.groups = groups.unwrap_or_else(|| before.groups.clone());
    if let Some(protected) = input.get("DeletionProtection").and_then(Value::as_bool) {
        database.protected = protected;
    }
    if let Some(public) = input.get("PubliclyAccessible").and_then(Value::as_bool) {
        database.public = public;
    }
    let mut later = |name: &str, wanted: Value, has: Value| {
        if wanted != has {
            database.pending.insert(name.to_owned(), wanted);
        }
    };
    later("DBInstanceClass", json!(class), json!(before.class));
    later("EngineVersion", json!(version), json!(before.version));
    later("AllocatedStorage", json!(storage), json!(before.storage));
    let multi_az = input.get("MultiAZ").and_then(Value::as_bool).unwrap_or(before.multi_az);
    later("MultiAZ", json!(multi_az), json!(before.multi_az));
    let days = input.whole("BackupRetentionPeriod").unwrap_or(before.backup_days);
    later("BackupRetentionPeriod", json!(days), json!(before.backup_days));
    if password_sent {
        database.pending.insert("MasterUserPassword".to_owned(), json!("****"));
        database.passwords += 1;
    }
    database.at_once |= at_once;
    // It says "available" for a moment yet.
    database.since = asked.now;
    let answer = database.clone();
    Ok(json!({ "DBInstance": answer.answer(state) }))
}
