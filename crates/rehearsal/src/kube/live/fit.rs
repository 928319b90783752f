//! Does a node suit a pod?

use std::collections::BTreeMap;

use serde_json::Value;

use crate::kube::{object, quantity, selector::Labels};

/// Requests in thousandths, by resource.
pub type Amounts = BTreeMap<String, i128>;

/// Why a node does not suit, whatever it has left.
pub fn against(spec: &Value, node: &Value) -> Option<String> {
    let closed = object::at(node, "/spec/unschedulable") == Some(&Value::Bool(true));
    if closed && !tolerates(spec, "node.kubernetes.io/unschedulable", "", "NoSchedule") {
        return Some("node(s) were unschedulable".into());
    }
    if let Some(taint) = untolerated(spec, node) {
        let value = object::text(taint, "/value");
        return Some(format!("node(s) had untolerated taint {{{}: {value}}}", object::text(taint, "/key")));
    }
    (!selects(spec, node)).then(|| "node(s) didn't match Pod's node affinity/selector".into())
}

/// What a node offers.
pub fn allocatable(node: &Value) -> Amounts {
    let all = object::at(node, "/status/allocatable").and_then(Value::as_object);
    all.into_iter().flatten().map(|(what, amount)| (what.clone(), quantity::milli(amount))).collect()
}

/// Would it suit, were there enough of everything? Taints that only keep new pods away count too.
pub fn suits(spec: &Value, node: &Value) -> bool {
    untolerated(spec, node).is_none() && selects(spec, node)
}

/// What a node has too little of.
pub fn lacking(requests: &Amounts, offered: &Amounts, requested: Option<&Amounts>) -> Vec<String> {
    let mut reasons = Vec::new();
    for (what, wanted) in requests {
        let there = offered.get(what).copied().unwrap_or(0);
        let used = requested.and_then(|all| all.get(what)).copied().unwrap_or(0);
        if *wanted > 0 && used + wanted > there {
            reasons.push(if what == "pods" { "Too many pods".to_owned() } else { format!("Insufficient {what}") });
        }
    }
    reasons
}

/// What a pod asks for: the sum of its containers, or its greediest init container where that is more.
pub fn requests(spec: &Value) -> Amounts {
    let of = |container: &Value| -> Amounts {
        let requests = object::at(container, "/resources/requests").and_then(Value::as_object);
        requests.into_iter().flatten().map(|(what, amount)| (what.clone(), quantity::milli(amount))).collect()
    };
    let mut all = Amounts::new();
    for container in object::list(spec, "/containers") {
        for (what, amount) in of(container) {
            *all.entry(what).or_default() += amount;
        }
    }
    for container in object::list(spec, "/initContainers") {
        for (what, amount) in of(container) {
            let most = all.entry(what).or_default();
            *most = amount.max(*most);
        }
    }
    all.insert("pods".into(), 1000);
    all
}

fn untolerated<'a>(spec: &Value, node: &'a Value) -> Option<&'a Value> {
    object::list(node, "/spec/taints").iter().find(|taint| {
        let effect = object::text(taint, "/effect");
        effect != "PreferNoSchedule"
            && !tolerates(spec, object::text(taint, "/key"), object::text(taint, "/value"), effect)
    })
}

fn tolerates(spec: &Value, key: &str, value: &str, effect: &str) -> bool {
    object::list(spec, "/tolerations").iter().any(|toleration| {
        let (wanted_key, wanted_effect) = (object::text(toleration, "/key"), object::text(toleration, "/effect"));
        let exists = object::text(toleration, "/operator") == "Exists";
        (wanted_effect.is_empty() || wanted_effect == effect)
            && if wanted_key.is_empty() {
                exists
            } else {
                wanted_key == key && (exists || object::text(toleration, "/value") == value)
            }
    })
}

fn selects(spec: &Value, node: &Value) -> bool {
    let required = object::at(spec, "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution");
    Labels::of_map(&spec["nodeSelector"]).matches(node)
        && required.is_none_or(|required| {
            object::list(required, "/nodeSelectorTerms").iter().any(|term| term_matches(term, node))
        })
}

fn term_matches(term: &Value, node: &Value) -> bool {
    let fields = object::list(term, "/matchFields");
    let expressions = object::list(term, "/matchExpressions");
    if fields.is_empty() && expressions.is_empty() {
        return false;
    }
    fields.iter().all(|field| object::list(field, "/values").iter().any(|name| name == object::name(node)))
        && Labels::of_expressions(expressions).matches(node)
}

/// The one node that a pod of a DaemonSet is meant for.
pub fn pinned_to(pod: &Value) -> Option<&str> {
    let terms = object::list(
        pod,
        "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms",
    );
    terms.iter().find_map(|term| object::at(term, "/matchFields/0/values/0")?.as_str())
}
