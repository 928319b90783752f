//! Aggregated discovery: everything that is served, in one answer.

use std::{collections::BTreeMap, sync::Arc};

use http::{HeaderValue, Response, header};
use serde_json::{Value, json};

use super::{
    reply::{self, Body},
    resource::Resource,
};

/// The content type that asks for it and that answers it.
const TYPE: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Is it asked for?
pub fn is_wanted(accept: &str) -> bool {
    accept.split(',').any(|wanted| wanted.trim() == TYPE)
}

/// All groups (or, for `/api`, the core alone) with their kinds.
pub fn answer(kinds: &[Arc<Resource>], core: bool, metrics: bool) -> Response<Body> {
    let mut groups: BTreeMap<&str, BTreeMap<&str, Vec<Value>>> = BTreeMap::new();
    for kind in kinds.iter().filter(|kind| kind.group.is_empty() == core) {
        groups.entry(&kind.group).or_default().entry(&kind.version).or_default().push(described(kind));
    }
    if !core {
        let reviews = [
            ("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
            ("authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview"),
            ("authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview"),
            ("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview"),
        ];
        for (group, plural, kind) in reviews {
            let line = line(group, "v1", plural, kind, false, &["create"]);
            groups.entry(group).or_default().entry("v1").or_default().push(line);
        }
        if metrics {
            let of = groups.entry("metrics.k8s.io").or_default().entry("v1beta1").or_default();
            of.push(line("metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", false, &["get", "list"]));
            of.push(line("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", true, &["get", "list"]));
        }
    }
    let items: Vec<Value> = groups
        .into_iter()
        .map(|(group, versions)| {
            let version =
                |(version, resources)| json!({ "version": version, "freshness": "Current", "resources": resources });
            let versions: Vec<Value> = versions.into_iter().map(version).collect();
            json!({ "metadata": { "name": group, "creationTimestamp": null }, "versions": versions })
        })
        .collect();
    let list = json!({ "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items });
    let mut answer = reply::whole(200, &list);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(TYPE));
    answer
}

fn line(group: &str, version: &str, plural: &str, kind: &str, namespaced: bool, verbs: &[&str]) -> Value {
    json!({
        "resource": plural, "responseKind": { "group": group, "version": version, "kind": kind }, "verbs": verbs,
        "scope": if namespaced { "Namespaced" } else { "Cluster" }, "singularResource": kind.to_lowercase(),
    })
}

fn described(kind: &Resource) -> Value {
    const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    let mut line = line(&kind.group, &kind.version, &kind.plural, &kind.kind, kind.namespaced, &VERBS);
    if !kind.short.is_empty() {
        line["shortNames"] = json!(kind.short);
    }
    if kind.in_all {
        line["categories"] = json!(["all"]);
    }
    let subresource = |name: &String| {
        let own = json!({ "group": kind.group, "version": kind.version, "kind": kind.kind });
        let (kind, verbs) = match name.as_str() {
            "scale" => {
                (json!({ "group": "autoscaling", "version": "v1", "kind": "Scale" }), json!(["get", "patch", "update"]))
            }
            "log" => (own, json!(["get"])),
            _ => (own, json!(["get", "patch", "update"])),
        };
        json!({ "subresource": name, "responseKind": kind, "verbs": verbs })
    };
    if !kind.subresources.is_empty() {
        line["subresources"] = kind.subresources.iter().map(subresource).collect();
    }
    line
}
