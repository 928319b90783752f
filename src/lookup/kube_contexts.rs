//! `kube.contexts`: which clusters does the kubeconfig know?

use async_trait::async_trait;
use landfall_core::event::{Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::Trouble,
    kind::{Context, Lookup, LookupAbout},
};

/// No parameters.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeContexts {}

#[async_trait]
impl Lookup for KubeContexts {
    const ABOUT: LookupAbout = LookupAbout { name: "kube.contexts", about: "contexts of the kubeconfig" };

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let config = cx.cloud.kube.kubeconfig()?;
        let current = cx.cloud.kube.context();
        let wanted = &cx.target.cluster;
        let mut rows: Vec<Row> = config
            .contexts
            .iter()
            .map(|named| {
                let context = named.context.clone();
                let cluster = context.as_ref().map(|context| context.cluster.clone()).unwrap_or_default();
                let server = config
                    .clusters
                    .iter()
                    .find(|known| known.name == cluster)
                    .and_then(|known| known.cluster.as_ref()?.server.clone());
                let namespace = context.and_then(|context| context.namespace).unwrap_or_default();
                Row {
                    value: named.name.clone().into(),
                    rejected: server.is_none().then(|| format!("the kubeconfig does not describe the cluster {cluster}")),
                    cells: vec![named.name.clone(), cluster, server.unwrap_or_default(), namespace],
                    suggested: false,
                }
            })
            .collect();
        // `aws eks update-kubeconfig` names contexts by ARN, eksctl by user@cluster.region.
        let named = |row: &Row| !wanted.is_empty() && row.cells.iter().take(2).any(|cell| names(cell, wanted));
        let best = rows
            .iter()
            .position(|row| row.rejected.is_none() && named(row))
            .or_else(|| rows.iter().position(|row| current.as_deref() == row.value.as_str()));
        if let Some(row) = best.and_then(|best| rows.get_mut(best)) {
            row.suggested = true;
        }
        Ok(Table {
            columns: ["context", "cluster", "server", "namespace"].map(str::to_owned).to_vec(),
            rows,
            note: "kubeconfig".into(),
        })
    }
}

fn names(text: &str, cluster: &str) -> bool {
    text.split(['/', '@', '.', ':']).any(|word| word == cluster)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_known_by_arn_or_eksctls_name() {
        assert!(names("arn:aws:eks:us-east-2:123456789012:cluster/pay-1", "pay-1"));
        assert!(names("ann@pay-1.us-east-2.eksctl.io", "pay-1"));
        assert!(!names("arn:aws:eks:us-east-2:123456789012:cluster/pay-10", "pay-1"));
    }
}
