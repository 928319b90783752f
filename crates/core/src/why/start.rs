//! Start-up: crash loops with the log's last error line, missing configuration, probes, addresses running out.

use super::{Cause, Chain, Container, PodRow, PodWait, Snapshot, name, volume};

pub(super) fn why(snapshot: &Snapshot, pod: &PodRow, wait: &PodWait) -> Option<Chain> {
    let container = wait
        .containers
        .iter()
        .find(|container| container.reason != "PodInitializing" || container.init)
        .or(wait.containers.first());
    let Some(container) = container else { return addresses(snapshot, pod) };
    let causes = match container.reason.as_str() {
        "CreateContainerConfigError" | "CreateContainerError" => vec![configuration(container)],
        "CrashLoopBackOff" | "Error" | "OOMKilled" | "RunContainerError" | "StartError" | "ContainerCannotRun" => {
            crash(snapshot, pod, container)
        }
        "ContainerCreating" | "PodInitializing" => return addresses(snapshot, pod),
        // It runs and is not ready.
        "" => running(snapshot, pod, container),
        other => vec![Cause::new(
            "K8S-WAITING",
            format!("{other}: {}", volume::short(&container.message)),
            "Look at the pod's events.",
        )],
    };
    let state = if container.reason.is_empty() { "not ready" } else { container.reason.as_str() };
    let who = if container.init { format!("{}/{}", pod.name, container.name) } else { pod.name.clone() };
    Some(Chain::of(who, state, causes))
}

fn configuration(container: &Container) -> Cause {
    match volume::missing_object(&container.message) {
        Some(missing) => Cause::new(
            "K8S-MISSING-OBJECT",
            format!("{missing} does not exist"),
            "Make it, or correct its name in the values.",
        ),
        None => Cause::new(
            "K8S-CONFIG",
            volume::short(&container.message),
            "Correct what it names: a key missing in a Secret, a user that may not be root.",
        ),
    }
}

fn crash(snapshot: &Snapshot, pod: &PodRow, container: &Container) -> Vec<Cause> {
    let (code, why) = container.last_exit.clone().unwrap_or_default();
    if why == "OOMKilled" || container.reason == "OOMKilled" {
        return vec![Cause::new(
            "K8S-OOM",
            format!("{} needs more memory than its limit", container.name),
            "Raise the memory limit in the values.",
        )];
    }
    let mut causes =
        vec![Cause::going_on(format!("{} ended with {code} ({} restarts)", container.name, container.restarts))];
    if let Some(line) = last_error(snapshot, &pod.name) {
        causes.push(log_cause(&line));
    }
    causes
}

fn running(snapshot: &Snapshot, pod: &PodRow, container: &Container) -> Vec<Cause> {
    let about = format!("Pod/{}", pod.name);
    let probe = snapshot.events.iter().find(|event| event.about == about && event.reason == "Unhealthy");
    let line = last_error(snapshot, &pod.name);
    match (probe, line) {
        (Some(event), line) => {
            let mut causes = vec![Cause::new(
                "K8S-PROBE",
                volume::short(&event.message),
                "Look at the container's log; the address the probe asks must answer.",
            )];
            causes.extend(line.map(|line| log_cause(&line)));
            causes
        }
        (None, Some(line)) => vec![log_cause(&line)],
        (None, None) => vec![Cause::going_on(format!("{} runs and is not ready yet", container.name))],
    }
}

/// Pods that cannot even be set up: the subnets' addresses ran out, or a Secret is missing.
fn addresses(snapshot: &Snapshot, pod: &PodRow) -> Option<Chain> {
    let about = format!("Pod/{}", pod.name);
    let event = snapshot.events.iter().find(|event| event.warning && event.about == about)?;
    let cause = if event.message.contains("failed to assign an IP address") {
        Cause::new(
            "NET-NO-ADDRESSES",
            "the node's subnet has no free pod addresses",
            "Use larger subnets, or prefix delegation in the VPC CNI.",
        )
    } else {
        Cause::new(
            "K8S-SANDBOX",
            format!("{}: {}", event.reason, volume::short(&event.message)),
            "Look at the node it is on.",
        )
    };
    Some(Chain::of(&pod.name, &*pod.status, vec![cause]))
}

/// The last line of the pod's log that looks like an error.
fn last_error(snapshot: &Snapshot, pod: &str) -> Option<String> {
    let mine = |known: &str| known == pod || known.split('/').next() == Some(pod);
    let words =
        ["error", "fatal", "panic", "exception", "failed", "refused", "enotfound", "no such host", "missing required"];
    let line = snapshot.logs.iter().rev().filter(|log| mine(&log.pod)).find(|log| {
        let line = log.line.to_lowercase();
        words.iter().any(|word| line.contains(word))
    })?;
    Some(line.line.clone())
}

fn log_cause(line: &str) -> Cause {
    if let Some(host) = name::unresolved(line) {
        return name::missing(&host);
    }
    if line.to_lowercase().contains("exec format error") {
        return Cause::new(
            "REG-ARCHITECTURE",
            "its image is for another architecture than this node's",
            "Use nodes of the image's architecture.",
        );
    }
    Cause::new("APP-LOG", format!("log: {}", volume::short(line)), "Look at the whole log in the logs panel.")
}
