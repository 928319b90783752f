//! An install that is watched, as rows: each one when it appears, when it changes, and when it goes.

use std::{collections::BTreeMap, sync::Arc};

use landfall_core::{
    why::{Link, PodRow, Snapshot, why},
    wizard::{TaskState, Wizard},
};

use crate::{
    driver::{Ask, End, Handle},
    report::{Line, Observer, Seen},
};

/// Tells what changes until somebody stops it, or nobody reads any more.
pub async fn watch(handle: Handle, mut observer: Box<dyn Observer>) -> End {
    let Handle { inputs, mut shown, mut asks } = handle;
    let mut told = Told::default();
    loop {
        let wizard = shown.borrow_and_update().clone();
        for line in told.lines(&wizard) {
            if observer.see(&line).is_err() {
                return End::HungUp;
            }
        }
        tokio::select! {
            changed = shown.changed() => if changed.is_err() { return End::Quit },
            asked = asks.recv() => if matches!(asked, None | Some(Ask::Quit)) { return End::Quit },
        }
        // The inputs are only held: without a front end the wizard ends.
        if inputs.is_closed() {
            return End::Quit;
        }
    }
}

/// What was told last.
#[derive(Default)]
struct Told {
    snapshot: Option<Arc<Snapshot>>,
    rows: BTreeMap<String, (String, Seen)>,
    pods: BTreeMap<String, Arc<PodRow>>,
    events: BTreeMap<String, u32>,
    logged: u64,
}

impl Told {
    /// What is new.
    fn lines(&mut self, wizard: &Wizard) -> Vec<Line> {
        let Some(standing) = &wizard.watching else { return Vec::new() };
        let snapshot = wizard.snapshot.clone();
        let mut new: Vec<(String, Seen)> = Vec::new();
        let install = Seen::Install {
            install: standing.install.clone(),
            state: standing.state.clone(),
            held_by: standing.held_by.clone(),
        };
        self.row("install", (String::new(), install), &mut new);
        for row in wizard.install.tasks.rows.iter().filter(|row| row.state != TaskState::Waits) {
            // A clock in it is no news.
            let since = row.since.unwrap_or(wizard.now);
            self.row(&format!("task {}", row.path), Seen::task(row, since), &mut new);
        }
        if self.snapshot.as_ref().is_none_or(|known| !Arc::ptr_eq(known, &snapshot)) {
            self.picture(&snapshot, wizard, &mut new);
            self.snapshot = Some(snapshot);
        }
        new.into_iter().map(|(code, seen)| Line::Watched { at: wizard.now, code, seen: Box::new(seen) }).collect()
    }

    /// One row, where it is not as it was told.
    fn row(&mut self, key: &str, row: (String, Seen), new: &mut Vec<(String, Seen)>) {
        if self.rows.get(key) != Some(&row) {
            self.rows.insert(key.to_owned(), row.clone());
            new.push(row);
        }
    }

    fn picture(&mut self, snapshot: &Snapshot, wizard: &Wizard, new: &mut Vec<(String, Seen)>) {
        if snapshot.link != Link::Off {
            self.row("connection", Seen::connection(&snapshot.link), new);
        }
        if let Some(there) = snapshot.namespace_there {
            let seen = Seen::Namespace { name: snapshot.namespace.clone(), there };
            self.row("namespace", (String::new(), seen), new);
        }
        for kind in &snapshot.denied {
            let seen = Seen::Hidden { kind: kind.clone(), why: "nobody lets us look".into() };
            self.row(&format!("hidden {kind}"), (String::new(), seen), new);
        }
        for (kind, why) in &snapshot.unreadable {
            let seen = Seen::Hidden { kind: kind.clone(), why: why.clone() };
            self.row(&format!("hidden {kind}"), (String::new(), seen), new);
        }
        for node in &snapshot.nodes {
            self.row(&format!("node {}", node.name), Seen::node(node), new);
        }
        self.gone("node", |name| snapshot.nodes.iter().any(|node| node.name == name), new);
        self.pods(snapshot, new);
        self.events(snapshot, new);
        self.logs(snapshot, new);
        let chains = why(snapshot, wizard.now, &[]);
        for chain in &chains {
            self.row(&format!("why {}", chain.who), Seen::why(chain), new);
        }
        self.gone("why", |who| chains.iter().any(|chain| chain.who == who), new);
    }

    /// Thousands of pods are compared by their rows' identity first.
    fn pods(&mut self, snapshot: &Snapshot, new: &mut Vec<(String, Seen)>) {
        for pod in &snapshot.pods {
            let known = self.pods.get(&pod.name);
            if known.is_some_and(|known| Arc::ptr_eq(known, pod)) {
                continue;
            }
            let row = Seen::pod(pod);
            if known.is_none_or(|known| Seen::pod(known) != row) {
                new.push(row);
            }
            self.pods.insert(pod.name.clone(), pod.clone());
        }
        if self.pods.len() == snapshot.pods.len() {
            return;
        }
        // Both are in order by name.
        let mut there = snapshot.pods.iter().map(|pod| pod.name.as_str()).peekable();
        let gone: Vec<String> = self
            .pods
            .keys()
            .filter(|name| {
                while there.next_if(|known| known < &name.as_str()).is_some() {}
                there.peek() != Some(&name.as_str())
            })
            .cloned()
            .collect();
        for name in gone {
            self.pods.remove(&name);
            new.push((landfall_core::why::code('P', &name), Seen::Gone { kind: "pod", name }));
        }
    }

    fn events(&mut self, snapshot: &Snapshot, new: &mut Vec<(String, Seen)>) {
        // Newest first there; told in the order they happened.
        for event in snapshot.events.iter().rev() {
            if self.events.get(&event.name).is_none_or(|count| *count < event.count) {
                new.push(Seen::event(event));
            }
            self.events.insert(event.name.clone(), event.count);
        }
        if self.events.len() > snapshot.events.len() + 1_000 {
            self.events.retain(|name, _| snapshot.events.iter().any(|event| event.name == *name));
        }
    }

    fn logs(&mut self, snapshot: &Snapshot, new: &mut Vec<(String, Seen)>) {
        let fresh = snapshot.logged.saturating_sub(self.logged);
        self.logged = snapshot.logged;
        let kept = snapshot.logs.len() as u64;
        if fresh > kept {
            new.push((String::new(), Seen::LeftOut { lines: fresh - kept }));
        }
        let skip = snapshot.logs.len() - usize::try_from(fresh.min(kept)).unwrap_or(0);
        new.extend(snapshot.logs.iter().skip(skip).map(|line| Seen::log(line)));
    }

    fn gone(&mut self, kind: &'static str, there: impl Fn(&str) -> bool, new: &mut Vec<(String, Seen)>) {
        let prefix = format!("{kind} ");
        let gone: Vec<String> = self
            .rows
            .keys()
            .filter_map(|key| key.strip_prefix(&prefix))
            .filter(|name| !there(name))
            .map(str::to_owned)
            .collect();
        for name in gone {
            let code = self.rows.remove(&format!("{prefix}{name}")).map(|(code, _)| code).unwrap_or_default();
            new.push((code, Seen::Gone { kind, name }));
        }
    }
}
