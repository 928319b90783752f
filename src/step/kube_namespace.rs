//! `kube.namespace`: is there a namespace?

use std::collections::BTreeMap;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{Namespace, PersistentVolumeClaim, Pod};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
};
use landfall_core::{
    catalogue::Again,
    event::{Difference, Found, Permissions, Problem, Waiting},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    cloud::{Trouble, marks},
    kind::{Applied, Context, Made, PlanView, Rendered, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeNamespace {
    /// Its name.
    name: String,
    /// Labels it must have, e.g. for pod security.
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// What others may read.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its name.
    name: String,
}

#[async_trait]
impl Step for KubeNamespace {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::Upsert,
        keeps_data: true,
        fixed: &["name"],
        ..StepAbout::new("kube.namespace", "K8S-21", "a namespace")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let namespaces: Api<Namespace> = Api::all(cx.cloud.kube.client().await?);
        let Some(found) = namespaces.get_opt(&self.name).await? else { return Ok(Found::absent()) };
        let owner = marks::owner(&found, &cx.install);
        if found.metadata.deletion_timestamp.is_some() {
            let conditions = found.status.and_then(|status| status.conditions).unwrap_or_default();
            let story = conditions.iter().filter_map(|condition| condition.message.clone()).collect();
            return Ok(Found::pending(
                Waiting { on: "it is being deleted".into(), story, ..Waiting::default() },
                owner,
            ));
        }
        let differences = self.labels.iter().filter_map(|(key, wanted)| {
            let there = found.labels().get(key).cloned().unwrap_or_default();
            let field = format!("labels.{key}");
            (there != *wanted).then(|| Difference { field, wanted: wanted.clone(), found: there, fixed: false })
        });
        Ok(Found::there(Outputs { name: self.name.clone() }, differences.collect(), owner))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let namespaces: Api<Namespace> = Api::all(cx.cloud.kube.client().await?);
        let Some(found) = namespaces.get_opt(&self.name).await? else {
            let labels: BTreeMap<String, String> = self.labels.clone().into_iter().chain(cx.labels()).collect();
            let mut namespace = Namespace::default();
            namespace.metadata.name = Some(self.name.clone());
            namespace.metadata.labels = Some(labels);
            let by = PostParams { field_manager: Some(marks::MANAGER.into()), ..PostParams::default() };
            return match namespaces.create(&by, &namespace).await.map_err(Trouble::from) {
                Err(trouble) if trouble.code() != Some("AlreadyExists") => Err(trouble),
                _ => Ok(Applied::made()),
            };
        };
        let before: BTreeMap<&String, Option<&String>> =
            self.labels.keys().map(|key| (key, found.labels().get(key))).collect();
        let patch = json!({ "metadata": { "labels": self.labels } });
        namespaces.patch(&self.name, &PatchParams::default(), &Patch::Merge(&patch)).await?;
        Ok(Applied::changed(json!({ "labels": before })))
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let client = cx.cloud.kube.client().await?;
        let namespaces: Api<Namespace> = Api::all(client.clone());
        if let Some(before) = &made.before {
            let Some(found) = namespaces.get_opt(&self.name).await? else { return Ok(()) };
            let ours = before["labels"].as_object().into_iter().flatten();
            // Restored only where the label still has our value.
            let restored: BTreeMap<&String, &Value> =
                ours.filter(|(key, _)| found.labels().get(*key) == self.labels.get(*key)).collect();
            let patch = json!({ "metadata": { "labels": restored } });
            namespaces.patch(&self.name, &PatchParams::default(), &Patch::Merge(&patch)).await?;
            return Ok(());
        }
        let everything = ListParams::default().limit(5);
        let pods: Api<Pod> = Api::namespaced(client.clone(), &self.name);
        let claims: Api<PersistentVolumeClaim> = Api::namespaced(client, &self.name);
        let (pods, claims) = futures::try_join!(pods.list(&everything), claims.list(&everything))?;
        // A pod that is ending already, after its release was uninstalled, keeps nothing.
        let pods = pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none());
        let left: Vec<String> =
            pods.map(ResourceExt::name_any).chain(claims.iter().map(ResourceExt::name_any)).collect();
        if !left.is_empty() {
            return Err(Problem::new(
                "K8S-NAMESPACE-IN-USE",
                format!("the namespace {} still holds {}", self.name, left.join(", ")),
                format!("Remove what is in it, then run undo again.\n$ kubectl get all,pvc --namespace {}", self.name),
            )
            .why("Deleting the namespace would delete it, too, and this install did not make it.")
            .into());
        }
        namespaces.delete(&self.name, &DeleteParams::default()).await?;
        Ok(())
    }

    fn commands(&self, _cx: &PlanView<'_>) -> Vec<String> {
        let labels: Vec<String> =
            self.labels.iter().map(|(key, value)| shell_words::quote(&format!("{key}={value}")).into_owned()).collect();
        let mut commands = vec![format!("kubectl create namespace {}", self.name)];
        if !labels.is_empty() {
            commands.push(format!("kubectl label namespace {} {}", self.name, labels.join(" ")));
        }
        commands
    }

    fn render(&self, _cx: &PlanView<'_>) -> Vec<Rendered> {
        let labels = &self.labels;
        let object =
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": self.name, "labels": labels } });
        vec![Rendered::manifest(&object)]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("deletes the namespace {}, if nothing runs and nothing is stored in it", self.name)
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default().rbac(None, "", "namespaces", &["get", "create", "patch", "delete"])
    }
}
