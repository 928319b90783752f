//! `kube.ingress_class`: is there an ingress class, and does its controller work?

use async_trait::async_trait;
use k8s_openapi::api::{core::v1::Pod, networking::v1::IngressClass};
use kube::{Api, ResourceExt, api::ListParams};
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{Trouble, ingress::controller_label, pods},
    kind::{Check, CheckAbout, Context, PlanView},
};

/// What EKS Auto Mode's own controller calls itself.
const AUTO_MODE: &str = "eks.amazonaws.com/alb";

/// The ingress class and the controller behind it. An ingress of a class that nobody serves never gets an address, so
/// nothing is reached from outside.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeIngressClass {
    /// Its name, e.g. `nginx`.
    class: String,
}

#[async_trait]
impl Check for KubeIngressClass {
    const ABOUT: CheckAbout = CheckAbout {
        name: "kube.ingress_class",
        code: "K8S-03",
        about: "an ingress class exists and its controller works",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["K8S-INGRESS-AUTO-MODE", "K8S-INGRESS-CLASS", "K8S-INGRESS-CONTROLLER"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let client = cx.cloud.kube.client().await?;
        let classes = Api::<IngressClass>::all(client.clone()).list(&ListParams::default()).await?.items;
        let Some(class) = classes.iter().find(|class| class.name_any() == self.class) else {
            return Ok(Outcome::Fail { problem: self.missing(&classes) });
        };
        let controller = controller(class);
        if controller == AUTO_MODE {
            return Ok(Outcome::Warn { problem: self.auto_mode() });
        }
        let Some(label) = controller_label(class) else {
            return Ok(Outcome::pass(format!("{} by {controller}; its pods are not known here", self.class)));
        };
        let found = Api::<Pod>::all(client).list(&ListParams::default().labels(&label)).await?.items;
        let ready = found.iter().filter(|pod| pods::ready(pod)).count();
        if ready > 0 {
            return Ok(Outcome::pass(format!("{} by {controller}, {ready} of {} pods ready", self.class, found.len())));
        }
        let why = found.first().map_or_else(|| format!("no pod has the label {label}"), |pod| pods::why_not(pod).what);
        let problem = Problem::new(
            "K8S-INGRESS-CONTROLLER",
            format!("the controller of the ingress class {} has no ready pod", self.class),
            format!("Repair the controller first.\n$ kubectl get pods --all-namespaces --selector {label}"),
        );
        Ok(Outcome::Fail { problem: problem.why(why) })
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default().rbac(None, "networking.k8s.io", "ingressclasses", &["list"]).rbac(
            None,
            "",
            "pods",
            &["list"],
        )
    }
}

impl KubeIngressClass {
    fn missing(&self, classes: &[IngressClass]) -> Problem {
        let known: Vec<String> =
            classes.iter().map(|class| format!("{} ({})", class.name_any(), controller(class))).collect();
        let why = if known.is_empty() {
            "The cluster has no ingress class at all.".to_owned()
        } else {
            format!("The cluster has: {}.", known.join(", "))
        };
        let auto = classes.iter().any(|class| controller(class) == AUTO_MODE);
        let fix = if auto {
            "EKS Auto Mode brings only its own `alb`. Install the controller you need, or give the class at the Inputs stage."
        } else {
            "Install the controller, or give the class your cluster has at the Inputs stage."
        };
        Problem::new("K8S-INGRESS-CLASS", format!("there is no ingress class {}", self.class), fix).why(why)
    }

    fn auto_mode(&self) -> Problem {
        Problem::new(
            "K8S-INGRESS-AUTO-MODE",
            format!("the ingress class {} is EKS Auto Mode's", self.class),
            "Make sure that the chart's annotations are those of an AWS load balancer, not nginx's.",
        )
        .why("It makes an Application Load Balancer for each Ingress and does not know nginx's annotations.")
    }
}

fn controller(class: &IngressClass) -> &str {
    class.spec.as_ref().and_then(|spec| spec.controller.as_deref()).unwrap_or("nobody")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_classes_there_are_are_named() {
        let class: IngressClass =
            serde_json::from_value(json!({"metadata": {"name": "alb"}, "spec": {"controller": AUTO_MODE}})).unwrap();
        let problem = KubeIngressClass { class: "nginx".into() }.missing(&[class]);
        assert!(problem.why.contains("alb (eks.amazonaws.com/alb)"));
        assert!(problem.fix.contains("Auto Mode"));
    }
}
