//! What moves by itself: controllers, the scheduler, kubelets, load balancers.
//!
//! [`run`] lives through the time up to a moment: whatever was touched is looked at by the controller it
//! belongs to ([`react`]), and what is due on the agenda happens at its own time, so that a fast clock
//! leaves the same traces as a slow one.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{admit, object, objects::Key, state::State};
use crate::world::Happening;

pub mod certificate;
pub mod cluster;
pub mod container;
pub mod controller;
pub mod csi;
mod daemon_set;
pub mod deployment;
pub mod endpoints;
pub mod event;
pub mod fit;
pub mod garbage;
pub mod gpu;
pub mod it;
pub mod job;
pub mod namespace;
pub mod needs;
pub mod network;
pub mod node;
pub mod pod;
pub mod prepare;
pub mod replica_set;
pub mod schedule;
pub mod stateful_set;
pub mod status;
pub mod storage;

/// Something that is due at some time.
#[derive(Clone, Debug)]
pub enum Work {
    /// A step of a pod, unless its container was restarted meanwhile.
    Pod(Key, String, u32, pod::Step),
    /// Another look at an object.
    Look(Key),
    /// A node gets ready.
    NodeReady(String),
    /// GPUs of a node become allocatable, or no longer are.
    Gpus(String),
    /// A load balancer is there.
    Address(Key),
    /// A volume is bound.
    Volume(Key),
    /// A certificate is issued.
    Certificate(Key),
    /// Something that somebody else brings arrives.
    Arrival(usize),
    /// A product's own controller acts on an object.
    Controller(Key),
    /// A terminating namespace may go.
    Namespace(Key),
    /// A finished job's time to live is over.
    Forget(Key, String),
    /// An event is forgotten.
    Expire(Key),
}

/// Things due within this long happen in one round; 5,000 pods that start together cost one look at their owner.
const ROUND: SignedDuration = SignedDuration::from_millis(100);

/// Nothing needs this many looks at one moment; more of them is two controllers fighting.
const ROUNDS: u32 = 10_000;

/// Lives through the time up to a moment.
pub fn run(state: &mut State, until: Timestamp) {
    let mut rounds = 0;
    loop {
        let touched = state.objects.take_touched();
        if !touched.is_empty() {
            rounds += 1;
            if rounds > ROUNDS {
                tracing::error!(?touched, "the rehearsal's controllers do not come to rest");
                return;
            }
            react(state, touched);
        } else if std::mem::take(&mut state.schedule) {
            schedule::run(state);
        } else {
            match state.agenda.first_key_value() {
                Some((&(at, _), _)) if at <= until => {
                    rounds = 0;
                    let end = at.checked_add(ROUND).unwrap_or(at).min(until);
                    while let Some(first) = state.agenda.first_entry().filter(|first| first.key().0 <= end) {
                        let ((at, _), work) = first.remove_entry();
                        state.now = state.now.max(at);
                        happen(state, work);
                    }
                }
                _ => break,
            }
        }
    }
    state.now = state.now.max(until);
}

fn happen(state: &mut State, work: Work) {
    match work {
        Work::Pod(key, uid, epoch, step) => pod::happen(state, &key, &uid, epoch, step),
        Work::Look(key) => state.objects.touch(key),
        Work::NodeReady(name) => node::ready(state, &name),
        Work::Gpus(name) => gpu::refresh(state, &name),
        Work::Address(key) => network::address(state, &key),
        Work::Volume(key) => storage::bind(state, &key),
        Work::Certificate(key) => certificate::issue(state, &key),
        Work::Arrival(number) => controller::arrive(state, number),
        Work::Controller(key) => controller::happen(state, &key),
        Work::Namespace(key) => namespace::finish(state, &key),
        Work::Forget(key, uid) => {
            if state.objects.value(&key).is_some_and(|object| object::uid(object) == uid) {
                state.begin_removal(&key, None);
            }
        }
        Work::Expire(key) => event::expire(state, &key),
    }
}

/// Takes in what happened elsewhere.
pub fn hear(state: &mut State, happening: &Happening) {
    match happening {
        Happening::NodeJoined(spec) => node::join(state, spec),
        Happening::NodeLeft { name } => node::leave(state, name),
        Happening::NameResolves { name } => pod::name_resolves(state, name),
        Happening::AddonActive { name } => csi::addon(state, name),
        Happening::AddonGone { name } => csi::addon_gone(state, name),
        Happening::LoadBalancerRoom(room) => state.room = *room,
        Happening::LoadBalancerReady { .. } | Happening::ContainerStarted { .. } => {}
    }
}

fn react(state: &mut State, touched: BTreeSet<Key>) {
    for uid in state.objects.take_gone() {
        garbage::collect(state, &uid);
    }
    // Namespaces first: what is made in them needs their service account.
    let (namespaces, others): (Vec<Key>, Vec<Key>) =
        touched.into_iter().partition(|key| &*key.resource == "namespaces");
    for key in namespaces.into_iter().chain(others) {
        garbage::foreground(state, &key);
        match &*key.resource {
            "pods" => {
                pod::touched(state, &key);
                endpoints::pod_touched(state, &key);
            }
            "nodes" => node::touched(state, &key),
            "namespaces" => namespace::touched(state, &key),
            "deployments.apps" => deployment::touched(state, &key),
            "replicasets.apps" => replica_set::touched(state, &key),
            "daemonsets.apps" => daemon_set::touched(state, &key),
            "statefulsets.apps" => stateful_set::touched(state, &key),
            "jobs.batch" => job::touched(state, &key),
            "services" => {
                network::touched(state, &key);
                endpoints::touched(state, &key);
            }
            "ingresses.networking.k8s.io" => network::touched(state, &key),
            "persistentvolumeclaims" => storage::touched(state, &key),
            "certificates.cert-manager.io" => certificate::touched(state, &key),
            "customresourcedefinitions.apiextensions.k8s.io" => cluster::definition_touched(state, &key),
            _ => controller::touched(state, &key),
        }
    }
}

/// Makes an object as a controller does.
pub fn make(state: &mut State, resource: &str, mut value: Value) -> Option<Key> {
    let kind = state.kinds.iter().find(|kind| &*kind.id == resource)?.clone();
    let mut whole = json!({ "apiVersion": kind.api_version(), "kind": kind.kind });
    object::map(&mut whole).extend(std::mem::take(object::map(&mut value)));
    object::default(&mut whole, &["metadata", "uid"], Uuid::new_v4().to_string());
    object::default(&mut whole, &["metadata", "creationTimestamp"], object::stamp(state.now));
    if whole.get("spec").is_some() && resource != "namespaces" {
        object::default(&mut whole, &["metadata", "generation"], 1);
    }
    admit::fill(state, &kind, &mut whole);
    let key = Key::new(resource, if kind.namespaced { object::namespace(&whole) } else { "" }, object::name(&whole));
    state.objects.put(key.clone(), whole);
    Some(key)
}

/// The next name of something that an owner makes.
pub fn next_name(state: &mut State, owner: &Value) -> String {
    let made = state.made.entry(object::uid(owner).to_owned()).or_default();
    *made += 1;
    let name = object::name(owner);
    format!("{name}-{}", object::suffix(&format!("{}/{name}/{made}", object::namespace(owner)), 5))
}

/// Makes a pod from an owner's template; says why it cannot be.
pub fn make_pod(
    state: &mut State,
    owner: &Value,
    name: &str,
    labels: &[(&str, &str)],
    adapt: impl FnOnce(&mut Value),
) -> Result<Key, String> {
    let template = &owner["spec"]["template"];
    let namespace = object::namespace(owner);
    let account = object::at(template, "/spec/serviceAccountName").and_then(Value::as_str).unwrap_or("default");
    if let Some(why) = state.against_pod(namespace, account, &template["spec"]) {
        return Err(format!("pods \"{name}\" is forbidden: {why}"));
    }
    let mut pod = json!({ "metadata": { "name": name, "namespace": namespace, "generateName": format!("{}-", object::name(owner)) }, "spec": template["spec"] });
    for field in ["labels", "annotations"] {
        if let Some(value) = object::at(template, &format!("/metadata/{field}")) {
            pod["metadata"][field] = value.clone();
        }
    }
    for (key, value) in labels {
        object::set(&mut pod, &["metadata", "labels", key], *value);
    }
    pod["metadata"]["ownerReferences"] = object::controlled_by(owner);
    object::default(&mut pod, &["spec", "serviceAccountName"], account);
    adapt(&mut pod);
    make(state, "pods", pod).ok_or_else(|| "pods are not served".into())
}

/// Is a pod counted as running by its owner?
pub fn is_active(pod: &Value) -> bool {
    !object::is_deleting(pod) && !matches!(object::text(pod, "/status/phase"), "Succeeded" | "Failed")
}
