//! Watches: changes as they happen.

use std::{collections::VecDeque, io, sync::Arc, time::Duration};

use bytes::{BufMut, Bytes, BytesMut};
use http::Response;
use serde_json::{Value, json};
use tokio::{sync::watch, time::Instant};

use super::{
    answer::{self, Form},
    call::{Call, Target},
    list::{self, Choice},
    objects::{Change, Object},
    refusal::Refusal,
    reply::{self, Body},
    resource::Resource,
    table,
};
use crate::World;

/// As many bytes as are sent in one piece.
const PIECE: usize = 256 * 1024;

#[derive(Debug)]
struct Watch {
    world: Arc<World>,
    kind: Arc<Resource>,
    namespace: String,
    choice: Choice,
    form: Form,
    bookmarks: bool,
    version: u64,
    waiting: VecDeque<Bytes>,
    changes: watch::Receiver<(u64, u64)>,
    end: Instant,
    next_bookmark: Instant,
    over: bool,
}

/// Answers a watch.
pub fn answer(
    world: &Arc<World>,
    call: &Call,
    target: &Target,
    kind: Arc<Resource>,
    form: Form,
) -> Result<Response<Body>, Refusal> {
    let choice = Choice::of(call, &kind)?;
    let asked = call.query.get("resourceVersion");
    let initial = call.query.is("sendInitialEvents");
    let from: Option<u64> = match asked {
        "" | "0" => None,
        text => {
            Some(text.parse().map_err(|_| Refusal::bad_request(format!("resourceVersion: Invalid value: {text:?}")))?)
        }
    };
    let seconds = call.query.get("timeoutSeconds").parse::<u64>().ok().filter(|seconds| *seconds > 0).unwrap_or(1800);
    let mut lasts = Duration::from_secs(seconds);
    if let Some(limit) = answer::watch_limit(world, target) {
        lasts = lasts.min(world.clock.real(limit.unsigned_abs()));
    }
    let every = world.clock.real(world.cluster.setup().times.bookmark.unsigned_abs()).max(Duration::from_millis(100));
    let mut watch = Watch {
        world: world.clone(),
        kind,
        namespace: target.namespace.clone(),
        choice,
        form,
        bookmarks: call.query.is("allowWatchBookmarks"),
        version: from.unwrap_or(0),
        waiting: VecDeque::new(),
        changes: world.cluster.changes(),
        end: Instant::now() + lasts,
        next_bookmark: Instant::now() + every,
        over: false,
    };
    if from.is_none() || initial {
        watch.send_all(initial);
    }
    let stream = futures::stream::unfold(watch, move |mut watch| async move {
        watch.next(every).await.map(|bytes| (Ok::<_, io::Error>(bytes), watch))
    });
    Ok(reply::stream("application/json", stream))
}

impl Watch {
    /// Everything that is there now, as if it had just been added.
    fn send_all(&mut self, mark_the_end: bool) {
        let world = self.world.clone();
        let (objects, version) = world.cluster.look(|state| {
            let objects: Vec<Arc<Object>> = state
                .objects
                .list(&self.kind.id, &self.namespace, None)
                .filter(|object| self.choice.takes(&object.value))
                .cloned()
                .collect();
            (objects, state.objects.version())
        });
        let mut piece = BytesMut::new();
        for object in &objects {
            self.event(&mut piece, "ADDED", object);
        }
        if mark_the_end {
            self.bookmark(&mut piece, version, true);
        }
        self.version = version;
        if !piece.is_empty() {
            self.waiting.push_back(piece.freeze());
        }
    }

    async fn next(&mut self, every: Duration) -> Option<Bytes> {
        loop {
            if let Some(piece) = self.waiting.pop_front() {
                return Some(piece);
            }
            if self.over {
                return None;
            }
            self.changes.borrow_and_update();
            self.look();
            if !self.waiting.is_empty() || self.over {
                continue;
            }
            tokio::select! {
                changed = self.changes.changed() => self.over |= changed.is_err(),
                () = tokio::time::sleep_until(self.end) => return None,
                () = tokio::time::sleep_until(self.next_bookmark) => {
                    self.next_bookmark += every;
                    if self.bookmarks {
                        let mut piece = BytesMut::new();
                        self.bookmark(&mut piece, self.version, false);
                        self.waiting.push_back(piece.freeze());
                    }
                }
            }
        }
    }

    /// Reads on in the history.
    fn look(&mut self) {
        let world = self.world.clone();
        world.cluster.look(|state| {
            let Some(changes) = state.objects.since(self.version) else {
                let oldest = state.objects.version();
                let refusal = Refusal::gone(format!("too old resource version: {} ({oldest})", self.version));
                self.waiting.push_back(format!("{}\n", json!({ "type": "ERROR", "object": refusal.status() })).into());
                self.over = true;
                return;
            };
            let mut piece = BytesMut::new();
            let mut version = self.version.max(state.objects.version());
            for change in changes {
                if let Some(kind) = self.meaning(change) {
                    self.event(&mut piece, kind, &change.object);
                }
                if piece.len() > PIECE {
                    version = change.version;
                    break;
                }
            }
            self.version = version;
            if !piece.is_empty() {
                self.waiting.push_back(piece.freeze());
            }
        });
    }

    /// What a change means to somebody who only sees what was chosen.
    fn meaning(&self, change: &Change) -> Option<&'static str> {
        let namespace = super::object::namespace(&change.object.value);
        if *change.resource != *self.kind.id || !(self.namespace.is_empty() || namespace == self.namespace) {
            return None;
        }
        let before = change.before.as_ref().is_some_and(|before| self.choice.takes(&before.value));
        let after = !change.deleted && self.choice.takes(&change.object.value);
        match (before, after) {
            (false, true) => Some("ADDED"),
            (true, true) => Some("MODIFIED"),
            (true, false) => Some("DELETED"),
            (false, false) => None,
        }
    }

    fn event(&self, piece: &mut BytesMut, kind: &str, object: &Object) {
        piece.put_slice(format!("{{\"type\":\"{kind}\",\"object\":").as_bytes());
        match self.form {
            Form::Whole => piece.put_slice(object.text()),
            Form::Metadata => piece.put_slice(list::metadata(&object.value).to_string().as_bytes()),
            Form::Table => {
                let rows = table::of(
                    &self.kind,
                    [&object.value].into_iter(),
                    &json!({ "resourceVersion": object.version().to_string() }),
                    self.world.clock.now(),
                );
                piece.put_slice(rows.to_string().as_bytes());
            }
        }
        piece.put_slice(b"}\n");
    }

    fn bookmark(&self, piece: &mut BytesMut, version: u64, end_of_initial: bool) {
        let mut metadata = json!({ "resourceVersion": version.to_string(), "creationTimestamp": null });
        if end_of_initial {
            metadata["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
        }
        let (kind, api_version) = match self.form {
            Form::Metadata => ("PartialObjectMetadata", "meta.k8s.io/v1".to_owned()),
            _ => (self.kind.kind.as_str(), self.kind.api_version()),
        };
        let object: Value = json!({ "kind": kind, "apiVersion": api_version, "metadata": metadata });
        piece.put_slice(format!("{}\n", json!({ "type": "BOOKMARK", "object": object })).as_bytes());
    }
}
