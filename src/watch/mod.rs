//! What goes on in the cluster, live: compact rows of nodes, pods, events, claims, ingresses and log lines.
//!
//! [`Watch::start`] lists page by page, watches from there, connects again by itself and says so meanwhile. A picture
//! ([`Snapshot`]) is published when something changed, at most ten times a second. Start with `reflect.rs`.

mod board;
mod events;
mod logs;
mod names;
mod namespace;
mod nodes;
mod pod;
mod pods;
mod quantity;
mod reflect;
mod volumes;

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use landfall_core::{value::Mask, why::Snapshot};
use tokio::{sync::watch, task::JoinSet};

use crate::cloud::Cloud;
use board::Board;
use reflect::reflect;

/// At most ten pictures a second.
const PAUSE: Duration = Duration::from_millis(100);

/// A watch; dropping it ends it.
pub struct Watch {
    pictures: watch::Receiver<Arc<Snapshot>>,
    chosen: watch::Sender<Option<String>>,
    _tasks: JoinSet<()>,
}

impl Watch {
    /// Begins to watch a namespace (and the cluster's nodes). Log lines go through `mask`.
    pub fn start(cloud: Arc<Cloud>, namespace: &str, mask: Arc<RwLock<Mask>>) -> Self {
        let board = Arc::new(Board::new(namespace));
        let (publish, pictures) = watch::channel(Arc::new(board.picture()));
        let (chosen, choice) = watch::channel(None);
        let mut tasks = JoinSet::new();
        tasks.spawn(reflect::<namespace::Namespaces>(cloud.clone(), board.clone()));
        tasks.spawn(reflect::<pods::Pods>(cloud.clone(), board.clone()));
        tasks.spawn(reflect::<nodes::Nodes>(cloud.clone(), board.clone()));
        tasks.spawn(reflect::<events::Events>(cloud.clone(), board.clone()));
        tasks.spawn(reflect::<volumes::Claims>(cloud.clone(), board.clone()));
        tasks.spawn(reflect::<volumes::Classes>(cloud.clone(), board.clone()));
        tasks.spawn(reflect::<names::Ingresses>(cloud.clone(), board.clone()));
        tasks.spawn(logs::follow(cloud, board.clone(), mask, choice));
        tasks.spawn(async move {
            loop {
                board.changed().await;
                if publish.send(Arc::new(board.picture())).is_err() {
                    return;
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { pictures, chosen, _tasks: tasks }
    }

    /// Follows this pod's log before all others.
    pub fn choose(&self, pod: Option<String>) {
        // Nobody listens any more only where the watch is over.
        let _ = self.chosen.send(pod);
    }

    /// The pictures, newest only.
    pub fn pictures(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.pictures.clone()
    }
}
