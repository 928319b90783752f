//! The AWS account.
use jiff::Timestamp;
use serde::Deserialize;

use crate::world::Happening;

/// The scenario's part.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {}

/// State of the account.
#[derive(Debug, Default)]
pub struct Account {}

impl Account {
    /// Moves on to now.
    pub fn settle(&self, _now: Timestamp) -> Vec<Happening> {
        Vec::new()
    }
}
