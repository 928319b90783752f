//! Pod security admission: what does a namespace's label `pod-security.kubernetes.io/enforce` keep out?

use serde_json::Value;

use super::{object, state::State};

/// Why a pod may not run in its namespace, in the admission controller's words.
pub fn violations(state: &State, namespace: &str, spec: &Value) -> Option<String> {
    let namespace = state.objects.find("namespaces", "", namespace)?;
    let level = object::label(namespace, "pod-security.kubernetes.io/enforce")?;
    let mut told = match level.as_str() {
        "restricted" => restricted(spec),
        "baseline" => Vec::new(),
        _ => return None,
    };
    told.extend(baseline(spec));
    let version =
        object::label(namespace, "pod-security.kubernetes.io/enforce-version").map_or("latest", String::as_str);
    (!told.is_empty()).then(|| format!("violates PodSecurity \"{level}:{version}\": {}", told.join(", ")))
}

fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    object::list(spec, "/initContainers").iter().chain(object::list(spec, "/containers"))
}

/// A violation with the containers that commit it.
fn by_containers(spec: &Value, what: &str, must: &str, fine: impl Fn(&Value) -> bool) -> Option<String> {
    let bad = containers(spec).filter(|container| !fine(container));
    let bad: Vec<String> = bad.map(|container| format!("\"{}\"", object::text(container, "/name"))).collect();
    let word = if bad.len() == 1 { "container" } else { "containers" };
    (!bad.is_empty()).then(|| format!("{what} ({word} {} must set {must})", bad.join(", ")))
}

// Kubernetes, "Pod Security Standards", restricted.
fn restricted(spec: &Value) -> Vec<String> {
    let is = |container: &Value, path: &str, wanted: bool| object::at(container, path) == Some(&Value::Bool(wanted));
    let non_root = is(spec, "/securityContext/runAsNonRoot", true);
    let seccomp =
        |of: &Value| matches!(object::text(of, "/securityContext/seccompProfile/type"), "RuntimeDefault" | "Localhost");
    let pod_seccomp = seccomp(spec);
    [
        by_containers(
            spec,
            "allowPrivilegeEscalation != false",
            "securityContext.allowPrivilegeEscalation=false",
            |container| is(container, "/securityContext/allowPrivilegeEscalation", false),
        ),
        by_containers(spec, "unrestricted capabilities", "securityContext.capabilities.drop=[\"ALL\"]", |container| {
            object::list(container, "/securityContext/capabilities/drop").iter().any(|dropped| dropped == "ALL")
        }),
        by_containers(spec, "runAsNonRoot != true", "securityContext.runAsNonRoot=true", |container| match object::at(
            container,
            "/securityContext/runAsNonRoot",
        ) {
            Some(own) => own == true,
            None => non_root,
        }),
        by_containers(
            spec,
            "seccompProfile",
            "securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
            |container| pod_seccomp || seccomp(container),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

// Kubernetes, "Pod Security Standards", baseline; the parts that charts stumble over.
fn baseline(spec: &Value) -> Vec<String> {
    let mut told = Vec::new();
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        if spec[field] == true {
            told.push(format!("host namespaces ({field}=true)"));
        }
    }
    let paths: Vec<String> = object::list(spec, "/volumes")
        .iter()
        .filter(|volume| volume.get("hostPath").is_some())
        .map(|volume| format!("\"{}\"", object::text(volume, "/name")))
        .collect();
    if !paths.is_empty() {
        told.push(format!("hostPath volumes (volume {})", paths.join(", ")));
    }
    told.extend(by_containers(spec, "privileged", "securityContext.privileged=false", |container| {
        object::at(container, "/securityContext/privileged") != Some(&Value::Bool(true))
    }));
    told
}
