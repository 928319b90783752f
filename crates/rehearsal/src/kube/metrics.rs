//! `metrics.k8s.io`: how much nodes and pods use, as metrics-server would say.

use http::Response;
use serde_json::{Value, json};

use super::{
    call::{Call, Target},
    live::fit,
    object,
    refusal::Refusal,
    reply::{self, Body},
    selector::Labels,
    state::State,
};
use crate::World;

/// Answers get and list of nodes and pods.
pub fn answer(world: &World, call: &Call, target: &Target) -> Result<Response<Body>, Refusal> {
    if call.method != http::Method::GET || call.query.is("watch") || target.version != "v1beta1" {
        return Err(Refusal::not_simulated(call.method.as_str(), &call.path));
    }
    let labels = Labels::parse(call.query.get("labelSelector"))?;
    let now = object::stamp(world.clock.now());
    world.cluster.look(|state| {
        let serves = state.objects.values("pods", "kube-system").any(|pod| object::name(pod).starts_with("metrics-server") && object::condition(pod, "Ready"));
        if !serves {
            return Err(Refusal::new(503, "ServiceUnavailable", "the server is currently unable to handle the request"));
        }
        let measured: Vec<Value> = match target.plural.as_str() {
            "nodes" => state.objects.values("nodes", "").filter(|node| labels.matches(node)).map(|node| of_node(state, node, &now)).collect(),
            "pods" => {
                let running = |pod: &&Value| object::text(pod, "/status/phase") == "Running" && labels.matches(pod);
                state.objects.values("pods", &target.namespace).filter(running).map(|pod| of_pod(pod, &now)).collect()
            }
            _ => return Err(Refusal::no_such_path()),
        };
        let kind = if target.plural == "nodes" { "NodeMetrics" } else { "PodMetrics" };
        if target.name.is_empty() {
            return Ok(reply::whole(200, &json!({ "kind": format!("{kind}List"), "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": measured })));
        }
        let one = measured.iter().find(|one| object::name(one) == target.name);
        one.map(|one| reply::whole(200, one)).ok_or_else(|| Refusal::new(404, "NotFound", format!("{}.metrics.k8s.io \"{}\" not found", target.plural, target.name)))
    })
}

// A third of what is asked for is used, and a node needs a little for itself.
fn usage(cpu: i128, memory: i128) -> Value {
    json!({ "cpu": format!("{}n", cpu * 1_000_000 / 3), "memory": format!("{}Ki", memory / 1000 / 1024 / 3) })
}

fn of_node(state: &State, node: &Value, now: &str) -> Value {
    let asked = state.requested.get(object::name(node));
    let of = |what: &str| asked.and_then(|asked| asked.get(what)).copied().unwrap_or(0);
    json!({
        "kind": "NodeMetrics", "apiVersion": "metrics.k8s.io/v1beta1", "timestamp": now, "window": "20s",
        "metadata": { "name": object::name(node), "creationTimestamp": now, "labels": node["metadata"]["labels"] },
        "usage": usage(of("cpu") + 150, of("memory") + (2 << 30) * 1000),
    })
}

fn of_pod(pod: &Value, now: &str) -> Value {
    let containers: Vec<Value> = object::list(pod, "/spec/containers")
        .iter()
        .map(|container| {
            let asked = fit::requests(&json!({ "containers": [container] }));
            let of = |what: &str, least: i128| asked.get(what).copied().unwrap_or(0).max(least);
            json!({ "name": container["name"], "usage": usage(of("cpu", 3), of("memory", (32 << 20) * 1000)) })
        })
        .collect();
    json!({
        "kind": "PodMetrics", "apiVersion": "metrics.k8s.io/v1beta1", "timestamp": now, "window": "15s",
        "metadata": { "name": object::name(pod), "namespace": object::namespace(pod), "creationTimestamp": now, "labels": pod["metadata"]["labels"] },
        "containers": containers,
    })
}
