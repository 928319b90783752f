//! Names and hosts.
use jiff::Timestamp;
use serde::Deserialize;

use crate::world::Happening;

/// The scenario's part.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {}

/// Names and hosts.
#[derive(Debug, Default)]
pub struct Outside {}

impl Outside {
    /// Moves on to now: which names started to resolve?
    pub fn settle(&self, _now: Timestamp) -> Vec<Happening> {
        Vec::new()
    }

    /// Takes in what happened elsewhere.
    pub fn hear(&self, _now: Timestamp, _happenings: &[Happening]) {}
}
