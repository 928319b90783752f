//! `rds.subnet_group`: the subnets a database may be in.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_rds::types::DbSubnetGroup;
use landfall_core::{
    catalogue::Again,
    event::{Difference, Found, Owner, Permissions, Problem},
    value::Late,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    cloud::{
        Trouble,
        look::{
            database, marks,
            shell::{aws, fix},
            vpc,
        },
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubnetGroup {
    /// Its name; RDS keeps it in small letters.
    name: String,
    /// What it is for.
    #[serde(default)]
    description: Option<String>,
    /// Ids of its subnets, in at least two zones.
    #[serde(default)]
    subnets: Option<Late<Vec<String>>>,
    /// The VPC whose private subnets it takes, where `subnets` is left out or empty.
    #[serde(default)]
    vpc: Option<Late<String>>,
}

/// What others read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its name.
    pub name: String,
    /// The VPC of its subnets.
    pub vpc: String,
}

#[async_trait]
impl Step for SubnetGroup {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::ByMark,
        fixed: &["name", "vpc"],
        ..StepAbout::new("rds.subnet_group", "RDS-01", "names the subnets of a database")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some(group) = database::subnet_group(&cx.cloud, &self.name()).await? else { return Ok(Found::absent()) };
        let owner = owner(cx, &group).await?;
        let outputs = Outputs { name: self.name(), vpc: group.vpc_id().unwrap_or_default().to_owned() };
        let wanted = self.wanted(cx).await?;
        Ok(Found::there(outputs, self.differences(&group, &wanted), owner))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let rds = cx.cloud.aws.rds().await?;
        let wanted = self.wanted(cx).await?;
        if wanted.is_empty() {
            let what = "the subnets of the database are not known";
            return Err(Trouble::guide(what, "Name subnets, or a VPC that has some."));
        }
        let Some(group) = database::subnet_group(&cx.cloud, &self.name()).await? else {
            let sent = rds
                .create_db_subnet_group()
                .db_subnet_group_name(self.name())
                .db_subnet_group_description(self.description())
                .set_subnet_ids(Some(wanted))
                .set_tags(Some(marks::rds(&cx.tags())))
                .send()
                .await
                .map_err(Trouble::from);
            match sent {
                // The answer was lost, and the call repeated.
                Err(trouble) if trouble.code() == Some("DBSubnetGroupAlreadyExists") && self.is_ours(cx).await? => {}
                other => drop(other?),
            }
            return Ok(Applied::made());
        };
        let there = subnets(&group);
        let ours = owner(cx, &group).await? == Owner::Ours;
        // Nobody else's subnets are taken out.
        let mut ids: BTreeSet<String> = wanted.into_iter().collect();
        if !ours {
            ids.extend(there.clone());
        }
        if ids != there {
            rds.modify_db_subnet_group()
                .db_subnet_group_name(self.name())
                .set_subnet_ids(Some(ids.into_iter().collect()))
                .send()
                .await?;
        }
        Ok(if ours { Applied::made() } else { Applied::changed(json!({ "subnets": there })) })
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(group) = database::subnet_group(&cx.cloud, &self.name()).await? else { return Ok(()) };
        let rds = cx.cloud.aws.rds().await?;
        if let Some(before) = &made.before {
            let was: BTreeSet<String> = serde_json::from_value(before["subnets"].clone()).unwrap_or_default();
            let mut ours = was.clone();
            ours.extend(self.wanted(cx).await?);
            if subnets(&group) == ours && was != ours && !was.is_empty() {
                let ids = Some(was.into_iter().collect());
                rds.modify_db_subnet_group().db_subnet_group_name(self.name()).set_subnet_ids(ids).send().await?;
            }
            return Ok(());
        }
        if owner(cx, &group).await? != Owner::Ours {
            return Err(crate::cloud::look::changed_since(&format!("the subnet group {}", self.name())));
        }
        match rds.delete_db_subnet_group().db_subnet_group_name(self.name()).send().await.map_err(Trouble::from) {
            Err(trouble) if trouble.code() == Some("InvalidDBSubnetGroupStateFault") => {
                Err(self.in_use(&cx.target.region).into())
            }
            other => other.map(drop),
        }
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let create = aws("rds create-db-subnet-group")
            .with("--db-subnet-group-name", self.name())
            .with("--db-subnet-group-description", self.description())
            .list("--subnet-ids", self.shown());
        vec![create.region(&cx.target.region).to_string()]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("deletes the subnet group {}", self.name())
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        Permissions::default().iam("*", ["ec2:DescribeSubnets", "ec2:DescribeRouteTables", "ec2:DescribeVpcs"]).iam(
            &cx.target.arn("rds", &format!("subgrp:{}", self.name())),
            [
                "rds:DescribeDBSubnetGroups",
                "rds:CreateDBSubnetGroup",
                "rds:ModifyDBSubnetGroup",
                "rds:DeleteDBSubnetGroup",
                "rds:AddTagsToResource",
                "rds:ListTagsForResource",
            ],
        )
    }
}

impl SubnetGroup {
    fn name(&self) -> String {
        self.name.to_lowercase()
    }

    async fn is_ours(&self, cx: &Context) -> Result<bool, Trouble> {
        match database::subnet_group(&cx.cloud, &self.name()).await? {
            Some(group) => Ok(owner(cx, &group).await? == Owner::Ours),
            None => Ok(false),
        }
    }

    fn description(&self) -> &str {
        self.description.as_deref().unwrap_or(&self.name)
    }

    fn shown(&self) -> Vec<String> {
        match (&self.subnets, &self.vpc) {
            (Some(subnets), _) if !subnets.shown().is_empty() => subnets.shown(),
            (_, Some(vpc)) => vec![format!("<private subnets of {vpc}>")],
            _ => Vec::new(),
        }
    }

    /// The subnets it is to have, as far as they are known.
    async fn wanted(&self, cx: &Context) -> Result<Vec<String>, Trouble> {
        match (&self.subnets, self.vpc.as_ref().and_then(Late::known)) {
            (Some(Late::Known(subnets)), _) if !subnets.is_empty() => Ok(subnets.clone()),
            (None | Some(Late::Known(_)), Some(vpc)) => vpc::private_subnets(&cx.cloud, vpc).await,
            _ => Ok(Vec::new()),
        }
    }

    fn differences(&self, group: &DbSubnetGroup, wanted: &[String]) -> Vec<Difference> {
        let there = subnets(group);
        let differing = |field: &str, wanted: String, found: String, fixed: bool| Difference {
            field: field.into(),
            wanted,
            found,
            fixed,
        };
        let mut differences = Vec::new();
        let vpc = group.vpc_id().unwrap_or_default();
        match self.vpc.as_ref().and_then(Late::known) {
            // Subnets of another VPC cannot be put in.
            Some(wanted) if wanted != vpc => {
                differences.push(differing("vpc", wanted.clone(), vpc.to_owned(), true));
            }
            _ if wanted.iter().any(|subnet| !there.contains(subnet)) => {
                let found = there.into_iter().collect::<Vec<_>>().join(", ");
                differences.push(differing("subnets", wanted.join(", "), found, false));
            }
            _ => {}
        }
        differences
    }

    fn in_use(&self, region: &str) -> Problem {
        let list = aws("rds describe-db-instances")
            .with("--query", "DBInstances[].[DBInstanceIdentifier,DBSubnetGroup.DBSubnetGroupName]");
        Problem::new(
            "RDS-SUBNET-GROUP-IN-USE",
            format!("a database still uses the subnet group {}", self.name()),
            fix("Take the database away first, or leave both; then undo again.", [list.region(region)]),
        )
    }
}

async fn owner(cx: &Context, group: &DbSubnetGroup) -> Result<Owner, Trouble> {
    let tags = database::tags(&cx.cloud, group.db_subnet_group_arn().unwrap_or_default()).await?;
    Ok(marks::owner(&cx.install, tags.iter().map(|(key, value)| (&**key, &**value))))
}

fn subnets(group: &DbSubnetGroup) -> BTreeSet<String> {
    group.subnets().iter().filter_map(|subnet| subnet.subnet_identifier().map(str::to_owned)).collect()
}
