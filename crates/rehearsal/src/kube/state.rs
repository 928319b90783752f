//! Everything of the cluster behind one lock.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{
    live::{Work, pod::Run},
    objects::{Key, Objects},
    resource::Resource,
    rule::Rule,
    setup::Setup,
};
use crate::{
    aws::Room,
    world::{Happening, NodeSpec},
};

/// The cluster.
#[derive(Debug)]
pub struct State {
    /// What was asked for.
    pub setup: Arc<Setup>,
    /// How pods behave.
    pub rules: Vec<Arc<Rule>>,
    /// Simulated time at the start.
    pub start: Timestamp,
    /// Up to when it has moved on; never ahead of the clock.
    pub now: Timestamp,
    /// The objects.
    pub objects: Objects,
    /// Kinds that are served.
    pub kinds: Vec<Arc<Resource>>,
    /// What was applied last, by object and field manager.
    pub applied: HashMap<(Key, String), Value>,
    /// What is due when.
    pub agenda: BTreeMap<(Timestamp, u64), Work>,
    /// Order among things due at the same time.
    pub sequence: u64,
    /// What a kubelet knows of its pods.
    pub runs: HashMap<Key, Run>,
    /// Pods without a node.
    pub unscheduled: BTreeSet<Key>,
    /// Is it worth asking the scheduler again?
    pub schedule: bool,
    /// What is requested on each node by its pods, in thousandths.
    pub requested: HashMap<String, BTreeMap<String, i128>>,
    /// The instances behind the nodes.
    pub machines: HashMap<String, NodeSpec>,
    /// Events by what they are about, so that repeated ones are counted.
    pub events: HashMap<(String, String, String), Key>,
    /// Names that resolve.
    pub resolvable: BTreeSet<String>,
    /// Which load balancers find subnets.
    pub room: Room,
    /// What the rest of the world is to hear.
    pub told: Vec<Happening>,
    /// How often each fault was meant.
    pub counts: Vec<u64>,
    /// How many pods each owner made, so that names come out the same every time.
    pub made: HashMap<String, u64>,
    /// What was begun once and for all, by uid.
    pub begun: BTreeSet<String>,
    /// What of the scenario could not be done.
    pub troubles: Vec<String>,
    /// Grows with every line of a log.
    pub lines: u64,
}

impl State {
    /// An empty cluster at some time before the start.
    pub fn new(setup: Arc<Setup>, start: Timestamp) -> Self {
        let now = start.checked_sub(setup.age).unwrap_or(start);
        let mut state = Self {
            start,
            now,
            objects: Objects::new(setup.history),
            kinds: Resource::built_in(),
            applied: HashMap::new(),
            agenda: BTreeMap::new(),
            sequence: 0,
            runs: HashMap::new(),
            unscheduled: BTreeSet::new(),
            schedule: false,
            requested: HashMap::new(),
            machines: HashMap::new(),
            events: HashMap::new(),
            resolvable: BTreeSet::new(),
            room: Room::default(),
            told: Vec::new(),
            counts: vec![0; setup.faults.len()],
            rules: setup.pods.iter().cloned().map(Arc::new).collect(),
            made: HashMap::new(),
            begun: BTreeSet::new(),
            troubles: Vec::new(),
            lines: 0,
            setup,
        };
        super::live::cluster::furnish(&mut state);
        let setup = state.setup.clone();
        for (number, arrival) in setup.arrivals.iter().enumerate() {
            let after = state.start.duration_since(state.now) + arrival.after;
            state.later(after, super::live::Work::Arrival(number));
        }
        state
    }

    /// The kind of this name, by group and plural.
    pub fn kind(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Resource>> {
        self.kinds.iter().find(|kind| kind.group == group && kind.version == version && kind.plural == plural).cloned()
    }

    /// The kind of an object, by its `apiVersion` and `kind`.
    pub fn kind_of(&self, object: &Value) -> Option<Arc<Resource>> {
        self.kinds
            .iter()
            .find(|kind| object["kind"] == *kind.kind && object["apiVersion"] == *kind.api_version())
            .cloned()
    }

    /// Puts something on the agenda.
    pub fn later(&mut self, after: SignedDuration, work: Work) {
        let at = self.now.checked_add(after).unwrap_or(Timestamp::MAX);
        self.sequence += 1;
        self.agenda.insert((at, self.sequence), work);
    }
}
