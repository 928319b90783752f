//! `kube.storage_class`: does a class give the volumes that are expected, and is it the only default?

use std::collections::BTreeMap;

use async_trait::async_trait;
use k8s_openapi::api::storage::v1::StorageClass;
use kube::ResourceExt;
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        storage_class::{self, DEFAULT, defaults},
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The storage classes: whether the one is there, what makes its volumes, and which is the default. A claim without a
/// default class waits for ever; with two defaults nobody knows which it gets.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeStorageClass {
    /// The class; whichever is the default where left out.
    #[serde(default)]
    name: Option<String>,
    /// Its provisioner, e.g. `ebs.csi.aws.com`, or `ebs.csi.eks.amazonaws.com` in EKS Auto Mode.
    #[serde(default)]
    provisioner: Option<String>,
    /// Parameters it must have, e.g. `encrypted: "true"`.
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    /// Whether it must be the default, and the only one.
    #[serde(default = "yes")]
    only_default: bool,
}

fn yes() -> bool {
    true
}

#[async_trait]
impl Check for KubeStorageClass {
    const ABOUT: CheckAbout = CheckAbout {
        name: "kube.storage_class",
        code: "K8S-12",
        about: "a storage class, and that it is the only default",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &[
        "K8S-CLASS-DEFAULTS",
        "K8S-CLASS-MISSING",
        "K8S-CLASS-NO-DEFAULT",
        "K8S-CLASS-OTHER-DEFAULT",
        "K8S-CLASS-PARAMETERS",
        "K8S-CLASS-PROVISIONER",
    ];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        Ok(self.judge(&storage_class::all(&cx.cloud.kube).await?))
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default().rbac(None, "storage.k8s.io", "storageclasses", &["list"])
    }
}

impl KubeStorageClass {
    fn judge(&self, classes: &[StorageClass]) -> Outcome {
        let there = defaults(classes);
        if self.only_default
            && let Some(problem) = self.not_alone(&there)
        {
            return Outcome::Fail { problem };
        }
        let Some(name) = self.name.as_ref().or(there.first()) else {
            return Outcome::Fail { problem: none() };
        };
        let Some(class) = classes.iter().find(|class| class.name_any() == *name) else {
            let names: Vec<String> = classes.iter().map(ResourceExt::name_any).collect();
            let problem = Problem::new(
                "K8S-CLASS-MISSING",
                format!("there is no storage class {name}"),
                "Have it made, or choose one that is there.\n$ kubectl get storageclass",
            );
            return Outcome::Fail { problem: problem.why(format!("There are: {}.", names.join(", "))) };
        };
        if let Some(wanted) = &self.provisioner
            && class.provisioner != *wanted
        {
            let problem = Problem::new(
                "K8S-CLASS-PROVISIONER",
                format!("the storage class {name} asks {} for volumes, not {wanted}", class.provisioner),
                "A class's provisioner cannot be changed: make another class, and make that one the default.",
            );
            let why = "EKS Auto Mode brings its own driver, ebs.csi.eks.amazonaws.com; elsewhere it is ebs.csi.aws.com. Claims of a class without its driver stay Pending.";
            return Outcome::Fail { problem: problem.why(why) };
        }
        let have = class.parameters.clone().unwrap_or_default();
        let wrong: Vec<String> = self
            .parameters
            .iter()
            .filter(|(key, wanted)| have.get(*key) != Some(wanted))
            .map(|(key, wanted)| format!("{key} is {}, not {wanted}", have.get(key).map_or("unset", String::as_str)))
            .collect();
        if !wrong.is_empty() {
            let problem = Problem::new(
                "K8S-CLASS-PARAMETERS",
                format!("the storage class {name}: {}", wrong.join(", ")),
                format!(
                    "Parameters of a class cannot be changed: delete it (volumes stay) and have it made again.\n$ kubectl delete storageclass {name}"
                ),
            );
            return Outcome::Fail { problem: problem.why("Every new volume is made with these parameters.") };
        }
        let alone = if self.only_default { ", the only default" } else { "" };
        Outcome::pass(format!("{name} from {}{alone}", class.provisioner))
    }

    fn not_alone(&self, there: &[String]) -> Option<Problem> {
        match there {
            [] => Some(none()),
            [one] if self.name.as_ref().is_none_or(|name| name == one) => None,
            [other] => {
                let wanted = self.name.clone().unwrap_or_default();
                let problem = Problem::new(
                    "K8S-CLASS-OTHER-DEFAULT",
                    format!("the default storage class is {other}, not {wanted}"),
                    format!(
                        "$ kubectl annotate storageclass {other} {DEFAULT}=false --overwrite\n$ kubectl annotate storageclass {wanted} {DEFAULT}=true --overwrite"
                    ),
                );
                Some(problem.why("Claims that name no class get the default one."))
            }
            several => {
                let extra = several.iter().filter(|name| self.name.as_ref() != Some(name));
                let commands: Vec<String> = extra
                    .map(|name| format!("$ kubectl annotate storageclass {name} {DEFAULT}=false --overwrite"))
                    .collect();
                let problem = Problem::new(
                    "K8S-CLASS-DEFAULTS",
                    format!("{} storage classes are the default: {}", several.len(), several.join(", ")),
                    format!("Leave one of them.\n{}", commands.join("\n")),
                );
                Some(problem.why("Of several defaults Kubernetes takes the newest, so volumes depend on the order in which classes were made. The EBS CSI add-on's own default class comes back at every reconcile: turn it off there."))
            }
        }
    }
}

fn none() -> Problem {
    Problem::new(
        "K8S-CLASS-NO-DEFAULT",
        "no storage class is the default",
        format!("Make one the default.\n$ kubectl annotate storageclass NAME {DEFAULT}=true --overwrite"),
    )
    .why("A claim that names no class stays Pending then. EKS makes no default of its own from 1.30 on.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(name: &str, provisioner: &str, default: bool) -> StorageClass {
        let mut class = StorageClass { provisioner: provisioner.into(), ..StorageClass::default() };
        class.metadata.name = Some(name.into());
        class.parameters = Some(BTreeMap::from([("type".to_owned(), "gp3".to_owned())]));
        if default {
            class.metadata.annotations = Some(BTreeMap::from([(DEFAULT.to_owned(), "true".to_owned())]));
        }
        class
    }

    fn code(check: &KubeStorageClass, classes: &[StorageClass]) -> String {
        check.judge(classes).problem().map_or_else(|| "pass".into(), |problem| problem.code.clone())
    }

    fn gp3() -> KubeStorageClass {
        KubeStorageClass {
            name: Some("gp3".into()),
            provisioner: Some("ebs.csi.aws.com".into()),
            parameters: BTreeMap::from([("type".to_owned(), "gp3".to_owned())]),
            only_default: true,
        }
    }

    #[test]
    fn exactly_one_default_with_the_right_provisioner_passes() {
        let ours = class("gp3", "ebs.csi.aws.com", true);
        assert_eq!(code(&gp3(), &[ours.clone(), class("gp2", "kubernetes.io/aws-ebs", false)]), "pass");
        assert_eq!(code(&gp3(), &[ours, class("gp2", "kubernetes.io/aws-ebs", true)]), "K8S-CLASS-DEFAULTS");
        assert_eq!(code(&gp3(), &[class("gp3", "ebs.csi.aws.com", false)]), "K8S-CLASS-NO-DEFAULT");
        assert_eq!(code(&gp3(), &[class("gp2", "x", true)]), "K8S-CLASS-OTHER-DEFAULT");
        assert_eq!(code(&gp3(), &[class("gp3", "ebs.csi.eks.amazonaws.com", true)]), "K8S-CLASS-PROVISIONER");
    }

    #[test]
    fn parameters_are_compared_and_a_missing_class_is_named() {
        let mut check = gp3();
        check.parameters.insert("encrypted".into(), "true".into());
        let ours = class("gp3", "ebs.csi.aws.com", true);
        assert_eq!(code(&check, std::slice::from_ref(&ours)), "K8S-CLASS-PARAMETERS");
        check.only_default = false;
        assert_eq!(code(&check, &[class("gp2", "x", true)]), "K8S-CLASS-MISSING");
    }
}
