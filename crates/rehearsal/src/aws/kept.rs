//! What the scenario says is kept in the account: buckets, keys, addresses to send from.

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
