//! `rds.postgres`: an encrypted PostgreSQL instance that is not reached from the internet.

mod differences;
mod parameters;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use aws_sdk_rds::types::DbInstance;
use landfall_core::{
    catalogue::Again,
    clock::Span,
    event::{Found, Owner, Permissions, Problem, Recovery, Waiting},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::differences::Settings;
pub use self::parameters::Postgres;
use crate::{
    cloud::{
        Trouble,
        look::{
            changed_since,
            database::{self, Life},
            marks,
            shell::{aws, fix},
        },
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// What others read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The name to connect to.
    #[schemars(extend("x-words" = "host name"))]
    pub endpoint: String,
    /// The port to connect to.
    pub port: u16,
    /// Its ARN.
    pub arn: String,
    /// Its id in IAM and CloudTrail, `db-…`.
    pub resource_id: String,
}

#[async_trait]
impl Step for Postgres {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::ByMark,
        keeps_data: true,
        costs: Some("the instance by the hour (twice in two zones); storage and backups by the month"),
        fixed: &["name", "username", "subnet_group", "kms_key"],
        interval: Span::seconds(30),
        deadline: Span::minutes(60),
        usual: Some("6 to 15 minutes"),
        ..StepAbout::new("rds.postgres", "RDS-02", "makes a PostgreSQL database server")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some(instance) = database::instance(&cx.cloud, &self.name()).await? else { return Ok(Found::absent()) };
        let owner = database::owner(&instance, &cx.install);
        match database::life(&instance) {
            Life::Busy => Ok(Found::pending(waiting(&instance), owner)),
            Life::Stopped => Ok(Found::broken(stopped(&self.name(), &cx.target.region), vec![start()], owner)),
            Life::Down => Ok(Found::broken(database::down(&instance, &cx.target.region), Vec::new(), owner)),
            Life::Ready => self.ready(cx, &instance, owner).await,
        }
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        self.refuse()?;
        match database::instance(&cx.cloud, &self.name()).await? {
            None => self.create(cx).await,
            Some(instance) => {
                let there = Settings::of(&instance);
                let password = self.other_password(cx, &instance).await?;
                if let Some(password) = &password {
                    parameters::password(password.reveal())?;
                }
                self.modify(cx, &self.changes(&there), password.as_ref()).await?;
                if password.is_some() {
                    self.note_password(cx, &instance).await?;
                }
                let ours = database::owner(&instance, &cx.install) == Owner::Ours;
                let before = serde_json::to_value(&there).unwrap_or_default();
                Ok(if ours { Applied::made() } else { Applied::changed(before) })
            }
        }
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(instance) = database::instance(&cx.cloud, &self.name()).await? else { return Ok(()) };
        if let Some(before) = &made.before {
            return self.restore(cx, &instance, before).await;
        }
        if database::owner(&instance, &cx.install) != Owner::Ours {
            return Err(changed_since(&format!("the RDS instance {}", self.name())));
        }
        if database::status(&instance) == "deleting" {
            return Ok(());
        }
        let rds = cx.cloud.aws.rds().await?;
        if instance.deletion_protection() == Some(true) {
            rds.modify_db_instance()
                .db_instance_identifier(self.name())
                .deletion_protection(false)
                .apply_immediately(true)
                .send()
                .await?;
        }
        let snapshot = self.last_snapshot(cx);
        let deleted =
            rds.delete_db_instance().db_instance_identifier(self.name()).final_db_snapshot_identifier(&snapshot);
        match deleted.send().await.map_err(Trouble::from) {
            Err(trouble) if trouble.code() == Some("InvalidDBInstanceState") => {
                match database::instance(&cx.cloud, &self.name()).await? {
                    // The answer was lost, and the call repeated.
                    Some(now) if database::status(&now) == "deleting" => Ok(()),
                    Some(now) => Err(busy(&now, &trouble, &cx.target.region).into()),
                    None => Ok(()),
                }
            }
            Err(trouble) => Err(trouble),
            Ok(_) => {
                cx.say(format!(
                    "what was in {} is kept in the snapshot {snapshot}, which costs money, too",
                    self.name()
                ));
                Ok(())
            }
        }
    }

    async fn recover(&self, cx: &Context, recovery: &str) -> Result<(), Trouble> {
        if recovery != start().id {
            let what = format!("rds.postgres has no way out called {recovery}");
            return Err(Trouble::guide(what, "Choose one of those offered."));
        }
        cx.cloud.aws.rds().await?.start_db_instance().db_instance_identifier(self.name()).send().await?;
        Ok(())
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        self.typed(&cx.target.region)
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("deletes the database server {} after a last snapshot, which is kept (and paid for)", self.name())
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let instance = cx.target.arn("rds", &format!("db:{}", self.name()));
        let role = cx.target.arn("iam", "role/aws-service-role/rds.amazonaws.com/*");
        let wanted = Permissions::default()
            .iam(
                &instance,
                [
                    "rds:DescribeDBInstances",
                    "rds:CreateDBInstance",
                    "rds:ModifyDBInstance",
                    "rds:DeleteDBInstance",
                    "rds:StartDBInstance",
                    "rds:AddTagsToResource",
                ],
            )
            .iam(&cx.target.arn("rds", "subgrp:*"), ["rds:CreateDBInstance"])
            .iam(&cx.target.arn("rds", "pg:*"), ["rds:CreateDBInstance", "rds:ModifyDBInstance"])
            .iam(&cx.target.arn("rds", "og:*"), ["rds:CreateDBInstance", "rds:ModifyDBInstance"])
            .iam(
                &cx.target.arn("rds", &format!("snapshot:{}-last-*", self.name())),
                ["rds:CreateDBSnapshot", "rds:AddTagsToResource"],
            )
            .iam(&role, ["iam:CreateServiceLinkedRole"]);
        match &self.kms_key {
            None => wanted,
            Some(key) => {
                let key = key.known().cloned().unwrap_or_else(|| cx.target.arn("kms", "key/*"));
                wanted.iam(&key, ["kms:CreateGrant", "kms:DescribeKey"])
            }
        }
    }
}

impl Postgres {
    async fn ready(&self, cx: &Context, instance: &DbInstance, owner: Owner) -> Result<Found<Outputs>, Trouble> {
        let Some((endpoint, port)) = instance
            .endpoint()
            .and_then(|endpoint| Some((endpoint.address()?.to_owned(), u16::try_from(endpoint.port()?).ok()?)))
        else {
            return Ok(Found::pending(Waiting::on("available, but without an address yet"), owner));
        };
        let there = Settings::of(instance);
        let mut differences = self.differences(&there);
        let coming = differences::coming(instance, &differences);
        if !coming.is_empty() {
            let on = format!("{}, {} to come", database::status(instance), coming.join(", "));
            return Ok(Found::pending(Waiting::on(on), owner));
        }
        if self.other_password(cx, instance).await?.is_some() {
            differences.push(differences::password(&self.password));
        }
        let outputs = Outputs {
            endpoint,
            port,
            arn: instance.db_instance_arn().unwrap_or_default().to_owned(),
            resource_id: instance.dbi_resource_id().unwrap_or_default().to_owned(),
        };
        Ok(Found::there(outputs, differences, owner))
    }

    async fn create(&self, cx: &Context) -> Result<Applied, Trouble> {
        let password = cx.reveal(&self.password).await?;
        parameters::password(password.reveal())?;
        let (Some(subnet_group), Some(groups)) = (self.subnet_group.known(), self.security_groups.known()) else {
            let what = "the database's subnet group or security groups are not known yet";
            return Err(Trouble::guide(what, "Make the step run after those that make them."));
        };
        let mut tags = self.tags.clone();
        tags.extend(self.marks(cx).await?);
        let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
        let rds = cx.cloud.aws.rds().await?;
        let sent = rds
            .create_db_instance()
            .db_instance_identifier(self.name())
            .engine("postgres")
            .set_engine_version(self.engine_version.clone())
            .db_instance_class(&self.class)
            .allocated_storage(number(self.storage_gib))
            .max_allocated_storage(number(self.max_storage_gib))
            .storage_type("gp3")
            .storage_encrypted(true)
            .set_kms_key_id(self.kms_key.as_ref().and_then(|key| key.known().cloned()))
            .multi_az(self.multi_az)
            .backup_retention_period(number(self.backup_days))
            .master_username(&self.username)
            .master_user_password(password.reveal())
            .db_subnet_group_name(subnet_group)
            .set_vpc_security_group_ids(Some(groups.clone()))
            .publicly_accessible(false)
            .deletion_protection(self.deletion_protection)
            .copy_tags_to_snapshot(true)
            .set_tags(Some(marks::rds(&tags)))
            .send()
            .await
            .map_err(Trouble::from);
        match sent {
            // The answer was lost, and the call repeated.
            Err(trouble) if trouble.code() == Some("DBInstanceAlreadyExists") => {
                let found = database::instance(&cx.cloud, &self.name()).await?;
                let ours = found.is_some_and(|found| database::owner(&found, &cx.install) == Owner::Ours);
                if ours { Ok(Applied::made()) } else { Err(trouble) }
            }
            other => other.map(|_| Applied::made()),
        }
    }

    /// Puts back what was there, where our value still stands. Storage never shrinks.
    async fn restore(&self, cx: &Context, instance: &DbInstance, before: &Value) -> Result<(), Trouble> {
        let Ok(before) = serde_json::from_value::<Settings>(before.clone()) else { return Ok(()) };
        let there = Settings::of(instance);
        let mut back = self.back(&there, &before);
        if back.storage_gib.take().is_some() {
            cx.say(format!("{} keeps its {} GiB: RDS cannot make storage smaller", self.name(), there.storage_gib));
        }
        self.modify(cx, &back, None).await
    }

    /// RDS takes letters, digits and single hyphens: the last snapshot says whose and when.
    fn last_snapshot(&self, cx: &Context) -> String {
        let now = cx.cloud.clock().now();
        format!("{}-last-{}", self.name(), now.strftime("%Y%m%d-%H%M%S"))
    }
}

fn waiting(instance: &DbInstance) -> Waiting {
    let status = database::status(instance);
    let story = instance.percent_progress().map(|progress| format!("{progress} % done")).into_iter().collect();
    Waiting { on: status.to_owned(), story, ..Waiting::default() }
}

fn start() -> Recovery {
    Recovery { id: "start".into(), does: "starts it".into(), loses: String::new() }
}

fn stopped(name: &str, region: &str) -> Problem {
    let start = aws("rds start-db-instance").with("--db-instance-identifier", name).region(region);
    Problem::new("RDS-STOPPED", format!("the RDS instance {name} is stopped"), fix("Have it started.", [start]))
        .why("Somebody stopped it; RDS starts it again by itself after seven days.")
}

fn busy(instance: &DbInstance, trouble: &Trouble, region: &str) -> Problem {
    let name = instance.db_instance_identifier().unwrap_or_default();
    if database::life(instance) == Life::Down {
        // RDS API reference, DeleteDBInstance: in these states it is deleted without a last snapshot only.
        let delete = aws("rds delete-db-instance")
            .with("--db-instance-identifier", name)
            .flag("--skip-final-snapshot")
            .region(region);
        return Problem::new(
            "RDS-BUSY",
            format!(
                "the RDS instance {name} is {} and no last snapshot of it can be taken",
                database::status(instance)
            ),
            fix(
                "Nothing in it can be kept this way: delete it by hand where an older backup will do, then undo again.",
                [delete],
            ),
        )
        .why(trouble.problem().what);
    }
    let wait = aws("rds wait db-instance-available").with("--db-instance-identifier", name).region(region);
    Problem::new(
        "RDS-BUSY",
        format!("the RDS instance {name} is {} and cannot be deleted now", database::status(instance)),
        fix("Wait until it is available, then undo again.", [wait]),
    )
    .why(trouble.problem().what)
}
