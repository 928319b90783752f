//! What changes in the outside while a rehearsal runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{
    Setup, amazon,
    host::{registry::Stored, routes::Routes},
    names::{LoadBalancer, Names, same},
    postgres::session::Databases,
    setup::{Certificate, FaultKind, Host, Kind},
};
use crate::{Clock, tools::cluster::Cluster, world::Happening};

/// Names and hosts.
#[derive(Debug)]
pub struct Outside {
    setup: Setup,
    /// What stands at AWS's own hosts.
    amazon: Host,
    clock: Clock,
    started: Timestamp,
    cluster: OnceLock<Cluster>,
    inner: Mutex<Inner>,
}

/// What changes; read and written under one lock that is never held across an await.
#[derive(Debug, Default)]
pub struct Inner {
    balancers: BTreeMap<String, LoadBalancer>,
    resolving: BTreeSet<String>,
    requests: Vec<Request>,
    counted: BTreeMap<String, u32>,
    /// What was pushed to registries, by host.
    pub registries: BTreeMap<String, Stored>,
    /// What was changed in databases, by host.
    pub databases: BTreeMap<String, Databases>,
}

/// One request that a host behind the proxy answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The host asked.
    pub host: String,
    /// `GET`, `CONNECT` …
    pub method: String,
    /// Path and query.
    pub path: String,
    /// What it was answered.
    pub status: u16,
}

impl Outside {
    /// The outside at the start of a rehearsal.
    pub fn new(setup: &Setup, clock: Clock) -> Self {
        let amazon = Host {
            certificate: Certificate::default(),
            port: None,
            faults: Vec::new(),
            kind: Kind::Routes(Routes { routes: Vec::new() }),
        };
        let (setup, started) = (setup.clone(), clock.now());
        Self { setup, amazon, clock, started, cluster: OnceLock::new(), inner: Mutex::default() }
    }

    /// Moves on to now: which names started to resolve?
    pub fn settle(&self, now: Timestamp) -> Vec<Happening> {
        let mut inner = self.inner();
        let names = Names { setup: &self.setup, started: self.started, balancers: &inner.balancers, now };
        let all = self.setup.dns.iter().map(|record| &record.name).chain(self.setup.hosts.keys());
        let resolving: BTreeSet<_> = all.filter(|name| names.resolves(name)).cloned().collect();
        let fresh: Vec<_> = resolving.difference(&inner.resolving).cloned().collect();
        inner.resolving = resolving;
        fresh.into_iter().map(|name| Happening::NameResolves { name }).collect()
    }

    /// Takes in what happened elsewhere.
    pub fn hear(&self, now: Timestamp, happenings: &[Happening]) {
        for happening in happenings {
            if let Happening::LoadBalancerReady { namespace, ingress, hostname } = happening {
                let balancer = LoadBalancer { hostname: hostname.clone(), since: now };
                self.inner().balancers.insert(format!("{namespace}/{ingress}"), balancer);
            }
        }
    }

    /// Lets a closure look at the names of this moment.
    pub fn with_names<T>(&self, look: impl FnOnce(&Names<'_>) -> T) -> T {
        let inner = self.inner();
        look(&Names { setup: &self.setup, started: self.started, balancers: &inner.balancers, now: self.clock.now() })
    }

    /// Whether a name leads to an address now.
    pub fn resolves(&self, name: &str) -> bool {
        self.with_names(|names| names.resolves(name))
    }

    /// Whether the load balancer of an ingress or service (`namespace/name`) has its address.
    pub fn has_load_balancer(&self, ingress: &str) -> bool {
        self.inner().balancers.contains_key(ingress)
    }

    /// The declared host of a name; else what stands at AWS's own.
    pub fn host(&self, name: &str) -> Option<&Host> {
        let declared = self.setup.hosts.iter().find(|(host, _)| same(host, name)).map(|(_, host)| host);
        declared.or_else(|| amazon::answers(name).then_some(&self.amazon))
    }

    /// What is wrong with the next connection to a host, if anything.
    pub fn fault(&self, name: &str) -> Option<(FaultKind, SignedDuration)> {
        let age = self.clock.now().duration_since(self.started);
        let faults = &self.host(name)?.faults;
        let (number, fault) = faults.iter().enumerate().find(|(number, fault)| {
            let inside = age >= fault.from && fault.until.is_none_or(|until| age < until);
            inside && fault.first.is_none_or(|first| self.count_of(&format!("fault {name} {number}")) < first)
        })?;
        self.count(&format!("fault {name} {number}"));
        Some((fault.what, fault.takes))
    }

    /// Counts something up and returns the new count.
    pub fn count(&self, what: &str) -> u32 {
        let mut inner = self.inner();
        let count = inner.counted.entry(what.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// How often something was counted.
    pub fn count_of(&self, what: &str) -> u32 {
        self.inner().counted.get(what).copied().unwrap_or(0)
    }

    /// Lets conditions ask this cluster, simulated or real.
    pub fn ask_cluster(&self, cluster: Cluster) {
        // The first one stays.
        let _second = self.cluster.set(cluster);
    }

    /// The cluster that conditions ask.
    pub fn cluster(&self) -> Option<Cluster> {
        self.cluster.get().cloned()
    }

    /// Keeps a request for tests and for those who want to see what was asked.
    pub fn record(&self, request: Request) {
        self.inner().requests.push(request);
    }

    /// Everything that was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.inner().requests.clone()
    }

    /// How long ago, in simulated time, the rehearsal started.
    pub fn age(&self) -> SignedDuration {
        self.clock.now().duration_since(self.started)
    }

    /// What an install could leave behind in database servers, by host; servers where nothing was made are left out.
    pub fn snapshot(&self) -> Value {
        let mut all = Map::new();
        for (host, here) in &self.inner().databases {
            if here.roles.is_empty() && here.made.is_empty() && here.members.is_empty() {
                continue;
            }
            let roles: Map<String, Value> = here
                .roles
                .iter()
                .map(|(name, role)| {
                    (name.clone(), json!({ "makes_databases": role.makes_databases, "comment": role.comment }))
                })
                .collect();
            let databases: Map<String, Value> = here
                .made
                .iter()
                .map(|(name, made)| (name.clone(), json!({ "owner": made.owner, "comment": made.comment })))
                .collect();
            all.insert(host.clone(), json!({ "roles": roles, "databases": databases, "members": here.members }));
        }
        all.into()
    }

    /// The changing part.
    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
