//! How an instance differs from what the guide says, and what changes that.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::types::DbInstance;
use landfall_core::{
    event::{Difference, Owner},
    value::{Late, Plain, SecretText},
};
use serde::{Deserialize, Serialize};

use super::Postgres;
use crate::{
    cloud::{
        Trouble,
        look::{database, marks},
    },
    kind::Context,
};

/// What kinds compare, and what undo restores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) engine_version: String,
    pub(super) class: String,
    pub(super) storage_gib: u32,
    pub(super) max_storage_gib: Option<u32>,
    pub(super) multi_az: bool,
    pub(super) backup_days: u32,
    pub(super) username: String,
    pub(super) subnet_group: String,
    pub(super) security_groups: BTreeSet<String>,
    pub(super) encrypted: bool,
    pub(super) kms_key: Option<String>,
    pub(super) deletion_protection: bool,
    pub(super) public: bool,
}

/// The tag with the keyed fingerprint of the password that was last sent: RDS never tells the password itself.
const PASSWORD: &str = "landfall:password";

/// What is to be changed; what is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) engine_version: Option<String>,
    pub(super) class: Option<String>,
    pub(super) storage_gib: Option<u32>,
    pub(super) max_storage_gib: Option<u32>,
    pub(super) multi_az: Option<bool>,
    pub(super) backup_days: Option<u32>,
    pub(super) security_groups: Option<BTreeSet<String>>,
    pub(super) deletion_protection: Option<bool>,
    pub(super) public: Option<bool>,
}

impl Settings {
    pub(super) fn of(instance: &DbInstance) -> Self {
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let number = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok());
        Self {
            engine_version: text(instance.engine_version()),
            class: text(instance.db_instance_class()),
            storage_gib: number(instance.allocated_storage()).unwrap_or_default(),
            max_storage_gib: number(instance.max_allocated_storage()),
            multi_az: instance.multi_az() == Some(true),
            backup_days: number(instance.backup_retention_period()).unwrap_or_default(),
            username: text(instance.master_username()),
            subnet_group: text(instance.db_subnet_group().and_then(|group| group.db_subnet_group_name())),
            security_groups: instance
                .vpc_security_groups()
                .iter()
                .filter_map(|group| group.vpc_security_group_id().map(str::to_owned))
                .collect(),
            encrypted: instance.storage_encrypted() == Some(true),
            kms_key: instance.kms_key_id().map(str::to_owned),
            deletion_protection: instance.deletion_protection() == Some(true),
            public: instance.publicly_accessible() == Some(true),
        }
    }
}

impl Postgres {
    /// The install's tags, and the fingerprint of the password it is sent with.
    pub(super) async fn marks(&self, cx: &Context) -> Result<BTreeMap<String, String>, Trouble> {
        let mut tags = cx.tags();
        tags.extend(cx.fingerprint(&self.password).await?.map(|mark| (PASSWORD.to_owned(), mark)));
        Ok(tags)
    }

    /// The password, where it is another one than this install sent last. Nothing is known of one that somebody else set.
    pub(super) async fn other_password(&self, cx: &Context, instance: &DbInstance) -> Result<Option<Plain>, Trouble> {
        let sent = database::pairs(instance.tag_list()).find(|(key, _)| *key == PASSWORD).map(|(_, mark)| mark);
        let Some(sent) = sent.filter(|_| database::owner(instance, &cx.install) == Owner::Ours) else {
            return Ok(None);
        };
        match cx.fingerprint(&self.password).await? {
            Some(wanted) if wanted != sent => cx.reveal(&self.password).await.map(Some),
            _ => Ok(None),
        }
    }

    /// Notes which password was sent; only then, so that a call that failed is made again.
    pub(super) async fn note_password(&self, cx: &Context, instance: &DbInstance) -> Result<(), Trouble> {
        let rds = cx.cloud.aws.rds().await?;
        rds.add_tags_to_resource()
            .resource_name(instance.db_instance_arn().unwrap_or_default())
            .set_tags(Some(marks::rds(&self.marks(cx).await?)))
            .send()
            .await?;
        Ok(())
    }

    /// Field by field. Storage that has grown by itself is no difference, nor are groups beside ours.
    pub(super) fn differences(&self, there: &Settings) -> Vec<Difference> {
        let mut all = Vec::new();
        let mut differing = |field: &str, wanted: String, found: String, fixed: bool| {
            all.push(Difference { field: field.into(), wanted, found, fixed });
        };
        if let Some(version) = self.engine_version.as_ref().filter(|version| !covers(version, &there.engine_version)) {
            // The way to another major version is a person's: it takes extensions and parameter groups along.
            let major = major(version) != major(&there.engine_version);
            differing("engine_version", version.clone(), there.engine_version.clone(), major);
        }
        if self.class != there.class {
            differing("class", self.class.clone(), there.class.clone(), false);
        }
        if self.storage_gib > there.storage_gib {
            differing("storage_gib", self.storage_gib.to_string(), there.storage_gib.to_string(), false);
        }
        if there.max_storage_gib != Some(self.max_storage_gib) {
            let found = there.max_storage_gib.map_or_else(|| "off".to_owned(), |most| most.to_string());
            differing("max_storage_gib", self.max_storage_gib.to_string(), found, false);
        }
        let word = |on: bool| (if on { "on" } else { "off" }).to_owned();
        if self.multi_az != there.multi_az {
            differing("multi_az", word(self.multi_az), word(there.multi_az), false);
        }
        if self.backup_days != there.backup_days {
            differing("backup_days", self.backup_days.to_string(), there.backup_days.to_string(), false);
        }
        if self.username != there.username {
            differing("username", self.username.clone(), there.username.clone(), true);
        }
        if let Some(group) = self.subnet_group.known().filter(|group| group.to_lowercase() != there.subnet_group) {
            differing("subnet_group", group.clone(), there.subnet_group.clone(), true);
        }
        let groups = self.security_groups.known().cloned().unwrap_or_default();
        if groups.iter().any(|group| !there.security_groups.contains(group)) {
            let found = there.security_groups.iter().cloned().collect::<Vec<_>>().join(", ");
            differing("security_groups", groups.join(", "), found, false);
        }
        if !there.encrypted {
            differing("encrypted", word(true), word(false), true);
        }
        if let Some(key) = self.kms_key.as_ref().and_then(Late::known).filter(|key| there.kms_key.as_ref() != Some(key))
        {
            differing("kms_key", key.clone(), there.kms_key.clone().unwrap_or_else(|| "none".into()), true);
        }
        if self.deletion_protection != there.deletion_protection {
            differing("deletion_protection", word(self.deletion_protection), word(there.deletion_protection), false);
        }
        if there.public {
            differing("public", word(false), word(true), false);
        }
        all
    }

    /// What makes an instance as the guide says, as far as that can be changed.
    pub(super) fn changes(&self, there: &Settings) -> Changes {
        let mut changes = Changes::default();
        for difference in self.differences(there).into_iter().filter(|difference| !difference.fixed) {
            match &*difference.field {
                "engine_version" => changes.engine_version = self.engine_version.clone(),
                "class" => changes.class = Some(self.class.clone()),
                "storage_gib" => changes.storage_gib = Some(self.storage_gib),
                "max_storage_gib" => changes.max_storage_gib = Some(self.max_storage_gib),
                "multi_az" => changes.multi_az = Some(self.multi_az),
                "backup_days" => changes.backup_days = Some(self.backup_days),
                "security_groups" => {
                    let ours = self.security_groups.known().into_iter().flatten();
                    changes.security_groups = Some(there.security_groups.iter().chain(ours).cloned().collect());
                }
                "deletion_protection" => changes.deletion_protection = Some(self.deletion_protection),
                "public" => changes.public = Some(false),
                _ => {}
            }
        }
        changes
    }

    /// What brings back `before`, where our value still stands.
    pub(super) fn back(&self, there: &Settings, before: &Settings) -> Changes {
        let ours = self.changes(before);
        let mut back = Changes::default();
        if ours.class.as_ref() == Some(&there.class) {
            back.class = Some(before.class.clone());
        }
        if ours.storage_gib == Some(there.storage_gib) {
            back.storage_gib = Some(before.storage_gib);
        }
        if ours.max_storage_gib.is_some() && ours.max_storage_gib == there.max_storage_gib {
            // Storage autoscaling is off where the most is what there is: RDS API reference, ModifyDBInstance.
            back.max_storage_gib = Some(before.max_storage_gib.unwrap_or(there.storage_gib));
        }
        if ours.multi_az == Some(there.multi_az) {
            back.multi_az = Some(before.multi_az);
        }
        if ours.backup_days == Some(there.backup_days) {
            back.backup_days = Some(before.backup_days);
        }
        if ours.security_groups.as_ref() == Some(&there.security_groups) {
            back.security_groups = Some(before.security_groups.clone());
        }
        if ours.deletion_protection == Some(there.deletion_protection) {
            back.deletion_protection = Some(before.deletion_protection);
        }
        if ours.public == Some(there.public) {
            back.public = Some(before.public);
        }
        back
    }

    /// Sends the changes, at once rather than in the next maintenance window.
    pub(super) async fn modify(
        &self,
        cx: &Context,
        changes: &Changes,
        password: Option<&Plain>,
    ) -> Result<(), Trouble> {
        if *changes == Changes::default() && password.is_none() {
            return Ok(());
        }
        let number = |value: Option<u32>| value.map(|value| i32::try_from(value).unwrap_or(i32::MAX));
        let rds = cx.cloud.aws.rds().await?;
        rds.modify_db_instance()
            .db_instance_identifier(self.name())
            .apply_immediately(true)
            .set_engine_version(changes.engine_version.clone())
            .set_db_instance_class(changes.class.clone())
            .set_allocated_storage(number(changes.storage_gib))
            .set_max_allocated_storage(number(changes.max_storage_gib))
            .set_multi_az(changes.multi_az)
            .set_backup_retention_period(number(changes.backup_days))
            .set_vpc_security_group_ids(changes.security_groups.clone().map(|groups| groups.into_iter().collect()))
            .set_deletion_protection(changes.deletion_protection)
            .set_publicly_accessible(changes.public)
            .set_master_user_password(password.map(|password| password.reveal().to_owned()))
            .send()
            .await?;
        Ok(())
    }
}

/// The password is another one.
pub(super) fn password(wanted: &SecretText) -> Difference {
    Difference { field: "password".into(), wanted: wanted.to_string(), found: "another one".into(), fixed: false }
}

/// Which of the differences RDS has taken on and not carried out yet. A password is no difference any more once it was sent.
pub(super) fn coming(instance: &DbInstance, differences: &[Difference]) -> Vec<String> {
    let Some(pending) = instance.pending_modified_values() else { return Vec::new() };
    let taken = |field: &str| match field {
        "engine_version" => pending.engine_version().is_some(),
        "class" => pending.db_instance_class().is_some(),
        "storage_gib" => pending.allocated_storage().is_some(),
        "multi_az" => pending.multi_az().is_some(),
        "backup_days" => pending.backup_retention_period().is_some(),
        _ => false,
    };
    let password = pending.master_user_password().map(|_| "password".to_owned());
    let others = differences.iter().map(|difference| difference.field.clone()).filter(|field| taken(field));
    others.chain(password).collect()
}

/// Whether `16` or `16.4` is what runs: `16` covers `16.4`.
fn covers(wanted: &str, there: &str) -> bool {
    wanted == there || there.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}
