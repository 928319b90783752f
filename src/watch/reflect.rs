//! List page by page, watch from there, and begin again when the connection is lost.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::{TryStreamExt, pin_mut};
use kube::core::WatchEvent;
use landfall_core::why::Link;
use serde::{Deserialize, de::DeserializeOwned};

use super::board::{Board, State};
use crate::cloud::Cloud;

/// The first page is small, so that rows are seen at once.
const FIRST_PAGE: u32 = 100;
const PAGE: u32 = 500;
/// The server ends a watch after this many seconds; it is asked again without a word.
const WATCH_SECONDS: u32 = 240;
/// A watch that says nothing for so long is asked again: a connection can be dead without a word.
const SILENCE: Duration = Duration::from_secs(90);
/// A list that takes longer has lost its connection.
const LIST: Duration = Duration::from_secs(30);
/// Between attempts; doubled up to the longest.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// One kind of object that is watched.
pub trait Kind: Send + 'static {
    /// Plural name.
    const NAME: &'static str;
    /// What is read of it; everything else is left out as it is read.
    type Object: DeserializeOwned + Clone + Send + 'static;

    /// Where it is listed.
    fn path(namespace: &str) -> String;
    /// Its name.
    fn name(object: &Self::Object) -> &str;
    /// Its version.
    fn version(object: &Self::Object) -> &str;
    /// Puts it on the board.
    fn set(state: &mut State, object: Self::Object);
    /// Takes it off the board.
    fn remove(state: &mut State, name: &str);
    /// Names on the board.
    fn names(state: &State) -> Vec<String>;
}

/// A page of a list.
#[derive(Deserialize)]
struct Page<T> {
    metadata: PageMeta,
    #[serde(default = "Vec::new")]
    items: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageMeta {
    #[serde(default)]
    resource_version: String,
    #[serde(default, rename = "continue")]
    more: Option<String>,
}

/// Why it has to begin again.
enum Lost {
    /// The version is too old: list anew, which is nothing to tell.
    TooOld,
    /// Nobody lets us look.
    Denied,
    /// An answer that is not what it should be: no lost connection, and asking again at once would not help.
    Unreadable(String),
    /// The connection.
    Connection(String),
}

/// Keeps the board current for one kind, for ever.
pub async fn reflect<K: Kind>(cloud: Arc<Cloud>, board: Arc<Board>) {
    let mut wait = SHORTEST_WAIT;
    board.link(K::NAME, Link::Connecting);
    loop {
        let lost = match list::<K>(&cloud, &board).await {
            Ok(version) => {
                board.link(K::NAME, Link::Live);
                wait = SHORTEST_WAIT;
                follow::<K>(&cloud, &board, version).await
            }
            Err(lost) => lost,
        };
        match lost {
            Lost::TooOld => continue,
            Lost::Denied => {
                board.denied(K::NAME);
                // Rights can be given meanwhile.
                cloud.clock().sleep(Duration::from_secs(60)).await;
                continue;
            }
            Lost::Unreadable(why) => {
                board.unreadable(K::NAME, why);
                cloud.clock().sleep(Duration::from_secs(60)).await;
                continue;
            }
            Lost::Connection(why) => lost_since::<K>(&cloud, &board, why),
        }
        cloud.clock().sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

fn lost_since<K: Kind>(cloud: &Cloud, board: &Board, why: String) {
    // What was never there is not lost.
    let link = if cloud.kube.is_awaited() { Link::Connecting } else { Link::Lost { since: cloud.clock().now(), why } };
    board.link(K::NAME, link);
}

/// Lists everything; rows appear page by page. Says from which version to watch.
async fn list<K: Kind>(cloud: &Cloud, board: &Board) -> Result<String, Lost> {
    let path = K::path(&board.namespace);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut more: Option<String> = None;
    loop {
        let limit = if more.is_none() { FIRST_PAGE } else { PAGE };
        let mut uri = format!("{path}{}limit={limit}", joint(&path));
        if let Some(more) = &more {
            uri.push_str(&format!("&continue={}", escaped(more)));
        }
        let client = cloud.kube.client().await.map_err(|trouble| Lost::Connection(trouble.to_string()))?;
        let request = http::Request::get(uri).body(Vec::new()).map_err(|error| Lost::Connection(error.to_string()))?;
        let page: Page<K::Object> = match tokio::time::timeout(LIST, client.request(request)).await {
            Ok(page) => page.map_err(|error| lost(cloud, &error))?,
            Err(_) => return Err(Lost::Connection(format!("no answer for {} s", LIST.as_secs()))),
        };
        board.write(|state| {
            for object in page.items {
                seen.insert(K::name(&object).to_owned());
                K::set(state, object);
            }
        });
        more = page.metadata.more.filter(|more| !more.is_empty());
        if more.is_none() {
            board.write(|state| {
                for name in K::names(state).into_iter().filter(|name| !seen.contains(name)) {
                    K::remove(state, &name);
                }
            });
            return Ok(page.metadata.resource_version);
        }
    }
}

/// Watches from a version until the connection is lost; ends and silences are asked again without a word.
async fn follow<K: Kind>(cloud: &Cloud, board: &Board, mut version: String) -> Lost {
    loop {
        if let Err(lost) = watch::<K>(cloud, board, &mut version).await {
            return lost;
        }
    }
}

async fn watch<K: Kind>(cloud: &Cloud, board: &Board, version: &mut String) -> Result<(), Lost> {
    let path = K::path(&board.namespace);
    let uri = format!(
        "{path}{}watch=1&allowWatchBookmarks=true&timeoutSeconds={WATCH_SECONDS}&resourceVersion={}",
        joint(&path),
        escaped(version)
    );
    let client = cloud.kube.client().await.map_err(|trouble| Lost::Connection(trouble.to_string()))?;
    let request = http::Request::get(uri).body(Vec::new()).map_err(|error| Lost::Connection(error.to_string()))?;
    let events = tokio::time::timeout(LIST, client.request_events::<K::Object>(request)).await;
    let events = match events {
        Ok(events) => events.map_err(|error| lost(cloud, &error))?,
        Err(_) => return Err(Lost::Connection(format!("no answer for {} s", LIST.as_secs()))),
    };
    pin_mut!(events);
    loop {
        let Ok(next) = tokio::time::timeout(SILENCE, events.try_next()).await else { return Ok(()) };
        match next.map_err(|error| lost(cloud, &error))? {
            None => return Ok(()),
            Some(WatchEvent::Added(object) | WatchEvent::Modified(object)) => {
                remember(version, K::version(&object));
                board.write(|state| K::set(state, object));
            }
            Some(WatchEvent::Deleted(object)) => {
                remember(version, K::version(&object));
                board.write(|state| K::remove(state, K::name(&object)));
            }
            Some(WatchEvent::Bookmark(bookmark)) => *version = bookmark.metadata.resource_version,
            Some(WatchEvent::Error(status)) if status.code == 410 => return Err(Lost::TooOld),
            Some(WatchEvent::Error(status)) => return Err(Lost::Connection(status.message.clone())),
        }
    }
}

fn remember(version: &mut String, seen: &str) {
    if !seen.is_empty() {
        seen.clone_into(version);
    }
}

fn lost(cloud: &Cloud, error: &kube::Error) -> Lost {
    match error {
        kube::Error::Api(status) if status.code == 410 => Lost::TooOld,
        kube::Error::Api(status) if matches!(status.code, 403 | 404) => Lost::Denied,
        kube::Error::Api(status) => {
            if status.code == 401 {
                // The next client asks for credentials anew.
                cloud.kube.renew();
            }
            Lost::Connection(status.message.clone())
        }
        kube::Error::SerdeError(error) => Lost::Unreadable(error.to_string()),
        other => Lost::Connection(innermost(other)),
    }
}

/// The innermost reason: `connection refused` rather than `client error (Connect)`.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut reason = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string()
}

/// Some paths select already.
fn joint(path: &str) -> char {
    if path.contains('?') { '&' } else { '?' }
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
