//! What a guide says of a PostgreSQL instance, what RDS would refuse, and what a person would type.

use std::collections::BTreeMap;

use landfall_core::{
    event::Problem,
    value::{Late, SecretText},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::cloud::{Trouble, look::shell::aws};

/// Parameters in a guide. It is always encrypted, and never reached from the internet.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// Its name; RDS keeps it in small letters.
    pub(super) name: String,
    /// Version of PostgreSQL, e.g. `16` or `16.4`; RDS' default where left out.
    #[serde(default)]
    pub(super) engine_version: Option<String>,
    /// Instance class, e.g. `db.t4g.medium`.
    pub(super) class: String,
    /// Storage at first.
    pub(super) storage_gib: u32,
    /// How far the storage grows by itself (storage autoscaling).
    pub(super) max_storage_gib: u32,
    /// Whether a second one stands by in another zone.
    pub(super) multi_az: bool,
    /// How many days automatic backups are kept.
    pub(super) backup_days: u32,
    /// Its administrator.
    pub(super) username: String,
    /// The administrator's password. Another one than it was made with is set in RDS, too.
    pub(super) password: SecretText,
    /// Name of its subnet group.
    pub(super) subnet_group: Late<String>,
    /// Ids of its security groups.
    pub(super) security_groups: Late<Vec<String>>,
    /// ARN of the KMS key its storage is encrypted with; AWS' own key for RDS where left out.
    #[serde(default)]
    pub(super) kms_key: Option<Late<String>>,
    /// Whether RDS refuses to delete it until that is taken back.
    pub(super) deletion_protection: bool,
    /// Tags beside the install's own.
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
}

impl Postgres {
    /// As RDS keeps it.
    pub(super) fn name(&self) -> String {
        self.name.to_lowercase()
    }

    /// What RDS would refuse, said before anything is sent.
    pub(super) fn refuse(&self) -> Result<(), Trouble> {
        // RDS user guide, "Managing capacity automatically with storage autoscaling": at least 10 % more.
        if u64::from(self.max_storage_gib) * 10 < u64::from(self.storage_gib) * 11 {
            let what = format!(
                "max_storage_gib {} is not at least a tenth more than storage_gib {}",
                self.max_storage_gib, self.storage_gib
            );
            return Err(Trouble::guide(what, "Let the storage grow further than it is at first."));
        }
        if self.backup_days > 35 {
            let what = format!("backup_days is {}, RDS keeps them for 35 at most", self.backup_days);
            return Err(Trouble::guide(what, "Ask for 35 days or fewer."));
        }
        Ok(())
    }

    /// The command a person would type.
    pub(super) fn typed(&self, region: &str) -> Vec<String> {
        let flag = |on: bool, name: &str| if on { format!("--{name}") } else { format!("--no-{name}") };
        let create = aws("rds create-db-instance")
            .with("--db-instance-identifier", self.name())
            .with("--engine", "postgres")
            .maybe("--engine-version", self.engine_version.as_ref())
            .with("--db-instance-class", &self.class)
            .with("--allocated-storage", self.storage_gib)
            .with("--max-allocated-storage", self.max_storage_gib)
            .with("--storage-type", "gp3")
            .flag("--storage-encrypted")
            .maybe("--kms-key-id", self.kms_key.as_ref())
            .flag(&flag(self.multi_az, "multi-az"))
            .with("--backup-retention-period", self.backup_days)
            .with("--master-username", &self.username)
            .shell("--master-user-password", "\"$password\"")
            .with("--db-subnet-group-name", &self.subnet_group)
            .list("--vpc-security-group-ids", self.security_groups.shown())
            .flag("--no-publicly-accessible")
            .flag(&flag(self.deletion_protection, "deletion-protection"))
            .flag("--copy-tags-to-snapshot")
            .list("--tags", self.tags.iter().map(|(key, value)| format!("Key={key},Value={value}")));
        let wait = aws("rds wait db-instance-available").with("--db-instance-identifier", self.name());
        vec!["read -rs password".into(), create.region(region).to_string(), wait.region(region).to_string()]
    }
}

/// RDS API reference, CreateDBInstance, `MasterUserPassword`: 8 to 128 printable ASCII letters, none of `/`, `"`, `@` and space.
pub(super) fn password(text: &str) -> Result<(), Trouble> {
    let refused = |letter: char| !letter.is_ascii_graphic() || "/\"@".contains(letter);
    if (8..=128).contains(&text.chars().count()) && !text.chars().any(refused) {
        return Ok(());
    }
    let problem = Problem::new(
        "RDS-PASSWORD",
        "RDS does not take the database administrator's password",
        "Enter another: 8 to 128 letters, digits and signs, none of / \" @ and space.",
    );
    Err(problem.why("It is too short or too long, or has a sign in it that RDS refuses.").into())
}
