//! Log lines of the pods that matter now: those that are not ready first, then the newest.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use futures::{AsyncBufReadExt, TryStreamExt, pin_mut};
use landfall_core::value::Mask;
use tokio::task::{AbortHandle, JoinSet};

use super::board::Board;
use crate::cloud::Cloud;

/// How many logs are followed at once.
const FOLLOWED: usize = 12;
/// Lines of the past that a log begins with.
const TAIL: u32 = 20;
/// Longer lines are broken off: a log line can be a whole document.
const LONGEST: usize = 1_000;
/// How often it is decided anew which logs matter.
const LOOK: Duration = Duration::from_secs(2);

/// A container's run: a new one begins with every restart.
type Run = (String, u32);

/// Follows logs, for ever.
pub async fn follow(cloud: Arc<Cloud>, board: Arc<Board>, mask: Arc<RwLock<Mask>>) {
    let mut running = JoinSet::new();
    // Runs that are followed, or were to their end.
    let mut known: BTreeMap<Run, AbortHandle> = BTreeMap::new();
    loop {
        let wanted = wanted(&board);
        known.retain(|run, handle| {
            let keep = wanted.iter().any(|(known, _)| known == run);
            if !keep {
                handle.abort();
            }
            keep
        });
        for (run, container) in wanted {
            known.entry(run.clone()).or_insert_with(|| {
                running.spawn(one(cloud.clone(), board.clone(), mask.clone(), run.0, container.to_string()))
            });
        }
        while running.try_join_next().is_some() {}
        tokio::time::sleep(LOOK).await;
    }
}

/// The runs whose logs matter, with their container.
fn wanted(board: &Board) -> Vec<(Run, Arc<str>)> {
    board.read(|state| {
        let mut pods: Vec<_> = state
            .pods
            .values()
            .filter(|pod| {
                pod.node.is_some() && !matches!(&*pod.status, "Pending" | "ContainerCreating" | "PodInitializing")
            })
            .filter(|pod| !pod.status.contains("Image"))
            .collect();
        pods.sort_by_key(|pod| (pod.settled(), std::cmp::Reverse(pod.since)));
        pods.into_iter()
            .take(FOLLOWED)
            .filter_map(|pod| {
                let container = state.containers.get(&pod.name)?.clone();
                Some(((pod.name.clone(), pod.restarts), container))
            })
            .collect()
    })
}

/// One run's log to its end; a lost connection is asked again, beginning with what is new.
async fn one(cloud: Arc<Cloud>, board: Arc<Board>, mask: Arc<RwLock<Mask>>, pod: String, container: String) {
    let mut tail = TAIL;
    for _ in 0..100 {
        if read(&cloud, &board, &mask, &pod, &container, tail).await {
            return;
        }
        tail = 1;
        cloud.clock().sleep(Duration::from_secs(5)).await;
    }
}

/// Reads on; true at the log's end.
async fn read(cloud: &Cloud, board: &Board, mask: &RwLock<Mask>, pod: &str, container: &str, tail: u32) -> bool {
    let Ok(client) = cloud.kube.client().await else { return false };
    let uri = format!(
        "/api/v1/namespaces/{}/pods/{pod}/log?container={container}&follow=true&tailLines={tail}",
        board.namespace
    );
    let Ok(request) = http::Request::get(uri).body(Vec::new()) else { return true };
    let log = match client.request_stream(request).await {
        Ok(log) => log,
        // Not allowed, or the container has not begun.
        Err(kube::Error::Api(status)) => return matches!(status.code, 403 | 404),
        Err(_) => return false,
    };
    let lines = log.lines();
    pin_mut!(lines);
    loop {
        match lines.try_next().await {
            Ok(Some(line)) => {
                let line = match line.char_indices().nth(LONGEST) {
                    Some((at, _)) => format!("{}…", &line[..at]),
                    None => line,
                };
                let hidden = mask.read().unwrap_or_else(PoisonError::into_inner).hide(&line);
                board.log(pod, hidden);
            }
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}
