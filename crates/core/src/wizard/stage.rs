//! Which stages are there, and in which order?

use serde::{Deserialize, Serialize};

/// A stage of the wizard; both front ends walk them in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Choose a guide, or go on with an unfinished install.
    #[default]
    Guide,
    /// Say where it goes, and prove it.
    Target,
    /// Answer what the guide asks.
    Inputs,
    /// Enter what goes into the vault.
    Secrets,
    /// Look before anything is touched.
    Checks,
    /// See what will be done, and agree.
    Plan,
    /// It is being done.
    Install,
    /// Prove that it works.
    Verify,
    /// What was made, and what to know from now on.
    Summary,
}

impl Stage {
    /// All, in order.
    pub const ALL: [Self; 9] = [
        Self::Guide,
        Self::Target,
        Self::Inputs,
        Self::Secrets,
        Self::Checks,
        Self::Plan,
        Self::Install,
        Self::Verify,
        Self::Summary,
    ];

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Guide => "Guide",
            Self::Target => "Target",
            Self::Inputs => "Inputs",
            Self::Secrets => "Secrets",
            Self::Checks => "Checks",
            Self::Plan => "Plan",
            Self::Install => "Install",
            Self::Verify => "Verify",
            Self::Summary => "Summary",
        }
    }

    /// From 1.
    pub fn number(self) -> usize {
        self as usize + 1
    }

    /// The one after it.
    pub fn next(self) -> Option<Self> {
        Self::ALL.get(self as usize + 1).copied()
    }

    /// The one before it.
    pub fn back(self) -> Option<Self> {
        (self as usize).checked_sub(1).and_then(|index| Self::ALL.get(index).copied())
    }
}
