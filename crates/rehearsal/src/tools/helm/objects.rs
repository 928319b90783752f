//! Writing a chart's objects to the cluster.

use std::{cell::RefCell, collections::BTreeMap};

use serde_json::{Map, Value, json};

use super::{Failure, Helm, effect};
use crate::tools::cluster::{Cluster, ClusterError};

/// Objects on their way to a cluster, in the name of a release.
#[derive(Debug)]
pub struct Objects<'a> {
    helm: &'a Helm<'a>,
    cluster: &'a Cluster,
    release: &'a str,
    namespace: &'a str,
    served: RefCell<BTreeMap<String, Vec<Value>>>,
}

impl<'a> Objects<'a> {
    /// For a release.
    pub fn new(helm: &'a Helm<'a>, cluster: &'a Cluster, release: &'a str, namespace: &'a str) -> Self {
        Self { helm, cluster, release, namespace, served: RefCell::default() }
    }

    /// Refuses where an object exists that the release does not own.
    pub fn claim(&self, objects: &[Value], doing: &str) -> Result<(), Failure> {
        for object in objects {
            let Some(there) = self.cluster.get(&self.path(object)?)? else { continue };
            let mut wrong = Vec::new();
            let mut check = |what: &str, holder: &Value, key: &str, wanted: &str| match holder[key].as_str() {
                Some(value) if value == wanted => {}
                Some(value) => wrong.push(format!(
                    "{what} validation error: key \"{key}\" must equal \"{wanted}\": current value is \"{value}\""
                )),
                None => {
                    wrong.push(format!("{what} validation error: missing key \"{key}\": must be set to \"{wanted}\""))
                }
            };
            let metadata = &there["metadata"];
            check("label", &metadata["labels"], "app.kubernetes.io/managed-by", "Helm");
            check("annotation", &metadata["annotations"], "meta.helm.sh/release-name", self.release);
            check("annotation", &metadata["annotations"], "meta.helm.sh/release-namespace", self.namespace);
            if !wrong.is_empty() && !self.helm.arguments.is("take-ownership") {
                let unable = if self.helm.is_four() { "unable" } else { "Unable" };
                let place = metadata["namespace"].as_str().unwrap_or_default();
                return Err(Failure::said(format!(
                    "{unable} to continue with {doing}: {} \"{}\" in namespace \"{place}\" exists and cannot be imported into the current \
                     release: invalid ownership metadata; {}",
                    text(object, "kind"),
                    text(&object["metadata"], "name"),
                    wrong.join("; "),
                )));
            }
        }
        Ok(())
    }

    /// Creates or merges each; `before` is what the last revision had.
    pub fn write(&self, objects: &[Value], before: &[Value]) -> Result<(), Failure> {
        for (written, object) in objects.iter().enumerate() {
            effect::midway(self.helm, written)?;
            let path = self.path(object)?;
            let owned = self.owned(object);
            let outcome = match self.cluster.get(&path)? {
                Some(_) => {
                    let old = before.iter().find(|old| same(old, object));
                    let mut patch = owned.clone();
                    if let Some(old) = old {
                        take_away(&mut patch, old, object);
                    }
                    self.cluster.merge(&path, &patch)
                }
                None => {
                    let collection = path.rsplit_once('/').map_or("", |(collection, _)| collection);
                    let made = self.cluster.create(collection, &owned);
                    made.map_err(|error| self.worded(error, object)).map_err(|error| match before {
                        [] => error,
                        _ => Failure::said(format!("failed to create resource: {error}")),
                    })?;
                    continue;
                }
            };
            outcome.map_err(|error| self.worded(error, object))?;
        }
        effect::midway(self.helm, objects.len())?;
        for old in before.iter().filter(|old| !objects.iter().any(|object| same(old, object))) {
            self.remove(old)?;
        }
        Ok(())
    }

    /// Deletes an object.
    pub fn remove(&self, object: &Value) -> Result<(), Failure> {
        match self.path(object) {
            Ok(path) => Ok(self.cluster.delete(&path)?),
            // Its kind is gone, and it with it.
            Err(Failure::Plain(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Where an object lives.
    pub fn path(&self, object: &Value) -> Result<String, Failure> {
        let (version, kind) = (text(object, "apiVersion"), text(object, "kind"));
        let root = if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
        let name = text(&object["metadata"], "name");
        if !self.served.borrow().contains_key(&root) {
            let mut list = self.cluster.get(&root)?.unwrap_or_default();
            let resources = list["resources"].as_array_mut().map(std::mem::take).unwrap_or_default();
            self.served.borrow_mut().insert(root.clone(), resources);
        }
        let served = self.served.borrow();
        let resource =
            served.get(&root).into_iter().flatten().find(|one| one["kind"] == kind && !text(one, "name").contains('/'));
        let Some(resource) = resource else {
            let missing = format!(
                "unable to build kubernetes objects from release manifest: resource mapping not found for name: \"{name}\" namespace: \"{}\" \
                 from \"\": no matches for kind \"{kind}\" in version \"{version}\"\nensure CRDs are installed first",
                text(&object["metadata"], "namespace"),
            );
            return Err(Failure::said(missing));
        };
        let plural = text(resource, "name");
        if resource["namespaced"] == json!(true) {
            let namespace = object["metadata"]["namespace"].as_str().unwrap_or(self.namespace);
            return Ok(format!("{root}/namespaces/{namespace}/{plural}/{name}"));
        }
        Ok(format!("{root}/{plural}/{name}"))
    }

    /// The object with the marks of its release.
    fn owned(&self, object: &Value) -> Value {
        let mut owned = object.clone();
        let marks = json!({
            "labels": {"app.kubernetes.io/managed-by": "Helm"},
            "annotations": {"meta.helm.sh/release-name": self.release, "meta.helm.sh/release-namespace": self.namespace},
        });
        super::values::overlay(&mut owned["metadata"], marks);
        owned
    }

    fn worded(&self, error: ClusterError, object: &Value) -> Failure {
        match error {
            ClusterError::Refused { message, .. } if self.helm.is_four() => Failure::said(format!(
                "server-side apply failed for object {}/{} {}, Kind={}: {message}",
                self.namespace,
                text(&object["metadata"], "name"),
                if text(object, "apiVersion").contains('/') {
                    text(object, "apiVersion").to_owned()
                } else {
                    format!("/{}", text(object, "apiVersion"))
                },
                text(object, "kind"),
            )),
            error => Failure::Cluster(error),
        }
    }
}

/// Creates a namespace unless it is there.
pub fn create_namespace(cluster: &Cluster, name: &str) -> Result<(), Failure> {
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"name": name}}});
    match cluster.create("/api/v1/namespaces", &object) {
        Ok(_) | Err(ClusterError::Refused { status: 409, .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn same(one: &Value, other: &Value) -> bool {
    let identity = |object: &Value| {
        (object["kind"].clone(), object["metadata"]["name"].clone(), object["metadata"]["namespace"].clone())
    };
    identity(one) == identity(other)
}

/// Puts a `null` into the patch for each key that the last revision had and this one has not.
fn take_away(patch: &mut Value, old: &Value, new: &Value) {
    let (Some(patch), Some(old)) = (patch.as_object_mut(), old.as_object()) else { return };
    for (key, before) in old {
        match new.get(key) {
            None => {
                patch.entry(key.clone()).or_insert(Value::Null);
            }
            Some(now) => take_away(patch.entry(key.clone()).or_insert_with(|| Value::Object(Map::new())), before, now),
        }
    }
}
