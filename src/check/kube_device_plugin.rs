//! `kube.device_plugin`: does anybody offer an extended resource such as `nvidia.com/gpu` to pods?

use async_trait::async_trait;
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        offer::{By, Offer, offers},
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The pods that offer an extended resource such as `nvidia.com/gpu`. Without one no GPU reaches a pod; with two each
/// counts the same GPUs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeDevicePlugin {
    /// e.g. `nvidia.com/gpu`.
    resource: String,
    /// Whether somebody is expected to.
    #[serde(default)]
    expect: Expect,
}

/// What the plan counts on.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Expect {
    /// Somebody offers it already.
    Present,
    /// Nobody does: a step will install what does.
    Absent,
    /// Either is fine.
    #[default]
    Any,
}

#[async_trait]
impl Check for KubeDevicePlugin {
    const ABOUT: CheckAbout = CheckAbout {
        name: "kube.device_plugin",
        code: "K8S-05",
        about: "somebody offers an extended resource to pods",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] =
        &["K8S-DEVICE-PLUGIN-MISSING", "K8S-DEVICE-PLUGIN-THERE", "K8S-DEVICE-PLUGIN-TWICE"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let client = cx.cloud.kube.client().await?;
        let found = offers(&client, &self.resource).await?;
        let mut others = Vec::new();
        for offer in &found {
            if self.expect != Expect::Absent || !offer.ours(&client, &cx.install).await {
                others.push(offer.clone());
            }
        }
        if others.is_empty() && !found.is_empty() {
            return Ok(Outcome::pass(format!("{}, made by this install", found[0].name)));
        }
        Ok(self.judge(&others))
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default().rbac(None, "apps", "daemonsets", &["list"]).rbac(None, "apps", "deployments", &["list"])
    }
}

impl KubeDevicePlugin {
    fn judge(&self, offers: &[Offer]) -> Outcome {
        let resource = &self.resource;
        let plugins: Vec<&Offer> = offers.iter().filter(|offer| offer.by == By::DevicePlugin).collect();
        let operator = offers.iter().find(|offer| offer.by == By::GpuOperator);
        if plugins.len() > 1 {
            let names: Vec<&str> = plugins.iter().map(|offer| offer.name.as_str()).collect();
            let problem = Problem::new(
                "K8S-DEVICE-PLUGIN-TWICE",
                format!("{} device plugins offer {resource}", plugins.len()),
                "Keep one of them; two register the same devices and pods land on GPUs twice.",
            );
            return Outcome::Warn { problem: problem.why(names.join(", ")) };
        }
        match (offers.first(), self.expect) {
            (None, Expect::Present) => {
                let problem = Problem::new(
                    "K8S-DEVICE-PLUGIN-MISSING",
                    format!("nobody offers {resource} to pods"),
                    "Install the vendor's device plugin or operator, or plan again: then a step installs it.",
                );
                Outcome::Fail { problem: problem.why("Pods that ask for it would stay Pending.") }
            }
            (None, _) => Outcome::pass(format!("none yet for {resource}: will be installed")),
            (Some(other), Expect::Absent) => {
                let problem = Problem::new(
                    "K8S-DEVICE-PLUGIN-THERE",
                    format!("{} offers {resource} already", other.name),
                    "Plan again, so that it is used and no second one is installed.",
                );
                Outcome::Warn { problem: problem.why("It was not there when the plan was made.") }
            }
            (Some(offer), _) => {
                let by = operator.unwrap_or(offer);
                Outcome::pass(format!("{} ({} of {} ready)", by.name, by.ready, by.desired))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(name: &str) -> Offer {
        Offer { by: By::DevicePlugin, name: name.into(), release: None, desired: 2, ready: 2 }
    }

    fn looked(expect: Expect, offers: &[Offer]) -> Outcome {
        KubeDevicePlugin { resource: "nvidia.com/gpu".into(), expect }.judge(offers)
    }

    #[test]
    fn none_passes_where_a_step_installs_it_and_fails_where_it_is_counted_on() {
        assert!(matches!(looked(Expect::Absent, &[]), Outcome::Pass { .. }));
        assert!(matches!(looked(Expect::Present, &[]), Outcome::Fail { .. }));
    }

    #[test]
    fn two_are_warned_of() {
        assert!(matches!(looked(Expect::Any, &[offer("a/b"), offer("c/d")]), Outcome::Warn { .. }));
        assert!(matches!(looked(Expect::Any, &[offer("a/b")]), Outcome::Pass { .. }));
    }
}
