//! The board all watchers write on; a picture of it is what others see.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use landfall_core::why::{ClaimRow, EventRow, IngressRow, Link, LogLine, NodeRow, PodLog, PodRow, Snapshot};
use tokio::sync::Notify;

/// How many log lines are kept, all pods together.
const LINES: usize = 500;
/// How many events are kept; at twice as many the oldest go.
const EVENTS: usize = 400;

/// Everything seen.
#[derive(Default)]
pub struct State {
    /// Nodes by name.
    pub nodes: BTreeMap<String, Arc<NodeRow>>,
    /// Pods by name.
    pub pods: BTreeMap<String, Arc<PodRow>>,
    /// Each pod's first container, whose log is followed.
    pub containers: BTreeMap<String, Arc<str>>,
    /// Events by name.
    pub events: BTreeMap<String, Arc<EventRow>>,
    /// Claims that are not bound, by name.
    pub claims: BTreeMap<String, ClaimRow>,
    /// StorageClasses: whether each is a default one.
    pub classes: BTreeMap<String, bool>,
    /// Ingresses by name.
    pub ingresses: BTreeMap<String, Arc<IngressRow>>,
    /// The namespace, once it is there.
    pub namespaces: BTreeSet<String>,
    logs: VecDeque<Arc<LogLine>>,
    logged: u64,
    chosen: Option<Chosen>,
    links: BTreeMap<&'static str, Link>,
    denied: Vec<&'static str>,
    unreadable: BTreeMap<&'static str, String>,
    words: HashSet<Arc<str>>,
}

/// The log of the pod that was chosen.
struct Chosen {
    pod: Arc<str>,
    lines: VecDeque<Arc<LogLine>>,
    logged: u64,
}

impl State {
    /// One copy of a text that occurs often: a node's name, a status.
    pub fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.words.get(text) {
            return known.clone();
        }
        let word: Arc<str> = text.into();
        self.words.insert(word.clone());
        word
    }

    /// Keeps the newest events.
    pub fn trim_events(&mut self) {
        if self.events.len() < EVENTS * 2 {
            return;
        }
        let mut by_age: Vec<(Option<Timestamp>, String)> =
            self.events.iter().map(|(name, event)| (event.at, name.clone())).collect();
        by_age.sort();
        for (_, name) in by_age.into_iter().take(EVENTS) {
            self.events.remove(&name);
        }
    }
}

/// The board.
pub struct Board {
    /// The namespace watched.
    pub namespace: String,
    state: Mutex<State>,
    bell: Notify,
}

impl Board {
    /// An empty one.
    pub fn new(namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), state: Mutex::default(), bell: Notify::new() }
    }

    /// Writes on it.
    pub fn write<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let answer = change(&mut self.lock());
        self.bell.notify_one();
        answer
    }

    /// Reads from it.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Says how one kind's connection is.
    pub fn link(&self, kind: &'static str, link: Link) {
        let same = self.read(|state| state.links.get(kind) == Some(&link) && !state.unreadable.contains_key(kind));
        if !same {
            self.write(|state| {
                state.unreadable.remove(kind);
                state.denied.retain(|denied| *denied != kind);
                state.links.insert(kind, link)
            });
        }
    }

    /// Says that nobody lets us look at a kind.
    pub fn denied(&self, kind: &'static str) {
        self.write(|state| {
            state.links.remove(kind);
            if !state.denied.contains(&kind) {
                state.denied.push(kind);
            }
        });
    }

    /// Says that a kind's answers cannot be read.
    pub fn unreadable(&self, kind: &'static str, why: String) {
        self.write(|state| {
            state.links.remove(kind);
            state.unreadable.insert(kind, why);
        });
    }

    /// Chooses the pod whose log is kept apart.
    pub fn choose(&self, pod: Option<&str>) {
        if self.read(|state| state.chosen.as_ref().map(|chosen| &*chosen.pod) == pod) {
            return;
        }
        self.write(|state| {
            state.chosen = pod.map(|pod| Chosen { pod: pod.into(), lines: VecDeque::new(), logged: 0 });
        });
    }

    /// Adds a log line; of the chosen pod's own log, or to those of all.
    pub fn log(&self, pod: &str, line: String, chosen: bool) {
        self.write(|state| {
            let pod = state.word(pod);
            let line = Arc::new(LogLine { pod, line });
            let (lines, logged) = match (&mut state.chosen, chosen) {
                (Some(own), true) if own.pod == line.pod => (&mut own.lines, &mut own.logged),
                (_, true) => return,
                (_, false) => (&mut state.logs, &mut state.logged),
            };
            if lines.len() == LINES {
                lines.pop_front();
            }
            lines.push_back(line);
            *logged += 1;
        });
    }

    /// Returns when something was written since it last returned.
    pub async fn changed(&self) {
        self.bell.notified().await;
    }

    /// A picture of the board.
    pub fn picture(&self) -> Snapshot {
        let state = self.lock();
        let mut events: Vec<_> = state.events.values().cloned().collect();
        events.sort_by_key(|event| std::cmp::Reverse(event.at));
        Snapshot {
            namespace: self.namespace.clone(),
            namespace_there: (state.links.get("namespaces") == Some(&Link::Live))
                .then(|| state.namespaces.contains(&self.namespace)),
            link: link(&state.links),
            denied: state.denied.iter().map(|kind| (*kind).to_owned()).collect(),
            unreadable: state.unreadable.iter().map(|(kind, why)| ((*kind).to_owned(), why.clone())).collect(),
            nodes: state.nodes.values().cloned().collect(),
            pods: state.pods.values().cloned().collect(),
            events,
            logs: state.logs.iter().cloned().collect(),
            logged: state.logged,
            pod_log: state.chosen.as_ref().map(|chosen| {
                Arc::new(PodLog {
                    pod: chosen.pod.clone(),
                    lines: chosen.lines.iter().cloned().collect(),
                    logged: chosen.logged,
                })
            }),
            claims: state
                .claims
                .values()
                .map(|claim| {
                    let known = state.links.get("storageclasses") == Some(&Link::Live);
                    let class_exists =
                        claim.class.as_ref().filter(|_| known).map(|class| state.classes.contains_key(class));
                    Arc::new(ClaimRow { class_exists, ..claim.clone() })
                })
                .collect(),
            ingresses: state.ingresses.values().cloned().collect(),
            default_classes: state
                .classes
                .iter()
                .filter(|(_, default)| **default)
                .map(|(name, _)| name.clone())
                .collect(),
            classes_known: state.links.get("storageclasses") == Some(&Link::Live),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One word for all connections: lost if one is, and since when the first was.
fn link(links: &BTreeMap<&'static str, Link>) -> Link {
    let lost = links.values().filter_map(|link| match link {
        Link::Lost { since, .. } => Some((*since, link)),
        _ => None,
    });
    if let Some((_, link)) = lost.min_by_key(|(since, _)| *since) {
        return link.clone();
    }
    let settled = links.len() > 1 && links.values().all(|link| *link == Link::Live);
    if settled { Link::Live } else { Link::Connecting }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lost_connection_is_a_lost_picture_and_a_denied_kind_is_none() {
        let board = Board::new("shield");
        assert_eq!(board.picture().link, Link::Connecting);
        for kind in ["pods", "events", "nodes"] {
            board.link(kind, Link::Live);
        }
        assert_eq!(board.picture().link, Link::Live);
        let since = Timestamp::from_second(7).unwrap();
        board.link("nodes", Link::Lost { since, why: "reset".into() });
        assert!(matches!(board.picture().link, Link::Lost { .. }));
        board.denied("nodes");
        assert_eq!(board.picture().link, Link::Live);
        assert_eq!(board.picture().denied, ["nodes"]);
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let board = Board::new("shield");
        for number in 0..LINES + 10 {
            board.log("a", number.to_string(), false);
        }
        let picture = board.picture();
        assert_eq!(picture.logs.len(), LINES);
        assert_eq!(picture.logs[0].line, "10");
    }
}
