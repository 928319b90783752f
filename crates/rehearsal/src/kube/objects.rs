//! The objects and the history of their changes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use serde_json::Value;

use super::object;

/// Which object: kind, namespace (empty for cluster-wide ones) and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Id of the kind.
    pub resource: Arc<str>,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl Key {
    /// A key of these three.
    pub fn new(resource: &str, namespace: &str, name: &str) -> Self {
        Self { resource: resource.into(), namespace: namespace.into(), name: name.into() }
    }
}

/// One stored state of an object, with its JSON text made at most once.
#[derive(Debug)]
pub struct Object {
    /// What it is.
    pub value: Value,
    text: OnceLock<Bytes>,
}

impl Object {
    /// Its JSON text.
    pub fn text(&self) -> &Bytes {
        self.text.get_or_init(|| self.value.to_string().into())
    }

    /// Its resource version.
    pub fn version(&self) -> u64 {
        object::text(&self.value, "/metadata/resourceVersion").parse().unwrap_or(0)
    }
}

/// One change in the history.
#[derive(Clone, Debug)]
pub struct Change {
    /// Resource version it made.
    pub version: u64,
    /// Of which kind.
    pub resource: Arc<str>,
    /// What was there before.
    pub before: Option<Arc<Object>>,
    /// What is there now; for a deletion its last state.
    pub object: Arc<Object>,
    /// Is it gone?
    pub deleted: bool,
}

type Shelf = BTreeMap<(String, String), Arc<Object>>;

/// All objects.
#[derive(Debug, Default)]
pub struct Objects {
    shelves: BTreeMap<Arc<str>, Shelf>,
    owned: HashMap<String, BTreeSet<Key>>,
    log: VecDeque<Change>,
    history: usize,
    version: u64,
    touched: BTreeSet<Key>,
    gone: Vec<String>,
}

impl Objects {
    /// None yet; `history` changes are kept.
    pub fn new(history: usize) -> Self {
        Self { history, version: 1000, ..Self::default() }
    }

    /// The version of the last change.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// One object.
    pub fn get(&self, key: &Key) -> Option<&Arc<Object>> {
        self.shelves.get(&key.resource)?.get(&(key.namespace.clone(), key.name.clone()))
    }

    /// One object's value.
    pub fn value(&self, key: &Key) -> Option<&Value> {
        self.get(key).map(|object| &object.value)
    }

    /// One object's value by its parts.
    pub fn find(&self, resource: &str, namespace: &str, name: &str) -> Option<&Value> {
        Some(&self.shelves.get(resource)?.get(&(namespace.to_owned(), name.to_owned()))?.value)
    }

    /// All of a kind, in one namespace or (where it is empty) all, after a given one, in order.
    pub fn list<'a>(
        &'a self,
        resource: &str,
        namespace: &'a str,
        after: Option<(String, String)>,
    ) -> impl Iterator<Item = &'a Arc<Object>> + use<'a> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let from = match after {
            Some(after) => Excluded(after),
            None if namespace.is_empty() => Unbounded,
            None => Included((namespace.to_owned(), String::new())),
        };
        let shelf = self.shelves.get(resource);
        shelf
            .into_iter()
            .flat_map(move |shelf| shelf.range((from.clone(), Unbounded)))
            .take_while(move |((in_namespace, _), _)| namespace.is_empty() || in_namespace == namespace)
            .map(|(_, object)| object)
    }

    /// Values of all of a kind.
    pub fn values<'a>(&'a self, resource: &str, namespace: &'a str) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.list(resource, namespace, None).map(|object| &object.value)
    }

    /// Everything there is.
    pub fn all(&self) -> impl Iterator<Item = (Key, &Arc<Object>)> {
        self.shelves.iter().flat_map(|(resource, shelf)| {
            shelf.iter().map(move |((namespace, name), object)| {
                (Key { resource: resource.clone(), namespace: namespace.clone(), name: name.clone() }, object)
            })
        })
    }

    /// What names this uid as an owner.
    pub fn owned_by(&self, uid: &str) -> impl Iterator<Item = &Key> {
        self.owned.get(uid).into_iter().flatten()
    }

    /// Values of one kind that name this uid as an owner.
    pub fn owned_values<'a>(&'a self, uid: &str, resource: &'a str) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.owned
            .get(uid)
            .into_iter()
            .flatten()
            .filter(move |key| &*key.resource == resource)
            .filter_map(|key| self.value(key))
    }

    /// Stores an object under a new version; nothing happens where it is the same as before.
    pub fn put(&mut self, key: Key, mut value: Value) -> Arc<Object> {
        let before = self.get(&key).cloned();
        if let Some(before) = &before {
            object::set(
                &mut value,
                &["metadata", "resourceVersion"],
                before.value["metadata"]["resourceVersion"].clone(),
            );
            if object::same(&before.value, &value) {
                return before.clone();
            }
        }
        self.version += 1;
        object::set(&mut value, &["metadata", "resourceVersion"], self.version.to_string());
        if let Some(before) = &before {
            self.disown(&key, &before.value);
        }
        for owner in object::list(&value, "/metadata/ownerReferences") {
            self.owned.entry(object::text(owner, "/uid").to_owned()).or_default().insert(key.clone());
        }
        let object = Arc::new(Object { value, text: OnceLock::new() });
        let shelf = self.shelves.entry(key.resource.clone()).or_default();
        shelf.insert((key.namespace.clone(), key.name.clone()), object.clone());
        self.record(key, before, object.clone(), false);
        object
    }

    /// Changes an object in place, where it is there.
    pub fn change(&mut self, key: &Key, how: impl FnOnce(&mut Value)) {
        if let Some(object) = self.get(key) {
            let mut value = object.value.clone();
            how(&mut value);
            self.put(key.clone(), value);
        }
    }

    /// Takes an object away; its last state carries the version of its deletion.
    pub fn remove(&mut self, key: &Key) -> Option<Arc<Object>> {
        let before = self.shelves.get_mut(&key.resource)?.remove(&(key.namespace.clone(), key.name.clone()))?;
        self.disown(key, &before.value);
        self.version += 1;
        let mut value = before.value.clone();
        object::set(&mut value, &["metadata", "resourceVersion"], self.version.to_string());
        let object = Arc::new(Object { value, text: OnceLock::new() });
        self.record(key.clone(), Some(before), object.clone(), true);
        Some(object)
    }

    fn disown(&mut self, key: &Key, before: &Value) {
        for owner in object::list(before, "/metadata/ownerReferences") {
            let uid = object::text(owner, "/uid");
            if let Some(owned) = self.owned.get_mut(uid) {
                owned.remove(key);
                if owned.is_empty() {
                    self.owned.remove(uid);
                }
            }
        }
    }

    fn record(&mut self, key: Key, before: Option<Arc<Object>>, object: Arc<Object>, deleted: bool) {
        if self.log.len() >= self.history.max(1) {
            self.log.pop_front();
        }
        self.log.push_back(Change {
            version: self.version,
            resource: key.resource.clone(),
            before,
            object: object.clone(),
            deleted,
        });
        if deleted {
            self.gone.push(object::uid(&object.value).to_owned());
            if !key.namespace.is_empty() {
                self.touched.insert(Key::new("namespaces", "", &key.namespace));
            }
        }
        self.touched.extend(controllers(&object.value, &key.namespace));
        self.touched.insert(key);
    }

    /// Forgets the history, as if it had been compacted.
    pub fn forget(&mut self) {
        self.log.clear();
    }

    /// What changed after a version; none where that is no longer known.
    pub fn since(&self, version: u64) -> Option<impl Iterator<Item = &Change>> {
        let oldest = self.log.front().map_or(self.version, |change| change.version - 1);
        if version < oldest {
            return None;
        }
        let from = self.log.partition_point(|change| change.version <= version);
        Some(self.log.range(from..))
    }

    /// What was touched since the last time somebody asked, and what controls it.
    pub fn take_touched(&mut self) -> BTreeSet<Key> {
        std::mem::take(&mut self.touched)
    }

    /// Asks for another look at an object, though it did not change.
    pub fn touch(&mut self, key: Key) {
        self.touched.insert(key);
    }

    /// uids of what went away since the last time somebody asked.
    pub fn take_gone(&mut self) -> Vec<String> {
        std::mem::take(&mut self.gone)
    }

    /// Everything in a namespace.
    pub fn in_namespace(&self, namespace: &str) -> Vec<Key> {
        let keys = |resource: &Arc<str>| {
            self.list(resource, namespace, None)
                .map(|object| Key::new(resource, namespace, object::name(&object.value)))
                .collect::<Vec<_>>()
        };
        self.shelves.keys().flat_map(keys).collect()
    }
}

/// What controls an object, among the controllers that are simulated.
fn controllers(object: &Value, namespace: &str) -> Option<Key> {
    let owner = object::controller(object)?;
    let resource = match object::text(owner, "/kind") {
        "ReplicaSet" => "replicasets.apps",
        "Deployment" => "deployments.apps",
        "DaemonSet" => "daemonsets.apps",
        "StatefulSet" => "statefulsets.apps",
        "Job" => "jobs.batch",
        _ => return None,
    };
    Some(Key::new(resource, namespace, object::text(owner, "/name")))
}
