//! `aws.node_groups`: which node groups does the cluster have?

use async_trait::async_trait;
use landfall_core::event::{Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::{aside, node_group},
    },
    kind::{Context, Lookup, LookupAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeGroups {
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
    /// Names that are not offered: what this guide makes itself.
    #[serde(default)]
    except: Vec<String>,
}

#[async_trait]
impl Lookup for NodeGroups {
    const ABOUT: LookupAbout = LookupAbout { name: "aws.node_groups", about: "node groups of the cluster" };

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let cluster = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let eks = cx.cloud.aws.eks().await?;
        let pages = eks.list_nodegroups().cluster_name(cluster).into_paginator().items().send();
        let mut names = pages.collect::<Result<Vec<_>, _>>().await?;
        names.retain(|name| !self.except.contains(name));
        let mut rows = Vec::new();
        for name in &names {
            let found = aside(node_group::find(&cx.cloud, cluster, name).await)?.flatten();
            let Some(group) = found else {
                rows.push(Row { value: name.as_str().into(), cells: vec![name.clone()], ..Row::default() });
                continue;
            };
            let size = group.scaling_config().map_or_else(String::new, |scaling| {
                let number = |value: Option<i32>| value.unwrap_or_default();
                let (desired, min, max) = (scaling.desired_size(), scaling.min_size(), scaling.max_size());
                format!("{} ({} to {})", number(desired), number(min), number(max))
            });
            let ami = group.ami_type().map_or("", |ami| ami.as_str()).to_owned();
            rows.push(Row {
                value: name.as_str().into(),
                cells: vec![
                    name.clone(),
                    node_group::status(&group).to_owned(),
                    size,
                    group.instance_types().join(", "),
                    ami.clone(),
                ],
                suggested: names.len() == 1 || !ami.contains("NVIDIA") && !ami.contains("GPU") && rows.is_empty(),
                ..Row::default()
            });
        }
        Ok(Table {
            columns: ["node group", "status", "nodes", "instance types", "image"].map(str::to_owned).to_vec(),
            rows,
            note: format!("EKS ListNodegroups of {cluster}"),
        })
    }
}
