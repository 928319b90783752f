//! What a run said, as NDJSON, and how long each of its tasks took on the install's clock.
#![allow(dead_code, reason = "each bench uses its own part of this")]

use std::{
    collections::{BTreeMap, BTreeSet},
    process::{Command, Stdio},
};

use jiff::Timestamp;
use serde_json::Value;

use crate::program::Done;

/// Begin and end of one task.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// When it was first looked at.
    pub begun: Timestamp,
    /// When it was over.
    pub ended: Timestamp,
}

impl Took {
    /// In seconds.
    pub fn seconds(&self) -> f64 {
        self.ended.duration_since(self.begun).as_secs_f64()
    }
}

/// Tasks by path.
pub type Tasks = BTreeMap<String, Took>;

/// Runs a command to its end; gives its events.
pub fn events(command: &mut Command) -> Done<Vec<Value>> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    if !output.status.success() {
        return Err(format!("it ended with {}:\n{}", output.status, text.lines().last().unwrap_or_default()).into());
    }
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// The tasks of some events.
pub fn tasks<'a>(events: impl IntoIterator<Item = &'a Value>) -> Done<Tasks> {
    let mut found: Tasks = BTreeMap::new();
    for event in events.into_iter().filter(|event| event["type"] == "fact") {
        let text = |key: &str| event[key].as_str().ok_or_else(|| format!("a fact without {key}: {event}"));
        let (at, path) = (text("at")?.parse::<Timestamp>()?, text("path")?.to_owned());
        found.entry(path).or_insert(Took { begun: at, ended: at }).ended = at;
    }
    Ok(found)
}

/// From the first begin to the last end, in seconds.
pub fn wall(tasks: &Tasks) -> f64 {
    let begun = tasks.values().map(|took| took.begun).min();
    let ended = tasks.values().map(|took| took.ended).max();
    begun.zip(ended).map_or(0.0, |(begun, ended)| Took { begun, ended }.seconds())
}

/// The longest way through the tasks, each as long as it took and no sooner than those it comes after: its length in seconds,
/// and the tasks on it.
pub fn critical_path(tasks: &Tasks, after: &BTreeMap<String, BTreeSet<String>>) -> (f64, Vec<String>) {
    let mut ends: BTreeMap<&str, (f64, Option<&str>)> = BTreeMap::new();
    while ends.len() < tasks.len() {
        let known = ends.len();
        for (path, took) in tasks.iter().filter(|(path, _)| !ends.contains_key(path.as_str())).collect::<Vec<_>>() {
            let before = after.get(path).into_iter().flatten().filter(|before| tasks.contains_key(*before));
            let before: Option<Vec<_>> =
                before.map(|before| ends.get(before.as_str()).map(|end| (end.0, &**before))).collect();
            let Some(before) = before else { continue };
            let last = before.into_iter().max_by(|one, other| one.0.total_cmp(&other.0));
            ends.insert(path, (last.map_or(0.0, |last| last.0) + took.seconds(), last.map(|last| last.1)));
        }
        assert!(ends.len() > known, "the tasks run in a circle");
    }
    let Some((mut here, (length, _))) = ends.iter().max_by(|one, other| one.1.0.total_cmp(&other.1.0)) else {
        return (0.0, Vec::new());
    };
    let mut way = vec![(*here).to_owned()];
    while let Some(before) = &ends[here].1 {
        way.insert(0, (*before).to_owned());
        here = before;
    }
    (*length, way)
}
