//! Images: credentials, architecture, not found, rate limits, no way to the registry.

use super::{Cause, Chain, Container, PodRow, PodWait, Snapshot, volume::short};

pub(super) fn why(snapshot: &Snapshot, pod: &PodRow, wait: &PodWait) -> Option<Chain> {
    let container = wait.containers.iter().find(|container| {
        matches!(
            container.reason.as_str(),
            "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull"
        )
    })?;
    // The back-off hides what was said; the events still have it.
    let events = snapshot
        .events
        .iter()
        .filter(|event| {
            event.about == format!("Pod/{}", pod.name) && matches!(event.reason.as_str(), "Failed" | "InspectFailed")
        })
        .map(|event| event.message.as_str());
    let said = std::iter::once(container.message.as_str()).chain(events);
    let cause = said.filter_map(|message| cause(message, container)).next().unwrap_or_else(|| {
        Cause::new(
            "REG-PULL",
            format!("{} cannot be pulled: {}", container.image, short(&container.message)),
            "Pull it by hand from a node to see why.",
        )
    });
    Some(Chain::of(&pod.name, &*container.reason, vec![cause]))
}

fn cause(message: &str, container: &Container) -> Option<Cause> {
    let image = &container.image;
    let said = message.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if container.reason == "InvalidImageName" {
        return Some(Cause::new("REG-NAME", format!("{image} is not an image's name"), "Correct it in the values."));
    }
    if has(&["no match for platform", "no matching manifest", "exec format error"]) {
        return Some(Cause::new(
            "REG-ARCHITECTURE",
            format!("{image} is not there for this node's architecture"),
            "Use nodes of the image's architecture (amd64), or a multi-architecture image.",
        ));
    }
    if has(&["toomanyrequests", "429"]) {
        return Some(Cause::new(
            "REG-RATE",
            format!("the registry limits pulls of {image}"),
            "Log in to the registry, or mirror the image.",
        ));
    }
    if has(&["unauthorized", "401", "403", "denied", "no basic auth", "authentication required"]) {
        return Some(Cause::new(
            "REG-CREDENTIALS",
            format!("the registry refuses the credentials for {image}"),
            "Correct the pull Secret, and that the pod's service account or spec names it.",
        ));
    }
    if has(&["not found", "manifest unknown", "does not exist"]) {
        return Some(Cause::new(
            "REG-NOT-FOUND",
            format!("{image} is not in the registry"),
            "Correct repository and tag in the values.",
        ));
    }
    if has(&["x509", "certificate"]) {
        return Some(Cause::new(
            "REG-TLS",
            format!("the nodes do not trust the registry of {image}"),
            "Give the nodes the registry's (or the proxy's) CA.",
        ));
    }
    if has(&["no such host", "dial tcp", "i/o timeout", "connection refused", "deadline exceeded", "proxyconnect"]) {
        return Some(Cause::new(
            "REG-UNREACHABLE",
            format!("the nodes do not reach the registry of {image}"),
            "Open the way, or give the nodes their proxy.",
        ));
    }
    None
}
