//! Runs the wizard: takes inputs, carries its effects out, and shows every new state. Both front ends sit on it.
//!
//! One loop owns the [`Wizard`]; one worker owns the [`Session`] and takes effects in order, sending what takes long on
//! its way. What only a terminal can do comes out as [`Ask`].

mod look;
mod run;
mod target;
mod vault;
mod watching;

use std::{path::PathBuf, sync::Arc, time::Duration};

use landfall_core::{
    event::Fact,
    plan::Answers,
    wizard::{Effect, Input, Tick, Wizard},
};
use tokio::sync::{mpsc, watch};

pub use watching::{Watched, watch};

use crate::{
    cloud::KUBECONFIG_FILE,
    session::{House, Planned, Session},
};

/// What only a front end can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Put a text on the clipboard; it was saved in this file, too.
    Copy {
        /// The text.
        text: String,
        /// Where it was saved.
        path: String,
    },
    /// Open the person's shell with these variables, and send [`Input::ShellEnded`] when it ends.
    Shell {
        /// Context, namespace, profile and region.
        environment: Vec<(String, String)>,
    },
    /// Leave, and begin a rehearsal.
    Rehearse {
        /// Which guide.
        guide: String,
        /// Which scenario.
        scenario: String,
    },
    /// Leave.
    Quit,
}

/// What a front end holds.
pub struct Handle {
    /// Where inputs go.
    pub inputs: mpsc::UnboundedSender<Input>,
    /// The newest state.
    pub shown: watch::Receiver<Arc<Wizard>>,
    /// What only a front end can do.
    pub asks: mpsc::UnboundedReceiver<Ask>,
}

/// How a front end ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The person left.
    Quit,
    /// The person wants a rehearsal.
    Rehearse {
        /// Which guide.
        guide: String,
        /// Which scenario.
        scenario: String,
    },
    /// The terminal is gone, or standard input ended.
    HungUp,
    /// Ctrl-C, twice.
    Interrupted,
}

/// How to begin.
#[derive(Clone, Debug, Default)]
pub struct Begin {
    /// Open this guide at once.
    pub guide: Option<String>,
    /// Answers that fill the screens in.
    pub answers: Option<PathBuf>,
}

/// Starts the wizard; it runs until its inputs are dropped or it quits.
pub fn start(house: House, facts: mpsc::UnboundedReceiver<Fact>, begin: Begin) -> Handle {
    let (inputs, received) = mpsc::unbounded_channel();
    let (asks, asked) = mpsc::unbounded_channel();
    let (orders, ordered) = mpsc::unbounded_channel();
    let who = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default();
    let mut wizard = Wizard::new(Arc::new(house.kinds.catalogue()), house.endpoints.clock.now(), who);
    wizard.temporary = house.endpoints.goes_with().map(|folder| folder.display().to_string());
    let (shown, handle_shown) = watch::channel(Arc::new(wizard.clone()));
    for effect in wizard.begin() {
        let _ = orders.send(effect);
    }
    if let Some(guide) = &begin.guide {
        let _ = inputs.send(Input::ChooseGuide(guide.clone()));
    }
    let worker = Worker {
        house: house.clone(),
        begin,
        session: None,
        planned: None,
        unwanted: Vec::new(),
        watching: None,
        inputs: inputs.clone(),
        asks,
    };
    tokio::spawn(worker.work(ordered));
    tokio::spawn(turn(wizard, received, facts, orders, shown, house));
    Handle { inputs, shown: handle_shown, asks: asked }
}

/// How long a screen on which only ages grow is left alone.
const QUIET: Duration = Duration::from_secs(10);

/// The loop that owns the wizard.
async fn turn(
    mut wizard: Wizard,
    mut inputs: mpsc::UnboundedReceiver<Input>,
    mut facts: mpsc::UnboundedReceiver<Fact>,
    orders: mpsc::UnboundedSender<Effect>,
    shown: watch::Sender<Arc<Wizard>>,
    house: House,
) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut told = tokio::time::Instant::now();
    loop {
        let input = tokio::select! {
            biased;
            input = inputs.recv() => match input {
                Some(input) => input,
                None => return,
            },
            Some(fact) = facts.recv() => Input::Fact(fact),
            _ = second.tick() => Input::Tick(house.endpoints.clock.now()),
        };
        let only_later = matches!(input, Input::Tick(_));
        let mut effects = wizard.update(input);
        // What has come in meanwhile is taken together, so that a burst of facts is one new picture.
        while let Ok(fact) = facts.try_recv() {
            effects.extend(wizard.update(Input::Fact(fact)));
        }
        for effect in effects {
            if orders.send(effect).is_err() {
                return;
            }
        }
        // A screen that shows no clock is drawn anew now and then, for the ages on it.
        if only_later && wizard.tick() == Tick::None && told.elapsed() < QUIET {
            continue;
        }
        told = tokio::time::Instant::now();
        if shown.send(Arc::new(wizard.clone())).is_err() {
            return;
        }
    }
}

/// The one who carries effects out, in order.
struct Worker {
    house: House,
    begin: Begin,
    session: Option<Session>,
    planned: Option<Arc<Planned>>,
    /// Steps that are no longer wanted and that a person agreed to take away.
    unwanted: Vec<landfall_core::event::TaskPath>,
    watching: Option<crate::watch::Watch>,
    inputs: mpsc::UnboundedSender<Input>,
    asks: mpsc::UnboundedSender<Ask>,
}

impl Worker {
    async fn work(mut self, mut orders: mpsc::UnboundedReceiver<Effect>) {
        while let Some(effect) = orders.recv().await {
            match effect {
                Effect::Look(look) => self.look(look).await,
                Effect::Lookup { field, lookup, with } => self.lookup(field, lookup, with),
                Effect::Check { section, paths } => self.check(section, &paths),
                Effect::Plan => self.plan(),
                Effect::Run => self.run().await,
                Effect::Pause => self.pause(),
                Effect::Decide { path, question: _, choice, name, reason } => self.decide(&path, choice, name, reason),
                Effect::Vault(wish) => self.vault(wish).await,
                Effect::Record(record) => self.record(record).await,
                Effect::Copy(text) => self.copy(text),
                Effect::Shell => self.shell(),
                Effect::Watch(on) => self.watch(on),
                Effect::Follow(pod) => {
                    if let Some(watching) = &self.watching {
                        watching.choose(pod);
                    }
                }
                Effect::Quit => {
                    self.pause();
                    let _ = self.asks.send(Ask::Quit);
                }
            }
        }
    }

    fn tell(&self, input: Input) {
        // A front end that is gone hears nothing; the journal knows the rest.
        let _ = self.inputs.send(input);
    }

    /// Saves the text beside the install, where no clipboard loses it, and lets the front end copy it.
    fn copy(&self, text: String) {
        let folder = match self.session.as_ref().and_then(|session| session.bound.as_ref()) {
            Some(bound) => bound.folder.clone(),
            None => self.house.endpoints.state.clone(),
        };
        let path = folder.join("copied.txt");
        let saved = crate::engine::private_folder(&folder)
            .and_then(|()| crate::cloud::private::replace(&path, text.as_bytes()));
        let path = match saved {
            Ok(()) => path.display().to_string(),
            Err(error) => format!("nothing ({error})"),
        };
        let _ = self.asks.send(Ask::Copy { text, path: path.clone() });
        self.tell(Input::Copied(path));
    }

    fn shell(&self) {
        let mut environment = Vec::new();
        if let Some(session) = &self.session {
            let target = session.proven.as_ref();
            let mut set = |name: &str, value: Option<String>| {
                environment.extend(value.filter(|value| !value.is_empty()).map(|value| (name.to_owned(), value)));
            };
            set("AWS_PROFILE", target.map(|proven| proven.profile.clone()));
            set("AWS_REGION", target.map(|proven| proven.target.region.clone()));
            set("LANDFALL_CONTEXT", target.map(|proven| proven.context.clone()));
            let own =
                session.bound.as_ref().map(|bound| bound.folder.join(KUBECONFIG_FILE)).filter(|path| path.is_file());
            set("KUBECONFIG", own.map(|path| path.display().to_string()));
            set("LANDFALL_NAMESPACE", target.map(|proven| proven.target.namespace.clone()));
        }
        let _ = self.asks.send(Ask::Shell { environment });
    }

    fn watch(&mut self, on: bool) {
        let Some(session) = self.session.as_ref().filter(|_| on) else {
            self.watching = None;
            return;
        };
        if self.watching.is_some() {
            return;
        }
        let namespace = session.target_value()["namespace"].as_str().unwrap_or_default().to_owned();
        let watch = crate::watch::Watch::start(session.cloud.clone(), &namespace, self.house.mask.clone());
        let (mut pictures, inputs) = (watch.pictures(), self.inputs.clone());
        tokio::spawn(async move {
            while pictures.changed().await.is_ok() {
                let picture = pictures.borrow_and_update().clone();
                if inputs.send(Input::Snapshot(picture)).is_err() {
                    return;
                }
            }
        });
        self.watching = Some(watch);
    }

    /// The answers file that is named.
    fn answers_file(&self) -> Option<PathBuf> {
        self.begin.answers.clone().or_else(|| self.house.endpoints.answers.clone())
    }

    fn answers(&self, guide: &landfall_core::guide::Guide) -> Result<Answers, Vec<String>> {
        self.answers_file()
            .map_or_else(|| Ok(Answers::default()), |path| crate::session::read_answers(&path, guide, false))
    }
}
