//! What is served, and which version is it? Everything outside of objects.

use std::{collections::BTreeMap, sync::Arc};

use http::Response;
use serde_json::{Value, json};

use super::{
    aggregated,
    call::Call,
    refusal::Refusal,
    reply::{self, Body},
    resource::Resource,
};
use crate::World;

/// Answers paths that name no objects.
pub fn answer(world: &World, call: &Call) -> Result<Response<Body>, Refusal> {
    if !matches!(call.method.as_str(), "GET" | "HEAD") {
        return Err(Refusal::not_simulated(call.method.as_str(), &call.path));
    }
    let kinds = world.cluster.look(|state| state.kinds.clone());
    let setup = world.cluster.setup();
    let value = match call.segments().as_slice() {
        ["healthz" | "livez" | "readyz", ..] => return Ok(reply::text("ok")),
        ["version"] => version(setup.version()),
        ["api"] if aggregated::is_wanted(&call.accept) => {
            return Ok(aggregated::answer(&kinds, true, setup.metrics_server()));
        }
        ["apis"] if aggregated::is_wanted(&call.accept) => {
            return Ok(aggregated::answer(&kinds, false, setup.metrics_server()));
        }
        ["api"] => json!({
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [{ "clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:443" }],
        }),
        ["apis"] => {
            let groups: Vec<Value> = groups(&kinds, setup.metrics_server())
                .into_iter()
                .map(|(group, versions)| described(&group, &versions))
                .collect();
            json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
        }
        ["apis", group] => {
            let all = groups(&kinds, setup.metrics_server());
            let versions = all.get(*group).ok_or_else(Refusal::no_such_path)?;
            let mut value = described(group, versions);
            value["kind"] = "APIGroup".into();
            value["apiVersion"] = "v1".into();
            value
        }
        ["api", version] => resources(&kinds, "", version, setup.metrics_server())?,
        ["apis", group, version] => resources(&kinds, group, version, setup.metrics_server())?,
        [".well-known", "openid-configuration"] => json!({
            "issuer": setup.issuer, "jwks_uri": format!("{}/keys", setup.issuer), "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
        }),
        ["openid", "v1", "jwks"] => json!({ "keys": [] }),
        [] => json!({ "paths": ["/api", "/apis", "/healthz", "/livez", "/readyz", "/version"] }),
        _ => return Err(Refusal::no_such_path()),
    };
    Ok(reply::whole(200, &value))
}

fn version(git: &str) -> Value {
    let mut parts = git.trim_start_matches('v').split('.');
    let (major, minor) = (parts.next().unwrap_or("1"), parts.next().unwrap_or("31"));
    json!({
        "major": major, "minor": minor, "gitVersion": git, "gitCommit": "0000000000000000000000000000000000000000", "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z", "goVersion": "go1.23.4", "compiler": "gc", "platform": "linux/amd64",
    })
}

fn groups(kinds: &[Arc<Resource>], metrics: bool) -> BTreeMap<String, Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let reviews = [("authorization.k8s.io", "v1"), ("authentication.k8s.io", "v1")];
    let metrics = metrics.then_some(("metrics.k8s.io", "v1beta1"));
    let own = kinds.iter().map(|kind| (kind.group.as_str(), kind.version.as_str()));
    for (group, version) in own.chain(reviews).chain(metrics).filter(|(group, _)| !group.is_empty()) {
        let versions = groups.entry(group.to_owned()).or_default();
        if !versions.iter().any(|known| known == version) {
            versions.push(version.to_owned());
        }
    }
    groups
}

fn described(group: &str, versions: &[String]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| json!({ "groupVersion": format!("{group}/{version}"), "version": version }))
        .collect();
    json!({ "name": group, "versions": versions, "preferredVersion": versions.first() })
}

fn resources(kinds: &[Arc<Resource>], group: &str, version: &str, metrics: bool) -> Result<Value, Refusal> {
    let review = |name: &str, kind: &str| json!({ "name": name, "singularName": kind.to_lowercase(), "namespaced": false, "kind": kind, "verbs": ["create"] });
    let measured = |name: &str, kind: &str, namespaced: bool| json!({ "name": name, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": ["get", "list"] });
    let resources: Vec<Value> = match (group, version) {
        ("authorization.k8s.io", "v1") => vec![
            review("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
            review("subjectaccessreviews", "SubjectAccessReview"),
            review("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
        ],
        ("authentication.k8s.io", "v1") => vec![review("selfsubjectreviews", "SelfSubjectReview")],
        ("metrics.k8s.io", "v1beta1") if metrics => {
            vec![measured("nodes", "NodeMetrics", false), measured("pods", "PodMetrics", true)]
        }
        _ => kinds
            .iter()
            .filter(|kind| kind.group == group && kind.version == version)
            .flat_map(|kind| kind.discovery())
            .collect(),
    };
    if resources.is_empty() {
        return Err(Refusal::no_such_path());
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    Ok(json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources }))
}
