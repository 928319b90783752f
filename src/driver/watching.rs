//! Watching an install from beside it: its journal is read as it grows, nothing is locked, proved or changed.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use landfall_core::{
    event::Fact,
    guide::LoadedGuide,
    journal::Story,
    wizard::{Input, Resumed, Standing, Wizard},
};
use tokio::sync::{mpsc, watch};

use super::{Begin, Handle, Worker, look, turn};
use crate::{
    cloud::{Cloud, KUBECONFIG_FILE},
    engine::{Holder, holder, standing, story_in},
    session::{House, Proven, Session},
};

/// How often it is looked whether the journal has grown.
const LOOK: Duration = Duration::from_millis(500);

/// An install to watch.
pub struct Watched {
    /// Its folder.
    pub folder: PathBuf,
    /// The guide as it was when it was begun.
    pub guide: Arc<LoadedGuide>,
    /// What its journal says.
    pub story: Story,
}

/// Starts a wizard that only watches.
pub fn watch(house: House, facts: mpsc::UnboundedReceiver<Fact>, watched: Watched) -> Handle {
    let (inputs, received) = mpsc::unbounded_channel();
    let (asks, asked) = mpsc::unbounded_channel();
    let (orders, ordered) = mpsc::unbounded_channel();
    let wizard = Wizard::new(Arc::new(house.kinds.catalogue()), house.endpoints.clock.now(), String::new());
    let (shown, handle_shown) = watch::channel(Arc::new(wizard.clone()));
    let session = session(&house, &watched);
    let cloud = session.cloud.clone();
    let worker = Worker {
        house: house.clone(),
        begin: Begin::default(),
        session: Some(session),
        planned: None,
        unwanted: Vec::new(),
        watching: None,
        inputs: inputs.clone(),
        asks,
    };
    tokio::spawn(worker.work(ordered));
    tokio::spawn(turn(wizard, received, facts, orders, shown, house));
    tokio::spawn(follow(watched, cloud, inputs.clone()));
    Handle { inputs, shown: handle_shown, asks: asked }
}

/// What it needs to look at the cluster: where the journal says it went.
fn session(house: &House, watched: &Watched) -> Session {
    let mut session = Session::new(house.clone(), watched.guide.clone(), watched.story.answers.clone());
    let said = &watched.story.answers.target;
    let mut endpoints = house.endpoints.clone();
    endpoints.profile = endpoints.profile.or_else(|| said.profile.clone());
    endpoints.region = endpoints.region.or_else(|| said.region.clone());
    endpoints.context = endpoints.context.or_else(|| said.context.clone());
    // What was built from EKS for this install is in its folder.
    let own = watched.folder.join(KUBECONFIG_FILE);
    if said.build_kubeconfig && own.is_file() {
        endpoints.kubeconfig = Some(own);
    }
    session.cloud = Arc::new(Cloud::new(endpoints.clone()));
    session.proven = Some(Proven { profile: endpoints.profile.unwrap_or_default(), ..Proven::written(&watched.story) });
    session
}

/// Tells the wizard what the journal says, again whenever it says more.
async fn follow(mut watched: Watched, cloud: Arc<Cloud>, inputs: mpsc::UnboundedSender<Input>) {
    let path = watched.folder.join("journal.jsonl");
    let mut told = None;
    let mut rehearsal = false;
    loop {
        let grown = grown(&path);
        let held_by = holder(&watched.folder);
        let now = (grown, held_by.clone());
        if told.as_ref() != Some(&now) {
            // A journal that cannot be read now keeps what it said before.
            if let Some(Ok(story)) = story_in(&watched.folder) {
                watched.story = story;
            }
            let standing = stands(&watched, held_by.as_ref());
            if inputs.send(Input::Watching(Box::new(resumed(&watched)), standing)).is_err() {
                return;
            }
            told = Some(now);
        }
        if !rehearsal && let Some(name) = cloud.vouch.rehearsal() {
            rehearsal = true;
            if inputs.send(Input::Rehearsal(name)).is_err() {
                return;
            }
        }
        tokio::time::sleep(LOOK).await;
        if inputs.is_closed() {
            return;
        }
    }
}

fn grown(path: &Path) -> Option<(u64, SystemTime)> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.len(), about.modified().ok()?))
}

fn stands(watched: &Watched, held_by: Option<&Holder>) -> Standing {
    let story = &watched.story;
    Standing {
        install: story.install.as_ref().map(ToString::to_string).unwrap_or_default(),
        state: standing(story, held_by),
        held_by: held_by.map(ToString::to_string),
        last: story.last,
    }
}

fn resumed(watched: &Watched) -> Resumed {
    let story = &watched.story;
    let install = story.install.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut resumed = look::resumed(&install, watched.guide.clone(), &Proven::written(story), story);
    resumed.said = story.facts_watched();
    resumed
}
