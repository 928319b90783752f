//! `aws.node_roles`: which IAM roles can nodes have? Those the cluster's node groups use come first.

use async_trait::async_trait;
use aws_sdk_iam::types::Role;
use landfall_core::event::{Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::{aside, node_group, policy},
    },
    kind::{Context, Lookup, LookupAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeRoles {
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
}

#[async_trait]
impl Lookup for NodeRoles {
    const ABOUT: LookupAbout = LookupAbout { name: "aws.node_roles", about: "IAM roles for nodes" };
    const SERVICES: &'static [&'static str] = &["eks", "iam"];

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let cluster = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let used = used(cx, cluster).await?;
        // Listing roles is often denied; those in use are worth showing alone.
        let pages = cx.cloud.aws.iam().await?.list_roles().into_paginator().items().send();
        let listed = pages.collect::<Result<Vec<_>, _>>().await;
        let all = if used.is_empty() { Some(listed?) } else { aside(listed)? };
        let mut rows = Vec::new();
        for (index, (arn, groups)) in used.iter().enumerate() {
            rows.push(Row {
                value: arn.as_str().into(),
                cells: vec![short(arn), format!("node group {}", groups.join(", "))],
                suggested: index == 0,
                ..Row::default()
            });
        }
        for role in all.iter().flatten().filter(|role| for_nodes(role)) {
            if !used.iter().any(|(arn, _)| arn == role.arn()) {
                rows.push(Row {
                    value: role.arn().into(),
                    cells: vec![short(role.arn()), role.description().unwrap_or_default().to_owned()],
                    ..Row::default()
                });
            }
        }
        let note = if all.is_some() { "roles EC2 may assume" } else { "listing all roles was denied" };
        Ok(Table { columns: vec!["role".into(), "used by".into()], rows, note: note.into() })
    }
}

/// Roles of the cluster's node groups, with the groups' names.
async fn used(cx: &Context, cluster: &str) -> Result<Vec<(String, Vec<String>)>, Trouble> {
    if cluster.is_empty() {
        return Ok(Vec::new());
    }
    let eks = cx.cloud.aws.eks().await?;
    let pages = eks.list_nodegroups().cluster_name(cluster).into_paginator().items().send();
    let names = aside(pages.collect::<Result<Vec<_>, _>>().await)?.unwrap_or_default();
    let mut used: Vec<(String, Vec<String>)> = Vec::new();
    for name in names {
        let Some(group) = aside(node_group::find(&cx.cloud, cluster, &name).await)?.flatten() else { continue };
        let Some(role) = group.node_role() else { continue };
        match used.iter_mut().find(|(known, _)| known == role) {
            Some((_, groups)) => groups.push(name),
            None => used.push((role.to_owned(), vec![name])),
        }
    }
    Ok(used)
}

fn for_nodes(role: &Role) -> bool {
    let service_role = role.path().starts_with("/aws-service-role/");
    let document = role.assume_role_policy_document().and_then(policy::decoded);
    !service_role && document.is_some_and(|document| document.to_string().contains("ec2.amazonaws.com"))
}

fn short(arn: &str) -> String {
    arn.split_once(":role/").map_or(arn, |(_, name)| name).to_owned()
}
