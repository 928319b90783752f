//! `aws.addon`: is an EKS add-on active and healthy?

use async_trait::async_trait;
use aws_sdk_eks::types::{Addon as Described, AddonStatus};
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    cloud::{
        Trouble,
        look::{
            addon,
            shell::{aws, fix},
        },
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The state and the health that EKS reports of an add-on, and its role. Volumes, DNS or networking of the cluster
/// stand on it, and pods wait for ever without them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Addon {
    /// Its name, e.g. `aws-ebs-csi-driver`.
    name: String,
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
    /// Whether its pods need a role: by IRSA or EKS Pod Identity.
    #[serde(default)]
    with_role: bool,
}

#[async_trait]
impl Check for Addon {
    const ABOUT: CheckAbout =
        CheckAbout { name: "aws.addon", code: "EKS-04", about: "an EKS add-on is active", touches: Touches::Nothing };
    const PROBLEMS: &'static [&'static str] =
        &["EKS-ADDON-CREATING", "EKS-ADDON-DEFAULT-CLASS", "EKS-ADDON-MISSING", "EKS-ADDON-NO-ROLE"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let cluster = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        Ok(match addon::find(&cx.cloud, cluster, &self.name).await? {
            Some(found) => self.judge(&found, cluster, &cx.target.region),
            None => Outcome::Fail { problem: self.missing(cluster, &cx.target.region) },
        })
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let cluster = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        Permissions::default()
            .iam(&cx.target.arn("eks", &format!("addon/{cluster}/{}/*", self.name)), ["eks:DescribeAddon"])
    }
}

impl Addon {
    fn judge(&self, found: &Described, cluster: &str, region: &str) -> Outcome {
        let (name, version) = (&self.name, found.addon_version().unwrap_or_default());
        match found.status() {
            Some(AddonStatus::Active) => {}
            Some(AddonStatus::Creating | AddonStatus::Updating) => {
                let look = aws("eks describe-addon").with("--cluster-name", cluster).with("--addon-name", name);
                let status = found.status().map_or("UNKNOWN", AddonStatus::as_str);
                let problem = Problem::new(
                    "EKS-ADDON-CREATING",
                    format!("the add-on {name} is {status}"),
                    fix("Wait until it is ACTIVE; that usually takes 1 to 3 minutes.", [look.region(region)]),
                );
                return Outcome::NotYet { problem };
            }
            _ => return Outcome::Fail { problem: addon::down(found, cluster, region) },
        }
        if self.with_role
            && found.service_account_role_arn().is_none_or(str::is_empty)
            && found.pod_identity_associations().is_empty()
        {
            let problem = Problem::new(
                "EKS-ADDON-NO-ROLE",
                format!("the add-on {name} has no role of its own"),
                "Give it one, by IRSA or by EKS Pod Identity.",
            );
            let why = "Its pods then use the nodes' role, which usually lacks these permissions and should.";
            return Outcome::Warn { problem: problem.why(why) };
        }
        if makes_default_class(found) {
            let problem = Problem::new(
                "EKS-ADDON-DEFAULT-CLASS",
                format!("the add-on {name} makes a default storage class of its own"),
                "Set defaultStorageClass.enabled to false in its configuration, or use its class.",
            );
            let why = "It sets its class as the default again at every reconcile, so that there are two.";
            return Outcome::Warn { problem: problem.why(why) };
        }
        Outcome::pass(format!("{name} {version} is ACTIVE"))
    }

    fn missing(&self, cluster: &str, region: &str) -> Problem {
        let list = aws("eks list-addons").with("--cluster-name", cluster).region(region);
        Problem::new(
            "EKS-ADDON-MISSING",
            format!("the cluster {cluster} has no add-on {}", self.name),
            fix(
                "Add it, or look whether it was installed by Helm instead: `helm list -A` shows no add-ons, and this list shows no releases.",
                [list],
            ),
        )
    }
}

/// EKS keeps an add-on's settings as the text that was sent: YAML, of which JSON is a part.
fn makes_default_class(found: &Described) -> bool {
    let settings: Value = serde_yaml::from_str(found.configuration_values().unwrap_or_default()).unwrap_or_default();
    settings["defaultStorageClass"]["enabled"] == true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addon(status: AddonStatus) -> aws_sdk_eks::types::builders::AddonBuilder {
        Described::builder().addon_name("aws-ebs-csi-driver").addon_version("v1.53.0-eksbuild.1").status(status)
    }

    fn code(found: &Described) -> String {
        let check = Addon { name: "aws-ebs-csi-driver".into(), cluster: None, with_role: true };
        check.judge(found, "pay-1", "us-east-2").problem().map_or_else(|| "pass".into(), |problem| problem.code.clone())
    }

    #[test]
    fn status_role_and_its_own_default_class_are_told() {
        let active = || addon(AddonStatus::Active).service_account_role_arn("arn:aws:iam::123456789012:role/csi");
        assert_eq!(code(&active().build()), "pass");
        assert_eq!(code(&addon(AddonStatus::Active).build()), "EKS-ADDON-NO-ROLE");
        assert_eq!(code(&addon(AddonStatus::Creating).build()), "EKS-ADDON-CREATING");
        assert_eq!(code(&addon(AddonStatus::Degraded).build()), "EKS-ADDON-DOWN");
        let own = active().configuration_values("defaultStorageClass:\n  enabled: true\n").build();
        assert_eq!(code(&own), "EKS-ADDON-DEFAULT-CLASS");
    }
}
