//! One simulated database: what it is, and how RDS tells of it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::tags;
use crate::aws::{
    ask::{hex, uuid},
    setup::DatabaseSetup,
    state::State,
};

/// A database server. Its tags are with those of everything that keeps none itself; its password is not kept at all.
#[derive(Clone, Debug)]
pub struct Database {
    /// Name, in small letters.
    pub name: String,
    /// `postgres`, `mysql` …
    pub engine: String,
    /// Version, e.g. `16.8`.
    pub version: String,
    /// Class.
    pub class: String,
    /// GiB.
    pub storage: i64,
    /// GiB it may grow to.
    pub most: Option<i64>,
    /// `gp3` …
    pub storage_type: String,
    /// Whether its storage is encrypted.
    pub encrypted: bool,
    /// ARN of the key it is encrypted with.
    pub key: Option<String>,
    /// Whether a second one stands by.
    pub multi_az: bool,
    /// Days for which backups are kept.
    pub backup_days: i64,
    /// Administrator.
    pub username: String,
    /// Name of its subnet group.
    pub subnet_group: String,
    /// Ids of its security groups.
    pub groups: Vec<String>,
    /// Whether it has an address on the internet.
    pub public: bool,
    /// Whether it cannot be deleted.
    pub protected: bool,
    /// Whether snapshots get its tags.
    pub copy_tags: bool,
    /// When it was made.
    pub created: Timestamp,
    /// Its status, in RDS' word.
    pub status: String,
    /// Since when it has that.
    pub since: Timestamp,
    /// How often another password was set; which one is not kept.
    pub passwords: u32,
    /// Changes that are taken on and not carried out yet.
    pub pending: Map<String, Value>,
    /// Whether those are for now, not for the next maintenance window.
    pub at_once: bool,
    /// Name of the snapshot that its deletion leaves.
    pub last_snapshot: Option<String>,
}

impl Database {
    /// As the scenario has it, half a year old.
    pub fn of(setup: &DatabaseSetup, subnet_group: String, state: &State, start: Timestamp) -> Self {
        Self {
            name: setup.name.clone(),
            engine: setup.engine.clone(),
            version: setup.version.clone(),
            class: setup.class.clone(),
            storage: setup.storage_gib,
            most: setup.max_storage_gib,
            storage_type: "gp3".to_owned(),
            encrypted: setup.encrypted,
            key: setup.encrypted.then(|| own_key(state)),
            multi_az: setup.multi_az,
            backup_days: setup.backup_days,
            username: setup.username.clone(),
            subnet_group,
            groups: setup.security_groups.clone(),
            public: setup.public,
            protected: setup.deletion_protection,
            copy_tags: true,
            created: start - SignedDuration::from_hours(24 * 180),
            status: setup.status.clone(),
            since: start - SignedDuration::from_hours(24),
            passwords: 0,
            pending: Map::new(),
            at_once: false,
            last_snapshot: None,
        }
    }

    /// Its ARN.
    pub fn arn(&self, state: &State) -> String {
        state.arn("rds", &format!("db:{}", self.name))
    }

    /// The name to connect to. RDS' part of it is the account's own in a region.
    pub fn address(&self, state: &State) -> String {
        let own = hex(&format!("rds/{}/{}", state.setup.account, state.region), 12);
        format!("{}.c{own}.{}.rds.amazonaws.com", self.name, state.region)
    }

    pub(super) fn port(&self) -> i64 {
        if self.engine == "postgres" { 5432 } else { 3306 }
    }

    pub(super) fn answer(&self, state: &State) -> Value {
        let port = self.port();
        let there = self.status != "creating";
        let endpoint =
            there.then(|| json!({ "Address": self.address(state), "Port": port, "HostedZoneId": "Z2XHWR1WZ565X2" }));
        let groups: Vec<Value> =
            self.groups.iter().map(|id| json!({ "VpcSecurityGroupId": id, "Status": "active" })).collect();
        let group = state.subnet_groups.get(&self.subnet_group).map(|group| group.answer(state));
        let seed = format!("db/{}/{}", self.name, self.created);
        json!({
            "DBInstanceIdentifier": self.name, "DBInstanceClass": self.class, "Engine": self.engine,
            "DBInstanceStatus": self.status, "MasterUsername": self.username, "Endpoint": endpoint,
            "AllocatedStorage": self.storage, "MaxAllocatedStorage": self.most, "StorageType": self.storage_type,
            "InstanceCreateTime": there.then(|| self.created.to_string()), "BackupRetentionPeriod": self.backup_days,
            "VpcSecurityGroups": groups, "DBSubnetGroup": group, "MultiAZ": self.multi_az,
            "PendingModifiedValues": self.pending, "EngineVersion": self.version, "AutoMinorVersionUpgrade": true,
            "LicenseModel": if self.engine == "postgres" { "postgresql-license" } else { "general-public-license" },
            "PubliclyAccessible": self.public, "StorageEncrypted": self.encrypted, "KmsKeyId": self.key,
            "DbiResourceId": format!("db-{}", hex(&seed, 26).to_uppercase()), "CopyTagsToSnapshot": self.copy_tags,
            "DBInstanceArn": self.arn(state), "DeletionProtection": self.protected,
            "TagList": tags::list_of(state, &self.arn(state)), "DbInstancePort": 0,
        })
    }

    pub(super) fn kept(&self, state: &State) -> Value {
        json!({
            "engine": self.engine, "version": self.version, "class": self.class, "storage": self.storage,
            "most": self.most, "encrypted": self.encrypted, "key": self.key, "multi_az": self.multi_az,
            "backup_days": self.backup_days, "username": self.username, "subnet_group": self.subnet_group,
            "groups": self.groups, "public": self.public, "protected": self.protected, "status": self.status,
            "passwords": self.passwords, "tags": state.tags.get(&self.arn(state)),
        })
    }
}

/// AWS' own key for RDS.
pub(super) fn own_key(state: &State) -> String {
    state.arn("kms", &format!("key/{}", uuid(&format!("aws/rds/{}", state.region))))
}
