//! The cluster, as the rest of the world holds it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::{live, object, objects::Key, setup::Setup, state::State};
use crate::{Clock, outside::psql::Ended, world::Happening};

/// The cluster's objects and what moves them.
#[derive(Debug)]
pub struct Store {
    setup: Arc<Setup>,
    clock: Clock,
    state: Mutex<State>,
    changed: watch::Sender<(u64, u64)>,
    outage: watch::Sender<bool>,
}

impl Default for Store {
    fn default() -> Self {
        Self::new(&Setup::default(), Clock::starting_at(Timestamp::now(), 1.0))
    }
}

impl Store {
    /// A cluster as the scenario says. Its first [`Store::settle`] lives through the time before the start.
    pub fn new(setup: &Setup, clock: Clock) -> Self {
        let setup = Arc::new(setup.clone());
        let state = State::new(setup.clone(), clock.now());
        Self {
            setup,
            clock,
            state: Mutex::new(state),
            changed: watch::Sender::new((0, 0)),
            outage: watch::Sender::new(false),
        }
    }

    /// What was asked for.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Simulated time.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Moves on to now.
    pub fn settle(&self, now: Timestamp, happenings: &[Happening]) -> Vec<Happening> {
        let mut state = self.lock();
        for happening in happenings {
            live::hear(&mut state, happening);
        }
        live::run(&mut state, now);
        let told = std::mem::take(&mut state.told);
        let outage = self.setup.faults.iter().any(|fault| fault.is_outage(state.start, now));
        self.announce(&state);
        drop(state);
        self.outage.send_if_modified(|was| std::mem::replace(was, outage) != outage);
        told
    }

    /// A DNS name started to resolve; pods that wait for it go on at the next step.
    pub fn name_resolves(&self, name: &str) {
        live::hear(&mut self.lock(), &Happening::NameResolves { name: name.to_owned() });
    }

    /// Does something with the cluster as it is now, and lets its consequences happen.
    pub fn with<T>(&self, what: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        live::run(&mut state, self.clock.now());
        let result = what(&mut state);
        let now = state.now;
        live::run(&mut state, now);
        self.announce(&state);
        result
    }

    /// A container that waited for the outside came to its end.
    pub fn ends(&self, namespace: &str, pod: &str, uid: &str, ended: Ended) {
        self.with(|state| live::container::ends(state, &Key::new("pods", namespace, pod), uid, ended));
    }

    /// Puts an object into the cluster as if it had been there before the start.
    pub fn place(&self, object: serde_json::Value) {
        self.with(|state| live::cluster::place(state, object));
    }

    /// Looks at the cluster as it is.
    pub fn look<T>(&self, what: impl FnOnce(&State) -> T) -> T {
        what(&self.lock())
    }

    /// Wakes at every change of an object or log.
    pub fn changes(&self) -> watch::Receiver<(u64, u64)> {
        self.changed.subscribe()
    }

    /// Is the way to the API server down?
    pub fn outages(&self) -> watch::Receiver<bool> {
        self.outage.subscribe()
    }

    /// What of the scenario could not be done; empty where all is well.
    pub fn troubles(&self) -> Vec<String> {
        self.look(|state| state.troubles.clone())
    }

    /// One object, e.g. `deployments.apps`, `shield`, `auth`.
    pub fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        self.look(|state| state.objects.find(resource, namespace, name).cloned())
    }

    /// What clients left behind, `{kind: {namespace: {name: object}}}`: without what controllers made of it,
    /// and without what differs from one time to the next.
    pub fn snapshot(&self) -> Value {
        let mut all = Value::Object(Map::new());
        self.look(|state| {
            for (key, object) in state.objects.all() {
                let value = &object.value;
                let passing = matches!(
                    &*key.resource,
                    "events" | "leases.coordination.k8s.io" | "endpoints" | "endpointslices.discovery.k8s.io"
                );
                let furniture =
                    key.name == "kube-root-ca.crt" || (&*key.resource == "serviceaccounts" && key.name == "default");
                if passing || furniture || !object::list(value, "/metadata/ownerReferences").is_empty() {
                    continue;
                }
                let mut value = value.clone();
                object::unset(&mut value, &["status"]);
                for field in [
                    "uid",
                    "resourceVersion",
                    "creationTimestamp",
                    "managedFields",
                    "generation",
                    "deletionTimestamp",
                    "deletionGracePeriodSeconds",
                ] {
                    object::unset(&mut value, &["metadata", field]);
                }
                if &*key.resource == "services" {
                    for field in ["clusterIP", "clusterIPs"] {
                        object::unset(&mut value, &["spec", field]);
                    }
                    if let Some(Value::Array(ports)) = value.pointer_mut("/spec/ports") {
                        ports.iter_mut().for_each(|port| object::unset(port, &["nodePort"]));
                    }
                }
                object::set(&mut all, &[&key.resource, &key.namespace, &key.name], value);
            }
        });
        all
    }

    fn announce(&self, state: &State) {
        let now = (state.objects.version(), state.lines);
        self.changed.send_if_modified(|was| std::mem::replace(was, now) != now);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere is reported there; the objects are whole after every put.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
