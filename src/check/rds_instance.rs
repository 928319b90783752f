//! `rds.instance`: is a database server there, where it should be, and kept as it should be?

use async_trait::async_trait;
use aws_sdk_rds::types::DbInstance;
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
    value::Late,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::{
            database::{self, Life},
            shell::{Aws, aws, fix},
        },
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The database server in RDS: its state, engine, VPC, encryption, backups and whether the internet reaches it. Some of
/// that cannot be changed any more once there is data.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// Its name.
    instance: Late<String>,
    /// Id of the VPC it must be in.
    #[serde(default)]
    vpc: Option<Late<String>>,
    /// Whether its storage must grow by itself.
    #[serde(default)]
    storage_autoscaling: Option<bool>,
    /// For how many days its backups must be kept at least.
    #[serde(default)]
    backup_days: Option<u32>,
    /// `false`: it must not be reachable from the internet.
    #[serde(default)]
    public: Option<bool>,
    /// Whether its storage must be encrypted.
    #[serde(default)]
    encrypted: Option<bool>,
    /// The class it must have.
    #[serde(default)]
    class: Option<String>,
    /// The least major version of PostgreSQL.
    #[serde(default)]
    version_at_least: Option<u32>,
}

#[async_trait]
impl Check for Instance {
    const ABOUT: CheckAbout = CheckAbout {
        name: "rds.instance",
        code: "RDS-03",
        about: "a database server, and how it is kept",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &[
        "RDS-BACKUPS",
        "RDS-CLASS",
        "RDS-CREATING",
        "RDS-ENGINE",
        "RDS-NO-AUTOSCALING",
        "RDS-NOT-ENCRYPTED",
        "RDS-OTHER-VPC",
        "RDS-PUBLIC",
        "RDS-STOPPED",
        "RDS-VERSION",
    ];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let Some(name) = self.instance.known() else { return Ok(Outcome::skip("the database is not made yet")) };
        let region = &cx.target.region;
        Ok(match database::instance(&cx.cloud, &name.to_lowercase()).await? {
            None => Outcome::Fail { problem: database::missing(name, region) },
            Some(instance) => self.judge(&instance, region),
        })
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let name = self.instance.known().map_or_else(|| "*".to_owned(), |name| name.to_lowercase());
        Permissions::default().iam(&cx.target.arn("rds", &format!("db:{name}")), ["rds:DescribeDBInstances"])
    }
}

impl Instance {
    fn judge(&self, found: &DbInstance, region: &str) -> Outcome {
        let name = found.db_instance_identifier().unwrap_or_default();
        match database::life(found) {
            Life::Down => return Outcome::Fail { problem: database::down(found, region) },
            Life::Stopped => {
                let start = aws("rds start-db-instance").with("--db-instance-identifier", name).region(region);
                let what = format!("the RDS instance {name} is stopped");
                return Outcome::Fail { problem: Problem::new("RDS-STOPPED", what, fix("Have it started.", [start])) };
            }
            // A backup in the night keeps nobody waiting; what is being made has no address yet.
            Life::Busy if found.endpoint().is_none() => {
                let what = format!("the RDS instance {name} is {}", database::status(found));
                let problem = Problem::new("RDS-CREATING", what, "Wait; 6 to 15 minutes are usual.");
                return Outcome::NotYet { problem };
            }
            _ => {}
        }
        if let Some(problem) = self.placed(found).or_else(|| self.kept(found, region)) {
            return Outcome::Fail { problem };
        }
        let most = found.max_allocated_storage();
        let storage = match (found.allocated_storage(), most) {
            (Some(now), Some(most)) => format!("{now} GiB, up to {most}"),
            (now, _) => format!("{} GiB", now.unwrap_or_default()),
        };
        let days = found.backup_retention_period().unwrap_or_default();
        let class = found.db_instance_class().unwrap_or_default();
        let version = found.engine_version().unwrap_or_default();
        Outcome::pass(format!("PostgreSQL {version}, {class}, {storage}, backups for {days} days"))
    }

    /// What cannot be changed any more where it is wrong.
    fn placed(&self, found: &DbInstance) -> Option<Problem> {
        let name = found.db_instance_identifier().unwrap_or_default();
        let engine = found.engine().unwrap_or_default();
        if engine != "postgres" {
            let what = format!("the RDS instance {name} runs {engine}, not PostgreSQL");
            return Some(Problem::new("RDS-ENGINE", what, "Choose another, or have one made."));
        }
        let version = found.engine_version().unwrap_or_default();
        let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        if let (Some(least), Some(major)) = (self.version_at_least, major)
            && major < least
        {
            let what = format!("the RDS instance {name} runs PostgreSQL {version}, {least} is needed");
            return Some(Problem::new("RDS-VERSION", what, "Have it upgraded, or choose another."));
        }
        let vpc = database::vpc(found).unwrap_or_default();
        if let Some(wanted) = self.vpc.as_ref().and_then(Late::known).filter(|wanted| *wanted != vpc) {
            let problem = Problem::new(
                "RDS-OTHER-VPC",
                format!("the RDS instance {name} is in {vpc}, the cluster in {wanted}"),
                "Choose a database in the cluster's VPC, or have one made there.",
            );
            return Some(
                problem.why("Traffic to another VPC needs a way of its own, and leaves the cluster's network."),
            );
        }
        if self.encrypted == Some(true) && found.storage_encrypted() != Some(true) {
            let problem = Problem::new(
                "RDS-NOT-ENCRYPTED",
                format!("the storage of the RDS instance {name} is not encrypted"),
                "Have it restored from an encrypted copy of a snapshot, or choose another.",
            );
            return Some(problem.why("RDS encrypts storage only as it is made."));
        }
        None
    }

    /// What a command can mend.
    fn kept(&self, found: &DbInstance, region: &str) -> Option<Problem> {
        let name = found.db_instance_identifier().unwrap_or_default();
        let modify = || aws("rds modify-db-instance").with("--db-instance-identifier", name);
        let mend = |how: Aws, advice: &str| fix(advice, [how.flag("--apply-immediately").region(region)]);
        if self.public == Some(false) && found.publicly_accessible() == Some(true) {
            let fix = mend(modify().flag("--no-publicly-accessible"), "Have that turned off.");
            let what = format!("the RDS instance {name} has an address on the internet");
            let why = "Only security groups then keep the world away from it.";
            return Some(Problem::new("RDS-PUBLIC", what, fix).why(why));
        }
        if self.storage_autoscaling == Some(true) && found.max_allocated_storage().is_none() {
            let most = found.allocated_storage().unwrap_or(20) * 5;
            let fix = mend(modify().with("--max-allocated-storage", most), "Say how far it may grow.");
            let what = format!("the storage of the RDS instance {name} does not grow by itself");
            return Some(Problem::new("RDS-NO-AUTOSCALING", what, fix).why("When it is full, writes fail."));
        }
        let days = found.backup_retention_period().unwrap_or_default();
        if let Some(wanted) = self.backup_days.filter(|wanted| i64::from(days) < i64::from(*wanted)) {
            let fix = mend(modify().with("--backup-retention-period", wanted), "Have them kept longer.");
            let what = match days {
                0 => format!("the RDS instance {name} is not backed up"),
                _ => format!("backups of the RDS instance {name} are kept for {days} days, {wanted} are wanted"),
            };
            return Some(Problem::new("RDS-BACKUPS", what, fix));
        }
        let class = found.db_instance_class().unwrap_or_default();
        if let Some(wanted) = self.class.as_deref().filter(|wanted| *wanted != class) {
            let fix = mend(modify().with("--db-instance-class", wanted), "Change it when a short outage suits.");
            let what = format!("the RDS instance {name} is {class}, not {wanted}");
            return Some(Problem::new("RDS-CLASS", what, fix));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::types::{DbSubnetGroup, Endpoint, builders::DbInstanceBuilder};

    use super::*;

    fn found() -> DbInstanceBuilder {
        DbInstance::builder()
            .db_instance_identifier("ml-db")
            .db_instance_status("available")
            .db_instance_class("db.t4g.medium")
            .engine("postgres")
            .engine_version("16.4")
            .endpoint(Endpoint::builder().address("ml-db.x.us-east-2.rds.amazonaws.com").port(5432).build())
            .allocated_storage(20)
            .max_allocated_storage(100)
            .backup_retention_period(7)
            .storage_encrypted(true)
            .publicly_accessible(false)
            .db_subnet_group(DbSubnetGroup::builder().vpc_id("vpc-1").build())
    }

    fn code(found: DbInstanceBuilder) -> String {
        let check = Instance {
            instance: Late::Known("ml-db".into()),
            vpc: Some(Late::Known("vpc-1".into())),
            storage_autoscaling: Some(true),
            backup_days: Some(7),
            public: Some(false),
            encrypted: Some(true),
            class: Some("db.t4g.medium".into()),
            version_at_least: Some(13),
        };
        let outcome = check.judge(&found.build(), "us-east-2");
        outcome.problem().map_or_else(|| "pass".into(), |problem| problem.code.clone())
    }

    #[test]
    fn each_thing_that_is_not_as_wanted_is_told() {
        assert_eq!(code(found()), "pass");
        assert_eq!(code(found().db_instance_status("backing-up")), "pass");
        assert_eq!(code(found().db_instance_status("creating").set_endpoint(None)), "RDS-CREATING");
        assert_eq!(code(found().db_instance_status("storage-full")), "RDS-DOWN");
        assert_eq!(code(found().db_instance_status("stopped")), "RDS-STOPPED");
        assert_eq!(code(found().engine("mysql")), "RDS-ENGINE");
        assert_eq!(code(found().engine_version("12.9")), "RDS-VERSION");
        assert_eq!(code(found().db_subnet_group(DbSubnetGroup::builder().vpc_id("vpc-2").build())), "RDS-OTHER-VPC");
        assert_eq!(code(found().storage_encrypted(false)), "RDS-NOT-ENCRYPTED");
        assert_eq!(code(found().publicly_accessible(true)), "RDS-PUBLIC");
        assert_eq!(code(found().set_max_allocated_storage(None)), "RDS-NO-AUTOSCALING");
        assert_eq!(code(found().backup_retention_period(0)), "RDS-BACKUPS");
        assert_eq!(code(found().db_instance_class("db.t3.micro")), "RDS-CLASS");
    }
}
