//! `kube.manifest`: is one object in the cluster as its manifest says? Sent by server-side apply.

use async_trait::async_trait;
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, Patch, PatchParams, Preconditions},
    core::{ApiResource, DynamicObject, GroupVersionKind},
};
use landfall_core::{
    event::{Difference, Found, Permissions, Problem},
    value::{Tree, openly_placed},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    manifest_data::holds_data,
    manifest_diff::differences,
    manifest_fixed::{mark_fixed, refused},
    manifest_marks::{labelled, labels_before, marks_back},
};
use crate::{
    cloud::{
        Trouble, marks, objects,
        values::{Values, written},
    },
    kind::{Applied, Context, Made, PlanView, Rendered, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeManifest {
    /// The object, written in the guide.
    #[serde(default)]
    manifest: Option<Tree>,
    /// Or the name of a template beside the guide that holds it.
    #[serde(default)]
    template: Option<String>,
    /// Its namespace, where the manifest names none; the install's where left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Whether taking it away loses data, so that undo leaves it unless its name is given. Where left out, its Kubernetes kind
    /// tells: a claim or a volume, a snapshot, a namespace, a definition of resources, a StatefulSet that deletes its claims.
    #[serde(default)]
    keeps_data: Option<bool>,
}

/// What others may read.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its name.
    name: String,
    /// Its unique id.
    uid: String,
}

/// The object's place in the API.
struct Place {
    api: Api<DynamicObject>,
    name: String,
    tree: Value,
}

#[async_trait]
impl Step for KubeManifest {
    type Outputs = Outputs;
    const ABOUT: StepAbout =
        StepAbout { fixed: &["namespace"], ..StepAbout::new("kube.manifest", "K8S-23", "a Kubernetes object") };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let tree = cx.with_fingerprints(self.tree(|name| cx.template(name))?).await?;
        let place = match self.place(cx, tree.0.clone()).await {
            Ok(place) => place,
            // Its kind comes with something that is not installed yet.
            Err(trouble) if trouble.code() == Some("K8S-KIND-MISSING") => return Ok(Found::absent()),
            Err(trouble) => return Err(trouble),
        };
        let Some(found) = place.api.get_opt(&place.name).await? else { return Ok(Found::absent()) };
        let there = serde_json::to_value(&found).unwrap_or_default();
        let mut different = differences(&tree, &there);
        if !different.is_empty() && tree.unknown().is_none() {
            different = self.would_change(cx, &tree, &place, &there, different).await?;
        }
        let outputs = Outputs { name: place.name, uid: found.uid().unwrap_or_default() };
        Ok(Found::there(outputs, different, marks::owner(&found, &cx.install)))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let tree = cx.with_fingerprints(self.tree(|name| cx.template(name))?).await?;
        let place = self.place(cx, cx.reveal_tree(&tree).await?).await?;
        let before = place.api.get_opt(&place.name).await?;
        let object = labelled(place.tree.clone(), cx);
        // A person has seen the differences and decided; whoever else manages these fields loses them.
        let by = PatchParams::apply(marks::MANAGER).force();
        let sent = place.api.patch(&place.name, &by, &Patch::Apply(&object)).await;
        sent.map_err(|error| refused(error, &place.name))?;
        Ok(match before {
            None => Applied::made(),
            Some(found) => {
                let mut there = serde_json::to_value(&found).unwrap_or_default();
                strip(&mut there);
                // Only what the manifest names was changed, and a Secret's data never reaches a journal.
                let mut before = overlap(&tree.shown(), &there);
                // Besides, it was marked.
                before["metadata"]["labels"] = json!(labels_before(&place.tree, &found, cx));
                Applied::changed(before)
            }
        })
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let tree = cx.with_fingerprints(self.tree(|name| cx.template(name))?).await?;
        let place = self.place(cx, tree.0.clone()).await?;
        let Some(before) = &made.before else {
            let uid = made.outputs["uid"].as_str().filter(|uid| !uid.is_empty()).map(str::to_owned);
            let only_ours = DeleteParams {
                preconditions: Some(Preconditions { uid, resource_version: None }),
                ..DeleteParams::background()
            };
            place.api.delete(&place.name, &only_ours).await?;
            return Ok(());
        };
        let Some(found) = place.api.get_opt(&place.name).await? else { return Ok(()) };
        let there = serde_json::to_value(&found).unwrap_or_default();
        if differences(&tree, &there).is_empty() {
            place.api.patch(&place.name, &PatchParams::default(), &Patch::Merge(before)).await?;
        } else {
            cx.say(format!("{} was changed since; it is left as it is, without our marks", place.name));
            let marks = marks_back(before, &found, cx);
            let patch = json!({ "metadata": { "labels": marks } });
            place.api.patch(&place.name, &PatchParams::default(), &Patch::Merge(&patch)).await?;
        }
        Ok(())
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let shown = match self.tree(|name| Ok(cx.template(name))) {
            Ok(tree) => written(&tree.shown()),
            Err(_) => return vec![format!("kubectl apply -f {}", self.template.as_deref().unwrap_or("manifest.yaml"))],
        };
        vec![format!("kubectl apply --server-side --field-manager={} -f - <<'EOF'\n{shown}EOF", marks::MANAGER)]
    }

    fn render(&self, cx: &PlanView<'_>) -> Vec<Rendered> {
        match self.tree(|name| Ok(cx.template(name))) {
            Ok(tree) => vec![Rendered::manifest(&tree.shown())],
            Err(_) => Vec::new(),
        }
    }

    fn undo_line(&self, cx: &PlanView<'_>) -> String {
        match self.tree(|name| Ok(cx.template(name))) {
            Ok(Tree(tree)) => format!("deletes the {} {}", text(&tree, "/kind"), text(&tree, "/metadata/name")),
            Err(_) => "deletes the object".into(),
        }
    }

    fn keeps_data(&self, cx: &PlanView<'_>) -> bool {
        self.keeps_data.unwrap_or_else(|| match self.tree(|name| Ok(cx.template(name))) {
            Ok(Tree(tree)) => holds_data(&tree),
            Err(_) => true,
        })
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let Ok(Tree(tree)) = self.tree(|name| Ok(cx.template(name))) else { return Permissions::default() };
        let group = text(&tree, "/apiVersion").rsplit_once('/').map(|(group, _)| group.to_owned()).unwrap_or_default();
        let gvk = GroupVersionKind::gvk(&group, "", &text(&tree, "/kind"));
        let resource = ApiResource::from_gvk(&gvk).plural;
        let namespace = self.namespace.clone().unwrap_or_else(|| cx.target.namespace.clone());
        Permissions::default().rbac(Some(&namespace), &group, &resource, &["get", "create", "patch", "delete"])
    }
}

impl KubeManifest {
    fn tree(&self, template: impl Fn(&str) -> Result<String, Trouble>) -> Result<Tree, Trouble> {
        let tree = self.written(template)?;
        match openly_placed(&tree.0) {
            None => Ok(tree),
            Some((pointer, reference)) => Err(Problem::new(
                "SECRET-IN-THE-OPEN",
                format!("the secret {reference} would stand in {}", pointer.trim_start_matches('/').replace('/', ".")),
                "Mend the guide: put it into a Secret and let the pods read that.",
            )
            .why("Names, labels and annotations are read by everybody who may list objects, and stand in logs and events.")
            .into()),
        }
    }

    fn written(&self, template: impl Fn(&str) -> Result<String, Trouble>) -> Result<Tree, Trouble> {
        match (&self.manifest, &self.template) {
            (Some(tree), None) => Ok(tree.clone()),
            (None, Some(name)) => {
                let text = template(name)?;
                // kubectl reads YAML as helm does.
                let tree = Values::read(&text)
                    .map_err(|fault| Trouble::guide(format!("{name}: {fault}"), "Mend the template."))?;
                Ok(Tree(tree.tree))
            }
            _ => Err(Trouble::guide(
                "kube.manifest needs either manifest or template",
                "Write the object in the guide, or name its template.",
            )),
        }
    }

    async fn place(&self, cx: &Context, tree: Value) -> Result<Place, Trouble> {
        let client = cx.cloud.kube.client().await?;
        let (version, kind, name) = (text(&tree, "/apiVersion"), text(&tree, "/kind"), text(&tree, "/metadata/name"));
        let namespace = match text(&tree, "/metadata/namespace") {
            named if !named.is_empty() => named,
            _ => self.namespace.clone().unwrap_or_else(|| cx.target.namespace.clone()),
        };
        let api = objects::api(&client, &version, &kind, Some(&namespace)).await?;
        Ok(Place { api, name, tree })
    }

    /// The API server knows better which differences are only another way of writing the same, and which cannot change in place.
    async fn would_change(
        &self,
        cx: &Context,
        tree: &Tree,
        place: &Place,
        there: &Value,
        mut different: Vec<Difference>,
    ) -> Result<Vec<Difference>, Trouble> {
        let Ok(revealed) = cx.reveal_tree(tree).await else { return Ok(different) };
        let dry = PatchParams { dry_run: true, ..PatchParams::apply(marks::MANAGER).force() };
        let object = labelled(revealed, cx);
        let after = match place.api.patch(&place.name, &dry, &Patch::Apply(&object)).await {
            Ok(after) => after,
            Err(error) => {
                mark_fixed(&error, &mut different);
                return Ok(different);
            }
        };
        let mut after = serde_json::to_value(&after).unwrap_or_default();
        let mut before = there.clone();
        strip(&mut after);
        strip(&mut before);
        Ok(if after == before { Vec::new() } else { different })
    }
}

/// Without what the server writes and what our mark adds.
fn strip(object: &mut Value) {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for key in ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"] {
            metadata.remove(key);
        }
    }
    if let Some(labels) = object.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove(marks::INSTALL);
        labels.remove("app.kubernetes.io/managed-by");
    }
    if let Some(object) = object.as_object_mut() {
        object.remove("status");
    }
}

/// Of `there`, only what `wanted` names; null where it was not there, so that a merge takes it away again.
fn overlap(wanted: &Value, there: &Value) -> Value {
    match (wanted, there) {
        (Value::Object(wanted), Value::Object(there)) => {
            let below = |(key, value): (&String, &Value)| {
                (key.clone(), there.get(key).map_or(Value::Null, |there| overlap(value, there)))
            };
            Value::Object(wanted.iter().map(below).collect())
        }
        (Value::String(text), _) if text.contains("<secret ") => Value::Null,
        (_, there) => there.clone(),
    }
}

fn text(tree: &Value, pointer: &str) -> String {
    tree.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}
