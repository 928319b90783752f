//! `kube.default_storage_class`: makes one class the default, and the only one.

use std::collections::BTreeMap;

use async_trait::async_trait;
use k8s_openapi::api::storage::v1::StorageClass;
use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams},
};
use landfall_core::event::{Found, Owner, Permissions, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    cloud::{
        Trouble, marks,
        storage_class::{self, BETA_DEFAULT, DEFAULT, defaults, is_default},
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DefaultStorageClass {
    /// The class.
    name: String,
}

/// What others may read.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The class.
    name: String,
}

/// Both annotations of each class that was changed, as they were.
type Before = BTreeMap<String, BTreeMap<String, Option<String>>>;

#[async_trait]
impl Step for DefaultStorageClass {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        fixed: &["name"],
        ..StepAbout::new("kube.default_storage_class", "K8S-24", "makes a storage class the only default")
    };

    /// There only where it is the default and nothing else is.
    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let classes = storage_class::all(&cx.cloud.kube).await?;
        if defaults(&classes) != [self.name.clone()] {
            return Ok(Found::absent());
        }
        Ok(Found::there(Outputs { name: self.name.clone() }, Vec::new(), Owner::Unmarked))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let classes = storage_class::all(&cx.cloud.kube).await?;
        let Some(ours) = classes.iter().find(|class| class.name_any() == self.name) else {
            return Err(self.missing(&classes).into());
        };
        let api: Api<StorageClass> = Api::all(cx.cloud.kube.client().await?);
        let mut before = Before::new();
        // The new one first: with two for a moment the newest wins, with none claims stay without a class.
        if !is_default(ours) {
            before.insert(self.name.clone(), annotations(ours));
            patch(&api, &self.name, &BTreeMap::from([(DEFAULT.to_owned(), Some("true".to_owned()))])).await?;
        }
        for other in classes.iter().filter(|class| class.name_any() != self.name && is_default(class)) {
            before.insert(other.name_any(), annotations(other));
            let off = BTreeMap::from([(DEFAULT.to_owned(), Some("false".to_owned())), (BETA_DEFAULT.to_owned(), None)]);
            patch(&api, &other.name_any(), &off).await?;
        }
        Ok(Applied::changed(json!(before)))
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let before: Before =
            made.before.clone().and_then(|before| serde_json::from_value(before).ok()).unwrap_or_default();
        let classes = storage_class::all(&cx.cloud.kube).await?;
        let api: Api<StorageClass> = Api::all(cx.cloud.kube.client().await?);
        for (name, was) in &before {
            let Some(class) = classes.iter().find(|class| class.name_any() == *name) else { continue };
            // Restored only where it still is as we set it.
            if is_default(class) == (*name == self.name) {
                patch(&api, name, was).await?;
            } else {
                cx.say(format!("the storage class {name} was changed since; it is left as it is"));
            }
        }
        Ok(())
    }

    async fn preview(&self, cx: &Context) -> Result<String, Trouble> {
        let there = defaults(&storage_class::all(&cx.cloud.kube).await?);
        let others =
            there.iter().filter(|name| **name != self.name).map(|name| format!("- {name} (default)\n+ {name}\n"));
        let mut text: String = others.collect();
        if !there.contains(&self.name) {
            text.push_str(&format!("+ {} (default)\n", self.name));
        }
        Ok(text)
    }

    fn commands(&self, _cx: &PlanView<'_>) -> Vec<String> {
        let name = shell_words::quote(&self.name).into_owned();
        vec![
            format!("kubectl annotate storageclass {name} {DEFAULT}=true --overwrite"),
            format!(
                "kubectl get storageclass  # each other one marked (default): kubectl annotate storageclass NAME {DEFAULT}=false --overwrite"
            ),
        ]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        "makes the classes the default again that were it before".into()
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default().rbac(None, "storage.k8s.io", "storageclasses", &["list", "patch"])
    }
}

impl DefaultStorageClass {
    fn missing(&self, classes: &[StorageClass]) -> Problem {
        let there: Vec<String> = classes.iter().map(ResourceExt::name_any).collect();
        Problem::new(
            "K8S-CLASS-MISSING",
            format!("there is no storage class {}", self.name),
            "Make it first, or choose one that is there.\n$ kubectl get storageclass",
        )
        .why(format!("There are: {}.", there.join(", ")))
    }
}

fn annotations(class: &StorageClass) -> BTreeMap<String, Option<String>> {
    [DEFAULT, BETA_DEFAULT].iter().map(|name| ((*name).to_owned(), class.annotations().get(*name).cloned())).collect()
}

async fn patch(
    api: &Api<StorageClass>,
    name: &str,
    annotations: &BTreeMap<String, Option<String>>,
) -> Result<(), Trouble> {
    let change: Value = json!({ "metadata": { "annotations": annotations } });
    let by = PatchParams { field_manager: Some(marks::MANAGER.into()), ..PatchParams::default() };
    api.patch(name, &by, &Patch::Merge(&change)).await?;
    Ok(())
}
