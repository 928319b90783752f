//! Pods as rows.

use std::collections::BTreeMap;

use landfall_core::why::{Container, PodRow, PodWait, Toleration};

use super::{
    board::State,
    pod::{ContainerSpec, ContainerState, ContainerStatus, Pod, Terminated},
    quantity::{Quantity, amount},
    reflect::Kind,
};

/// Pods of the namespace.
pub struct Pods;

impl Kind for Pods {
    const NAME: &'static str = "pods";
    type Object = Pod;

    fn path(namespace: &str) -> String {
        format!("/api/v1/namespaces/{namespace}/pods")
    }

    fn name(object: &Pod) -> &str {
        &object.metadata.name
    }

    fn version(object: &Pod) -> &str {
        &object.metadata.resource_version
    }

    fn set(state: &mut State, object: Pod) {
        let name = object.metadata.name.clone();
        if let Some(container) = object.spec.containers.first() {
            let container = state.word(&container.name);
            state.containers.insert(name.clone(), container);
        }
        let row = row(object, state);
        state.pods.insert(name, row.into());
    }

    fn remove(state: &mut State, name: &str) {
        state.pods.remove(name);
        state.containers.remove(name);
    }

    fn names(state: &State) -> Vec<String> {
        state.pods.keys().cloned().collect()
    }
}

fn row(pod: Pod, state: &mut State) -> PodRow {
    let status = status(&pod);
    let ready = pod.status.container_statuses.iter().filter(|container| container.ready).count();
    let restarts = pod.status.container_statuses.iter().map(|container| container.restart_count).sum();
    let containers = pod.spec.containers.len();
    let settled = (containers > 0 && ready == containers) || matches!(status.as_str(), "Succeeded" | "Completed");
    let requests = requests(&pod.spec.containers)
        .into_iter()
        // Only extended resources count once it runs; all of them matter while it waits.
        .filter(|(name, _)| !settled || name.contains('/'))
        .map(|(name, amount)| (state.word(&name), amount))
        .collect();
    let small = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
    PodRow {
        status: state.word(&status),
        ready: small(ready),
        containers: small(containers),
        restarts,
        since: pod.metadata.creation_timestamp,
        node: pod.spec.node_name.as_deref().map(|node| state.word(node)),
        requests,
        waits: (!settled).then(|| Box::new(waits(&pod))),
        name: pod.metadata.name,
    }
}

/// The word `kubectl get pods` would show.
fn status(pod: &Pod) -> String {
    if pod.metadata.deletion_timestamp.is_some() {
        return "Terminating".into();
    }
    if let Some(reason) = pod.status.reason.as_ref().filter(|reason| !reason.is_empty()) {
        return reason.clone();
    }
    let init = pod.status.init_container_statuses.iter().find_map(|container| match &container.state {
        ContainerState { terminated: Some(ended), .. } if ended.exit_code != 0 => {
            Some(format!("Init:{}", reason_of(ended)))
        }
        ContainerState { waiting: Some(waiting), .. }
            if !waiting.reason.is_empty() && waiting.reason != "PodInitializing" =>
        {
            Some(format!("Init:{}", waiting.reason))
        }
        _ => None,
    });
    if let Some(init) = init {
        return init;
    }
    let main = pod.status.container_statuses.iter().find_map(|container| match &container.state {
        ContainerState { waiting: Some(waiting), .. } if !waiting.reason.is_empty() => Some(waiting.reason.clone()),
        ContainerState { terminated: Some(ended), .. } => Some(reason_of(ended)),
        _ => None,
    });
    match main {
        Some(reason) => reason,
        None if pod.status.phase.is_empty() => "Pending".into(),
        None => pod.status.phase.clone(),
    }
}

fn reason_of(ended: &Terminated) -> String {
    match ended.reason.as_str() {
        "" if ended.exit_code == 0 => "Completed".into(),
        "" => "Error".into(),
        reason => reason.to_owned(),
    }
}

fn requests(containers: &[ContainerSpec]) -> BTreeMap<String, i64> {
    let mut all = BTreeMap::new();
    for container in containers {
        // Of extended resources the limit is the request.
        let limits = container.resources.limits.iter().filter(|(name, _)| name.contains('/'));
        let wanted: BTreeMap<&String, &Quantity> = limits.chain(container.resources.requests.iter()).collect();
        for (name, quantity) in wanted {
            *all.entry(name.clone()).or_default() += amount(name, quantity).unwrap_or(0);
        }
    }
    all
}

fn waits(pod: &Pod) -> PodWait {
    let unscheduled = pod.status.conditions.iter().find(|condition| {
        condition.kind == "PodScheduled"
            && condition.status == "False"
            && condition.reason.as_deref() == Some("Unschedulable")
    });
    let terms = pod.spec.affinity.iter().filter_map(|affinity| affinity.node_affinity.as_ref()?.required.as_ref());
    PodWait {
        unschedulable: unscheduled.map(|condition| condition.message.clone().unwrap_or_default()),
        node_selector: pod.spec.node_selector.clone(),
        affinity: terms
            .flat_map(|terms| &terms.node_selector_terms)
            .flat_map(|term| &term.match_expressions)
            .map(|expression| {
                format!("{} {} {}", expression.key, expression.operator.to_lowercase(), expression.values.join(", "))
            })
            .collect(),
        tolerations: pod
            .spec
            .tolerations
            .iter()
            .map(|toleration| Toleration {
                key: toleration.key.clone(),
                value: if toleration.operator == "Exists" { None } else { toleration.value.clone() },
                effect: toleration.effect.clone(),
            })
            .collect(),
        claims: pod
            .spec
            .volumes
            .iter()
            .filter_map(|volume| volume.persistent_volume_claim.as_ref())
            .map(|claim| claim.claim_name.clone())
            .collect(),
        containers: containers(pod),
    }
}

fn containers(pod: &Pod) -> Vec<Container> {
    let init = pod.status.init_container_statuses.iter().map(|container| (true, container));
    let main = pod.status.container_statuses.iter().map(|container| (false, container));
    let done =
        |container: &ContainerStatus| container.state.terminated.as_ref().is_some_and(|ended| ended.exit_code == 0);
    init.filter(|(_, container)| !done(container))
        .chain(main.filter(|(_, container)| !container.ready))
        .map(|(init, container)| {
            let (reason, message) = match &container.state {
                ContainerState { waiting: Some(waiting), .. } => (waiting.reason.clone(), waiting.message.clone()),
                ContainerState { terminated: Some(ended), .. } => (reason_of(ended), ended.message.clone()),
                ContainerState { running: Some(_), .. } => Default::default(),
                _ => ("ContainerCreating".into(), String::new()),
            };
            Container {
                name: container.name.clone(),
                init,
                image: container.image.clone(),
                reason,
                message,
                last_exit: container.last_state.terminated.as_ref().map(|ended| (ended.exit_code, reason_of(ended))),
                restarts: container.restart_count,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(pod: serde_json::Value) -> PodRow {
        row(serde_json::from_value(pod).unwrap(), &mut State::default())
    }

    #[test]
    fn a_ready_pod_keeps_only_what_counts() {
        let row = read(json!({
            "metadata": { "name": "a-0", "creationTimestamp": "2026-11-21T05:00:00Z" },
            "spec": {
                "nodeName": "n-1",
                "containers": [{ "name": "a", "resources": { "requests": { "cpu": "1" }, "limits": { "nvidia.com/gpu": 1 } } }]
            },
            "status": { "phase": "Running", "containerStatuses": [{ "name": "a", "ready": true, "restartCount": 2, "state": { "running": { "startedAt": "x" } } }] }
        }));
        assert_eq!((&*row.status, row.ready, row.containers, row.restarts), ("Running", 1, 1, 2));
        assert_eq!(row.requests, BTreeMap::from([("nvidia.com/gpu".into(), 1)]));
        assert!(row.settled() && row.waits.is_none());
    }

    #[test]
    fn a_pod_nobody_takes_keeps_the_schedulers_words() {
        let row = read(json!({
            "metadata": { "name": "a-0" },
            "spec": { "nodeSelector": { "capability": "gpu" }, "containers": [{ "name": "a" }] },
            "status": { "phase": "Pending", "conditions": [{ "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/2 nodes are available" }] }
        }));
        assert_eq!(&*row.status, "Pending");
        assert_eq!(row.waits.unwrap().unschedulable.unwrap(), "0/2 nodes are available");
    }

    #[test]
    fn a_crash_loop_says_how_it_ended() {
        let row = read(json!({
            "metadata": { "name": "a-0" },
            "spec": { "containers": [{ "name": "a" }] },
            "status": { "phase": "Running", "containerStatuses": [{
                "name": "a", "image": "x/a:1", "ready": false, "restartCount": 3,
                "state": { "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 40s" } },
                "lastState": { "terminated": { "exitCode": 137, "reason": "OOMKilled" } }
            }] }
        }));
        assert_eq!(&*row.status, "CrashLoopBackOff");
        let container = &row.waits.unwrap().containers[0];
        assert_eq!(container.last_exit, Some((137, "OOMKilled".into())));
    }
}
