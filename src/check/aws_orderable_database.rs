//! `aws.orderable_database`: does the region offer such a PostgreSQL instance, and where?

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::shell::{aws, fix},
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// Whether RDS has this class with this PostgreSQL version in the region and its zones. What cannot be ordered is
/// refused only after everything before it was made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderableDatabase {
    /// Instance class, e.g. `db.t4g.medium`.
    class: String,
    /// Version of PostgreSQL, e.g. `16` or `16.4`; any where left out.
    #[serde(default)]
    engine_version: Option<String>,
    /// Zones that must have it.
    #[serde(default)]
    zones: Vec<String>,
}

#[async_trait]
impl Check for OrderableDatabase {
    const ABOUT: CheckAbout = CheckAbout {
        name: "aws.orderable_database",
        code: "RDS-04",
        about: "the database's class and version are to be had",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["RDS-NOT-OFFERED", "RDS-VERSION-NOT-OFFERED", "RDS-ZONE"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let pages = cx
            .cloud
            .aws
            .rds()
            .await?
            .describe_orderable_db_instance_options()
            .engine("postgres")
            .db_instance_class(&self.class)
            .vpc(true)
            .into_paginator()
            .items()
            .send();
        let options = pages.collect::<Result<Vec<_>, _>>().await?;
        let mut offered: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for option in &options {
            let zones = option.availability_zones().iter().filter_map(|zone| zone.name().map(str::to_owned));
            offered.entry(option.engine_version().unwrap_or_default().to_owned()).or_default().extend(zones);
        }
        Ok(self.judge(&offered, &cx.target.region))
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default().iam("*", ["rds:DescribeOrderableDBInstanceOptions"])
    }
}

impl OrderableDatabase {
    fn judge(&self, offered: &BTreeMap<String, BTreeSet<String>>, region: &str) -> Outcome {
        let list = || {
            aws("rds describe-orderable-db-instance-options")
                .with("--engine", "postgres")
                .with("--db-instance-class", &self.class)
                .with("--query", "OrderableDBInstanceOptions[].[EngineVersion,AvailabilityZones[].Name]")
                .region(region)
        };
        let fail = |code: &str, what: String, advice: &str, why: String| Outcome::Fail {
            problem: Problem::new(code, what, fix(advice, [list()])).why(why),
        };
        if offered.is_empty() {
            return fail(
                "RDS-NOT-OFFERED",
                format!("{region} offers no PostgreSQL on {}", self.class),
                "Choose another class, e.g. one of the same size and a newer family.",
                "RDS lists no such option for this engine and region.".into(),
            );
        }
        let wanted = self.engine_version.as_deref();
        let fits = |version: &str| wanted.is_none_or(|wanted| covers(wanted, version));
        let zones: BTreeSet<&String> =
            offered.iter().filter(|(version, _)| fits(version)).flat_map(|(_, zones)| zones).collect();
        if zones.is_empty() {
            let versions: Vec<&str> = offered.keys().map(String::as_str).collect();
            return fail(
                "RDS-VERSION-NOT-OFFERED",
                format!("{region} offers no PostgreSQL {} on {}", wanted.unwrap_or_default(), self.class),
                "Choose one of the versions it offers.",
                format!("It offers {}.", versions.join(", ")),
            );
        }
        let without: Vec<&str> = self.zones.iter().filter(|zone| !zones.contains(zone)).map(String::as_str).collect();
        if !without.is_empty() {
            let with: Vec<&str> = zones.iter().map(|zone| zone.as_str()).collect();
            return fail(
                "RDS-ZONE",
                format!("{} does not offer {}", without.join(", "), self.class),
                "Choose another class, or subnets in zones that have it.",
                format!("It is to be had in {}.", with.join(", ")),
            );
        }
        Outcome::pass(format!("{} in {} zones", self.class, zones.len()))
    }
}

/// `16` covers `16.4`.
fn covers(wanted: &str, version: &str) -> bool {
    wanted == version || version.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_a_version_and_a_zone_that_are_not_offered_are_told_apart() {
        let zones = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let offered = BTreeMap::from([
            ("16.4".to_owned(), zones(&["us-east-2a", "us-east-2b"])),
            ("13.1".to_owned(), zones(&["us-east-2a", "us-east-2b", "us-east-2c"])),
        ]);
        let code = |version: &str, zone: &str, offered: &BTreeMap<String, BTreeSet<String>>| {
            let check = OrderableDatabase {
                class: "db.t4g.medium".into(),
                engine_version: Some(version.into()),
                zones: vec![zone.into()],
            };
            let outcome = check.judge(offered, "us-east-2");
            outcome.problem().map_or_else(|| "pass".into(), |problem| problem.code.clone())
        };
        assert_eq!(code("16", "us-east-2a", &offered), "pass");
        assert_eq!(code("16.4", "us-east-2b", &offered), "pass");
        assert_eq!(code("1", "us-east-2a", &offered), "RDS-VERSION-NOT-OFFERED");
        assert_eq!(code("16", "us-east-2c", &offered), "RDS-ZONE");
        assert_eq!(code("16", "us-east-2a", &BTreeMap::new()), "RDS-NOT-OFFERED");
    }
}
