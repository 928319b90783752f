//! What must a task be allowed to do?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a task needs to be allowed to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// IAM: action to resource ARNs (`*` where it cannot be narrower).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub iam: BTreeMap<String, Vec<String>>,
    /// Kubernetes: what is asked of the API server.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rbac: Vec<Rbac>,
}

impl Permissions {
    /// Adds IAM actions on one resource.
    #[must_use]
    pub fn iam<'a>(mut self, resource: &str, actions: impl IntoIterator<Item = &'a str>) -> Self {
        for action in actions {
            let resources = self.iam.entry(action.to_owned()).or_default();
            if !resources.iter().any(|known| known == resource) {
                resources.push(resource.to_owned());
            }
        }
        self
    }

    /// Adds verbs on one Kubernetes resource; no namespace means cluster-wide.
    #[must_use]
    pub fn rbac(mut self, namespace: Option<&str>, group: &str, resource: &str, verbs: &[&str]) -> Self {
        for verb in verbs {
            self.allow(Rbac::new(namespace, group, resource, verb));
        }
        self
    }

    /// Both together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (action, resources) in other.iam {
            for resource in resources {
                self = self.iam(&resource, [action.as_str()]);
            }
        }
        for rule in other.rbac {
            self.allow(rule);
        }
        self
    }

    fn allow(&mut self, rule: Rbac) {
        if !self.rbac.contains(&rule) {
            self.rbac.push(rule);
        }
    }
}

/// One thing asked of a Kubernetes API server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rbac {
    /// Namespace; none means cluster-wide.
    pub namespace: Option<String>,
    /// API group; empty for core.
    pub group: String,
    /// Plural resource, with subresource after a slash.
    pub resource: String,
    /// Verb.
    pub verb: String,
}

impl Rbac {
    /// One verb on one resource.
    pub fn new(namespace: Option<&str>, group: &str, resource: &str, verb: &str) -> Self {
        Self {
            namespace: namespace.map(str::to_owned),
            group: group.to_owned(),
            resource: resource.to_owned(),
            verb: verb.to_owned(),
        }
    }
}
