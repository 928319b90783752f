//! `ec2.security_group_rule`: one group lets another in at one TCP port.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::types::{
    IpPermission, ResourceType, SecurityGroupRule as Described, TagSpecification, UserIdGroupPair,
};
use landfall_core::{
    catalogue::Again,
    event::{Found, Owner, Permissions},
    value::Late,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    cloud::{
        Trouble,
        look::{changed_since, marks, shell::aws, vpc::filter},
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroupRule {
    /// Id of the group that lets in.
    group: Late<String>,
    /// The TCP port.
    port: u16,
    /// Id of the group that is let in.
    source_group: Late<String>,
    /// What it is for.
    #[serde(default)]
    description: Option<String>,
}

/// What others read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its id.
    pub id: String,
}

#[async_trait]
impl Step for SecurityGroupRule {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::ByMark,
        fixed: &["group", "port", "source_group"],
        ..StepAbout::new("ec2.security_group_rule", "EC2-03", "lets a security group in at one port")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some(rule) = self.find(cx).await? else { return Ok(Found::absent()) };
        let outputs = Outputs { id: rule.security_group_rule_id().unwrap_or_default().to_owned() };
        Ok(Found::there(outputs, Vec::new(), owner(&rule, cx)))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        if self.find(cx).await?.is_some() {
            return Ok(Applied::made());
        }
        let (Some(group), Some(source)) = (self.group.known(), self.source_group.known()) else {
            let what = "the security groups are not known yet";
            return Err(Trouble::guide(what, "Make the step run after those that make them."));
        };
        let pair = UserIdGroupPair::builder().group_id(source).set_description(self.description.clone()).build();
        let permission = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(i32::from(self.port))
            .to_port(i32::from(self.port))
            .user_id_group_pairs(pair)
            .build();
        let tags = TagSpecification::builder()
            .resource_type(ResourceType::SecurityGroupRule)
            .set_tags(Some(marks::ec2(&cx.tags())))
            .build();
        let ec2 = cx.cloud.aws.ec2().await?;
        let sent = ec2
            .authorize_security_group_ingress()
            .group_id(group)
            .ip_permissions(permission)
            .tag_specifications(tags)
            .send()
            .await
            .map_err(Trouble::from);
        match sent {
            // The answer was lost, or somebody was faster.
            Err(trouble) if trouble.code() == Some("InvalidPermission.Duplicate") => Ok(Applied::made()),
            other => other.map(|_| Applied::made()),
        }
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(rule) = self.find(cx).await? else { return Ok(()) };
        if owner(&rule, cx) != Owner::Ours || rule.security_group_rule_id() != made.outputs["id"].as_str() {
            return Err(changed_since(&format!("the rule for port {}", self.port)));
        }
        let ec2 = cx.cloud.aws.ec2().await?;
        ec2.revoke_security_group_ingress()
            .set_group_id(rule.group_id)
            .set_security_group_rule_ids(rule.security_group_rule_id.map(|id| vec![id]))
            .send()
            .await?;
        Ok(())
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let allow = aws("ec2 authorize-security-group-ingress")
            .with("--group-id", &self.group)
            .with("--protocol", "tcp")
            .with("--port", self.port)
            .with("--source-group", &self.source_group);
        vec![allow.region(&cx.target.region).to_string()]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("takes away the rule that lets {} in at port {}", self.source_group, self.port)
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let group = self.group.known().map_or("*", String::as_str);
        let group = cx.target.arn("ec2", &format!("security-group/{group}"));
        let rule = cx.target.arn("ec2", "security-group-rule/*");
        Permissions::default()
            .iam("*", ["ec2:DescribeSecurityGroupRules"])
            .iam(&group, ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"])
            .iam(&rule, ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress", "ec2:CreateTags"])
    }
}

impl SecurityGroupRule {
    /// The rule that lets the source in, ours first; by our mark while the groups are not known.
    async fn find(&self, cx: &Context) -> Result<Option<Described>, Trouble> {
        let mut filters = match self.group.known() {
            Some(group) => vec![filter("group-id", &[group.as_str()])],
            None => Vec::new(),
        };
        let known = self.group.known().is_some() && self.source_group.known().is_some();
        if !known {
            let tags: BTreeMap<String, String> = cx.tags();
            filters.extend(marks::filters(&tags));
        }
        let pages = cx.cloud.aws.ec2().await?.describe_security_group_rules().set_filters(Some(filters));
        let rules = pages.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await?;
        let mut fitting: Vec<Described> = rules.into_iter().filter(|rule| self.fits(rule)).collect();
        fitting.sort_by_key(|rule| owner(rule, cx) != Owner::Ours);
        Ok(fitting.into_iter().next())
    }

    /// Whether a rule lets the source in at the port; a wider one does, too.
    fn fits(&self, rule: &Described) -> bool {
        let port = i32::from(self.port);
        let protocol = match rule.ip_protocol() {
            // Every protocol and port.
            Some("-1") => true,
            Some("tcp") => {
                rule.from_port().is_some_and(|from| from <= port) && rule.to_port().is_some_and(|to| port <= to)
            }
            _ => false,
        };
        let source = rule.referenced_group_info().and_then(|group| group.group_id());
        let from = self.source_group.known().is_none_or(|wanted| source == Some(wanted.as_str()));
        rule.is_egress() != Some(true) && protocol && from
    }
}

fn owner(rule: &Described, cx: &Context) -> Owner {
    marks::owner(&cx.install, marks::pairs(rule.tags()))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::ReferencedSecurityGroup;

    use super::*;

    #[test]
    fn a_wider_rule_lets_in_as_well_and_one_for_others_does_not() {
        let step = SecurityGroupRule {
            group: Late::Known("sg-db".into()),
            port: 5432,
            source_group: Late::Known("sg-nodes".into()),
            description: None,
        };
        let rule = |protocol: &str, from: i32, to: i32, source: &str| {
            let source = ReferencedSecurityGroup::builder().group_id(source).build();
            let rule = Described::builder().ip_protocol(protocol).from_port(from).to_port(to);
            rule.is_egress(false).referenced_group_info(source).build()
        };
        assert!(step.fits(&rule("tcp", 5432, 5432, "sg-nodes")));
        assert!(step.fits(&rule("tcp", 5000, 6000, "sg-nodes")));
        assert!(step.fits(&rule("-1", -1, -1, "sg-nodes")));
        assert!(!step.fits(&rule("tcp", 5432, 5432, "sg-others")));
        assert!(!step.fits(&rule("udp", 5432, 5432, "sg-nodes")));
        assert!(!step.fits(&rule("tcp", 3306, 3306, "sg-nodes")));
    }
}
