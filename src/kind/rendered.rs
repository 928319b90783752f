//! What could somebody else apply instead of us?

use serde_json::Value;

/// What somebody else could apply instead of us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// For people, e.g. `a manifest`.
    pub title: &'static str,
    /// `yaml`, `hcl`.
    pub language: &'static str,
    /// The text.
    pub text: String,
}

impl Rendered {
    /// A Kubernetes manifest.
    pub fn manifest(object: &Value) -> Self {
        let text = serde_yaml::to_string(object).unwrap_or_default();
        Self { title: "a manifest", language: "yaml", text }
    }

    /// Terraform.
    pub fn terraform(text: impl Into<String>) -> Self {
        Self { title: "Terraform", language: "hcl", text: text.into() }
    }
}
