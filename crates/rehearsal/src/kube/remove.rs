//! Deleting objects, as a client may.

use serde_json::{Value, json};

use super::{object, objects::Key, refusal::Refusal, resource::Resource, state::State};

/// `DeleteOptions`, from the body and the query.
#[derive(Clone, Debug, Default)]
pub struct Removal {
    /// `Background`, `Foreground` or `Orphan`.
    pub propagation: String,
    /// Seconds a pod may take.
    pub grace: Option<i64>,
    /// Only this very object.
    pub uid: Option<String>,
    /// Only this very version.
    pub version: Option<String>,
    /// Only say what would happen.
    pub dry_run: bool,
}

impl State {
    /// Begins (and where nothing holds it up, ends) an object's deletion.
    pub fn delete(&mut self, resource: &Resource, key: &Key, removal: &Removal) -> Result<Value, Refusal> {
        let object = self.existing(resource, key)?;
        for (wanted, is, what) in [
            (&removal.uid, object::uid(&object), "UID"),
            (&removal.version, object::text(&object, "/metadata/resourceVersion"), "ResourceVersion"),
        ] {
            if let Some(wanted) = wanted
                && wanted != is
            {
                let why = format!("Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {is}");
                return Err(Refusal::conflict(resource, &key.name, &why));
            }
        }
        let success = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": { "name": key.name, "group": resource.group, "kind": resource.plural, "uid": object::uid(&object) },
        });
        if removal.dry_run {
            return Ok(success);
        }
        match removal.propagation.as_str() {
            "Orphan" => self.orphan(object::uid(&object)),
            "Foreground" => self.hold_for_owned(key),
            _ => {}
        }
        let gone = self.begin_removal(key, removal.grace);
        Ok(if gone { success } else { self.objects.value(key).cloned().unwrap_or(success) })
    }

    /// Lets an object's deletion wait for what it owns.
    pub fn hold_for_owned(&mut self, key: &Key) {
        self.objects.change(key, |object| match object::slot(object, &["metadata", "finalizers"]) {
            Value::Array(finalizers) if finalizers.iter().any(|finalizer| finalizer == "foregroundDeletion") => {}
            Value::Array(finalizers) => finalizers.push("foregroundDeletion".into()),
            other => *other = json!(["foregroundDeletion"]),
        });
    }

    /// Marks an object as being deleted; takes it away at once where nothing waits for it. Is it gone?
    pub fn begin_removal(&mut self, key: &Key, grace: Option<i64>) -> bool {
        let Some(object) = self.objects.value(key) else { return true };
        let held = !object::list(object, "/metadata/finalizers").is_empty();
        let slow = match &*key.resource {
            "namespaces" => true,
            "pods" => {
                grace != Some(0)
                    && !object::text(object, "/spec/nodeName").is_empty()
                    && !matches!(object::text(object, "/status/phase"), "Succeeded" | "Failed")
            }
            _ => false,
        };
        if !held && !slow {
            self.objects.remove(key);
            return true;
        }
        if object::is_deleting(object) {
            return false;
        }
        let now = self.now;
        self.objects.change(key, |object| {
            let grace = if &*key.resource == "pods" {
                grace.or_else(|| object::int(object, "/spec/terminationGracePeriodSeconds")).unwrap_or(30)
            } else {
                0
            };
            object::set(object, &["metadata", "deletionTimestamp"], object::stamp(now));
            object::set(object, &["metadata", "deletionGracePeriodSeconds"], grace);
            if &*key.resource == "namespaces" {
                object::set(object, &["status", "phase"], "Terminating");
            }
        });
        false
    }

    fn orphan(&mut self, uid: &str) {
        let owned: Vec<Key> = self.objects.owned_by(uid).cloned().collect();
        for key in owned {
            self.objects.change(&key, |object| {
                if let Some(Value::Array(owners)) = object.pointer_mut("/metadata/ownerReferences") {
                    owners.retain(|owner| object::text(owner, "/uid") != uid);
                }
            });
        }
    }
}
