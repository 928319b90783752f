//! Snapshots: those that instances leave behind.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Database, tags};
use crate::aws::{
    ask::{Ask, page},
    error::AwsError,
    service::Asked,
    state::State,
};

/// A snapshot.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Name.
    pub name: String,
    /// The instance it is of.
    pub database: String,
    /// When it was taken.
    pub taken: Timestamp,
    storage: i64,
    version: String,
    username: String,
    encrypted: bool,
    key: Option<String>,
}

impl Snapshot {
    fn arn(&self, state: &State) -> String {
        state.arn("rds", &format!("snapshot:{}", self.name))
    }

    fn answer(&self, state: &State) -> Value {
        json!({
            "DBSnapshotIdentifier": self.name, "DBInstanceIdentifier": self.database, "Status": "available",
            "SnapshotCreateTime": self.taken.to_string(), "Engine": "postgres", "EngineVersion": self.version,
            "AllocatedStorage": self.storage, "MasterUsername": self.username, "SnapshotType": "manual",
            "PercentProgress": 100, "Encrypted": self.encrypted, "KmsKeyId": self.key,
            "DBSnapshotArn": self.arn(state), "TagList": tags::list_of(state, &self.arn(state)),
        })
    }
}

/// What an instance leaves behind that is deleted.
pub fn last(state: &mut State, database: &Database) {
    let Some(name) = database.last_snapshot.clone() else { return };
    let snapshot = Snapshot {
        name: name.clone(),
        database: database.name.clone(),
        taken: state.now,
        storage: database.storage,
        version: database.version.clone(),
        username: database.username.clone(),
        encrypted: database.encrypted,
        key: database.key.clone(),
    };
    if database.copy_tags {
        let tags = state.tags.get(&database.arn(state)).cloned().unwrap_or_default();
        state.tags.insert(snapshot.arn(state), tags);
    }
    state.database_snapshots.insert(name, snapshot);
}

/// DescribeDBSnapshots.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let (name, of) = (input.maybe("DBSnapshotIdentifier"), input.maybe("DBInstanceIdentifier"));
    if let Some(name) = name.filter(|name| !state.database_snapshots.contains_key(*name)) {
        return Err(missing(name));
    }
    let found: Vec<Value> = state
        .database_snapshots
        .values()
        .filter(|snapshot| name.is_none_or(|name| snapshot.name == name))
        .filter(|snapshot| of.is_none_or(|of| snapshot.database == of))
        .map(|snapshot| snapshot.answer(state))
        .collect();
    let (page, next) = page(found, input.whole("MaxRecords").or(Some(100)), input.maybe("Marker"))?;
    Ok(json!({ "DBSnapshots": page, "Marker": next }))
}

/// DeleteDBSnapshot.
pub fn delete(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let name = input.text("DBSnapshotIdentifier");
    let Some(snapshot) = state.database_snapshots.remove(name) else { return Err(missing(name)) };
    let (arn, answer) = (snapshot.arn(state), snapshot.answer(state));
    state.tags.remove(&arn);
    Ok(json!({ "DBSnapshot": answer }))
}

fn missing(name: &str) -> AwsError {
    AwsError::new(404, "DBSnapshotNotFound", format!("DBSnapshot {name} not found."))
}
