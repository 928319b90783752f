//! Ingresses as rows.

use landfall_core::why::IngressRow;
use serde::Deserialize;

use super::{board::State, pod::Metadata, reflect::Kind};

/// Ingresses of the namespace.
pub struct Ingresses;

impl Kind for Ingresses {
    const NAME: &'static str = "ingresses";
    type Object = Ingress;

    fn path(namespace: &str) -> String {
        format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses")
    }

    fn name(object: &Ingress) -> &str {
        &object.metadata.name
    }

    fn version(object: &Ingress) -> &str {
        &object.metadata.resource_version
    }

    fn set(state: &mut State, object: Ingress) {
        let address = object.status.load_balancer.ingress.into_iter().find_map(|point| point.hostname.or(point.ip));
        let row = IngressRow {
            name: object.metadata.name,
            class: object.spec.ingress_class_name,
            hosts: object.spec.rules.into_iter().filter_map(|rule| rule.host).collect(),
            address,
            since: object.metadata.creation_timestamp,
        };
        state.ingresses.insert(row.name.clone(), row.into());
    }

    fn remove(state: &mut State, name: &str) {
        state.ingresses.remove(name);
    }

    fn names(state: &State) -> Vec<String> {
        state.ingresses.keys().cloned().collect()
    }
}

/// What is read of an ingress.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Ingress {
    metadata: Metadata,
    spec: Spec,
    status: Status,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    ingress_class_name: Option<String>,
    rules: Vec<Rule>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Rule {
    host: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    load_balancer: LoadBalancer,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct LoadBalancer {
    ingress: Vec<Point>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Point {
    hostname: Option<String>,
    ip: Option<String>,
}
