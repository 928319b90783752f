//! What the scenario says is kept in the account: buckets, keys, databases, addresses to send from.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A bucket.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BucketSetup {
    /// Name.
    pub name: String,
    /// Region; the home region where it is left out.
    pub region: Option<String>,
    /// Whether it belongs to another account.
    pub foreign: bool,
    /// Whether nothing closes it to the public.
    pub open: bool,
    /// `Enabled` or `Suspended`.
    pub versioning: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Policy.
    pub policy: Option<Value>,
    /// Keys of what lies in it.
    pub objects: Vec<String>,
}

/// A KMS key.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeySetup {
    /// Id.
    pub id: String,
    /// `alias/…`.
    pub alias: Option<String>,
    /// Policy; the usual one where it is left out.
    pub policy: Option<Value>,
    /// `SYMMETRIC_DEFAULT`, `RSA_2048` …
    pub spec: String,
    /// Whether it can be used.
    pub enabled: bool,
}

impl Default for KeySetup {
    fn default() -> Self {
        Self {
            id: "1234abcd-12ab-34cd-56ef-1234567890ab".to_owned(),
            alias: None,
            policy: None,
            spec: "SYMMETRIC_DEFAULT".to_owned(),
            enabled: true,
        }
    }
}

/// A database server of RDS.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSetup {
    /// Name.
    pub name: String,
    /// `postgres`, `mysql` …
    pub engine: String,
    /// Version, e.g. `16.8`.
    pub version: String,
    /// Class.
    pub class: String,
    /// Storage.
    pub storage_gib: i64,
    /// How far the storage grows by itself; not at all where it is left out.
    pub max_storage_gib: Option<i64>,
    /// Whether a second one stands by.
    pub multi_az: bool,
    /// For how many days backups are kept.
    pub backup_days: i64,
    /// Its administrator.
    pub username: String,
    /// Its subnets: the private ones of this VPC, the account's own where it is left out.
    pub vpc: Option<String>,
    /// Its security groups.
    pub security_groups: Vec<String>,
    /// Whether it has an address on the internet.
    pub public: bool,
    /// Whether its storage is encrypted.
    pub encrypted: bool,
    /// Whether it cannot be deleted.
    pub deletion_protection: bool,
    /// `available`, `stopped`, `storage-full` …
    pub status: String,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl Default for DatabaseSetup {
    fn default() -> Self {
        Self {
            name: "pay-db".to_owned(),
            engine: "postgres".to_owned(),
            version: "16.8".to_owned(),
            class: "db.t4g.medium".to_owned(),
            storage_gib: 20,
            max_storage_gib: Some(100),
            multi_az: false,
            backup_days: 7,
            username: "postgres".to_owned(),
            vpc: None,
            security_groups: Vec::new(),
            public: false,
            encrypted: true,
            deletion_protection: false,
            status: "available".to_owned(),
            tags: BTreeMap::new(),
        }
    }
}

/// SES in one region.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SesSetup {
    /// Region; the home region where it is left out.
    pub region: Option<String>,
    /// Whether the account is out of the sandbox there.
    pub production: bool,
    /// Whether sending is paused.
    pub paused: bool,
    /// Domains and addresses, and whether they are verified.
    pub identities: BTreeMap<String, bool>,
}
