//! Logs of pods.

use std::{fmt::Write, io, sync::Arc};

use bytes::Bytes;
use http::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::watch;

use super::{
    call::Call,
    live::pod::Line,
    object,
    objects::Key,
    refusal::Refusal,
    reply::{self, Body},
    resource::Resource,
};
use crate::World;

#[derive(Debug)]
struct Follow {
    world: Arc<World>,
    key: Key,
    uid: String,
    container: String,
    timestamps: bool,
    seen: usize,
    restarts: i64,
    first: Option<Bytes>,
    changes: watch::Receiver<(u64, u64)>,
}

/// Answers `…/pods/NAME/log`.
pub fn answer(world: &Arc<World>, call: &Call, key: &Key, kind: &Resource) -> Result<Response<Body>, Refusal> {
    let changes = world.cluster.changes();
    let timestamps = call.query.is("timestamps");
    let (first, seen, restarts, uid, container) = world.cluster.look(|state| {
        let pod = state.objects.value(key).ok_or_else(|| Refusal::not_found(kind, &key.name))?;
        let container = container(pod, call.query.get("container"))?;
        let previous = call.query.is("previous");
        let status = status(pod, &container);
        if previous && object::at(status, "/lastState/terminated").is_none() {
            return Err(Refusal::bad_request(format!(
                "previous terminated container \"{container}\" in pod \"{}\" not found",
                key.name
            )));
        }
        if !previous && let Some(reason) = not_started(pod, status) {
            return Err(Refusal::bad_request(format!("container \"{container}\" in pod \"{}\" {reason}", key.name)));
        }
        let run = state.runs.get(key);
        let all: &[Line] =
            run.map(|run| if previous { &run.previous } else { &run.lines }).map(Vec::as_slice).unwrap_or_default();
        let since = since(call, world.clock.now())?;
        let mut lines: Vec<&Line> = all
            .iter()
            .filter(|line| line.container == container && since.is_none_or(|since| line.at >= since))
            .collect();
        if let Ok(tail) = call.query.get("tailLines").parse::<usize>() {
            lines.drain(..lines.len().saturating_sub(tail));
        }
        let mut text = written(lines.into_iter(), timestamps);
        if let Ok(limit) = call.query.get("limitBytes").parse::<usize>() {
            while !text.is_char_boundary(limit.min(text.len())) {
                text.pop();
            }
            text.truncate(limit);
        }
        Ok((text, all.len(), restarts(status), object::uid(pod).to_owned(), container))
    })?;
    if !call.query.is("follow") || call.query.is("previous") {
        return Ok(reply::text(first));
    }
    let follow = Follow {
        world: world.clone(),
        key: key.clone(),
        uid,
        container,
        timestamps,
        seen,
        restarts,
        first: (!first.is_empty()).then(|| first.into()),
        changes,
    };
    Ok(reply::stream(
        "text/plain",
        futures::stream::unfold(follow, |mut follow| async move {
            follow.next().await.map(|text| (Ok::<_, io::Error>(text), follow))
        }),
    ))
}

impl Follow {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        loop {
            self.changes.borrow_and_update();
            let world = self.world.clone();
            let (text, over) = world.cluster.look(|state| {
                let Some(pod) = state.objects.value(&self.key).filter(|pod| object::uid(pod) == self.uid) else {
                    return (String::new(), true);
                };
                let status = status(pod, &self.container);
                let run = state.runs.get(&self.key);
                // A follower stays with its container: what it said last is among the previous lines after a restart.
                let restarted = restarts(status) != self.restarts;
                let lines = run
                    .map(|run| if restarted { &run.previous } else { &run.lines })
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                let text = written(
                    lines.iter().skip(self.seen).filter(|line| line.container == self.container),
                    self.timestamps,
                );
                self.seen = lines.len();
                (text, restarted || object::at(status, "/state/running").is_none())
            });
            if !text.is_empty() {
                return Some(text.into());
            }
            if over || self.changes.changed().await.is_err() {
                return None;
            }
        }
    }
}

fn written<'a>(lines: impl Iterator<Item = &'a Line>, timestamps: bool) -> String {
    let mut text = String::new();
    for line in lines {
        // Writing to a String cannot fail.
        let _ =
            if timestamps { writeln!(text, "{:.9} {}", line.at, line.text) } else { writeln!(text, "{}", line.text) };
    }
    text
}

fn status<'a>(pod: &'a Value, container: &str) -> &'a Value {
    let all = ["/status/containerStatuses", "/status/initContainerStatuses"]
        .into_iter()
        .flat_map(|field| object::list(pod, field));
    all.into_iter().find(|status| status["name"] == container).unwrap_or(&Value::Null)
}

fn restarts(status: &Value) -> i64 {
    object::int(status, "/restartCount").unwrap_or(0)
}

fn not_started(pod: &Value, status: &Value) -> Option<String> {
    if object::text(pod, "/spec/nodeName").is_empty() {
        return Some("is waiting to start: no node".into());
    }
    let reason = object::text(status, "/state/waiting/reason");
    match reason {
        "" | "CrashLoopBackOff" => None,
        "ErrImagePull" | "ImagePullBackOff" => Some("is waiting to start: trying and failing to pull image".into()),
        _ => Some(format!("is waiting to start: {reason}")),
    }
}

fn container(pod: &Value, asked: &str) -> Result<String, Refusal> {
    let named = |field: &str| {
        object::list(pod, field).iter().map(|container| object::text(container, "/name")).collect::<Vec<_>>()
    };
    let (all, init) = (named("/spec/containers"), named("/spec/initContainers"));
    let name = object::name(pod);
    match (asked, all.as_slice()) {
        ("", [only]) => Ok((*only).to_owned()),
        ("", all) => Err(Refusal::bad_request(format!(
            "a container name must be specified for pod {name}, choose one of: [{}]",
            all.join(" ")
        ))),
        (asked, all) if all.contains(&asked) || init.contains(&asked) => Ok(asked.to_owned()),
        (asked, _) => Err(Refusal::bad_request(format!("container {asked} is not valid for pod {name}"))),
    }
}

fn since(call: &Call, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
    let (seconds, time) = (call.query.get("sinceSeconds"), call.query.get("sinceTime"));
    if let Ok(seconds) = seconds.parse::<i64>() {
        return Ok(now.checked_sub(SignedDuration::from_secs(seconds)).ok());
    }
    if time.is_empty() {
        return Ok(None);
    }
    time.parse().map(Some).map_err(|error| Refusal::bad_request(format!("sinceTime: {error}")))
}
