//! Which pods are meant, are they ready, and if not, why not?

use k8s_openapi::api::core::v1::{ContainerStatus, Event, Pod};
use kube::{Api, Client, ResourceExt, api::ListParams};
use landfall_core::event::Problem;

use super::Trouble;

/// Which pods.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// Namespace.
    pub namespace: String,
    /// Label selector.
    pub selector: Option<String>,
    /// Beginning of the name, or of what follows the release's name in it.
    pub name_prefix: Option<String>,
}

impl Which {
    /// For people: `app=auth in shield`.
    pub fn shown(&self) -> String {
        let what = match (&self.selector, &self.name_prefix) {
            (Some(selector), _) => selector.clone(),
            (None, Some(prefix)) => format!("{prefix}*"),
            (None, None) => "all pods".to_owned(),
        };
        format!("{what} in {}", self.namespace)
    }

    /// Those of them that are meant to run, by name.
    pub async fn list(&self, client: &Client) -> Result<Vec<Pod>, Trouble> {
        let pods: Api<Pod> = Api::namespaced(client.clone(), &self.namespace);
        let mut wanted = ListParams::default();
        if let Some(selector) = &self.selector {
            wanted = wanted.labels(selector);
        }
        let mut found = pods.list(&wanted).await?.items;
        found.retain(|pod| phase(pod) != "Succeeded" && pod.metadata.deletion_timestamp.is_none() && self.names(pod));
        found.sort_by_key(ResourceExt::name_any);
        Ok(found)
    }

    fn names(&self, pod: &Pod) -> bool {
        let Some(prefix) = &self.name_prefix else { return true };
        let name = pod.name_any();
        let release = pod.labels().get("app.kubernetes.io/instance");
        let rest = release.and_then(|release| name.strip_prefix(release.as_str())?.strip_prefix('-'));
        name.starts_with(prefix.as_str()) || rest.is_some_and(|rest| rest.starts_with(prefix.as_str()))
    }
}

/// The pod's phase.
pub fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or("Pending")
}

/// Whether it is ready: Running is not enough.
pub fn ready(pod: &Pod) -> bool {
    condition(pod, "Ready").is_some_and(|(holds, _)| holds)
}

/// Why a pod is not ready, with a fix; where the pod itself does not say, what was last warned of it.
pub async fn why_not_yet(client: &Client, pod: &Pod) -> Problem {
    let problem = why_not(pod);
    if problem.code != "K8S-POD-NOT-READY" || phase(pod) != "Pending" {
        return problem;
    }
    let events: Api<Event> = Api::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
    let about = ListParams::default().fields(&format!("involvedObject.name={}", pod.name_any()));
    // Who may not list events still hears what the pod says.
    let heard = events.list(&about).await.map(|list| list.items).unwrap_or_default();
    match last_warned(pod, heard) {
        Some(message) => problem.why(message),
        None => problem,
    }
}

/// What was last warned of this very pod since it has a node: an earlier one of its name, and what kept it from a node, are past.
fn last_warned(pod: &Pod, heard: Vec<Event>) -> Option<String> {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let scheduled = conditions
        .filter(|condition| condition.type_ == "PodScheduled" && condition.status == "True")
        .find_map(|condition| condition.last_transition_time.as_ref().map(|time| time.0));
    let when = |event: &Event| event.last_timestamp.as_ref().map(|time| time.0);
    let now = |event: &Event| {
        let same = event.involved_object.uid.is_none() || event.involved_object.uid == pod.metadata.uid;
        same && when(event).zip(scheduled).is_none_or(|(when, scheduled)| when >= scheduled)
    };
    let warnings = heard.into_iter().filter(|event| event.type_.as_deref() == Some("Warning") && now(event));
    warnings.max_by_key(when)?.message
}

/// Why a pod is not ready, with a fix.
pub fn why_not(pod: &Pod) -> Problem {
    let name = pod.name_any();
    let describe = format!("$ kubectl describe pod {name} --namespace {}", pod.namespace().unwrap_or_default());
    if let Some((false, why)) = condition(pod, "PodScheduled") {
        return Problem::new(
            "K8S-POD-UNSCHEDULED",
            format!("{name} waits for a node"),
            format!("Free what it asks for, or add nodes that have it.\n{describe}"),
        )
        .why(why);
    }
    let statuses = pod.status.iter().flat_map(|status| {
        status.init_container_statuses.iter().flatten().chain(status.container_statuses.iter().flatten())
    });
    for status in statuses {
        if let Some(problem) = waiting(&name, status, &describe) {
            return problem;
        }
    }
    let phase = phase(pod);
    if phase == "Failed" {
        let why = pod.status.as_ref().and_then(|status| status.message.clone()).unwrap_or_default();
        return Problem::new("K8S-POD-FAILED", format!("{name} has failed"), describe).why(why);
    }
    let why = condition(pod, "Ready").map(|(_, why)| why).unwrap_or_default();
    Problem::new(
        "K8S-POD-NOT-READY",
        format!("{name} is {phase}, but not ready"),
        format!("It may still be starting; its log tells.\n{describe}"),
    )
    .why(why)
}

fn condition(pod: &Pod, name: &str) -> Option<(bool, String)> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let found = conditions.iter().find(|condition| condition.type_ == name)?;
    Some((found.status == "True", found.message.clone().or_else(|| found.reason.clone()).unwrap_or_default()))
}

fn waiting(pod: &str, status: &ContainerStatus, describe: &str) -> Option<Problem> {
    let waiting = status.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.clone().unwrap_or_default();
    let message = waiting.message.clone().unwrap_or_default();
    let container = &status.name;
    let last = status.last_state.as_ref().and_then(|state| state.terminated.as_ref());
    let ended = last.map(|last| {
        format!("last time it ended with exit code {} ({})", last.exit_code, last.reason.as_deref().unwrap_or("Error"))
    });
    match reason.as_str() {
        "ImagePullBackOff" | "ErrImagePull" | "InvalidImageName" => Some(
            Problem::new(
                "K8S-POD-IMAGE",
                format!("{pod}: the image of {container} cannot be pulled"),
                format!("Check its name, the registry's credentials and the nodes' architecture.\n{describe}"),
            )
            .why(if message.is_empty() { status.image.clone() } else { message }),
        ),
        "CrashLoopBackOff" => Some(
            Problem::new(
                "K8S-POD-CRASHING",
                format!("{pod}: {container} keeps ending"),
                format!(
                    "Read the end of its log.\n$ kubectl logs {pod} --container {container} --previous\n{describe}"
                ),
            )
            .why(ended.unwrap_or(message)),
        ),
        "CreateContainerConfigError" | "CreateContainerError" => Some(
            Problem::new(
                "K8S-POD-CONFIG",
                format!("{pod}: {container} cannot be made"),
                format!("A Secret, ConfigMap or key it needs is not there.\n{describe}"),
            )
            .why(message),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(status: serde_json::Value) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": "shield-auth-0", "namespace": "shield", "labels": {"app.kubernetes.io/instance": "shield"}},
            "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn running_is_not_ready() {
        let running = pod(json!({"phase": "Running", "conditions": [
            {"type": "Ready", "status": "False", "message": "containers with unready status: [auth]"}]}));
        assert!(!ready(&running));
        let problem = why_not(&running);
        assert_eq!(problem.code, "K8S-POD-NOT-READY");
        assert!(problem.why.contains("auth"));
    }

    #[test]
    fn each_reason_has_its_own_code() {
        let code = |status| why_not(&pod(status)).code;
        let waiting = |reason: &str| {
            json!({"phase": "Pending", "containerStatuses": [{"name": "auth", "image": "x", "imageID": "", "ready": false,
                "restartCount": 1, "state": {"waiting": {"reason": reason}}}]})
        };
        assert_eq!(code(waiting("ImagePullBackOff")), "K8S-POD-IMAGE");
        assert_eq!(code(waiting("CrashLoopBackOff")), "K8S-POD-CRASHING");
        assert_eq!(code(waiting("CreateContainerConfigError")), "K8S-POD-CONFIG");
        let unscheduled = json!({"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."}]});
        assert_eq!(code(unscheduled), "K8S-POD-UNSCHEDULED");
    }

    #[test]
    fn what_was_warned_of_an_earlier_pod_or_before_it_had_a_node_is_past() {
        let mut pod = pod(json!({"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-11-20T09:00:10Z"}]}));
        pod.metadata.uid = Some("new".into());
        let event = |uid: &str, at: &str, message: &str| -> Event {
            serde_json::from_value(json!({"metadata": {}, "type": "Warning", "message": message,
                "lastTimestamp": format!("2026-11-20T09:00:{at}Z"), "involvedObject": {"uid": uid, "name": "shield-auth-0"}}))
            .unwrap()
        };
        let heard = |events: Vec<Event>| last_warned(&pod, events);
        assert_eq!(heard(vec![event("old", "20", "unbound volumes"), event("new", "05", "unbound volumes")]), None);
        let mount = heard(vec![event("new", "12", "a Secret is missing"), event("old", "20", "unbound volumes")]);
        assert_eq!(mount.as_deref(), Some("a Secret is missing"));
    }

    #[test]
    fn a_prefix_names_a_pod_from_its_start_or_after_the_release() {
        let named =
            |prefix: &str| Which { name_prefix: Some(prefix.into()), ..Which::default() }.names(&pod(json!({})));
        assert!(named("shield-auth") && named("auth") && !named("uth"));
    }
}
