//! One input in, effects out.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Effect, Input, Look, Stage, Wizard};
use crate::{catalogue::Catalogue, why::Snapshot};

impl Wizard {
    /// At the first stage, knowing nothing. `who` is the name offered where a person vouches for something.
    pub fn new(catalogue: Arc<Catalogue>, now: Timestamp, who: impl Into<String>) -> Self {
        Self {
            stage: Stage::Guide,
            reached: Stage::Guide,
            now,
            started: now,
            size: (80, 24),
            who: who.into(),
            catalogue,
            loaded: None,
            install_id: None,
            facts: Default::default(),
            guide: Default::default(),
            target: Default::default(),
            inputs: Default::default(),
            secrets: Default::default(),
            checks: Default::default(),
            plan: Default::default(),
            install: Default::default(),
            verify: Default::default(),
            summary: Default::default(),
            snapshot: Arc::new(Snapshot::default()),
            over: None,
            notice: None,
            pausing: false,
        }
    }

    /// What to do at the very start.
    pub fn begin(&self) -> Vec<Effect> {
        vec![Effect::Look(Look::Guides)]
    }

    /// Takes one input in; gives what is to be done about it.
    pub fn update(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::Tick(now) => self.now = now,
            Input::Size(columns, rows) => self.size = (columns, rows),
            Input::Snapshot(snapshot) => self.snapshot = snapshot,
            _ => {}
        }
        Vec::new()
    }
}
