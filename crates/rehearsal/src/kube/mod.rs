//! The cluster.
use jiff::Timestamp;
use serde::Deserialize;

use crate::world::Happening;

/// The scenario's part.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {}

/// Objects of the cluster.
#[derive(Debug, Default)]
pub struct Store {}

impl Store {
    /// Moves on to now.
    pub fn settle(&self, _now: Timestamp, _happenings: &[Happening]) -> Vec<Happening> {
        Vec::new()
    }
}
