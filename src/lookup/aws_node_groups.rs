//! `aws.node_groups`: which node groups does the cluster have?

use async_trait::async_trait;
use landfall_core::event::{Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::{aside, instance_type::quota, node_group},
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
    /// Suggests one of GPU nodes (true) or of other nodes (false); only a single one where left out.
    #[serde(default)]
    gpu: Option<bool>,
}

#[async_trait]
impl Lookup for NodeGroups {
    const ABOUT: LookupAbout = LookupAbout { name: "aws.node_groups", about: "node groups of the cluster" };
    const SERVICES: &'static [&'static str] = &["eks"];

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let cluster = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let eks = cx.cloud.aws.eks().await?;
        let pages = eks.list_nodegroups().cluster_name(cluster).into_paginator().items().send();
        let mut names = pages.collect::<Result<Vec<_>, _>>().await?;
        names.retain(|name| !self.except.contains(name));
        let mut rows: Vec<Row> = Vec::new();
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
                suggested: match self.gpu {
                    None => names.len() == 1,
                    Some(gpu) => gpu == for_gpus(&ami, group.instance_types()) && !rows.iter().any(|row| row.suggested),
                },
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

/// Whether nodes have GPUs, by their image or by the family of their instances.
fn for_gpus(ami: &str, instance_types: &[String]) -> bool {
    let by_type =
        instance_types.iter().any(|name| matches!(quota(name).map(|quota| quota.code), Some(GPU_QUOTA | P_QUOTA)));
    ami.contains("NVIDIA") || ami.contains("GPU") || by_type
}

/// Quotas of the families with GPUs.
const GPU_QUOTA: &str = "L-DB2E81BA";
const P_QUOTA: &str = "L-417A185B";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_with_gpus_are_known_by_image_or_family() {
        assert!(for_gpus("AL2023_x86_64_NVIDIA", &[]));
        assert!(for_gpus("CUSTOM", &["g5.xlarge".to_owned()]));
        assert!(!for_gpus("AL2023_ARM_64_STANDARD", &["m8g.large".to_owned()]));
    }
}
