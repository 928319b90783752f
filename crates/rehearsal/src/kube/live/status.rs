//! The status of a pod, as its kubelet writes it.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::kube::object;

/// Writes the status of one container, or of all of them.
pub fn containers(pod: &mut Value, only: Option<&str>, write: impl Fn(&mut Value)) {
    if object::at(pod, "/status/containerStatuses").is_none() {
        let all: Vec<Value> = object::list(pod, "/spec/containers")
            .iter()
            .map(|container| {
                json!({
                    "name": container["name"], "image": container["image"], "imageID": "", "ready": false, "started": false,
                    "restartCount": 0, "state": {}, "lastState": {},
                })
            })
            .collect();
        pod["status"]["containerStatuses"] = all.into();
    }
    if let Some(Value::Array(all)) = pod.pointer_mut("/status/containerStatuses") {
        all.iter_mut().filter(|status| only.is_none_or(|only| status["name"] == only)).for_each(write);
    }
}

/// Names and images of the containers, init containers first.
pub fn images(pod: &Value) -> Vec<(String, String)> {
    let all = object::list(pod, "/spec/initContainers").iter().chain(object::list(pod, "/spec/containers"));
    all.map(|container| (object::text(container, "/name").to_owned(), object::text(container, "/image").to_owned()))
        .collect()
}

/// Does a container of the pod run this program?
pub fn runs(pod: &Value, program: &str) -> bool {
    object::list(pod, "/spec/containers").iter().any(|container| {
        let words = object::list(container, "/command").iter().chain(object::list(container, "/args"));
        words.filter_map(Value::as_str).any(|word| word.contains(program))
    })
}

/// Its containers are not ready.
pub fn unready(pod: &mut Value, now: Timestamp) {
    let names: Vec<&str> =
        object::list(pod, "/spec/containers").iter().map(|container| object::text(container, "/name")).collect();
    let message = format!("containers with unready status: [{}]", names.join(" "));
    for kind in ["Ready", "ContainersReady"] {
        object::set_condition(pod, kind, false, "ContainersNotReady", &message, now);
    }
}

/// Its containers run.
pub fn running(pod: &mut Value, restarts: u32, now: Timestamp) {
    pod["status"]["phase"] = "Running".into();
    let uid = object::uid(pod).to_owned();
    containers(pod, None, |status| {
        if status["state"].get("running").is_some() {
            return;
        }
        status["started"] = true.into();
        status["restartCount"] =
            if status["lastState"].get("terminated").is_some() { restarts.into() } else { 0.into() };
        status["imageID"] =
            format!("{}@sha256:{}", object::text(status, "/image"), object::suffix(object::text(status, "/image"), 12))
                .into();
        status["containerID"] = format!("containerd://{}", object::suffix(&format!("{uid}{restarts}"), 24)).into();
        status["state"] = json!({ "running": { "startedAt": object::stamp(now) } });
    });
    let init: Vec<Value> = object::list(pod, "/spec/initContainers")
        .iter()
        .map(|container| {
            json!({
                "name": container["name"], "image": container["image"], "imageID": container["image"], "ready": true, "restartCount": 0, "lastState": {},
                "state": { "terminated": { "exitCode": 0, "reason": "Completed", "startedAt": object::stamp(now), "finishedAt": object::stamp(now) } },
            })
        })
        .collect();
    if !init.is_empty() && object::at(pod, "/status/initContainerStatuses").is_none() {
        pod["status"]["initContainerStatuses"] = init.into();
    }
    if object::text(pod, "/spec/restartPolicy") != "Always" {
        ready(pod, now);
    }
}

/// Its containers are ready.
pub fn ready(pod: &mut Value, now: Timestamp) {
    containers(pod, None, |status| status["ready"] = true.into());
    for kind in ["Ready", "ContainersReady"] {
        object::set_condition(pod, kind, true, "", "", now);
    }
}

/// All its containers ended, for good.
pub fn over(pod: &mut Value, code: i64, reason: &str, now: Timestamp) {
    pod["status"]["phase"] = if code == 0 { "Succeeded" } else { "Failed" }.into();
    containers(pod, None, |status| {
        status["ready"] = false.into();
        status["started"] = false.into();
        status["state"] = terminated(status, code, reason, now);
    });
    let reason = if code == 0 { "PodCompleted" } else { "PodFailed" };
    for kind in ["Ready", "ContainersReady"] {
        object::set_condition(pod, kind, false, reason, "", now);
    }
}

/// A container ended and waits (where there is a message) before it is started again.
pub fn ended(pod: &mut Value, container: &str, code: i64, reason: &str, message: Option<&String>, now: Timestamp) {
    containers(pod, Some(container), |status| {
        let state = terminated(status, code, reason, now);
        status["ready"] = false.into();
        status["started"] = false.into();
        status["lastState"] = state.clone();
        status["state"] = match message {
            Some(message) => json!({ "waiting": { "reason": "CrashLoopBackOff", "message": message } }),
            None => state,
        };
    });
}

fn terminated(status: &Value, code: i64, reason: &str, now: Timestamp) -> Value {
    let started = object::at(status, "/state/running/startedAt").cloned().unwrap_or_else(|| object::stamp(now).into());
    json!({ "terminated": {
        "exitCode": code, "reason": reason, "startedAt": started, "finishedAt": object::stamp(now), "containerID": status["containerID"],
    } })
}
