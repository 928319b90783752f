//! Instances: made, looked at, started, stopped, and taken away.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    database::{Database, own_key},
    offer, snapshot, tags,
};
use crate::aws::{
    ask::{Ask, page},
    ec2::security_group,
    error::AwsError,
    kms,
    service::Asked,
    state::State,
};

/// The instance a request means.
pub fn find<'a>(state: &'a mut State, input: &Value) -> Result<&'a mut Database, AwsError> {
    let name = input.text("DBInstanceIdentifier").to_lowercase();
    let missing = || AwsError::new(404, "DBInstanceNotFound", format!("DBInstance {name} not found."));
    state.databases.get_mut(&name).ok_or_else(missing)
}

/// DescribeDBInstances.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    if input.maybe("DBInstanceIdentifier").is_some() {
        let found = find(state, input)?.clone();
        return Ok(json!({ "DBInstances": [found.answer(state)] }));
    }
    let all: Vec<Value> = state.databases.values().map(|database| database.answer(state)).collect();
    let (page, next) = page(all, input.whole("MaxRecords").or(Some(100)), input.maybe("Marker"))?;
    Ok(json!({ "DBInstances": page, "Marker": next }))
}

/// CreateDBInstance.
pub fn create(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let name = input.text("DBInstanceIdentifier").to_lowercase();
    let bad = |message: &str| AwsError::bad("InvalidParameterValue", message);
    let wrong = |message: String| AwsError::bad("InvalidParameterCombination", message);
    if !is_name(&name) {
        return Err(bad(
            "The parameter DBInstanceIdentifier is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.",
        ));
    }
    if state.databases.contains_key(&name) {
        return Err(AwsError::bad("DBInstanceAlreadyExists", "DB instance already exists"));
    }
    if input.text("Engine") != "postgres" {
        return Err(AwsError::not_simulated(&format!("rds CreateDBInstance of {}", input.text("Engine"))));
    }
    let class = input.text("DBInstanceClass").to_owned();
    let version = offer::version(state, &class, input.maybe("EngineVersion"))?;
    let (storage, most) = (input.whole("AllocatedStorage").unwrap_or_default(), input.whole("MaxAllocatedStorage"));
    let storage_type = input.maybe("StorageType").unwrap_or("gp2").to_owned();
    if !(20..=65_536).contains(&storage) {
        let message =
            format!("Invalid storage size for engine name postgres and storage type {storage_type}: {storage}");
        return Err(wrong(message));
    }
    if most.is_some_and(|most| most <= storage) {
        return Err(wrong("Max storage size must be greater than storage size".to_owned()));
    }
    let username = input.text("MasterUsername").to_owned();
    if ["admin", "rdsadmin", "user", ""].contains(&&*username) {
        let message = format!("MasterUsername {username} cannot be used as it is a reserved word used by the engine");
        return Err(bad(&message));
    }
    password(input.text("MasterUserPassword"))?;
    let backup_days = input.whole("BackupRetentionPeriod").unwrap_or(1);
    if !(0..=35).contains(&backup_days) {
        return Err(bad(&format!("Invalid backup retention period: {backup_days}. Must be between 0 and 35.")));
    }
    let subnet_group = input.text("DBSubnetGroupName").to_lowercase();
    let Some(group) = state.subnet_groups.get(&subnet_group) else {
        let message = format!("DB subnet group '{subnet_group}' does not exist.");
        return Err(AwsError::new(404, "DBSubnetGroupNotFoundFault", message));
    };
    let groups = in_vpc(state, &group.vpc, input)?;
    let encrypted = input.yes("StorageEncrypted");
    let key = match input.maybe("KmsKeyId") {
        Some(key) => Some(usable(state, key)?),
        None => encrypted.then(|| own_key(state)),
    };
    let database = Database {
        name: name.clone(),
        engine: "postgres".to_owned(),
        version,
        class,
        storage,
        most,
        storage_type,
        encrypted,
        key,
        multi_az: input.yes("MultiAZ"),
        backup_days,
        username,
        subnet_group,
        groups,
        public: input.yes("PubliclyAccessible"),
        protected: input.yes("DeletionProtection"),
        copy_tags: input.yes("CopyTagsToSnapshot"),
        created: asked.now,
        status: "creating".to_owned(),
        since: asked.now,
        passwords: 0,
        pending: Map::from_iter([("MasterUserPassword".to_owned(), json!("****"))]),
        at_once: true,
        last_snapshot: None,
    };
    state.tags.insert(database.arn(state), tags::map(input.list("Tags")));
    let answer = database.answer(state);
    state.databases.insert(name, database);
    Ok(json!({ "DBInstance": answer }))
}

fn is_name(name: &str) -> bool {
    let letters = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    let first = name.chars().next().is_some_and(|letter| letter.is_ascii_alphabetic());
    letters && first && name.len() <= 63 && !name.ends_with('-') && !name.contains("--")
}

/// What RDS takes as a password.
pub(super) fn password(text: &str) -> Result<(), AwsError> {
    if text.chars().count() < 8 {
        let message =
            "The parameter MasterUserPassword is not a valid password because it is shorter than 8 characters.";
        return Err(AwsError::bad("InvalidParameterValue", message));
    }
    if text.len() > 128 || text.chars().any(|letter| !letter.is_ascii_graphic() || "/\"@".contains(letter)) {
        let message = "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides '/', '@', '\"', ' ' may be used.";
        return Err(AwsError::bad("InvalidParameterValue", message));
    }
    Ok(())
}

/// The security groups a request names, all of one VPC.
pub(super) fn in_vpc(state: &State, vpc: &str, input: &Value) -> Result<Vec<String>, AwsError> {
    let known = security_group::groups(state);
    let wanted = input.texts("VpcSecurityGroupIds");
    for id in &wanted {
        let Some(group) = known.iter().find(|group| group.id == *id) else {
            return Err(AwsError::bad(
                "InvalidParameterValue",
                format!("Invalid security group , groupId= {id}, groupName=."),
            ));
        };
        if group.vpc != vpc {
            let message = format!(
                "The DB instance and EC2 security group are in different VPCs. The DB instance is in {vpc} and the EC2 security group is in {}",
                group.vpc
            );
            return Err(AwsError::bad("InvalidParameterCombination", message));
        }
    }
    if wanted.is_empty() {
        let own = known.iter().find(|group| group.vpc == vpc && group.name == "default");
        return Ok(own.map(|group| group.id.clone()).into_iter().collect());
    }
    Ok(wanted.into_iter().map(str::to_owned).collect())
}

/// ARN of a key that can be used.
fn usable(state: &mut State, key: &str) -> Result<String, AwsError> {
    let found = kms::key::usable(state, key).ok().filter(|key| key.enabled).map(|key| key.arn.clone());
    found.ok_or_else(|| {
        let message = format!(
            "The specified KMS key [{key}] does not exist, is not enabled or you do not have permissions to access it."
        );
        AwsError::bad("KMSKeyNotAccessibleFault", message)
    })
}

/// DeleteDBInstance. It leaves a snapshot unless it is told not to.
pub fn delete(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let wrong = |message: &str| AwsError::bad("InvalidParameterCombination", message);
    let last = input.maybe("FinalDBSnapshotIdentifier").map(str::to_owned);
    if last.as_ref().is_some_and(|name| state.database_snapshots.contains_key(name)) {
        let message = format!(
            "Cannot create the snapshot because a snapshot with the identifier {} already exists.",
            last.unwrap_or_default()
        );
        return Err(AwsError::bad("DBSnapshotAlreadyExists", message));
    }
    let skip = input.yes("SkipFinalSnapshot");
    let database = find(state, input)?;
    match &*database.status {
        "deleting" => {
            let message = format!("Instance {} is already being deleted.", database.name);
            return Err(AwsError::bad("InvalidDBInstanceState", message));
        }
        "creating" | "modifying" | "backing-up" if !skip => {
            let message = format!(
                "Instance {} is currently {}: a final snapshot cannot be taken. Use SkipFinalSnapshot, or wait until it is available.",
                database.name, database.status
            );
            return Err(AwsError::bad("InvalidDBInstanceState", message));
        }
        _ => {}
    }
    if database.protected {
        return Err(wrong("Cannot delete protected DB Instance, please disable deletion protection and try again."));
    }
    match (skip, &last) {
        (false, None) => {
            return Err(wrong("FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."));
        }
        (true, Some(_)) => {
            return Err(wrong("FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is specified."));
        }
        _ => {}
    }
    database.last_snapshot = last;
    become_(database, "deleting", asked.now);
    let answer = database.clone();
    Ok(json!({ "DBInstance": answer.answer(state) }))
}

/// StartDBInstance.
pub fn start(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    from_to(state, input, asked, "stopped", "starting")
}

/// StopDBInstance.
pub fn stop(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    from_to(state, input, asked, "available", "stopping")
}

fn from_to(state: &mut State, input: &Value, asked: &Asked, from: &str, to: &str) -> Result<Value, AwsError> {
    let database = find(state, input)?;
    if database.status != from {
        let message = format!("Instance {} is not in {from} state.", database.name);
        return Err(AwsError::bad("InvalidDBInstanceState", message));
    }
    become_(database, to, asked.now);
    let answer = database.clone();
    Ok(json!({ "DBInstance": answer.answer(state) }))
}

pub(super) fn become_(database: &mut Database, status: &str, now: Timestamp) {
    database.status = status.to_owned();
    database.since = now;
}

/// Takes it away for good, leaving its last snapshot.
pub(super) fn remove(state: &mut State, name: &str) {
    let Some(database) = state.databases.remove(name) else { return };
    snapshot::last(state, &database);
    let arn = database.arn(state);
    state.tags.remove(&arn);
}
