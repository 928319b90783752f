//! Creating and changing objects, as a client may.

use serde_json::Value;
use uuid::Uuid;

use super::{
    admit,
    fields::{self, Writer},
    object,
    objects::Key,
    patch::{self, Lists},
    refusal::Refusal,
    resource::Resource,
    state::State,
};

/// How a client writes.
#[derive(Clone, Debug)]
pub struct Manner {
    /// Field manager and operation.
    pub writer: Writer,
    /// Only say what would come out.
    pub dry_run: bool,
}

/// The kind of a patch, by its content type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchKind {
    /// RFC 7396.
    Merge,
    /// With lists merged by name.
    Strategic,
    /// Server-side apply.
    Apply,
}

impl State {
    /// Creates an object from a client's body.
    pub fn create(
        &mut self,
        resource: &Resource,
        namespace: &str,
        mut body: Value,
        manner: &Manner,
    ) -> Result<Value, Refusal> {
        self.own_up(resource, namespace, &mut body)?;
        if object::name(&body).is_empty() {
            let prefix = object::text(&body, "/metadata/generateName").to_owned();
            if prefix.is_empty() {
                return Err(Refusal::invalid(
                    resource,
                    "",
                    "metadata.name",
                    "Required value: name or generateName is required",
                ));
            }
            let suffix = object::suffix(&format!("{prefix}{}", self.objects.version()), 5);
            object::set(&mut body, &["metadata", "name"], format!("{prefix}{suffix}"));
        }
        let key = Key::new(&resource.id, namespace, object::name(&body));
        if resource.namespaced {
            self.open_namespace(resource, namespace, &key.name)?;
        }
        if self.objects.get(&key).is_some() {
            return Err(Refusal::exists(resource, &key.name));
        }
        let written = body.clone();
        if resource.has("status") {
            object::unset(&mut body, &["status"]);
        }
        for field in ["resourceVersion", "deletionTimestamp", "selfLink", "managedFields"] {
            object::unset(&mut body, &["metadata", field]);
        }
        object::set(&mut body, &["metadata", "uid"], Uuid::new_v4().to_string());
        object::set(&mut body, &["metadata", "creationTimestamp"], object::stamp(self.now));
        if body.get("spec").is_some() && &*resource.id != "namespaces" {
            object::set(&mut body, &["metadata", "generation"], 1);
        }
        if &*resource.id == "pods" {
            self.admit_pod(resource, &mut body)?;
        }
        admit::fill(self, resource, &mut body);
        admit::check(resource, &body, None)?;
        fields::record(&mut body, &written, &manner.writer, self.now);
        if manner.writer.operation == "Apply" && !manner.dry_run {
            self.applied.insert((key.clone(), manner.writer.manager.clone()), written);
        }
        Ok(self.keep(key, body, manner))
    }

    /// Replaces an object (or its status) by a client's body.
    pub fn update(
        &mut self,
        resource: &Resource,
        key: &Key,
        subresource: &str,
        mut body: Value,
        manner: &Manner,
    ) -> Result<Value, Refusal> {
        let before = self.existing(resource, key)?;
        self.own_up(resource, &key.namespace, &mut body)?;
        if object::name(&body) != key.name {
            return Err(Refusal::bad_request(format!(
                "the name of the object ({}) does not match the name on the URL ({})",
                object::name(&body),
                key.name
            )));
        }
        let asked = object::text(&body, "/metadata/resourceVersion").to_owned();
        if !asked.is_empty() && asked != object::text(&before, "/metadata/resourceVersion") {
            return Err(Refusal::modified(resource, &key.name));
        }
        let written = body.clone();
        body["metadata"]["managedFields"] = before["metadata"]["managedFields"].clone();
        self.change(resource, key, subresource, &before, body, &written, manner)
    }

    /// Patches an object (or its status).
    pub fn patch(
        &mut self,
        resource: &Resource,
        key: &Key,
        subresource: &str,
        kind: PatchKind,
        mut body: Value,
        manner: &Manner,
    ) -> Result<Value, Refusal> {
        if !body.is_object() {
            return Err(Refusal::bad_request("a patch is an object"));
        }
        if kind == PatchKind::Apply {
            return self.apply(resource, key, subresource, body, manner);
        }
        let before = self.existing(resource, key)?;
        let asked = object::text(&body, "/metadata/resourceVersion").to_owned();
        if !asked.is_empty() && asked != object::text(&before, "/metadata/resourceVersion") {
            return Err(Refusal::modified(resource, &key.name));
        }
        if &*resource.id == "secrets"
            && let Some(Value::Object(plain)) = object::map(&mut body).shift_remove("stringData")
        {
            for (name, value) in plain {
                use base64::{Engine, engine::general_purpose::STANDARD};
                object::set(&mut body, &["data", &name], STANDARD.encode(value.as_str().unwrap_or_default()));
            }
        }
        let mut after = before.clone();
        patch::merge(&mut after, &body, if kind == PatchKind::Merge { Lists::Replace } else { Lists::Merge });
        self.change(resource, key, subresource, &before, after, &body, manner)
    }

    fn apply(
        &mut self,
        resource: &Resource,
        key: &Key,
        subresource: &str,
        mut body: Value,
        manner: &Manner,
    ) -> Result<Value, Refusal> {
        if object::text(&body, "/metadata/name").is_empty() {
            object::set(&mut body, &["metadata", "name"], key.name.clone());
        }
        if object::name(&body) != key.name {
            return Err(Refusal::bad_request(format!(
                "metadata.name ({}) does not match the name on the URL ({})",
                object::name(&body),
                key.name
            )));
        }
        if object::at(&body, "/metadata/managedFields").is_some_and(|fields| !fields.is_null()) {
            return Err(Refusal::bad_request("metadata.managedFields must be nil"));
        }
        let Some(before) = self.objects.value(key).cloned() else {
            return self.create(resource, &key.namespace, body, manner);
        };
        self.own_up(resource, &key.namespace, &mut body)?;
        let lists = if resource.custom { Lists::Replace } else { Lists::Merge };
        let mut after = before.clone();
        if let Some(last) = self.applied.get(&(key.clone(), manner.writer.manager.clone())) {
            patch::prune(&mut after, last, &body, lists);
        }
        let written = body.clone();
        if &*resource.id == "secrets"
            && let Some(plain) = object::map(&mut body).shift_remove("stringData")
        {
            object::set(&mut after, &["stringData"], plain);
        }
        object::unset(&mut body, &["metadata", "resourceVersion"]);
        patch::merge(&mut after, &body, lists);
        let kept = self.change(resource, key, subresource, &before, after, &written, manner)?;
        if !manner.dry_run {
            self.applied.insert((key.clone(), manner.writer.manager.clone()), written);
        }
        Ok(kept)
    }

    #[expect(clippy::too_many_arguments, reason = "one change: where, from what, to what, who")]
    fn change(
        &mut self,
        resource: &Resource,
        key: &Key,
        subresource: &str,
        before: &Value,
        mut after: Value,
        written: &Value,
        manner: &Manner,
    ) -> Result<Value, Refusal> {
        if subresource == "status" {
            let mut only = before.clone();
            only["status"] = after["status"].take();
            after = only;
        } else if resource.has("status") {
            match before.get("status") {
                Some(status) => after["status"] = status.clone(),
                None => object::unset(&mut after, &["status"]),
            }
        }
        for field in [
            "uid",
            "name",
            "namespace",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "generation",
            "generateName",
        ] {
            match before["metadata"].get(field) {
                Some(value) => after["metadata"][field] = value.clone(),
                None => object::unset(&mut after, &["metadata", field]),
            }
        }
        admit::fill(self, resource, &mut after);
        admit::check(resource, &after, Some(before))?;
        if after.get("spec") != before.get("spec") && before["metadata"].get("generation").is_some() {
            let generation = object::int(before, "/metadata/generation").unwrap_or(0) + 1;
            object::set(&mut after, &["metadata", "generation"], generation);
        }
        let differs = without_bookkeeping(&after) != without_bookkeeping(before);
        if differs || manner.writer.operation == "Apply" {
            let mut writer = manner.writer.clone();
            writer.subresource = subresource.to_owned();
            fields::record(&mut after, written, &writer, self.now);
            if !differs {
                keep_times(&mut after, before);
            }
        }
        if object::is_deleting(&after)
            && object::list(&after, "/metadata/finalizers").is_empty()
            && &*resource.id != "pods"
            && !manner.dry_run
        {
            self.objects.put(key.clone(), after.clone());
            self.objects.remove(key);
            return Ok(after);
        }
        Ok(self.keep(key.clone(), after, manner))
    }

    fn keep(&mut self, key: Key, value: Value, manner: &Manner) -> Value {
        if manner.dry_run { value } else { self.objects.put(key, value).value.clone() }
    }

    /// An object that must be there.
    pub fn existing(&self, resource: &Resource, key: &Key) -> Result<Value, Refusal> {
        self.objects.value(key).cloned().ok_or_else(|| Refusal::not_found(resource, &key.name))
    }
}

fn without_bookkeeping(value: &Value) -> Value {
    let mut value = value.clone();
    object::unset(&mut value, &["metadata", "managedFields"]);
    object::unset(&mut value, &["metadata", "resourceVersion"]);
    value
}

/// An apply that changes nothing leaves the times of the field managers alone, and so makes no new version.
fn keep_times(after: &mut Value, before: &Value) {
    let Some(Value::Array(entries)) = after.pointer_mut("/metadata/managedFields") else { return };
    for entry in entries {
        let old = object::list(before, "/metadata/managedFields").iter();
        if let Some(old) =
            old.into_iter().find(|old| old["manager"] == entry["manager"] && old["fieldsV1"] == entry["fieldsV1"])
        {
            entry["time"] = old["time"].clone();
        }
    }
}
