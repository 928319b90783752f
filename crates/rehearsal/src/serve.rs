//! Starting a rehearsal and handing out where everything is.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use crate::{Scenario, World};

/// How to start.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What to simulate (already merged with the scenario it is based on).
    pub scenario: Scenario,
    /// Overrides the scenario's speed.
    pub speed: Option<f64>,
    /// The folder to use; a temporary one that is removed at the end where it is left out.
    pub folder: Option<PathBuf>,
    /// A real API server's kubeconfig in place of the simulated one.
    pub kubernetes: Option<PathBuf>,
}

/// A running rehearsal; everything stops when it is dropped.
#[derive(Debug)]
pub struct Rehearsal {
    world: Arc<World>,
    environment: BTreeMap<String, String>,
}

impl Rehearsal {
    /// The world, for tests that look at what an install left behind.
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// What a client needs, as environment variables.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }
}
