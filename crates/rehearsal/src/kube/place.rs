//! Where does a client's object belong, and may it go there?

use serde_json::{Value, json};

use super::{
    object,
    patch::{self, Lists},
    refusal::Refusal,
    resource::Resource,
    security,
    state::State,
};

impl State {
    /// Makes a body say what it is and where it belongs; refuses one that says otherwise.
    pub fn own_up(&self, resource: &Resource, namespace: &str, body: &mut Value) -> Result<(), Refusal> {
        if !body.is_object() {
            return Err(Refusal::bad_request(format!("the body is no {}", resource.kind)));
        }
        let expected = resource.api_version();
        for (field, expected) in [("apiVersion", expected.as_str()), ("kind", resource.kind.as_str())] {
            let given = object::text(body, &format!("/{field}"));
            if !given.is_empty() && given != expected {
                return Err(Refusal::bad_request(format!(
                    "the {field} in the data ({given}) does not match the expected {field} ({expected})"
                )));
            }
        }
        let given = object::namespace(body);
        if resource.namespaced && !given.is_empty() && given != namespace {
            return Err(Refusal::bad_request(format!(
                "the namespace of the provided object does not match the namespace sent on the request: {given} is not {namespace}"
            )));
        }
        let mut whole = json!({ "apiVersion": expected, "kind": resource.kind });
        patch::merge(&mut whole, body, Lists::Replace);
        *body = whole;
        if resource.namespaced {
            object::set(body, &["metadata", "namespace"], namespace);
        } else {
            object::unset(body, &["metadata", "namespace"]);
        }
        Ok(())
    }

    /// Is its namespace there, and not going?
    pub fn open_namespace(&self, resource: &Resource, namespace: &str, name: &str) -> Result<(), Refusal> {
        let Some(found) = self.objects.find("namespaces", "", namespace) else {
            let namespaces = self.kinds.iter().find(|kind| &*kind.id == "namespaces");
            return Err(namespaces.map_or_else(Refusal::no_such_path, |kind| Refusal::not_found(kind, namespace)));
        };
        if object::is_deleting(found) {
            let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
            return Err(Refusal::forbidden(resource, name, &why));
        }
        Ok(())
    }

    /// Is a pod's service account there, and may it run in its namespace?
    pub fn admit_pod(&self, resource: &Resource, pod: &mut Value) -> Result<(), Refusal> {
        object::default(pod, &["spec", "serviceAccountName"], "default");
        let (namespace, account) = (object::namespace(pod), object::text(pod, "/spec/serviceAccountName"));
        match self.against_pod(namespace, account, &pod["spec"]) {
            Some(why) => Err(Refusal::forbidden(resource, object::name(pod), &why)),
            None => Ok(()),
        }
    }

    /// Why a pod is not admitted.
    pub fn against_pod(&self, namespace: &str, account: &str, spec: &Value) -> Option<String> {
        if self.objects.find("serviceaccounts", namespace, account).is_none() {
            let why = format!("serviceaccount \"{account}\" not found");
            return Some(format!("error looking up service account {namespace}/{account}: {why}"));
        }
        security::violations(self, namespace, spec)
    }
}
