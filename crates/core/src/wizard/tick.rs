//! How often does the screen change by itself?

use super::{SecretField, Sign, Stage, Wizard};
use crate::why::Link;

/// How often a screen changes without an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tick {
    /// Never.
    None,
    /// A clock on it shows seconds.
    Second,
    /// Something on it spins.
    Spinner,
}

impl Wizard {
    /// How often this screen changes by itself; the driver sends `Input::Tick` no more often than a second.
    pub fn tick(&self) -> Tick {
        if self.watching.is_some() {
            // What was begun elsewhere spins there; here only the time without a connection is counted.
            return if matches!(self.snapshot.link, Link::Lost { .. }) { Tick::Second } else { Tick::None };
        }
        let spins = match self.stage {
            Stage::Guide => self.guide.guides.is_none() || self.guide.opening.is_some(),
            Stage::Target => self.target.looking,
            Stage::Inputs if self.gathering => true,
            Stage::Inputs => {
                self.inputs.all.iter().any(|field| field.wanted && field.suggestions == super::Suggestions::Asked)
            }
            Stage::Secrets => self.secrets.wanted_fields().any(SecretField::is_busy),
            Stage::Plan => self.plan.making,
            Stage::Summary => self.summary.shown.is_none(),
            Stage::Checks | Stage::Install | Stage::Verify => {
                self.tasks().is_some_and(|tasks| tasks.running && tasks.rows.iter().any(|row| row.sign() == Sign::Busy))
            }
        };
        if spins {
            Tick::Spinner
        } else if self.tasks().is_some_and(|tasks| tasks.running) {
            Tick::Second
        } else {
            Tick::None
        }
    }

    /// Whether this stage shows how long it takes.
    pub fn shows_elapsed(&self) -> bool {
        matches!(self.stage, Stage::Checks | Stage::Install | Stage::Verify)
    }
}
