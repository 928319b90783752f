//! Which kinds of objects does the API server know?

use std::sync::Arc;

use serde_json::{Value, json};

use super::object;

/// A kind of objects, as discovery tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// `pods`, `deployments.apps`: how the store calls it.
    pub id: Arc<str>,
    /// API group, empty for the core.
    pub group: String,
    /// Version within the group.
    pub version: String,
    /// `deployments`.
    pub plural: String,
    /// `Deployment`.
    pub kind: String,
    /// Does it live in namespaces?
    pub namespaced: bool,
    /// `deploy`.
    pub short: Vec<String>,
    /// `kubectl get all` shows it.
    pub in_all: bool,
    /// `status`, `scale`, `log`.
    pub subresources: Vec<String>,
    /// Defined by a CustomResourceDefinition?
    pub custom: bool,
}

// group, version, plural, kind, namespaced, short names, in `all`, subresources
type Row = (&'static str, &'static str, &'static str, &'static str, bool, &'static str, bool, &'static str);

const TABLE: &[Row] = &[
    ("", "v1", "configmaps", "ConfigMap", true, "cm", false, ""),
    ("", "v1", "endpoints", "Endpoints", true, "ep", false, ""),
    ("", "v1", "events", "Event", true, "ev", false, ""),
    ("", "v1", "namespaces", "Namespace", false, "ns", false, "status finalize"),
    ("", "v1", "nodes", "Node", false, "no", false, "status"),
    ("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true, "pvc", false, "status"),
    ("", "v1", "persistentvolumes", "PersistentVolume", false, "pv", false, "status"),
    ("", "v1", "pods", "Pod", true, "po", true, "status log"),
    ("", "v1", "secrets", "Secret", true, "", false, ""),
    ("", "v1", "serviceaccounts", "ServiceAccount", true, "sa", false, ""),
    ("", "v1", "services", "Service", true, "svc", true, "status"),
    ("", "v1", "limitranges", "LimitRange", true, "limits", false, ""),
    ("", "v1", "resourcequotas", "ResourceQuota", true, "quota", false, "status"),
    ("apps", "v1", "daemonsets", "DaemonSet", true, "ds", true, "status"),
    ("apps", "v1", "deployments", "Deployment", true, "deploy", true, "status scale"),
    ("apps", "v1", "replicasets", "ReplicaSet", true, "rs", true, "status scale"),
    ("apps", "v1", "statefulsets", "StatefulSet", true, "sts", true, "status scale"),
    ("batch", "v1", "jobs", "Job", true, "", true, "status"),
    ("batch", "v1", "cronjobs", "CronJob", true, "cj", true, "status"),
    ("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", true, "hpa", true, "status"),
    ("networking.k8s.io", "v1", "ingresses", "Ingress", true, "ing", false, "status"),
    ("networking.k8s.io", "v1", "ingressclasses", "IngressClass", false, "", false, ""),
    ("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true, "netpol", false, ""),
    ("storage.k8s.io", "v1", "storageclasses", "StorageClass", false, "sc", false, ""),
    ("storage.k8s.io", "v1", "csidrivers", "CSIDriver", false, "", false, ""),
    ("rbac.authorization.k8s.io", "v1", "roles", "Role", true, "", false, ""),
    ("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", true, "", false, ""),
    ("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false, "", false, ""),
    ("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", false, "", false, ""),
    (
        "apiextensions.k8s.io",
        "v1",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        false,
        "crd crds",
        false,
        "status",
    ),
    ("apiregistration.k8s.io", "v1", "apiservices", "APIService", false, "", false, "status"),
    ("coordination.k8s.io", "v1", "leases", "Lease", true, "", false, ""),
    ("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", false, "pc", false, ""),
    ("node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", false, "", false, ""),
    ("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true, "pdb", false, "status"),
    ("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true, "", false, ""),
    (
        "admissionregistration.k8s.io",
        "v1",
        "mutatingwebhookconfigurations",
        "MutatingWebhookConfiguration",
        false,
        "",
        false,
        "",
    ),
    (
        "admissionregistration.k8s.io",
        "v1",
        "validatingwebhookconfigurations",
        "ValidatingWebhookConfiguration",
        false,
        "",
        false,
        "",
    ),
];

impl Resource {
    /// Those of Kubernetes itself.
    pub fn built_in() -> Vec<Arc<Self>> {
        TABLE
            .iter()
            .map(|&(group, version, plural, kind, namespaced, short, in_all, subresources)| {
                Arc::new(Self {
                    id: id(group, plural).into(),
                    group: group.into(),
                    version: version.into(),
                    plural: plural.into(),
                    kind: kind.into(),
                    namespaced,
                    short: short.split_whitespace().map(Into::into).collect(),
                    in_all,
                    subresources: subresources.split_whitespace().map(Into::into).collect(),
                    custom: false,
                })
            })
            .collect()
    }

    /// Those that a CustomResourceDefinition brings: one a served version.
    pub fn of_definition(definition: &Value) -> Vec<Arc<Self>> {
        let (group, plural) = (object::text(definition, "/spec/group"), object::text(definition, "/spec/names/plural"));
        object::list(definition, "/spec/versions")
            .iter()
            .filter(|version| version["served"] == true)
            .map(|version| {
                let subresources = version["subresources"].as_object();
                Arc::new(Self {
                    id: id(group, plural).into(),
                    group: group.into(),
                    version: object::text(version, "/name").into(),
                    plural: plural.into(),
                    kind: object::text(definition, "/spec/names/kind").into(),
                    namespaced: object::text(definition, "/spec/scope") != "Cluster",
                    short: object::list(definition, "/spec/names/shortNames")
                        .iter()
                        .filter_map(|name| name.as_str().map(Into::into))
                        .collect(),
                    in_all: object::list(definition, "/spec/names/categories").iter().any(|category| category == "all"),
                    subresources: subresources.map(|all| all.keys().cloned().collect()).unwrap_or_default(),
                    custom: true,
                })
            })
            .collect()
    }

    /// A review: it is answered and never kept.
    pub fn unnamed(group: &str) -> Self {
        Self {
            id: "".into(),
            group: group.to_owned(),
            version: "v1".into(),
            plural: String::new(),
            kind: String::new(),
            namespaced: false,
            short: Vec::new(),
            in_all: false,
            subresources: Vec::new(),
            custom: false,
        }
    }

    /// `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Does it have this subresource?
    pub fn has(&self, subresource: &str) -> bool {
        self.subresources.iter().any(|known| known == subresource)
    }

    /// Its lines in discovery: itself and its subresources.
    pub fn discovery(&self) -> Vec<Value> {
        let mut own = json!({
            "name": self.plural, "singularName": self.kind.to_lowercase(), "namespaced": self.namespaced, "kind": self.kind,
            "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        });
        if !self.short.is_empty() {
            own["shortNames"] = json!(self.short);
        }
        if self.in_all {
            own["categories"] = json!(["all"]);
        }
        let mut lines = vec![own];
        for subresource in &self.subresources {
            let name = format!("{}/{subresource}", self.plural);
            lines.push(match subresource.as_str() {
                "log" => json!({ "name": name, "singularName": "", "namespaced": true, "kind": self.kind, "verbs": ["get"] }),
                "scale" => json!({
                    "name": name, "singularName": "", "namespaced": self.namespaced, "group": "autoscaling", "version": "v1",
                    "kind": "Scale", "verbs": ["get", "patch", "update"],
                }),
                _ => json!({ "name": name, "singularName": "", "namespaced": self.namespaced, "kind": self.kind, "verbs": ["get", "patch", "update"] }),
            });
        }
        lines
    }
}

/// `deployments.apps`; the plural alone in the core group.
pub fn id(group: &str, plural: &str) -> String {
    if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") }
}
