//! Why does it wait? One causal line for everything that waits, from what is already watched.
//!
//! [`why`] is pure: a [`Snapshot`] and the running tasks in, [`Chain`]s out. One file per cause.

mod chain;
mod cloud;
mod code;
mod image;
mod name;
mod schedule;
mod snapshot;
mod start;
mod volume;

pub use chain::{Cause, Chain, Running};
pub use code::code;
pub use snapshot::{
    ClaimRow, Container, EventRow, IngressRow, Link, LogLine, NodeRow, PodLog, PodRow, PodWait, Snapshot, Taint,
    Toleration,
};

use jiff::Timestamp;

/// One causal line for everything that waits: pods that are not ready, ingresses without an address, and running
/// tasks no pod's line mentions.
pub fn why(snapshot: &Snapshot, now: Timestamp, running: &[Running<'_>]) -> Vec<Chain> {
    let mut chains: Vec<Chain> = snapshot
        .pods
        .iter()
        .filter(|pod| !pod.settled())
        .filter_map(|pod| {
            let wait = pod.waits.as_deref()?;
            schedule::why(snapshot, pod, wait, now, running)
                .or_else(|| volume::why(snapshot, pod, wait))
                .or_else(|| image::why(snapshot, pod, wait))
                .or_else(|| start::why(snapshot, pod, wait))
        })
        .collect();
    merge(&mut chains);
    chains.extend(name::why(snapshot, now));
    let told = |task: &Running<'_>| {
        chains.iter().any(|chain| chain.causes.iter().any(|cause| cause.what.contains(task.title)))
    };
    let rest: Vec<Chain> = running.iter().filter(|task| !told(task)).filter_map(|task| cloud::why(task, now)).collect();
    chains.extend(rest);
    chains
}

/// Pods that wait for the same reason are one line: `auth-0 and 3 more`.
fn merge(chains: &mut Vec<Chain>) {
    let mut merged: Vec<Chain> = Vec::new();
    for chain in chains.drain(..) {
        match merged.iter_mut().find(|known| known.causes == chain.causes && known.state == chain.state) {
            Some(known) => known.more += 1 + chain.more,
            None => merged.push(chain),
        }
    }
    *chains = merged;
}

#[cfg(test)]
mod tests;
