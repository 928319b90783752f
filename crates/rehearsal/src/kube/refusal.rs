//! How does the API server say no? Every refusal is a `Status` object.

use serde_json::{Value, json};

use super::resource::Resource;

/// An answer other than success.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// HTTP status.
    pub code: u16,
    /// Machine-readable reason, e.g. `NotFound`.
    pub reason: &'static str,
    /// What a person reads.
    pub message: String,
    /// `details` of the Status.
    pub details: Value,
}

impl Refusal {
    /// A refusal without details.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Value::Null }
    }

    fn about(resource: &Resource, name: &str, code: u16, reason: &'static str, message: String) -> Self {
        Self {
            code,
            reason,
            message,
            details: json!({ "name": name, "group": resource.group, "kind": resource.plural }),
        }
    }

    /// There is no such object.
    pub fn not_found(resource: &Resource, name: &str) -> Self {
        Self::about(resource, name, 404, "NotFound", format!("{} \"{name}\" not found", resource.id))
    }

    /// There is no such path.
    pub fn no_such_path() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }

    /// It is there already.
    pub fn exists(resource: &Resource, name: &str) -> Self {
        Self::about(resource, name, 409, "AlreadyExists", format!("{} \"{name}\" already exists", resource.id))
    }

    /// Somebody else changed it meanwhile.
    pub fn conflict(resource: &Resource, name: &str, why: &str) -> Self {
        Self::about(
            resource,
            name,
            409,
            "Conflict",
            format!("Operation cannot be fulfilled on {} \"{name}\": {why}", resource.id),
        )
    }

    /// It was changed since the caller read it.
    pub fn modified(resource: &Resource, name: &str) -> Self {
        Self::conflict(
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// The object is wrong in itself.
    pub fn invalid(resource: &Resource, name: &str, field: &str, why: &str) -> Self {
        let kind = if resource.group.is_empty() {
            resource.kind.clone()
        } else {
            format!("{}.{}", resource.kind, resource.group)
        };
        Self {
            code: 422,
            reason: "Invalid",
            message: format!("{kind} \"{name}\" is invalid: {field}: {why}"),
            details: json!({
                "name": name, "group": resource.group, "kind": resource.kind,
                "causes": [{ "reason": "FieldValueInvalid", "message": why, "field": field }],
            }),
        }
    }

    /// The request is wrong in itself.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// The caller may not.
    pub fn forbidden(resource: &Resource, name: &str, why: &str) -> Self {
        let what = if name.is_empty() { resource.id.to_string() } else { format!("{} \"{name}\"", resource.id) };
        Self::about(resource, name, 403, "Forbidden", format!("{what} is forbidden: {why}"))
    }

    /// Not known who the caller is.
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// What the rehearsal does not do, said loudly.
    pub fn not_simulated(method: &str, path: &str) -> Self {
        Self::new(405, "MethodNotAllowed", format!("the rehearsal's API server does not do {method} {path}"))
    }

    /// A body the server cannot read.
    pub fn unsupported_media(content_type: &str, accepted: &str) -> Self {
        Self::new(
            415,
            "UnsupportedMediaType",
            format!(
                "the body of the request was in an unknown format - the rehearsal's API server reads {accepted}, not {content_type:?}"
            ),
        )
    }

    /// The change asked for is no longer in the history.
    pub fn gone(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// The `Status` object.
    pub fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        });
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status
    }
}
