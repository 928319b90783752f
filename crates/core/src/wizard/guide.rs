//! Guide: choose what to install, or go on with an unfinished install.

use super::{GuideRow, InstallRow};
use crate::event::Problem;

/// The first screen.
#[derive(Clone, Debug, Default)]
pub struct Guides {
    /// Guides, once they were read.
    pub guides: Option<Vec<GuideRow>>,
    /// Unfinished installs, once they were read.
    pub installs: Option<Vec<InstallRow>>,
    /// Whether AWS credentials were found, once that is known.
    pub credentials: Option<bool>,
    /// The selected row, as in [`Guides::rows`].
    pub at: usize,
    /// The guide or install that is being opened.
    pub opening: Option<String>,
    /// Why it could not be opened.
    pub refused: Option<Problem>,
}

/// One row of the first screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// Go on with it.
    Install(&'a InstallRow),
    /// Begin it.
    Guide(&'a GuideRow),
    /// Rehearse it, with simulated endpoints.
    Rehearse(&'a GuideRow),
}

impl Guides {
    /// All rows in order: without credentials rehearsals first, else unfinished installs, guides, rehearsals.
    pub fn rows(&self) -> Vec<Entry<'_>> {
        let installs = self.installs.iter().flatten().map(Entry::Install);
        let usable = || self.guides.iter().flatten();
        let guides = usable().map(Entry::Guide);
        let rehearsals =
            usable().filter(|guide| !guide.scenarios.is_empty() && guide.broken.is_none()).map(Entry::Rehearse);
        if self.credentials == Some(false) {
            rehearsals.chain(installs).chain(guides).collect()
        } else {
            installs.chain(guides).chain(rehearsals).collect()
        }
    }
}
