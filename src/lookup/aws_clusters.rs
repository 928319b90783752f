//! `aws.clusters`: which EKS clusters are in this region?

use async_trait::async_trait;
use landfall_core::event::{Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::{aside, cluster},
    },
    kind::{Context, Lookup, LookupAbout},
};

/// No parameters.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clusters {}

/// So many are described; the others are listed by name alone.
const DESCRIBED: usize = 20;

#[async_trait]
impl Lookup for Clusters {
    const ABOUT: LookupAbout = LookupAbout { name: "aws.clusters", about: "EKS clusters of this region" };
    const SERVICES: &'static [&'static str] = &["eks"];

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let pages = cx.cloud.aws.eks().await?.list_clusters().into_paginator().items().send();
        let names = pages.collect::<Result<Vec<_>, _>>().await?;
        let described = names.iter().take(DESCRIBED).map(|name| cluster::find(&cx.cloud, name));
        let described = futures::future::join_all(described).await;
        let mut rows = Vec::new();
        let mut described = described.into_iter();
        for name in &names {
            let found = match described.next() {
                Some(answer) => aside(answer)?.flatten(),
                None => None,
            };
            let (version, status) = found.as_ref().map_or_else(Default::default, |cluster| {
                let status = cluster.status().map_or("", |status| status.as_str());
                (cluster.version().unwrap_or_default().to_owned(), status.to_owned())
            });
            let gone = matches!(status.as_str(), "DELETING" | "FAILED");
            rows.push(Row {
                value: name.as_str().into(),
                cells: vec![name.clone(), version, status.clone()],
                rejected: gone.then(|| format!("it is {status}")),
                suggested: names.len() == 1 || *name == cx.target.cluster,
            });
        }
        let region = cx.cloud.aws.region().await.unwrap_or_default();
        Ok(Table {
            columns: ["cluster", "Kubernetes", "status"].map(str::to_owned).to_vec(),
            rows,
            note: format!("EKS ListClusters in {region}"),
        })
    }
}
