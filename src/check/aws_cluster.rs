//! `aws.cluster`: is the EKS cluster up, and how is it reached?

use async_trait::async_trait;
use aws_sdk_eks::types::{Cluster as Described, ClusterStatus};
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::{
            cluster,
            shell::{aws, fix},
        },
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The cluster's status, and how its API is reached. Nothing can be installed while EKS still makes or changes it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
}

#[async_trait]
impl Check for Cluster {
    const ABOUT: CheckAbout =
        CheckAbout { name: "aws.cluster", code: "EKS-01", about: "the EKS cluster is up", touches: Touches::Nothing };
    const PROBLEMS: &'static [&'static str] =
        &["EKS-AUTO-MODE", "EKS-CLUSTER-CREATING", "EKS-CLUSTER-DOWN", "EKS-ENDPOINT-PUBLIC-ONLY"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let name = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let region = cx.cloud.aws.region().await.unwrap_or_default();
        Ok(match cluster::find(&cx.cloud, name).await? {
            Some(cluster) => judge(&cluster, name, &region),
            None => Outcome::Fail { problem: cluster::missing(&cx.cloud, name).await },
        })
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let name = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        Permissions::default()
            .iam(&cx.target.arn("eks", &format!("cluster/{name}")), ["eks:DescribeCluster"])
            .iam("*", ["eks:ListClusters"])
    }
}

fn judge(cluster: &Described, name: &str, region: &str) -> Outcome {
    let look = || aws("eks describe-cluster").with("--name", name).region(region);
    let status = cluster.status().map_or("UNKNOWN", |status| status.as_str());
    match cluster.status() {
        Some(ClusterStatus::Active | ClusterStatus::Updating) => {}
        Some(ClusterStatus::Creating | ClusterStatus::Pending) => {
            let problem = Problem::new(
                "EKS-CLUSTER-CREATING",
                format!("cluster {name} is {status}"),
                fix("Wait until it is ACTIVE; that usually takes 10 to 15 minutes.", [look()]),
            );
            return Outcome::NotYet { problem };
        }
        _ => {
            let issues: Vec<String> = cluster
                .health()
                .map_or(&[][..], |health| health.issues())
                .iter()
                .filter_map(|issue| issue.message().map(str::to_owned))
                .collect();
            let advice = "Repair the cluster first; nothing can be installed on it.";
            let problem =
                Problem::new("EKS-CLUSTER-DOWN", format!("cluster {name} is {status}"), fix(advice, [look()]));
            return Outcome::Fail { problem: problem.why(issues.join(" ")) };
        }
    }
    if cluster.compute_config().and_then(|compute| compute.enabled()).unwrap_or_default() {
        let problem = Problem::new(
            "EKS-AUTO-MODE",
            format!("cluster {name} runs in EKS Auto Mode"),
            "Look at each step that makes nodes: managed node groups work beside Auto Mode; its load balancer class is `alb`.",
        );
        return Outcome::Warn {
            problem: problem.why(
                "Auto Mode's own node pools do not grow for DaemonSets, and bring their own ingress class and storage driver.",
            ),
        };
    }
    if let Some(vpc) = cluster.resources_vpc_config() {
        let open = vpc.public_access_cidrs().iter().any(|cidr| cidr == "0.0.0.0/0");
        if vpc.endpoint_public_access() && !vpc.endpoint_private_access() && !open {
            let problem = Problem::new(
                "EKS-ENDPOINT-PUBLIC-ONLY",
                "the cluster's endpoint is public only, and only for some addresses",
                fix(
                    "Turn on the private endpoint, or make sure that the NAT addresses of the nodes' subnets are among the allowed ones.",
                    [aws("eks update-cluster-config")
                        .with("--name", name)
                        .with("--resources-vpc-config", "endpointPrivateAccess=true")
                        .region(region)],
                ),
            );
            let why = format!("Nodes join through it, too. Allowed: {}.", vpc.public_access_cidrs().join(", "));
            return Outcome::Warn { problem: problem.why(why) };
        }
    }
    Outcome::pass(format!("{status}, {}, {}", endpoint(cluster), access(cluster)))
}

fn endpoint(cluster: &Described) -> &'static str {
    match cluster.resources_vpc_config().map(|vpc| (vpc.endpoint_public_access(), vpc.endpoint_private_access())) {
        Some((true, true)) => "public and private endpoint",
        Some((false, true)) => "private endpoint",
        Some((true, false)) => "public endpoint",
        _ => "endpoint unknown",
    }
}

fn access(cluster: &Described) -> &str {
    cluster.access_config().and_then(|access| access.authentication_mode()).map_or("CONFIG_MAP", |mode| mode.as_str())
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::{AccessConfigResponse, AuthenticationMode, ComputeConfigResponse, VpcConfigResponse};

    use super::*;

    fn vpc(public: bool, private: bool, cidr: &str) -> VpcConfigResponse {
        VpcConfigResponse::builder()
            .endpoint_public_access(public)
            .endpoint_private_access(private)
            .public_access_cidrs(cidr)
            .build()
    }

    #[test]
    fn an_active_cluster_passes_with_how_it_is_reached() {
        let cluster = Described::builder()
            .status(ClusterStatus::Active)
            .resources_vpc_config(vpc(true, true, "0.0.0.0/0"))
            .access_config(AccessConfigResponse::builder().authentication_mode(AuthenticationMode::Api).build())
            .build();
        assert_eq!(judge(&cluster, "pay-1", "us-east-2"), Outcome::pass("ACTIVE, public and private endpoint, API"));
    }

    #[test]
    fn a_failed_cluster_stops_a_new_one_is_waited_for_and_auto_mode_is_warned_of() {
        let with = |status| Described::builder().status(status).build();
        assert!(matches!(judge(&with(ClusterStatus::Failed), "x", ""), Outcome::Fail { .. }));
        assert!(matches!(judge(&with(ClusterStatus::Creating), "x", ""), Outcome::NotYet { .. }));
        let auto = Described::builder()
            .status(ClusterStatus::Active)
            .compute_config(ComputeConfigResponse::builder().enabled(true).build())
            .build();
        assert_eq!(judge(&auto, "x", "").problem().unwrap().code, "EKS-AUTO-MODE");
    }

    #[test]
    fn a_limited_public_endpoint_is_warned_of() {
        let cluster = Described::builder()
            .status(ClusterStatus::Active)
            .resources_vpc_config(vpc(true, false, "203.0.113.0/24"))
            .build();
        assert_eq!(judge(&cluster, "x", "").problem().unwrap().code, "EKS-ENDPOINT-PUBLIC-ONLY");
    }
}
