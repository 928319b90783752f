//! May an object be stored, and what does the API server fill in?

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{object, object::default, refusal::Refusal, resource::Resource, state::State};

/// Fills in what the API server fills in.
pub fn fill(state: &State, resource: &Resource, object: &mut Value) {
    match &*resource.id {
        "secrets" => fill_secret(object),
        "namespaces" => {
            let name = object::name(object).to_owned();
            object::set(object, &["metadata", "labels", "kubernetes.io/metadata.name"], name);
            default(object, &["spec", "finalizers"], json!(["kubernetes"]));
            default(object, &["status", "phase"], "Active");
        }
        "pods" => {
            fill_pod(&mut object["spec"]);
            default(object, &["status", "phase"], "Pending");
            default(object, &["status", "qosClass"], "Burstable");
        }
        "deployments.apps" => {
            default(object, &["spec", "replicas"], 1);
            default(
                object,
                &["spec", "strategy"],
                json!({ "type": "RollingUpdate", "rollingUpdate": { "maxSurge": "25%", "maxUnavailable": "25%" } }),
            );
            default(object, &["spec", "progressDeadlineSeconds"], 600);
            default(object, &["spec", "revisionHistoryLimit"], 10);
            fill_pod(object::slot(object, &["spec", "template", "spec"]));
        }
        "replicasets.apps" | "statefulsets.apps" => {
            default(object, &["spec", "replicas"], 1);
            fill_pod(object::slot(object, &["spec", "template", "spec"]));
        }
        "daemonsets.apps" => {
            default(
                object,
                &["spec", "updateStrategy"],
                json!({ "type": "RollingUpdate", "rollingUpdate": { "maxSurge": 0, "maxUnavailable": 1 } }),
            );
            fill_pod(object::slot(object, &["spec", "template", "spec"]));
        }
        "jobs.batch" => fill_job(object),
        "services" => fill_service(state, object),
        "persistentvolumeclaims" => {
            default(object, &["spec", "volumeMode"], "Filesystem");
            if object::at(object, "/spec/storageClassName").is_none()
                && let Some(class) = default_storage_class(state)
            {
                object::set(object, &["spec", "storageClassName"], class);
            }
            default(object, &["status", "phase"], "Pending");
        }
        "storageclasses.storage.k8s.io" => {
            default(object, &["reclaimPolicy"], "Delete");
            default(object, &["volumeBindingMode"], "Immediate");
        }
        "ingresses.networking.k8s.io" => default(object, &["status", "loadBalancer"], json!({})),
        _ => {}
    }
}

/// The newest StorageClass that is marked as default.
fn default_storage_class(state: &State) -> Option<String> {
    let marked =
        |class: &&Value| object::annotation(class, "storageclass.kubernetes.io/is-default-class") == Some("true");
    let classes = state.objects.values("storageclasses.storage.k8s.io", "").filter(marked);
    classes
        .max_by_key(|class| object::text(class, "/metadata/creationTimestamp").to_owned())
        .map(|class| object::name(class).to_owned())
}

fn fill_secret(object: &mut Value) {
    if let Some(Value::Object(plain)) = object::map(object).shift_remove("stringData") {
        for (key, value) in plain {
            object::set(object, &["data", &key], STANDARD.encode(value.as_str().unwrap_or_default()));
        }
    }
    default(object, &["type"], "Opaque");
}

fn fill_pod(spec: &mut Value) {
    default(spec, &["restartPolicy"], "Always");
    default(spec, &["terminationGracePeriodSeconds"], 30);
    default(spec, &["dnsPolicy"], "ClusterFirst");
    default(spec, &["securityContext"], json!({}));
    default(spec, &["schedulerName"], "default-scheduler");
    for kind in ["containers", "initContainers"] {
        let Some(Value::Array(containers)) = spec.get_mut(kind) else { continue };
        for container in containers {
            default(container, &["resources"], json!({}));
            default(container, &["terminationMessagePath"], "/dev/termination-log");
            default(container, &["terminationMessagePolicy"], "File");
            let image = object::text(container, "/image");
            let latest = image.ends_with(":latest") || !image.rsplit('/').next().unwrap_or(image).contains([':', '@']);
            default(container, &["imagePullPolicy"], if latest { "Always" } else { "IfNotPresent" });
            if let Some(Value::Array(ports)) = container.get_mut("ports") {
                ports.iter_mut().for_each(|port| default(port, &["protocol"], "TCP"));
            }
            // A limit without a request is a request too: Kubernetes, "Requests and limits".
            let limits =
                object::at(container, "/resources/limits").and_then(Value::as_object).cloned().unwrap_or_default();
            for (what, amount) in limits {
                default(container, &["resources", "requests", &what], amount);
            }
        }
    }
}

fn fill_job(object: &mut Value) {
    default(object, &["spec", "backoffLimit"], 6);
    default(object, &["spec", "completions"], 1);
    default(object, &["spec", "parallelism"], 1);
    default(object, &["spec", "completionMode"], "NonIndexed");
    let (name, uid) = (object::name(object).to_owned(), object::uid(object).to_owned());
    if object::at(object, "/spec/selector").is_none() {
        object::set(object, &["spec", "selector", "matchLabels"], json!({ "batch.kubernetes.io/controller-uid": uid }));
        let labels = ["spec", "template", "metadata", "labels"];
        for (key, value) in [
            ("batch.kubernetes.io/controller-uid", &uid),
            ("batch.kubernetes.io/job-name", &name),
            ("controller-uid", &uid),
            ("job-name", &name),
        ] {
            object::slot(object, &labels)[key] = value.as_str().into();
        }
    }
    fill_pod(object::slot(object, &["spec", "template", "spec"]));
}

fn fill_service(state: &State, object: &mut Value) {
    default(object, &["spec", "type"], "ClusterIP");
    default(object, &["spec", "sessionAffinity"], "None");
    default(object, &["spec", "ipFamilies"], json!(["IPv4"]));
    default(object, &["spec", "ipFamilyPolicy"], "SingleStack");
    let number = state.objects.version();
    let kind = object::text(object, "/spec/type").to_owned();
    if kind != "ExternalName" {
        let address = format!("172.20.{}.{}", number / 250 % 250, number % 250 + 1);
        default(object, &["spec", "clusterIP"], address);
        let address = object["spec"]["clusterIP"].clone();
        default(object, &["spec", "clusterIPs"], json!([address]));
    }
    if let Some(Value::Array(ports)) = object["spec"].get_mut("ports") {
        for (n, port) in ports.iter_mut().enumerate() {
            default(port, &["protocol"], "TCP");
            let target = port["port"].clone();
            default(port, &["targetPort"], target);
            if matches!(kind.as_str(), "LoadBalancer" | "NodePort") {
                default(port, &["nodePort"], 30_000 + (number + n as u64) % 2_700);
            }
        }
    }
    default(object, &["status", "loadBalancer"], json!({}));
}

/// Refuses what the API server refuses.
pub fn check(resource: &Resource, object: &Value, before: Option<&Value>) -> Result<(), Refusal> {
    let name = object::name(object);
    check_name(resource, name)?;
    let invalid = |field: &str, why: &str| Err(Refusal::invalid(resource, name, field, why));
    let unchanged =
        |pointer: &str| before.is_none_or(|before| object::at(before, pointer) == object::at(object, pointer));
    match &*resource.id {
        "secrets" => check_secret(resource, object, before)?,
        "configmaps" if before.is_some_and(|before| before["immutable"] == true) && !unchanged("/data") => {
            return invalid("data", "Forbidden: field is immutable when `immutable` is set");
        }
        "deployments.apps" | "daemonsets.apps" | "statefulsets.apps" | "replicasets.apps" => {
            let selector = &object["spec"]["selector"];
            if !selector.is_object() {
                return invalid("spec.selector", "Required value");
            }
            if !super::selector::Labels::of(selector).matches(&object["spec"]["template"]) {
                return invalid(
                    "spec.template.metadata.labels",
                    "Invalid value: `selector` does not match template `labels`",
                );
            }
            if !unchanged("/spec/selector") {
                return invalid("spec.selector", "Invalid value: field is immutable");
            }
            if object::list(object, "/spec/template/spec/containers").is_empty() {
                return invalid("spec.template.spec.containers", "Required value");
            }
            if &*resource.id == "statefulsets.apps"
                && ["/spec/volumeClaimTemplates", "/spec/serviceName", "/spec/podManagementPolicy"]
                    .iter()
                    .any(|pointer| !unchanged(pointer))
            {
                return invalid(
                    "spec",
                    "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
                );
            }
        }
        "jobs.batch" => {
            if !matches!(object::text(object, "/spec/template/spec/restartPolicy"), "Never" | "OnFailure") {
                return invalid(
                    "spec.template.spec.restartPolicy",
                    "Required value: valid values: \"OnFailure\", \"Never\"",
                );
            }
            if !unchanged("/spec/template") {
                return invalid("spec.template", "Invalid value: field is immutable");
            }
        }
        "services" if !unchanged("/spec/clusterIP") && object::text(object, "/spec/type") != "ExternalName" => {
            return invalid("spec.clusterIPs[0]", "Invalid value: may not change once set");
        }
        "pods" if object::list(object, "/spec/containers").is_empty() => {
            return invalid("spec.containers", "Required value");
        }
        "ingresses.networking.k8s.io"
            if object::at(object, "/spec/rules").is_none() && object::at(object, "/spec/defaultBackend").is_none() =>
        {
            return invalid("spec", "Invalid value: either `defaultBackend` or `rules` must be specified");
        }
        "storageclasses.storage.k8s.io" if !unchanged("/provisioner") || !unchanged("/parameters") => {
            return invalid("parameters", "Forbidden: updates to parameters are forbidden.");
        }
        _ => {}
    }
    Ok(())
}

fn check_name(resource: &Resource, name: &str) -> Result<(), Refusal> {
    if resource.group == "rbac.authorization.k8s.io" {
        return Ok(());
    }
    let (most, dots) =
        if &*resource.id == "namespaces" || &*resource.id == "services" { (63, false) } else { (253, true) };
    let fine = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-' || (dots && letter == '.')
    };
    let edge = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    if name.len() <= most && name.chars().all(fine) && edge(name.chars().next()) && edge(name.chars().last()) {
        return Ok(());
    }
    let what = if dots { "RFC 1123 subdomain" } else { "RFC 1123 label" };
    Err(Refusal::invalid(
        resource,
        name,
        "metadata.name",
        &format!(
            "Invalid value: \"{name}\": a lowercase {what} must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
        ),
    ))
}

fn check_secret(resource: &Resource, object: &Value, before: Option<&Value>) -> Result<(), Refusal> {
    let name = object::name(object);
    let data = object["data"].as_object();
    for (key, value) in data.into_iter().flatten() {
        if value.as_str().and_then(|text| STANDARD.decode(text).ok()).is_none() {
            return Err(Refusal::bad_request(format!(
                "Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data in data[{key:?}]"
            )));
        }
    }
    let wanted: &[&str] = match object::text(object, "/type") {
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        "kubernetes.io/tls" => &["tls.crt", "tls.key"],
        _ => &[],
    };
    for key in wanted {
        if data.is_none_or(|data| !data.contains_key(*key)) {
            return Err(Refusal::invalid(resource, name, &format!("data[{key}]"), "Required value"));
        }
    }
    if let Some(before) = before {
        if before["type"] != object["type"] {
            return Err(Refusal::invalid(
                resource,
                name,
                "type",
                &format!("Invalid value: {}: field is immutable", object["type"]),
            ));
        }
        if before["immutable"] == true && before["data"] != object["data"] {
            return Err(Refusal::invalid(
                resource,
                name,
                "data",
                "Forbidden: field is immutable when `immutable` is set",
            ));
        }
    }
    Ok(())
}
