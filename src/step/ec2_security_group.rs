//! `ec2.security_group`: a security group of one's own, which lets nothing in until rules say so.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::types::{ResourceType, SecurityGroup as Described, TagSpecification};
use landfall_core::{
    catalogue::Again,
    event::{Difference, Found, Owner, Permissions, Problem},
    value::Late,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    cloud::{
        Trouble,
        look::{
            marks,
            shell::{aws, fix},
            vpc,
        },
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroup {
    /// Its name, one of a kind in its VPC.
    name: String,
    /// The VPC's id.
    vpc: Late<String>,
    /// What it is for; EC2 never changes it afterwards.
    description: String,
    /// Tags beside the install's own.
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

/// What others read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its id.
    pub id: String,
    /// Its VPC.
    pub vpc: String,
}

#[async_trait]
impl Step for SecurityGroup {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::ByMark,
        fixed: &["name", "vpc", "description"],
        ..StepAbout::new("ec2.security_group", "EC2-02", "makes a security group")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some(group) = self.find(cx).await? else { return Ok(Found::absent()) };
        let outputs = Outputs {
            id: group.group_id().unwrap_or_default().to_owned(),
            vpc: group.vpc_id().unwrap_or_default().to_owned(),
        };
        Ok(Found::there(outputs, self.differences(&group), marks::owner(&cx.install, marks::pairs(group.tags()))))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let ec2 = cx.cloud.aws.ec2().await?;
        if let Some(group) = self.find(cx).await? {
            let missing: BTreeMap<String, String> = self
                .differences(&group)
                .into_iter()
                .filter_map(|difference| difference.field.strip_prefix("tags.").map(str::to_owned))
                .filter_map(|key| self.tags.get(&key).map(|value| (key, value.clone())))
                .collect();
            let before: BTreeMap<&String, Option<&str>> =
                missing.keys().map(|key| (key, value_of(&group, key))).collect();
            let before = json!({ "tags": before });
            if !missing.is_empty() {
                let id = group.group_id().unwrap_or_default();
                ec2.create_tags().resources(id).set_tags(Some(marks::ec2(&missing))).send().await?;
            }
            let ours = marks::owner(&cx.install, marks::pairs(group.tags())) == Owner::Ours;
            return Ok(if ours { Applied::made() } else { Applied::changed(before) });
        }
        let vpc = self.vpc.known().ok_or_else(unknown_vpc)?;
        let mut tags = BTreeMap::from([("Name".to_owned(), self.name.clone())]);
        tags.extend(self.tags.clone());
        tags.extend(cx.tags());
        let tags = TagSpecification::builder()
            .resource_type(ResourceType::SecurityGroup)
            .set_tags(Some(marks::ec2(&tags)))
            .build();
        let sent = ec2
            .create_security_group()
            .group_name(&self.name)
            .description(&self.description)
            .vpc_id(vpc)
            .tag_specifications(tags)
            .send()
            .await
            .map_err(Trouble::from);
        match sent {
            // The answer was lost, and the call repeated.
            Err(trouble) if trouble.code() == Some("InvalidGroup.Duplicate") && self.is_ours(cx).await? => {}
            other => drop(other?),
        }
        Ok(Applied::made())
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(group) = self.find(cx).await? else { return Ok(()) };
        let ec2 = cx.cloud.aws.ec2().await?;
        let id = group.group_id().unwrap_or_default();
        if let Some(before) = &made.before {
            return self.restore(cx, &group, before).await;
        }
        if marks::owner(&cx.install, marks::pairs(group.tags())) != Owner::Ours {
            return Err(crate::cloud::look::changed_since(&format!("the security group {}", self.name)));
        }
        match ec2.delete_security_group().group_id(id).send().await.map_err(Trouble::from) {
            Err(trouble) if trouble.code() == Some("DependencyViolation") => Err(in_use(id, cx).into()),
            other => other.map(drop),
        }
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let create = aws("ec2 create-security-group")
            .with("--group-name", &self.name)
            .with("--description", &self.description)
            .with("--vpc-id", &self.vpc)
            .maybe("--tag-specifications", self.tags_typed());
        vec![create.region(&cx.target.region).to_string()]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("deletes the security group {}, once nothing uses it", self.name)
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let vpc = self.vpc.known().map_or("*", String::as_str);
        let groups = cx.target.arn("ec2", "security-group/*");
        Permissions::default()
            .iam("*", ["ec2:DescribeSecurityGroups"])
            .iam(&cx.target.arn("ec2", &format!("vpc/{vpc}")), ["ec2:CreateSecurityGroup"])
            .iam(&groups, ["ec2:CreateSecurityGroup", "ec2:CreateTags", "ec2:DeleteTags", "ec2:DeleteSecurityGroup"])
    }
}

impl SecurityGroup {
    /// By its name in its VPC; by our mark while the VPC is not known.
    async fn find(&self, cx: &Context) -> Result<Option<Described>, Trouble> {
        if let Some(vpc) = self.vpc.known() {
            return vpc::security_group(&cx.cloud, vpc, &self.name).await;
        }
        let mut filters = marks::filters(&cx.tags());
        filters.push(vpc::filter("group-name", &[self.name.as_str()]));
        let answer = cx.cloud.aws.ec2().await?.describe_security_groups().set_filters(Some(filters)).send().await?;
        Ok(answer.security_groups.unwrap_or_default().into_iter().next())
    }

    /// As the CLI takes tags of something new.
    fn tags_typed(&self) -> Option<String> {
        let tags: Vec<String> = self.tags.iter().map(|(key, value)| format!("{{Key={key},Value={value}}}")).collect();
        (!tags.is_empty()).then(|| format!("ResourceType=security-group,Tags=[{}]", tags.join(",")))
    }

    async fn is_ours(&self, cx: &Context) -> Result<bool, Trouble> {
        let group = self.find(cx).await?;
        Ok(group.is_some_and(|group| marks::owner(&cx.install, marks::pairs(group.tags())) == Owner::Ours))
    }

    fn differences(&self, group: &Described) -> Vec<Difference> {
        self.tags
            .iter()
            .filter(|(key, value)| value_of(group, key) != Some(value.as_str()))
            .map(|(key, value)| Difference {
                field: format!("tags.{key}"),
                wanted: value.clone(),
                found: value_of(group, key).unwrap_or("none").to_owned(),
                fixed: false,
            })
            .collect()
    }

    /// Puts the tags back that were there, where ours still stand.
    async fn restore(&self, cx: &Context, group: &Described, before: &Value) -> Result<(), Trouble> {
        let ec2 = cx.cloud.aws.ec2().await?;
        let id = group.group_id().unwrap_or_default();
        for (key, was) in before["tags"].as_object().into_iter().flatten() {
            if value_of(group, key) != self.tags.get(key).map(String::as_str) {
                continue;
            }
            let tag = aws_sdk_ec2::types::Tag::builder().key(key);
            match was.as_str() {
                Some(was) => drop(ec2.create_tags().resources(id).tags(tag.value(was).build()).send().await?),
                None => drop(ec2.delete_tags().resources(id).tags(tag.build()).send().await?),
            }
        }
        Ok(())
    }
}

fn value_of<'a>(group: &'a Described, key: &str) -> Option<&'a str> {
    marks::pairs(group.tags()).find(|(name, _)| *name == key).map(|(_, value)| value)
}

fn unknown_vpc() -> Trouble {
    Trouble::guide("the VPC is not known yet", "Make the step run after the one that tells it.")
}

fn in_use(id: &str, cx: &Context) -> Problem {
    let look = aws("ec2 describe-network-interfaces").with("--filters", format!("Name=group-id,Values={id}"));
    Problem::new(
        "EC2-GROUP-IN-USE",
        format!("the security group {id} is still used"),
        fix(
            "Take away what has it (network interfaces, rules of other groups), then undo again.",
            [look.region(&cx.target.region)],
        ),
    )
    .why("EC2 deletes a security group only when no network interface and no other group's rule names it.")
}
