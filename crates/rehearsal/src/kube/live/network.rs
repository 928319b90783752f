//! Load balancers: addresses of services and ingresses.

use serde_json::{Value, json};

use super::{
    Work,
    event::{self, From},
};
use crate::{
    kube::{object, objects::Key, state::State},
    world::Happening,
};

/// Orders an address where one is wanted.
pub fn touched(state: &mut State, key: &Key) {
    let Some(object) = state.objects.value(key) else { return };
    let service = &*key.resource == "services";
    let wanted =
        if service { object::text(object, "/spec/type") == "LoadBalancer" } else { class(state, object).is_some() };
    if !wanted || object::at(object, "/status/loadBalancer/ingress").is_some() {
        return;
    }
    let (object, times) = (object.clone(), state.setup.times.clone());
    if state.begun.insert(object::uid(&object).to_owned()) {
        if service {
            event::normal(
                state,
                &object,
                From::Controller("service-controller"),
                "EnsuringLoadBalancer",
                "Ensuring load balancer",
            );
        } else {
            event::normal(state, &object, From::Controller("nginx-ingress-controller"), "Sync", "Scheduled for sync");
        }
        state.later(if service { times.load_balancer } else { times.ingress }, Work::Address(key.clone()));
    }
}

/// Who serves an ingress: `nginx` or `alb`, where that controller is there.
fn class(state: &State, ingress: &Value) -> Option<&'static str> {
    let named = object::text(ingress, "/spec/ingressClassName");
    let named = if named.is_empty() {
        object::annotation(ingress, "kubernetes.io/ingress.class").unwrap_or_default()
    } else {
        named
    };
    let marked =
        |class: &&Value| object::annotation(class, "ingressclass.kubernetes.io/is-default-class") == Some("true");
    let found = if named.is_empty() {
        state.objects.values("ingressclasses.networking.k8s.io", "").find(marked)
    } else {
        state.objects.find("ingressclasses.networking.k8s.io", "", named)
    };
    match object::text(found?, "/spec/controller") {
        "k8s.io/ingress-nginx" => Some("nginx"),
        "eks.amazonaws.com/alb" | "ingress.k8s.aws/alb" => Some("alb"),
        _ => None,
    }
}

/// The address is there.
pub fn address(state: &mut State, key: &Key) {
    let Some(object) = state.objects.value(key).cloned() else { return };
    if &*key.resource == "services" && !has_room(state, &object) {
        let why = "Error syncing load balancer: failed to ensure load balancer: could not find any suitable subnets for creating the ELB";
        event::warning(state, &object, From::Controller("service-controller"), "SyncLoadBalancerFailed", why);
        state.later(state.setup.times.retry, Work::Address(key.clone()));
        return;
    }
    let region = state.setup.region.clone();
    let token = object::suffix(&format!("{}/{}/{}", key.resource, key.namespace, key.name), 16);
    let hostname = if &*key.resource == "services" {
        Some(format!("k8s-{}-{}.elb.{region}.amazonaws.com", short(&key.namespace, &key.name), token))
    } else if class(state, &object) == Some("nginx") {
        // Every ingress gets the address of the controller's own Service.
        let mut services = state.objects.values("services", "").filter(|service| {
            object::text(service, "/spec/type") == "LoadBalancer"
                && object::label(service, "app.kubernetes.io/name").is_some_and(|name| name == "ingress-nginx")
        });
        services.find_map(|service| {
            object::at(service, "/status/loadBalancer/ingress/0/hostname")?.as_str().map(Into::into)
        })
    } else {
        Some(format!("k8s-{}-{}.{region}.elb.amazonaws.com", short(&key.namespace, &key.name), token))
    };
    let Some(hostname) = hostname else {
        state.later(state.setup.times.retry, Work::Address(key.clone()));
        return;
    };
    state.objects.change(key, |object| {
        object::set(object, &["status", "loadBalancer", "ingress"], json!([{ "hostname": hostname }]))
    });
    if &*key.resource == "services" {
        event::normal(
            state,
            &object,
            From::Controller("service-controller"),
            "EnsuredLoadBalancer",
            "Ensured load balancer",
        );
    } else {
        event::normal(state, &object, From::Controller("nginx-ingress-controller"), "Sync", "Scheduled for sync");
    }
    state.told.push(Happening::LoadBalancerReady {
        namespace: key.namespace.clone(),
        ingress: key.name.clone(),
        hostname,
    });
}

/// Whether there are subnets for a Service's load balancer.
fn has_room(state: &State, service: &Value) -> bool {
    let internal = object::annotation(service, "service.beta.kubernetes.io/aws-load-balancer-internal") == Some("true");
    if internal { state.room.internal } else { state.room.internet }
}

// The AWS load balancer controller's names: eight letters each of namespace and name.
fn short(namespace: &str, name: &str) -> String {
    let cut = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).take(8).collect::<String>();
    format!("{}-{}", cut(namespace), cut(name))
}
