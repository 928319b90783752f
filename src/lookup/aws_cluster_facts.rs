//! `aws.cluster_facts`: what a guide's templates read of the cluster, frozen into the plan.

use async_trait::async_trait;
use aws_sdk_eks::types::Cluster;
use landfall_core::event::{Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    cloud::{Trouble, look::cluster},
    kind::{Context, Lookup, LookupAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterFacts {
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
    /// Whether it may not be there, because a step makes it; then there is no row.
    #[serde(default)]
    may_be_absent: bool,
}

#[async_trait]
impl Lookup for ClusterFacts {
    const ABOUT: LookupAbout = LookupAbout { name: "aws.cluster_facts", about: "the cluster, as templates read it" };
    const SERVICES: &'static [&'static str] = &["eks"];

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let name = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let found = match self.may_be_absent {
            true => cluster::find(&cx.cloud, name).await?,
            false => Some(cluster::cluster(&cx.cloud, name).await?),
        };
        let row = |found: &Cluster| {
            let value = facts(found);
            let cell = |field: &str| value[field].as_str().unwrap_or_default().to_owned();
            let cells = vec![name.to_owned(), cell("version"), cell("status"), cell("auth_mode"), cell("vpc_id")];
            Row { value, cells, suggested: true, ..Row::default() }
        };
        Ok(Table {
            columns: ["cluster", "Kubernetes", "status", "access", "VPC"].map(str::to_owned).to_vec(),
            rows: found.iter().map(row).collect(),
            note: "EKS DescribeCluster".into(),
        })
    }
}

fn facts(cluster: &Cluster) -> Value {
    let network = cluster.kubernetes_network_config();
    let vpc = cluster.resources_vpc_config();
    json!({
        "name": cluster.name(),
        "arn": cluster.arn(),
        "role": cluster.role_arn(),
        "version": cluster.version(),
        "status": cluster.status().map(|status| status.as_str()),
        "endpoint": cluster.endpoint(),
        "ca": cluster.certificate_authority().and_then(|authority| authority.data()),
        "service_cidr": network.and_then(|network| network.service_ipv4_cidr().or(network.service_ipv6_cidr())),
        "issuer": cluster::issuer(cluster),
        "vpc_id": vpc.and_then(|vpc| vpc.vpc_id()),
        "security_group": vpc.and_then(|vpc| vpc.cluster_security_group_id()),
        "auth_mode": cluster.access_config().and_then(|access| access.authentication_mode()).map_or("CONFIG_MAP", |mode| mode.as_str()),
        "auto_mode": cluster.compute_config().and_then(|compute| compute.enabled()).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::{Certificate, KubernetesNetworkConfigResponse};

    use super::*;

    #[test]
    fn what_node_config_needs_is_there() {
        let cluster = Cluster::builder()
            .name("pay-1")
            .version("1.31")
            .endpoint("https://x")
            .role_arn("arn:aws:iam::123456789012:role/pay-1-cluster")
            .certificate_authority(Certificate::builder().data("Q0E=").build())
            .kubernetes_network_config(
                KubernetesNetworkConfigResponse::builder().service_ipv4_cidr("172.20.0.0/16").build(),
            )
            .build();
        let facts = facts(&cluster);
        assert_eq!(facts["ca"], "Q0E=");
        assert_eq!(facts["role"], "arn:aws:iam::123456789012:role/pay-1-cluster");
        assert_eq!(facts["service_cidr"], "172.20.0.0/16");
        assert_eq!(facts["auth_mode"], "CONFIG_MAP");
        assert_eq!(facts["auto_mode"], false);
    }
}
