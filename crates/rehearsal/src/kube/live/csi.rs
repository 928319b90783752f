//! The EBS CSI driver: what its add-on, or its Helm chart, brings into the cluster.

use serde_json::{Value, json};

use super::make;
use crate::kube::{objects::Key, state::State};

/// The add-on's name.
pub const ADDON: &str = "aws-ebs-csi-driver";

/// The driver's name, which is the provisioner of its classes.
pub const DRIVER: &str = "ebs.csi.aws.com";

/// What it brings.
pub fn objects() -> Vec<(&'static str, Value)> {
    let labels = json!({ "app.kubernetes.io/name": ADDON });
    let named = |name: &str| json!({ "name": name, "namespace": "kube-system", "labels": labels });
    let spec = |app: &str, account: &str| {
        json!({
            "selector": { "matchLabels": { "app": app } },
            "template": {
                "metadata": { "labels": { "app": app, "app.kubernetes.io/name": ADDON } },
                "spec": {
                    "serviceAccountName": account, "tolerations": [{ "operator": "Exists" }],
                    "containers": [{ "name": "ebs-plugin", "image": "public.ecr.aws/ebs-csi-driver/aws-ebs-csi-driver:v1.53.0" }],
                },
            },
        })
    };
    let mut controller = spec("ebs-csi-controller", "ebs-csi-controller-sa");
    controller["replicas"] = 2.into();
    vec![
        ("serviceaccounts", json!({ "metadata": named("ebs-csi-controller-sa") })),
        ("serviceaccounts", json!({ "metadata": named("ebs-csi-node-sa") })),
        (
            "csidrivers.storage.k8s.io",
            json!({ "metadata": { "name": DRIVER, "labels": labels }, "spec": { "attachRequired": true } }),
        ),
        ("deployments.apps", json!({ "metadata": named("ebs-csi-controller"), "spec": controller })),
        (
            "daemonsets.apps",
            json!({ "metadata": named("ebs-csi-node"), "spec": spec("ebs-csi-node", "ebs-csi-node-sa") }),
        ),
    ]
}

fn key(resource: &str, value: &Value) -> Key {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    Key::new(resource, text("/metadata/namespace"), text("/metadata/name"))
}

/// The add-on is active. What somebody else brought before stays as it is.
pub fn addon(state: &mut State, name: &str) {
    if name != ADDON {
        return;
    }
    for (resource, value) in objects() {
        if state.objects.value(&key(resource, &value)).is_none() {
            make(state, resource, value);
        }
    }
    let waiting: Vec<Key> =
        state.objects.values("persistentvolumeclaims", "").map(|claim| key("persistentvolumeclaims", claim)).collect();
    for claim in waiting {
        state.objects.touch(claim);
    }
}

/// The add-on is gone.
pub fn addon_gone(state: &mut State, name: &str) {
    if name == ADDON {
        for (resource, value) in objects() {
            state.begin_removal(&key(resource, &value), None);
        }
    }
}

/// Whether a class of this provisioner gets volumes.
pub fn provides(state: &State, provisioner: &str) -> bool {
    provisioner != DRIVER || state.objects.find("csidrivers.storage.k8s.io", "", DRIVER).is_some()
}
