//! Volume claims: when are they bound?

use serde_json::{Value, json};

use super::{
    Work, csi,
    event::{self, From},
    make,
};
use crate::kube::{object, objects::Key, state::State};

const SELF: From<'_> = From::Controller("persistentvolume-controller");

/// Orders a volume, or says why not.
pub fn touched(state: &mut State, key: &Key) {
    let Some(claim) = state.objects.value(key).cloned() else { return };
    if object::text(&claim, "/status/phase") == "Bound" {
        state.schedule = true;
        return;
    }
    let name = object::text(&claim, "/spec/storageClassName");
    if name.is_empty() {
        if state.begun.insert(format!("{}/unbound", object::uid(&claim))) {
            event::normal(
                state,
                &claim,
                SELF,
                "FailedBinding",
                "no persistent volumes available for this claim and no storage class is set",
            );
        }
        return;
    }
    let Some(class) = state.objects.find("storageclasses.storage.k8s.io", "", name) else {
        if state.begun.insert(format!("{}/unbound", object::uid(&claim))) {
            event::warning(
                state,
                &claim,
                SELF,
                "ProvisioningFailed",
                &format!("storageclass.storage.k8s.io \"{name}\" not found"),
            );
        }
        return;
    };
    let first_consumer = object::text(class, "/volumeBindingMode") == "WaitForFirstConsumer";
    if first_consumer && !is_used(state, key) {
        if state.begun.insert(format!("{}/waits", object::uid(&claim))) {
            event::normal(
                state,
                &claim,
                SELF,
                "WaitForFirstConsumer",
                "waiting for first consumer to be created before binding",
            );
        }
        return;
    }
    let provisioner = object::text(class, "/provisioner").to_owned();
    if !csi::provides(state, &provisioner) {
        if state.begun.insert(format!("{}/driver", object::uid(&claim))) {
            let message = format!(
                "Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."
            );
            event::normal(state, &claim, SELF, "ExternalProvisioning", &message);
        }
        return;
    }
    if state.begun.insert(object::uid(&claim).to_owned()) {
        state.later(state.setup.times.volume, Work::Volume(key.clone()));
    }
}

/// Does a pod that has its node use it?
fn is_used(state: &State, claim: &Key) -> bool {
    state.objects.values("pods", &claim.namespace).any(|pod| {
        !object::text(pod, "/spec/nodeName").is_empty()
            && object::list(pod, "/spec/volumes")
                .iter()
                .any(|volume| object::text(volume, "/persistentVolumeClaim/claimName") == claim.name)
    })
}

/// The volume is there.
pub fn bind(state: &mut State, key: &Key) {
    let Some(claim) = state.objects.value(key).cloned() else { return };
    let volume = format!("pvc-{}", object::uid(&claim));
    let size = object::at(&claim, "/spec/resources/requests/storage").cloned().unwrap_or(Value::Null);
    let modes = object::at(&claim, "/spec/accessModes").cloned().unwrap_or_else(|| json!(["ReadWriteOnce"]));
    make(
        state,
        "persistentvolumes",
        json!({
            "metadata": { "name": volume },
            "spec": {
                "capacity": { "storage": size }, "accessModes": modes, "storageClassName": claim["spec"]["storageClassName"], "persistentVolumeReclaimPolicy": "Delete",
                "claimRef": { "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": key.namespace, "name": key.name, "uid": object::uid(&claim) },
            },
            "status": { "phase": "Bound" },
        }),
    );
    state.objects.change(key, |claim| {
        object::set(claim, &["spec", "volumeName"], volume.clone());
        claim["status"] = json!({ "phase": "Bound", "capacity": { "storage": size }, "accessModes": modes });
    });
    event::normal(state, &claim, SELF, "ProvisioningSucceeded", &format!("Successfully provisioned volume {volume}"));
}
