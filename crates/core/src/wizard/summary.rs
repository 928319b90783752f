//! Summary: what was made, what the vendor's text had wrong, what expires, and what to know from now on.

use std::sync::Arc;

use super::SummaryShown;

/// The last screen.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// What the driver tells.
    pub shown: Option<Arc<SummaryShown>>,
    /// Lines scrolled down.
    pub scroll: usize,
}

impl SummaryShown {
    /// The sentence about the vendor's text.
    pub fn errata_line(&self) -> Option<String> {
        match self.errata.len() {
            0 => None,
            1 => Some("As printed, this guide would have failed here once.".into()),
            times => Some(format!("As printed, this guide would have failed here {times} times.")),
        }
    }
}
