//! Log lines of the pods that matter now: those that are not ready first, then the newest; or of the one that was chosen.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use futures::{AsyncBufReadExt, TryStreamExt, pin_mut};
use jiff::Timestamp;
use landfall_core::value::Mask;
use tokio::{
    sync::watch,
    task::{AbortHandle, JoinSet},
};

use super::board::Board;
use crate::cloud::Cloud;

/// How many logs are followed at once.
const FOLLOWED: usize = 12;
/// Lines of the past that a log begins with.
const TAIL: u32 = 20;
/// The same for a pod that was chosen.
const CHOSEN_TAIL: u32 = 200;
/// Longer lines are broken off: a log line can be a whole document.
const LONGEST: usize = 1_000;
/// How often it is decided anew which logs matter.
const LOOK: Duration = Duration::from_secs(2);
/// Between attempts where the log cannot be had.
const AGAIN: Duration = Duration::from_secs(5);

/// A container's run: a new one begins with every restart. The chosen pod's log is read on its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    pod: String,
    restarts: u32,
    chosen: bool,
}

/// Follows logs, for ever; the pod in `chosen` before all others.
pub async fn follow(
    cloud: Arc<Cloud>,
    board: Arc<Board>,
    mask: Arc<RwLock<Mask>>,
    mut chosen: watch::Receiver<Option<String>>,
) {
    let mut running = JoinSet::new();
    // Runs that are followed, or were to their end.
    let mut known: BTreeMap<Run, AbortHandle> = BTreeMap::new();
    loop {
        let pod = chosen.borrow_and_update().clone();
        board.choose(pod.as_deref());
        let wanted = wanted(&board, pod.as_deref());
        known.retain(|run, handle| {
            let keep = wanted.iter().any(|(wanted, _)| wanted == run);
            if !keep {
                handle.abort();
            }
            keep
        });
        for (run, container) in wanted {
            known.entry(run.clone()).or_insert_with(|| {
                let reading = Reading {
                    cloud: cloud.clone(),
                    board: board.clone(),
                    mask: mask.clone(),
                    run,
                    container,
                    last: None,
                };
                running.spawn(reading.whole())
            });
        }
        while running.try_join_next().is_some() {}
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            changed = chosen.changed() => if changed.is_err() { return },
        }
    }
}

/// The runs whose logs matter, with their container.
fn wanted(board: &Board, chosen: Option<&str>) -> Vec<(Run, Arc<str>)> {
    board.read(|state| {
        let mut pods: Vec<_> = state
            .pods
            .values()
            .filter(|pod| {
                pod.node.is_some() && !matches!(&*pod.status, "Pending" | "ContainerCreating" | "PodInitializing")
            })
            .filter(|pod| !pod.status.contains("Image"))
            .collect();
        let matters = |pod: &landfall_core::why::PodRow| (pod.settled(), std::cmp::Reverse(pod.since));
        // Of thousands only the first few are put in order.
        if pods.len() > FOLLOWED {
            pods.select_nth_unstable_by_key(FOLLOWED, |pod| matters(pod));
            pods.truncate(FOLLOWED);
        }
        let own = chosen.and_then(|name| state.pods.get(name)).map(|pod| (pod, true));
        own.into_iter()
            .chain(pods.into_iter().map(|pod| (pod, false)))
            .filter_map(|(pod, chosen)| {
                let container = state.containers.get(&pod.name)?.clone();
                Some((Run { pod: pod.name.clone(), restarts: pod.restarts, chosen }, container))
            })
            .collect()
    })
}

/// One run's log being read.
struct Reading {
    cloud: Arc<Cloud>,
    board: Arc<Board>,
    mask: Arc<RwLock<Mask>>,
    run: Run,
    container: Arc<str>,
    /// When the newest line was written, and how many lines bear that very time.
    last: Option<(Timestamp, usize)>,
}

impl Reading {
    /// To its end; a lost connection is asked again, from the last line on.
    async fn whole(mut self) {
        while !self.on().await {
            self.cloud.clock().sleep(AGAIN).await;
        }
    }

    /// Reads on; true at the log's end.
    async fn on(&mut self) -> bool {
        let Ok(client) = self.cloud.kube.client().await else { return false };
        let Ok(request) = http::Request::get(self.address()).body(Vec::new()) else { return true };
        let log = match client.request_stream(request).await {
            Ok(log) => log,
            // Not allowed, gone, or the container has not begun.
            Err(kube::Error::Api(status)) => return matches!(status.code, 403 | 404),
            Err(_) => return false,
        };
        // Lines that were seen before the connection was lost are left out: the server counts in whole seconds.
        let mut seen = self.last.map_or(0, |(_, times)| times);
        let lines = log.lines();
        pin_mut!(lines);
        loop {
            match lines.try_next().await {
                Ok(Some(line)) => {
                    let (at, text) = stamped(&line);
                    match (at, self.last) {
                        (Some(at), Some((last, _))) if at < last => continue,
                        (Some(at), Some((last, _))) if at == last && seen > 0 => {
                            seen -= 1;
                            continue;
                        }
                        (Some(at), Some((last, times))) if at == last => self.last = Some((last, times + 1)),
                        (Some(at), _) => self.last = Some((at, 1)),
                        (None, _) => {}
                    }
                    self.tell(text);
                }
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }

    fn address(&self) -> String {
        let (namespace, pod, container) = (&self.board.namespace, &self.run.pod, &self.container);
        let from = match self.last {
            Some((last, _)) => format!("sinceTime={}", last.strftime("%Y-%m-%dT%H:%M:%SZ")),
            None => format!("tailLines={}", if self.run.chosen { CHOSEN_TAIL } else { TAIL }),
        };
        format!(
            "/api/v1/namespaces/{namespace}/pods/{pod}/log?container={container}&follow=true&timestamps=true&{from}"
        )
    }

    fn tell(&self, text: &str) {
        let text = match text.char_indices().nth(LONGEST) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text.to_owned(),
        };
        let hidden = self.mask.read().unwrap_or_else(PoisonError::into_inner).hide(&text);
        self.board.log(&self.run.pod, hidden, self.run.chosen);
    }
}

/// A line and when it was written.
fn stamped(line: &str) -> (Option<Timestamp>, &str) {
    let Some((at, text)) = line.split_once(' ') else {
        // An empty line has only its time.
        return match line.parse() {
            Ok(at) => (Some(at), ""),
            Err(_) => (None, line),
        };
    };
    match at.parse() {
        Ok(at) => (Some(at), text),
        Err(_) => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_time_in_front_or_none() {
        let (at, text) = stamped("2026-11-20T09:00:01.000000002Z ==> Starting");
        assert_eq!((at.unwrap().subsec_nanosecond(), text), (2, "==> Starting"));
        assert_eq!(stamped("2026-11-20T09:00:01Z").1, "");
        assert_eq!(stamped("no time here"), (None, "no time here"));
    }
}
