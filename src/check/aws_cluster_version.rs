//! `aws.cluster_version`: how long does EKS support the cluster's Kubernetes version, and did the vendor test it?

use async_trait::async_trait;
use jiff::Timestamp;
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
            version::{Phase, Support, support},
        },
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The cluster's Kubernetes version beside EKS's calendar and the version that the vendor tested. Extended support
/// costs six times as much by the hour, and after its end AWS upgrades the cluster by itself.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterVersion {
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
    /// The version the vendor tested with, e.g. `1.31`.
    #[serde(default)]
    tested_on: Option<String>,
}

#[async_trait]
impl Check for ClusterVersion {
    const ABOUT: CheckAbout = CheckAbout {
        name: "aws.cluster_version",
        code: "EKS-02",
        about: "how long this Kubernetes version is supported",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &[
        "EKS-VERSION-ENDS",
        "EKS-VERSION-EXTENDED",
        "EKS-VERSION-OVER",
        "EKS-VERSION-UNKNOWN",
        "EKS-VERSION-UNTESTED",
    ];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let name = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let cluster = cluster::cluster(&cx.cloud, name).await?;
        let version = cluster.version().unwrap_or_default();
        let region = cx.cloud.aws.region().await.unwrap_or_default();
        Ok(match support(&cx.cloud, version).await? {
            Some(support) => self.judge(&support, name, &region, cx.cloud.clock().now()),
            None => Outcome::Warn {
                problem: Problem::new(
                    "EKS-VERSION-UNKNOWN",
                    format!("EKS says nothing of Kubernetes {version}"),
                    "Look the version up in the EKS User Guide; plan an upgrade.",
                ),
            },
        })
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let name = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        Permissions::default()
            .iam(&cx.target.arn("eks", &format!("cluster/{name}")), ["eks:DescribeCluster"])
            .iam("*", ["eks:DescribeClusterVersions"])
    }
}

/// Warned of from here on.
const SOON: i64 = 60;

impl ClusterVersion {
    fn judge(&self, support: &Support, cluster: &str, region: &str, now: Timestamp) -> Outcome {
        let version = &support.version;
        let what = format!("Kubernetes {version}: {}", support.ends(now));
        let upgrade = || {
            let command = aws("eks update-cluster-version")
                .with("--name", cluster)
                .maybe("--kubernetes-version", next_minor(version))
                .region(region);
            fix("Upgrade one minor version at a time: the cluster, then its node groups and add-ons.", [command])
        };
        let tested = match &self.tested_on {
            Some(tested) if tested != version => format!(" The vendor tested with {tested}."),
            _ => String::new(),
        };
        match support.phase(now) {
            Phase::Over => {
                let why = "EKS upgrades the control plane by itself now; node groups stay behind and new ones of this version cannot be made for long.";
                let problem = Problem::new("EKS-VERSION-OVER", what, upgrade());
                Outcome::Fail { problem: problem.why(format!("{why} {}.{tested}", support.dates())) }
            }
            Phase::Extended if support.days_left(now).is_some_and(|left| left <= SOON) => {
                let why = "After that EKS upgrades the control plane by itself; node groups stay behind.";
                let problem = Problem::new("EKS-VERSION-ENDS", what, upgrade());
                Outcome::Warn {
                    problem: problem.why(format!("{why} {}.{tested}", support.dates())).ends(support.extended_ends),
                }
            }
            Phase::Extended => {
                let why = "Extended support costs more per cluster and hour.";
                let problem = Problem::new("EKS-VERSION-EXTENDED", what, upgrade());
                Outcome::Warn {
                    problem: problem.why(format!("{why} {}.{tested}", support.dates())).ends(support.extended_ends),
                }
            }
            Phase::Standard if !tested.is_empty() => {
                let problem = Problem::new(
                    "EKS-VERSION-UNTESTED",
                    format!(
                        "Kubernetes {version}; the vendor tested with {}",
                        self.tested_on.as_deref().unwrap_or("?")
                    ),
                    "Ask the vendor whether this version is supported, or go on.",
                );
                Outcome::Warn { problem: problem.why(support.dates()).ends(support.standard_ends) }
            }
            Phase::Standard => {
                Outcome::pass_until(support.standard_ends, format!("Kubernetes {version}, {}", support.dates()))
            }
        }
    }
}

fn next_minor(version: &str) -> Option<String> {
    let (major, minor) = version.split_once('.')?;
    Some(format!("{major}.{}", minor.parse::<u32>().ok()? + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(now: &str, tested_on: Option<&str>) -> Outcome {
        let check = ClusterVersion { cluster: None, tested_on: tested_on.map(str::to_owned) };
        let support = Support {
            version: "1.31".into(),
            standard_ends: Some("2025-11-26T00:00:00Z".parse().unwrap()),
            extended_ends: Some("2026-11-26T00:00:00Z".parse().unwrap()),
        };
        check.judge(&support, "pay-1", "us-east-2", now.parse().unwrap())
    }

    fn code(outcome: &Outcome) -> &str {
        outcome.problem().map_or("", |problem| &problem.code)
    }

    #[test]
    fn each_phase_of_a_version_has_its_outcome() {
        assert!(matches!(judge("2025-01-01T00:00:00Z", Some("1.31")), Outcome::Pass { .. }));
        assert_eq!(code(&judge("2025-01-01T00:00:00Z", Some("1.30"))), "EKS-VERSION-UNTESTED");
        assert_eq!(code(&judge("2026-01-01T00:00:00Z", None)), "EKS-VERSION-EXTENDED");
        let soon = judge("2026-11-20T12:00:00Z", Some("1.31"));
        assert_eq!(soon.line(), "Kubernetes 1.31: support ends in 5 days (2026-11-26)");
        assert!(soon.problem().unwrap().fix.contains("--kubernetes-version 1.32"));
        assert!(matches!(judge("2026-12-01T00:00:00Z", None), Outcome::Fail { .. }));
    }
}
