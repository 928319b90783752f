//! `kube.crd`: does the cluster serve a custom kind, in the version that is used?

use async_trait::async_trait;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::Trouble,
    kind::{Check, CheckAbout, Context, PlanView},
};

/// Whether the cluster serves a custom kind, in the version that is used. Objects of it are refused before their
/// operator has brought it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeCrd {
    /// Its name: plural and group, e.g. `widgets.example.com`.
    name: String,
    /// Versions that must be served, e.g. `v1`.
    #[serde(default)]
    versions: Vec<String>,
}

#[async_trait]
impl Check for KubeCrd {
    const ABOUT: CheckAbout =
        CheckAbout { name: "kube.crd", code: "K8S-15", about: "a custom kind is served", touches: Touches::Nothing };
    const PROBLEMS: &'static [&'static str] = &["K8S-CRD-MISSING", "K8S-CRD-NOT-ESTABLISHED", "K8S-CRD-VERSION"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let definitions: Api<CustomResourceDefinition> = Api::all(cx.cloud.kube.client().await?);
        Ok(self.judged(definitions.get_opt(&self.name).await?.as_ref()))
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default().rbac(None, "apiextensions.k8s.io", "customresourcedefinitions", &["get"])
    }
}

impl KubeCrd {
    fn judged(&self, found: Option<&CustomResourceDefinition>) -> Outcome {
        let name = &self.name;
        let not_yet = |code: &str, what: String, fix: String, why: String| Outcome::NotYet {
            problem: Problem::new(code, what, fix).why(why),
        };
        let Some(found) = found else {
            return not_yet(
                "K8S-CRD-MISSING",
                format!("there is no CustomResourceDefinition {name}"),
                "Look at the release or controller that brings it.\n$ kubectl get customresourcedefinitions".into(),
                String::new(),
            );
        };
        let served: Vec<&str> =
            found.spec.versions.iter().filter(|version| version.served).map(|version| version.name.as_str()).collect();
        let missing: Vec<&str> =
            self.versions.iter().map(String::as_str).filter(|wanted| !served.contains(wanted)).collect();
        if !missing.is_empty() {
            return not_yet(
                "K8S-CRD-VERSION",
                format!("{name} is not served as {}", missing.join(", ")),
                "Install the controller's version that brings it, or write objects in a version that is served.".into(),
                format!("Served: {}.", served.join(", ")),
            );
        }
        let conditions = found.status.as_ref().and_then(|status| status.conditions.as_ref()).into_iter().flatten();
        let mut established = conditions.filter(|condition| condition.type_ == "Established");
        if !established.any(|condition| condition.status == "True") {
            return not_yet(
                "K8S-CRD-NOT-ESTABLISHED",
                format!("{name} is not established yet"),
                format!("Its names may be taken by another one.\n$ kubectl describe customresourcedefinition {name}"),
                String::new(),
            );
        }
        Outcome::pass(format!("{name} as {}", served.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn judged(versions: Value, conditions: Value) -> String {
        let definition = json!({
            "metadata": {"name": "widgets.example.com"},
            "spec": {
                "group": "example.com", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
                "versions": versions,
            },
            "status": {"conditions": conditions},
        });
        let definition: CustomResourceDefinition = serde_json::from_value(definition).unwrap();
        let check: KubeCrd =
            serde_json::from_value(json!({"name": "widgets.example.com", "versions": ["v1"]})).unwrap();
        let outcome = check.judged(Some(&definition));
        outcome.problem().map_or_else(|| "pass".to_owned(), |problem| problem.code.clone())
    }

    #[test]
    fn one_case_an_outcome() {
        let v1 = json!([{"name": "v1", "served": true, "storage": true}]);
        let established = json!([{"type": "Established", "status": "True"}]);
        assert_eq!(judged(v1.clone(), established.clone()), "pass");
        assert_eq!(judged(v1, json!([])), "K8S-CRD-NOT-ESTABLISHED");
        assert_eq!(judged(json!([{"name": "v1", "served": false, "storage": true}]), established), "K8S-CRD-VERSION");
    }
}
