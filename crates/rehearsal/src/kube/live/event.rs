//! Events: what the parts of a cluster tell about its objects.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Work, make};
use crate::kube::{object, objects::Key, state::State};

// kube-apiserver --event-ttl
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// Who tells it.
#[derive(Clone, Copy, Debug)]
pub enum From<'a> {
    /// A controller, by name.
    Controller(&'a str),
    /// A node's kubelet, about a container of the pod where it is not empty.
    Kubelet(&'a str, &'a str),
}

/// Tells something ordinary.
pub fn normal(state: &mut State, about: &Value, from: From<'_>, reason: &str, message: &str) {
    emit(state, about, from, "Normal", reason, message);
}

/// Tells of trouble.
pub fn warning(state: &mut State, about: &Value, from: From<'_>, reason: &str, message: &str) {
    emit(state, about, from, "Warning", reason, message);
}

fn emit(state: &mut State, about: &Value, from: From<'_>, kind: &str, reason: &str, message: &str) {
    // Nobody will see what is forgotten before the start.
    if state.start.duration_since(state.now) > KEPT {
        return;
    }
    let now = object::stamp(state.now);
    let same = (object::uid(about).to_owned(), reason.to_owned(), message.to_owned());
    if let Some(key) = state.events.get(&same).cloned()
        && state.objects.get(&key).is_some()
    {
        state.objects.change(&key, |event| {
            event["count"] = (event["count"].as_i64().unwrap_or(1) + 1).into();
            event["lastTimestamp"] = now.into();
        });
        return;
    }
    let namespace = if object::namespace(about).is_empty() { "default" } else { object::namespace(about) };
    let number = object::suffix(&format!("{}{reason}{message}{now}", object::uid(about)), 16);
    let (component, host, container) = match from {
        From::Controller(name) => (name, "", ""),
        From::Kubelet(node, container) => ("kubelet", node, container),
    };
    let mut involved = json!({
        "kind": about["kind"], "namespace": namespace, "name": object::name(about), "uid": object::uid(about),
        "apiVersion": about["apiVersion"], "resourceVersion": about["metadata"]["resourceVersion"],
    });
    if object::namespace(about).is_empty() {
        object::unset(&mut involved, &["namespace"]);
    }
    if !container.is_empty() {
        involved["fieldPath"] = format!("spec.containers{{{container}}}").into();
    }
    let mut source = json!({ "component": component });
    if !host.is_empty() {
        source["host"] = host.into();
    }
    let made = make(
        state,
        "events",
        json!({
            "metadata": { "name": format!("{}.{number}", object::name(about)), "namespace": namespace },
            "involvedObject": involved, "reason": reason, "message": message, "source": source,
            "firstTimestamp": now, "lastTimestamp": now, "count": 1, "type": kind,
            "eventTime": null, "reportingComponent": component, "reportingInstance": host,
        }),
    );
    if let Some(key) = made {
        state.events.insert(same, key.clone());
        state.later(KEPT, Work::Expire(key));
    }
}

/// Forgets an event that was not told again.
pub fn expire(state: &mut State, key: &Key) {
    let Some(event) = state.objects.value(key) else { return };
    let last = object::text(event, "/lastTimestamp").parse().unwrap_or(state.now);
    let left = KEPT - state.now.duration_since(last);
    if left > SignedDuration::from_secs(1) {
        state.later(left, Work::Expire(key.clone()));
        return;
    }
    let about = (
        object::text(event, "/involvedObject/uid").to_owned(),
        object::text(event, "/reason").to_owned(),
        object::text(event, "/message").to_owned(),
    );
    state.events.remove(&about);
    state.objects.remove(key);
}
