//! Tables: how `kubectl get` shows objects.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    object,
    resource::Resource,
    rows::{self, node, pod},
};

// name, type, format, priority (shown with `-o wide` where it is above 0)
type Column = (&'static str, &'static str, u8);

/// A Table of objects of one kind.
pub fn of<'a>(kind: &Resource, objects: impl Iterator<Item = &'a Value>, metadata: &Value, now: Timestamp) -> Value {
    let columns = columns(&kind.id);
    let definitions: Vec<Value> = std::iter::once(("Name", "string", 0))
        .chain(columns.iter().copied())
        .map(|(name, kind, priority)| json!({ "name": name, "type": kind, "format": if name == "Name" { "name" } else { "" }, "description": "", "priority": priority }))
        .collect();
    let rows: Vec<Value> = objects
        .map(|object| {
            let mut cells = vec![json!(object::name(object))];
            cells.extend(cells_of(&kind.id, object, now));
            json!({
                "cells": cells,
                "object": { "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"] },
            })
        })
        .collect();
    let metadata = if metadata.is_null() { json!({}) } else { metadata.clone() };
    json!({ "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": definitions, "rows": rows })
}

fn columns(resource: &str) -> &'static [Column] {
    match resource {
        "pods" => &[
            ("Ready", "string", 0),
            ("Status", "string", 0),
            ("Restarts", "string", 0),
            ("Age", "string", 0),
            ("IP", "string", 1),
            ("Node", "string", 1),
            ("Nominated Node", "string", 1),
            ("Readiness Gates", "string", 1),
        ],
        "nodes" => &[
            ("Status", "string", 0),
            ("Roles", "string", 0),
            ("Age", "string", 0),
            ("Version", "string", 0),
            ("Internal-IP", "string", 1),
            ("External-IP", "string", 1),
            ("OS-Image", "string", 1),
            ("Kernel-Version", "string", 1),
            ("Container-Runtime", "string", 1),
        ],
        "events" => &[
            ("Last Seen", "string", 0),
            ("Type", "string", 0),
            ("Reason", "string", 0),
            ("Object", "string", 0),
            ("Message", "string", 0),
            ("Count", "integer", 1),
        ],
        "namespaces" => &[("Status", "string", 0), ("Age", "string", 0)],
        "secrets" => &[("Type", "string", 0), ("Data", "integer", 0), ("Age", "string", 0)],
        "configmaps" => &[("Data", "integer", 0), ("Age", "string", 0)],
        "services" => &[
            ("Type", "string", 0),
            ("Cluster-IP", "string", 0),
            ("External-IP", "string", 0),
            ("Port(s)", "string", 0),
            ("Age", "string", 0),
        ],
        "deployments.apps" => {
            &[("Ready", "string", 0), ("Up-to-date", "integer", 0), ("Available", "integer", 0), ("Age", "string", 0)]
        }
        "replicasets.apps" => {
            &[("Desired", "integer", 0), ("Current", "integer", 0), ("Ready", "integer", 0), ("Age", "string", 0)]
        }
        "statefulsets.apps" => &[("Ready", "string", 0), ("Age", "string", 0)],
        "daemonsets.apps" => &[
            ("Desired", "integer", 0),
            ("Current", "integer", 0),
            ("Ready", "integer", 0),
            ("Up-to-date", "integer", 0),
            ("Available", "integer", 0),
            ("Node Selector", "string", 0),
            ("Age", "string", 0),
        ],
        "jobs.batch" => {
            &[("Status", "string", 0), ("Completions", "string", 0), ("Duration", "string", 0), ("Age", "string", 0)]
        }
        "ingresses.networking.k8s.io" => &[
            ("Class", "string", 0),
            ("Hosts", "string", 0),
            ("Address", "string", 0),
            ("Ports", "string", 0),
            ("Age", "string", 0),
        ],
        "ingressclasses.networking.k8s.io" => {
            &[("Controller", "string", 0), ("Parameters", "string", 0), ("Age", "string", 0)]
        }
        "storageclasses.storage.k8s.io" => &[
            ("Provisioner", "string", 0),
            ("ReclaimPolicy", "string", 0),
            ("VolumeBindingMode", "string", 0),
            ("AllowVolumeExpansion", "boolean", 0),
            ("Age", "string", 0),
        ],
        "persistentvolumeclaims" => &[
            ("Status", "string", 0),
            ("Volume", "string", 0),
            ("Capacity", "string", 0),
            ("Access Modes", "string", 0),
            ("StorageClass", "string", 0),
            ("Age", "string", 0),
        ],
        _ => &[("Created At", "date", 0)],
    }
}

fn cells_of(resource: &str, object: &Value, now: Timestamp) -> Vec<Value> {
    let text = |pointer: &str| object::text(object, pointer).to_owned();
    let count = |pointer: &str| object::int(object, pointer).unwrap_or(0);
    let size = |field: &str| object[field].as_object().map_or(0, serde_json::Map::len);
    let age = rows::age(&object["metadata"]["creationTimestamp"], now);
    let or_none = |text: String| if text.is_empty() { "<none>".to_owned() } else { text };
    match resource {
        "pods" => pod(object, now),
        "nodes" => node(object, now),
        "events" => {
            let about = format!("{}/{}", text("/involvedObject/kind").to_lowercase(), text("/involvedObject/name"));
            vec![
                json!(rows::age(&object["lastTimestamp"], now)),
                json!(text("/type")),
                json!(text("/reason")),
                json!(about),
                json!(text("/message").trim()),
                json!(count("/count")),
            ]
        }
        "namespaces" => vec![json!(text("/status/phase")), json!(age)],
        "secrets" => vec![json!(text("/type")), json!(size("data")), json!(age)],
        "configmaps" => vec![json!(size("data") + size("binaryData")), json!(age)],
        "services" => {
            let ports: Vec<String> = object::list(object, "/spec/ports")
                .iter()
                .map(|port| match port["nodePort"].as_u64() {
                    Some(node) => format!("{}:{node}/{}", port["port"], object::text(port, "/protocol")),
                    None => format!("{}/{}", port["port"], object::text(port, "/protocol")),
                })
                .collect();
            let outside = match (text("/spec/type").as_str(), balancer(object)) {
                ("LoadBalancer", address) if address.is_empty() => "<pending>".to_owned(),
                ("LoadBalancer", address) => address,
                _ => "<none>".to_owned(),
            };
            vec![
                json!(text("/spec/type")),
                json!(or_none(text("/spec/clusterIP"))),
                json!(outside),
                json!(or_none(ports.join(","))),
                json!(age),
            ]
        }
        "deployments.apps" => vec![
            json!(format!("{}/{}", count("/status/readyReplicas"), count("/spec/replicas"))),
            json!(count("/status/updatedReplicas")),
            json!(count("/status/availableReplicas")),
            json!(age),
        ],
        "replicasets.apps" => vec![
            json!(count("/spec/replicas")),
            json!(count("/status/replicas")),
            json!(count("/status/readyReplicas")),
            json!(age),
        ],
        "statefulsets.apps" => {
            vec![json!(format!("{}/{}", count("/status/readyReplicas"), count("/spec/replicas"))), json!(age)]
        }
        "daemonsets.apps" => {
            let mut cells: Vec<Value> = [
                "desiredNumberScheduled",
                "currentNumberScheduled",
                "numberReady",
                "updatedNumberScheduled",
                "numberAvailable",
            ]
            .map(|field| json!(count(&format!("/status/{field}"))))
            .into();
            let selector = object::at(object, "/spec/template/spec/nodeSelector").and_then(Value::as_object);
            let selector: Vec<String> = selector
                .into_iter()
                .flatten()
                .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
                .collect();
            cells.extend([json!(or_none(selector.join(","))), json!(age)]);
            cells
        }
        "jobs.batch" => {
            let state = if object::condition(object, "Complete") {
                "Complete"
            } else if object::condition(object, "Failed") {
                "Failed"
            } else {
                "Running"
            };
            let end = text("/status/completionTime").parse().unwrap_or(now);
            let took = if object::at(object, "/status/startTime").is_some() {
                rows::age(&object["status"]["startTime"], end)
            } else {
                String::new()
            };
            vec![
                json!(state),
                json!(format!("{}/{}", count("/status/succeeded"), count("/spec/completions"))),
                json!(took),
                json!(age),
            ]
        }
        "ingresses.networking.k8s.io" => {
            let hosts: Vec<&str> = object::list(object, "/spec/rules")
                .iter()
                .map(|rule| object::text(rule, "/host"))
                .filter(|host| !host.is_empty())
                .collect();
            let hosts = if hosts.is_empty() { "*".to_owned() } else { hosts.join(",") };
            let ports = if object::at(object, "/spec/tls").is_some() { "80, 443" } else { "80" };
            vec![
                json!(or_none(text("/spec/ingressClassName"))),
                json!(hosts),
                json!(balancer(object)),
                json!(ports),
                json!(age),
            ]
        }
        "ingressclasses.networking.k8s.io" => vec![json!(text("/spec/controller")), json!("<none>"), json!(age)],
        "storageclasses.storage.k8s.io" => vec![
            json!(text("/provisioner")),
            json!(text("/reclaimPolicy")),
            json!(text("/volumeBindingMode")),
            json!(object["allowVolumeExpansion"] == true),
            json!(age),
        ],
        "persistentvolumeclaims" => {
            let modes: Vec<&str> = object::list(object, "/status/accessModes")
                .iter()
                .filter_map(Value::as_str)
                .map(|mode| if mode == "ReadWriteOnce" { "RWO" } else { mode })
                .collect();
            vec![
                json!(text("/status/phase")),
                json!(text("/spec/volumeName")),
                json!(text("/status/capacity/storage")),
                json!(modes.join(",")),
                json!(text("/spec/storageClassName")),
                json!(age),
            ]
        }
        _ => vec![object["metadata"]["creationTimestamp"].clone()],
    }
}

fn balancer(object: &Value) -> String {
    let all = object::list(object, "/status/loadBalancer/ingress").iter();
    all.map(|one| one["hostname"].as_str().or(one["ip"].as_str()).unwrap_or_default()).collect::<Vec<_>>().join(",")
}
