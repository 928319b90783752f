//! `kube.resource_exists`: is there an object, and does it say what it should?

use std::collections::BTreeMap;

use async_trait::async_trait;
use kube::core::{ApiResource, GroupVersionKind};
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    cloud::{Trouble, objects},
    kind::{Check, CheckAbout, Context, PlanView},
};

/// An object of the cluster, and what it says. What comes after it builds on that.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeResourceExists {
    /// e.g. `cert-manager.io/v1`.
    api_version: String,
    /// e.g. `ClusterIssuer`.
    resource_kind: String,
    /// Its name.
    name: String,
    /// Its namespace, where its kind has one; the install's where left out.
    #[serde(default)]
    namespace: Option<String>,
    /// What must stand in it, by JSON pointer.
    #[serde(default)]
    json: BTreeMap<String, Value>,
}

#[async_trait]
impl Check for KubeResourceExists {
    const ABOUT: CheckAbout = CheckAbout {
        name: "kube.resource_exists",
        code: "K8S-06",
        about: "an object exists in the cluster",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["K8S-OBJECT-DIFFERS", "K8S-OBJECT-MISSING"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let client = cx.cloud.kube.client().await?;
        let namespace = self.namespace.as_deref().unwrap_or(&cx.target.namespace);
        let api = match objects::api(&client, &self.api_version, &self.resource_kind, Some(namespace)).await {
            Ok(api) => api,
            Err(Trouble::Problem(problem)) => return Ok(Outcome::Fail { problem: *problem }),
            Err(trouble) => return Err(trouble),
        };
        let Some(found) = api.get_opt(&self.name).await? else {
            let problem = Problem::new(
                "K8S-OBJECT-MISSING",
                format!("there is no {} {}", self.resource_kind, self.name),
                format!("Make it, or correct its name.\n$ kubectl get {} --all-namespaces", self.resource_kind),
            );
            return Ok(Outcome::NotYet { problem });
        };
        Ok(self.judge(&serde_json::to_value(found).unwrap_or_default()))
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let group = self.api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, "", &self.resource_kind)).plural;
        let namespace = self.namespace.as_deref().unwrap_or(&cx.target.namespace);
        Permissions::default().rbac(Some(namespace), group, &resource, &["get"])
    }
}

impl KubeResourceExists {
    /// What a person can do about a field. Nobody sets a status: a controller tells it.
    fn way_there(&self, pointer: &str, wanted: &Value) -> String {
        if pointer.starts_with("/status/") {
            let (kind, name) = (self.resource_kind.to_lowercase(), &self.name);
            return format!("See what its controller says of it.\n$ kubectl describe {kind} {name}");
        }
        format!("Set {pointer} to {wanted}, in the values of whatever makes it.")
    }

    fn judge(&self, found: &Value) -> Outcome {
        for (pointer, wanted) in &self.json {
            let there = found.pointer(pointer).unwrap_or(&Value::Null);
            if there != wanted {
                let problem = Problem::new(
                    "K8S-OBJECT-DIFFERS",
                    format!("the {} {} does not say what it should", self.resource_kind, self.name),
                    self.way_there(pointer, wanted),
                );
                return Outcome::NotYet { problem: problem.why(format!("{pointer} is {there}, not {wanted}.")) };
            }
        }
        Outcome::pass(format!("{} {} is there", self.resource_kind, self.name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_with_another_value_is_named() {
        let check: KubeResourceExists = serde_json::from_value(json!({
            "api_version": "v1", "resource_kind": "ServiceAccount", "name": "shield",
            "json": {"/metadata/annotations/eks.amazonaws.com~1role-arn": "arn:x"},
        }))
        .unwrap();
        let with = |arn: &str| json!({"metadata": {"annotations": {"eks.amazonaws.com/role-arn": arn}}});
        assert!(matches!(check.judge(&with("arn:x")), Outcome::Pass { .. }));
        assert!(check.judge(&with("arn:y")).problem().unwrap().why.contains("arn:y"));
        assert!(matches!(check.judge(&json!({})), Outcome::NotYet { .. }));
    }
}
