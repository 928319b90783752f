//! `kube.secret`: does a Secret hold what was entered? Compared by a keyed fingerprint; nothing of it is ever shown.

use std::{collections::BTreeMap, path::PathBuf};

use async_trait::async_trait;
use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions},
};
use landfall_core::{
    event::{Difference, Found, Permissions},
    value::{Part, Plain, SecretRef, SecretText, Tree},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::secret_data::{Content, RegistryLogin, encoded, same};
use crate::{
    cloud::{Fingerprint, Trouble, marks},
    kind::{
        Applied, Context, Made, PlanView, Step, StepAbout,
        given::{given, nobodys},
    },
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeSecret {
    /// Its name.
    name: String,
    /// Its namespace; the install's where left out.
    #[serde(default)]
    namespace: Option<String>,
    /// `Opaque`, `kubernetes.io/tls`, `kubernetes.io/dockerconfigjson` …
    #[serde(default, rename = "type")]
    type_: Option<String>,
    /// Its keys.
    #[serde(default)]
    data: BTreeMap<String, SecretText>,
    /// Keys whose value is a file on this machine, read when it is made.
    #[serde(default)]
    files: BTreeMap<String, PathBuf>,
    /// Keys whose value is a YAML document; secrets in it are quoted as YAML needs it.
    #[serde(default)]
    documents: BTreeMap<String, Tree>,
    /// Registries and their logins, for `.dockerconfigjson`.
    #[serde(default)]
    registries: Vec<RegistryLogin>,
    /// Keys whose value is kept where there is one already: it is adopted, and never replaced by one that was made up. One that
    /// a person gave by name and that is another is a change to be agreed to.
    #[serde(default)]
    keep: Vec<String>,
}

/// What others may read.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its name.
    name: String,
    /// Its unique id.
    uid: String,
    /// Changes whenever it is changed.
    resource_version: String,
}

const OPAQUE: &str = "Opaque";

#[async_trait]
impl Step for KubeSecret {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        fixed: &["name", "namespace", "type"],
        ..StepAbout::new("kube.secret", "K8S-22", "a Kubernetes Secret")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some(found) = self.api(cx).await?.get_opt(&self.name).await? else { return Ok(Found::absent()) };
        let fingerprint = Fingerprint::of(&cx.folder)?;
        let mut differences = Vec::new();
        let type_ = found.type_.as_deref().unwrap_or(OPAQUE);
        if type_ != self.type_() {
            differences.push(Difference {
                field: "type".into(),
                wanted: self.type_().to_owned(),
                found: type_.to_owned(),
                fixed: true,
            });
        }
        let data = found.data.clone().unwrap_or_default();
        for (key, wanted) in self.content().known(cx).await? {
            let there = data.get(&key).filter(|there| !there.0.is_empty());
            let is_same =
                there.zip(wanted.as_ref()).is_some_and(|(there, wanted)| same(&fingerprint, &key, wanted, &there.0));
            if let Some(there) = there.filter(|_| !is_same && self.keep.contains(&key))
                && !self.was_given(cx, &key).await?
            {
                self.adopt(cx, &key, there).await?;
                continue;
            }
            let state = match (there, wanted) {
                (Some(_), None) => continue,
                _ if is_same => continue,
                (Some(_), Some(_)) => "differs",
                (None, _) => "nothing",
            };
            differences.push(Difference {
                field: format!("data.{key}"),
                wanted: self.shown(&key),
                found: state.into(),
                fixed: false,
            });
        }
        let outputs = Outputs {
            name: self.name.clone(),
            uid: found.uid().unwrap_or_default(),
            resource_version: found.resource_version().unwrap_or_default(),
        };
        Ok(Found::there(outputs, differences, marks::owner(&found, &cx.install)))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let secrets = self.api(cx).await?;
        let mut wanted = self.content().revealed(cx).await?;
        let Some(found) = secrets.get_opt(&self.name).await? else {
            let mut secret = Secret {
                type_: Some(self.type_().to_owned()),
                data: Some(wanted.into_iter().map(|(key, value)| (key, ByteString(value))).collect()),
                ..Secret::default()
            };
            secret.metadata.name = Some(self.name.clone());
            secret.metadata.labels = Some(cx.labels());
            let by = PostParams { field_manager: Some(marks::MANAGER.into()), ..PostParams::default() };
            return match secrets.create(&by, &secret).await.map_err(Trouble::from) {
                // Whoever was quicker is looked at next.
                Err(trouble) if trouble.code() != Some("AlreadyExists") => Err(trouble),
                _ => Ok(Applied::made()),
            };
        };
        let old = found.data.clone().unwrap_or_default();
        for key in &self.keep {
            // What a person gave instead was agreed to.
            let there = old.get(key).is_some_and(|value| !value.0.is_empty());
            if there && !self.was_given(cx, key).await? {
                wanted.remove(key);
            }
        }
        let mut before = BTreeMap::new();
        for key in wanted.keys() {
            let kept = match old.get(key) {
                Some(value) => {
                    let reference = SecretRef(format!("before.{}.{key}", cx.path));
                    cx.secrets.put(&reference, encoded(&value.0)).await?;
                    Some(reference)
                }
                None => None,
            };
            before.insert(key.clone(), kept);
        }
        let labels: BTreeMap<String, Option<&String>> =
            cx.labels().into_keys().map(|key| (key.clone(), found.labels().get(&key))).collect();
        let data: BTreeMap<&String, ByteString> =
            wanted.iter().map(|(key, value)| (key, ByteString(value.clone()))).collect();
        let patch = json!({
            "metadata": { "labels": cx.labels(), "resourceVersion": found.resource_version() },
            "data": data,
        });
        secrets.patch(&self.name, &self.by(), &Patch::Merge(&patch)).await?;
        Ok(Applied::changed(json!({ "data": before, "labels": labels })))
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let secrets = self.api(cx).await?;
        let Some(found) = secrets.get_opt(&self.name).await? else { return Ok(()) };
        let Some(before) = &made.before else {
            let uid = made.outputs["uid"].as_str().filter(|uid| !uid.is_empty()).map(str::to_owned);
            let only_ours = DeleteParams {
                preconditions: Some(Preconditions { uid, resource_version: None }),
                ..DeleteParams::default()
            };
            secrets.delete(&self.name, &only_ours).await?;
            return Ok(());
        };
        let fingerprint = Fingerprint::of(&cx.folder)?;
        let ours = self.content().known(cx).await?;
        let data = found.data.clone().unwrap_or_default();
        let mut restored: BTreeMap<String, Value> = BTreeMap::new();
        for (key, old) in before["data"].as_object().into_iter().flatten() {
            let still_ours = match (ours.get(key), data.get(key)) {
                (Some(Some(ours)), Some(there)) => same(&fingerprint, key, ours, &there.0),
                _ => false,
            };
            if still_ours {
                let value = match old.as_str() {
                    // It was kept as base64, which is what the API takes.
                    Some(reference) => json!(cx.secret(&SecretRef(reference.to_owned())).await?.reveal()),
                    None => Value::Null,
                };
                restored.insert(key.clone(), value);
            } else {
                cx.say(format!("data.{key} of the Secret {} was changed since; it is left as it is", self.name));
            }
        }
        let patch = json!({ "metadata": { "labels": before["labels"] }, "data": restored });
        secrets.patch(&self.name, &self.by(), &Patch::Merge(&patch)).await?;
        Ok(())
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let place = format!("{} --namespace {}", self.name, self.namespace_of(&cx.target.namespace));
        // Values come from files: a command line can be read by everybody on the machine.
        let pairs = |flag: &str| -> String {
            let data = self.data.keys().map(|key| format!(" {flag}={key}=<file with {}>", self.shown(key)));
            let files = self.files.iter().map(|(key, path)| format!(" {flag}={key}={}", path.display()));
            let documents = self.documents.keys().map(|key| format!(" {flag}={key}=<file with the document>"));
            data.chain(files).chain(documents).collect()
        };
        let command = match (self.type_(), self.files.get("tls.crt"), self.files.get("tls.key")) {
            ("kubernetes.io/tls", Some(certificate), Some(key)) => {
                format!("kubectl create secret tls {place} --cert={} --key={}", certificate.display(), key.display())
            }
            ("kubernetes.io/dockerconfigjson", ..) => format!(
                "kubectl create secret generic {place} --type=kubernetes.io/dockerconfigjson \
                 --from-file=.dockerconfigjson=<file as `docker login` writes it>"
            ),
            (OPAQUE, ..) => format!("kubectl create secret generic {place}{}", pairs("--from-file")),
            (other, ..) => format!("kubectl create secret generic {place} --type={other}{}", pairs("--from-file")),
        };
        vec![command]
    }

    fn undo_line(&self, cx: &PlanView<'_>) -> String {
        format!("deletes the Secret {} in {}", self.name, self.namespace_of(&cx.target.namespace))
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let namespace = self.namespace_of(&cx.target.namespace);
        Permissions::default().rbac(Some(namespace), "", "secrets", &["get", "create", "patch", "delete"])
    }
}

impl KubeSecret {
    async fn api(&self, cx: &Context) -> Result<Api<Secret>, Trouble> {
        Ok(Api::namespaced(cx.cloud.kube.client().await?, self.namespace_of(&cx.target.namespace)))
    }

    fn namespace_of<'a>(&'a self, default: &'a str) -> &'a str {
        self.namespace.as_deref().unwrap_or(default)
    }

    fn type_(&self) -> &str {
        match (&self.type_, self.registries.is_empty()) {
            (Some(type_), _) => type_,
            (None, false) => "kubernetes.io/dockerconfigjson",
            (None, true) => OPAQUE,
        }
    }

    fn content(&self) -> Content<'_> {
        Content { data: &self.data, files: &self.files, documents: &self.documents, registries: &self.registries }
    }

    fn shown(&self, key: &str) -> String {
        match (self.data.get(key), self.files.get(key)) {
            (Some(text), _) => text.to_string(),
            (None, Some(path)) => path.display().to_string(),
            (None, None) if self.documents.contains_key(key) => "the document of the plan".into(),
            (None, None) => "the registries' logins".into(),
        }
    }

    fn by(&self) -> PatchParams {
        PatchParams { field_manager: Some(marks::MANAGER.into()), ..PatchParams::default() }
    }

    /// Whether a person gave what is wanted of this key, rather than it being made up or adopted.
    async fn was_given(&self, cx: &Context, key: &str) -> Result<bool, Trouble> {
        let Some(text) = self.data.get(key) else { return Ok(false) };
        for reference in text.references() {
            if !given(&*cx.secrets, &cx.folder, reference).await? {
                return Ok(false);
            }
        }
        Ok(text.references().next().is_some())
    }

    /// What is in the cluster counts: from now on the vault has it, too.
    async fn adopt(&self, cx: &Context, key: &str, there: &ByteString) -> Result<(), Trouble> {
        let Some([Part::Secret(reference)]) = self.data.get(key).map(|text| text.0.as_slice()) else {
            return Ok(());
        };
        let Ok(text) = String::from_utf8(there.0.clone()) else { return Ok(()) };
        let kept = cx.secrets.get(reference).await?;
        if kept.is_none_or(|kept| kept.reveal() != text) {
            let there = Plain::new(text);
            cx.secrets.put(reference, there.clone()).await?;
            nobodys(&*cx.secrets, &cx.folder, reference, &there).await?;
        }
        Ok(())
    }
}
