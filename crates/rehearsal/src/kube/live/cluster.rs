//! What is there at the start: an ordinary EKS cluster, and what the scenario adds to it.

use serde_json::{Value, json};

use super::{csi, gpu, hear, make};
use crate::{
    kube::{admit, object, objects::Key, resource::Resource, setup::Gpu, state::State},
    world::Happening,
};

/// Puts everything in its place.
pub fn furnish(state: &mut State) {
    let setup = state.setup.clone();
    let mut furniture = basics(setup.uid.as_deref());
    if setup.auto_mode() {
        furniture.push(json!({ "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": { "name": "alb" }, "spec": { "controller": "eks.amazonaws.com/alb" } }));
    } else {
        furniture.extend(agents());
    }
    if setup.metrics_server() {
        furniture.extend(metrics_server());
    }
    if setup.ingress_nginx {
        furniture.extend(ingress_nginx());
    }
    if setup.cert_manager {
        furniture.extend(cert_manager());
    }
    if setup.gpu != Gpu::None {
        let set = gpu::daemon_set(setup.gpu == Gpu::Operator);
        furniture.push(namespace(object::namespace(&set)));
        furniture.push(set);
    }
    let kubelet = setup.version().to_owned();
    for spec in setup.nodes.iter().flat_map(|node| node.specs(&kubelet)) {
        hear(state, &Happening::NodeJoined(spec));
    }
    let leave_out = |state: &State, object: &Value| {
        let id = state.kind_of(object).map(|kind| kind.id.to_string()).unwrap_or_default();
        setup.without.contains(&format!("{id}/{}/{}", object::namespace(object), object::name(object)))
    };
    for object in furniture {
        if !leave_out(state, &object) {
            place(state, object);
        }
    }
    if setup.ebs_csi == Some(true) {
        csi::addon(state, csi::ADDON);
    }
    for object in &setup.objects {
        match object["items"].as_array() {
            Some(items) => items.iter().cloned().for_each(|item| place(state, item)),
            None => place(state, object.clone()),
        }
    }
}

/// Puts one manifest into the cluster; its namespace comes into being with it.
pub fn place(state: &mut State, mut object: Value) {
    let Some(kind) = state.kind_of(&object) else {
        let trouble = format!(
            "kubernetes.objects: {} {} {:?} is of a kind that is not served",
            object["apiVersion"],
            object["kind"],
            object::name(&object)
        );
        tracing::warn!("{trouble}");
        state.troubles.push(trouble);
        return;
    };
    if kind.namespaced {
        object::default(&mut object, &["metadata", "namespace"], "default");
        let own = object::namespace(&object).to_owned();
        if state.objects.find("namespaces", "", &own).is_none() {
            make(state, "namespaces", json!({ "metadata": { "name": own } }));
        }
    }
    if object::name(&object).is_empty() {
        state.troubles.push(format!("kubernetes.objects: a {} has no name", kind.kind));
        return;
    }
    if let Err(refusal) = admit::check(&kind, &filled(state, &kind, &object), None) {
        state.troubles.push(format!("kubernetes.objects: {}", refusal.message));
    }
    if let Some(key) = make(state, &kind.id, object) {
        definition_touched(state, &key);
    }
}

fn filled(state: &State, kind: &Resource, object: &Value) -> Value {
    let mut whole = object.clone();
    admit::fill(state, kind, &mut whole);
    whole
}

/// A CustomResourceDefinition came, changed or went: its kinds are served accordingly.
pub fn definition_touched(state: &mut State, key: &Key) {
    if &*key.resource != "customresourcedefinitions.apiextensions.k8s.io" {
        return;
    }
    state.kinds.retain(|kind| !kind.custom || *kind.id != *key.name);
    let Some(definition) = state.objects.value(key) else { return };
    let kinds = Resource::of_definition(definition);
    state.kinds.extend(kinds);
    let now = state.now;
    state.objects.change(key, |definition| {
        object::set(definition, &["status", "acceptedNames"], definition["spec"]["names"].clone());
        let versions: Vec<Value> = object::list(definition, "/spec/versions")
            .iter()
            .filter(|version| version["storage"] == true)
            .map(|version| version["name"].clone())
            .collect();
        object::set(definition, &["status", "storedVersions"], versions);
        object::set_condition(definition, "NamesAccepted", true, "NoConflicts", "no conflicts found", now);
        object::set_condition(
            definition,
            "Established",
            true,
            "InitialNamesAccepted",
            "the initial names have been accepted",
            now,
        );
    });
}

fn namespace(name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } })
}

fn basics(uid: Option<&str>) -> Vec<Value> {
    let mut system = namespace("kube-system");
    if let Some(uid) = uid {
        system["metadata"]["uid"] = uid.into();
    }
    let mut all = vec![namespace("default"), system, namespace("kube-public"), namespace("kube-node-lease")];
    for (name, value) in [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)] {
        all.push(json!({ "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": { "name": name }, "value": value, "globalDefault": false }));
    }
    // Clusters from 1.30 on have no default StorageClass (facts: EKS).
    all.push(json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": { "name": "gp2" }, "provisioner": "kubernetes.io/aws-ebs",
        "parameters": { "type": "gp2", "fsType": "ext4" }, "volumeBindingMode": "WaitForFirstConsumer",
    }));
    for name in ["cluster-admin", "admin", "edit", "view"] {
        all.push(json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": name, "labels": { "kubernetes.io/bootstrapping": "rbac-defaults" } },
            "rules": [{ "apiGroups": ["*"], "resources": ["*"], "verbs": if name == "view" { json!(["get", "list", "watch"]) } else { json!(["*"]) } }],
        }));
    }
    all.push(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": "kubernetes", "namespace": "default", "labels": { "component": "apiserver", "provider": "kubernetes" } },
        "spec": { "clusterIP": "172.20.0.1", "ports": [{ "name": "https", "port": 443, "targetPort": 443 }] },
    }));
    all
}

/// A Deployment or DaemonSet with one container.
fn workload(kind: &str, namespace: &str, name: &str, image: &str, replicas: u32, cpu: &str) -> Value {
    let labels = json!({ "app.kubernetes.io/name": name });
    let mut spec = json!({
        "selector": { "matchLabels": labels },
        "template": { "metadata": { "labels": labels }, "spec": { "containers": [{ "name": name, "image": image, "resources": { "requests": { "cpu": cpu, "memory": "70Mi" } } }] } },
    });
    if kind == "DaemonSet" {
        spec["template"]["spec"]["tolerations"] = json!([{ "operator": "Exists" }]);
    } else {
        spec["replicas"] = replicas.into();
    }
    json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name, "namespace": namespace, "labels": labels }, "spec": spec })
}

fn service(namespace: &str, name: &str, kind: &str, port: u32) -> Value {
    let labels = json!({ "app.kubernetes.io/name": name });
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": name, "namespace": namespace, "labels": labels },
        "spec": { "type": kind, "selector": labels, "ports": [{ "name": "https", "port": port }] },
    })
}

fn agents() -> Vec<Value> {
    let registry = "602401143452.dkr.ecr.us-east-2.amazonaws.com/eks";
    vec![
        workload(
            "DaemonSet",
            "kube-system",
            "aws-node",
            "602401143452.dkr.ecr.us-east-2.amazonaws.com/amazon-k8s-cni:v1.20.0",
            0,
            "50m",
        ),
        workload(
            "DaemonSet",
            "kube-system",
            "kube-proxy",
            &format!("{registry}/kube-proxy:v1.31.10-minimal-eksbuild.6"),
            0,
            "100m",
        ),
        workload("Deployment", "kube-system", "coredns", &format!("{registry}/coredns:v1.11.4-eksbuild.14"), 2, "100m"),
        service("kube-system", "kube-dns", "ClusterIP", 53),
    ]
}

fn metrics_server() -> Vec<Value> {
    vec![
        workload(
            "Deployment",
            "kube-system",
            "metrics-server",
            "registry.k8s.io/metrics-server/metrics-server:v0.8.0",
            2,
            "100m",
        ),
        service("kube-system", "metrics-server", "ClusterIP", 443),
        json!({
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": { "name": "v1beta1.metrics.k8s.io" },
            "spec": { "group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100, "service": { "name": "metrics-server", "namespace": "kube-system", "port": 443 } },
            "status": { "conditions": [{ "type": "Available", "status": "True", "reason": "Passed", "message": "all checks passed" }] },
        }),
    ]
}

fn ingress_nginx() -> Vec<Value> {
    vec![
        workload(
            "Deployment",
            "ingress-nginx",
            "ingress-nginx",
            "registry.k8s.io/ingress-nginx/controller:v1.13.3",
            1,
            "100m",
        ),
        service("ingress-nginx", "ingress-nginx", "LoadBalancer", 443),
        json!({ "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": { "name": "nginx" }, "spec": { "controller": "k8s.io/ingress-nginx" } }),
    ]
}

fn cert_manager() -> Vec<Value> {
    let mut all = vec![workload(
        "Deployment",
        "cert-manager",
        "cert-manager",
        "quay.io/jetstack/cert-manager-controller:v1.18.2",
        1,
        "10m",
    )];
    for (plural, kind, scope) in [
        ("certificates", "Certificate", "Namespaced"),
        ("issuers", "Issuer", "Namespaced"),
        ("clusterissuers", "ClusterIssuer", "Cluster"),
        ("certificaterequests", "CertificateRequest", "Namespaced"),
    ] {
        all.push(json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": { "name": format!("{plural}.cert-manager.io") },
            "spec": {
                "group": "cert-manager.io", "scope": scope,
                "names": { "plural": plural, "singular": kind.to_lowercase(), "kind": kind, "listKind": format!("{kind}List") },
                "versions": [{ "name": "v1", "served": true, "storage": true, "subresources": { "status": {} }, "schema": { "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } } }],
            },
        }));
    }
    all
}
