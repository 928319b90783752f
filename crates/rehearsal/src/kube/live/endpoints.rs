//! EndpointSlices: which pods does a service reach?

use serde_json::{Value, json};

use super::make;
use crate::kube::{object, objects::Key, selector::Labels, state::State};

/// A pod changed: the services that select it look again.
pub fn pod_touched(state: &mut State, pod: &Key) {
    let Some(value) = state.objects.value(pod) else {
        let all: Vec<Key> = services(state, &pod.namespace).map(key).collect();
        all.into_iter().for_each(|service| touch(state, service));
        return;
    };
    let selecting = |service: &&Value| Labels::of_map(&service["spec"]["selector"]).matches(value);
    let all: Vec<Key> = services(state, &pod.namespace).filter(selecting).map(key).collect();
    all.into_iter().for_each(|service| touch(state, service));
}

fn services<'a>(state: &'a State, namespace: &'a str) -> impl Iterator<Item = &'a Value> {
    state.objects.values("services", namespace).filter(|service| object::at(service, "/spec/selector").is_some())
}

fn key(service: &Value) -> Key {
    Key::new("services", object::namespace(service), object::name(service))
}

fn touch(state: &mut State, service: Key) {
    state.objects.touch(service);
}

/// Writes a service's slice.
pub fn touched(state: &mut State, service: &Key) {
    let Some(value) = state.objects.value(service).cloned() else { return };
    if object::is_deleting(&value) || object::at(&value, "/spec/selector").is_none() {
        return;
    }
    let selector = Labels::of_map(&value["spec"]["selector"]);
    let endpoints: Vec<Value> = state
        .objects
        .values("pods", &service.namespace)
        .filter(|pod| selector.matches(pod) && object::at(pod, "/status/podIP").is_some())
        .filter(|pod| !matches!(object::text(pod, "/status/phase"), "Succeeded" | "Failed"))
        .map(|pod| {
            let (ready, going) = (object::condition(pod, "Ready"), object::is_deleting(pod));
            json!({
                "addresses": [pod["status"]["podIP"]], "nodeName": pod["spec"]["nodeName"],
                "conditions": { "ready": ready && !going, "serving": ready, "terminating": going },
                "targetRef": { "kind": "Pod", "namespace": service.namespace, "name": object::name(pod), "uid": object::uid(pod) },
            })
        })
        .collect();
    let ports: Vec<Value> = object::list(&value, "/spec/ports")
        .iter()
        .map(|port| {
            let name = port["name"].as_str().unwrap_or_default();
            json!({ "name": name, "protocol": port["protocol"], "port": port["targetPort"].as_u64().or(port["port"].as_u64()) })
        })
        .collect();
    let slice = Key::new(
        "endpointslices.discovery.k8s.io",
        &service.namespace,
        &format!("{}-{}", service.name, object::suffix(object::uid(&value), 5)),
    );
    if state.objects.get(&slice).is_some() {
        state.objects.change(&slice, |slice| {
            slice["endpoints"] = endpoints.into();
            slice["ports"] = ports.into();
        });
        return;
    }
    make(
        state,
        &slice.resource,
        json!({
            "metadata": {
                "name": slice.name, "namespace": slice.namespace, "ownerReferences": object::controlled_by(&value),
                "labels": { "kubernetes.io/service-name": service.name, "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io" },
            },
            "addressType": "IPv4", "endpoints": endpoints, "ports": ports,
        }),
    );
}
