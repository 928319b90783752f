//! Volumes: no default StorageClass, one that does not exist, the wrong zone, a mount that fails.

use super::{Cause, Chain, ClaimRow, PodRow, PodWait, Snapshot};

pub(super) fn why(snapshot: &Snapshot, pod: &PodRow, wait: &PodWait) -> Option<Chain> {
    let said = wait.unschedulable.as_deref().unwrap_or_default();
    let chain = |causes: Vec<Cause>| Some(Chain::of(&pod.name, &*pod.status, causes));
    if said.contains("volume node affinity conflict") {
        return chain(vec![Cause::new(
            "K8S-VOLUME-ZONE",
            "its volume lies in a zone where no node has room",
            "Add a node in the volume's zone, or use a StorageClass with volumeBindingMode WaitForFirstConsumer.",
        )]);
    }
    let claim = snapshot.claims.iter().find(|claim| wait.claims.contains(&claim.name));
    if let Some(claim) = claim {
        let first = Cause::going_on(format!("claim {} {}", claim.name, claim.phase));
        return chain(vec![first, claim_cause(snapshot, claim)]);
    }
    let failed = snapshot.events.iter().find(|event| {
        event.about == format!("Pod/{}", pod.name)
            && matches!(event.reason.as_str(), "FailedMount" | "FailedAttachVolume")
    })?;
    let message = failed.message.as_str();
    if let Some(missing) = missing_object(message) {
        return chain(vec![Cause::new(
            "K8S-MISSING-OBJECT",
            format!("{missing} does not exist"),
            "Make it, or correct its name in the values.",
        )]);
    }
    chain(vec![Cause::new(
        "K8S-MOUNT",
        format!("{}: {}", failed.reason, short(message)),
        "Look at the volume and at the CSI driver's pods on that node.",
    )])
}

fn claim_cause(snapshot: &Snapshot, claim: &ClaimRow) -> Cause {
    match &claim.class {
        None if snapshot.classes_known && snapshot.default_classes.is_empty() => Cause::new(
            "K8S-NO-DEFAULT-CLASS",
            "there is no default StorageClass",
            "Mark one:\n$ kubectl patch storageclass NAME -p '{\"metadata\":{\"annotations\":{\"storageclass.kubernetes.io/is-default-class\":\"true\"}}}'",
        ),
        Some(class) if claim.class_exists == Some(false) => Cause::new(
            "K8S-NO-CLASS",
            format!("StorageClass {class} does not exist"),
            "Make it, or name another in the values.",
        ),
        _ => {
            let failed = snapshot
                .events
                .iter()
                .find(|event| event.warning && event.about == format!("PersistentVolumeClaim/{}", claim.name));
            match failed {
                Some(event) => Cause::new(
                    "K8S-PROVISION",
                    format!("{}: {}", event.reason, short(&event.message)),
                    "Look at the CSI driver's controller and its IAM role.",
                ),
                None => Cause::going_on("its volume is being made"),
            }
        }
    }
}

/// `secret "x" not found` and its like.
pub(super) fn missing_object(message: &str) -> Option<String> {
    for kind in ["secret", "configmap"] {
        let Some((_, rest)) = message.split_once(&format!("{kind} \"")) else { continue };
        let Some((name, rest)) = rest.split_once('"') else { continue };
        if rest.trim_start().starts_with("not found") {
            let kind = if kind == "secret" { "Secret" } else { "ConfigMap" };
            return Some(format!("{kind} {name}"));
        }
    }
    None
}

/// The first sentence or so of a message.
pub(super) fn short(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    match line.char_indices().nth(160) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}
