//! Plan: what will be done, task by task, before anything is touched; and what differs from what was agreed before.

use std::sync::Arc;

use super::PlanShown;
use crate::event::Problem;

/// The sixth screen.
#[derive(Clone, Debug, Default)]
pub struct PlanStage {
    /// The plan, once there is one.
    pub plan: Option<Arc<PlanShown>>,
    /// Being made.
    pub making: bool,
    /// Why there is none.
    pub refused: Option<Problem>,
    /// The selected task.
    pub at: usize,
    /// What is shown of it.
    pub tab: PlanTab,
    /// Lines scrolled down in the story.
    pub scroll: usize,
    /// Digest of the plan that was agreed to.
    pub approved: Option<String>,
}

/// What is shown of the selected task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlanTab {
    /// What and why.
    #[default]
    What,
    /// How what is there differs; the rendered diff.
    Changes,
    /// What a person would type.
    Commands,
    /// What taking it away means.
    Undo,
    /// What it needs to be allowed to do.
    Permissions,
    /// Who must reach whom, for the whole plan.
    Hosts,
}

impl PlanTab {
    /// All, in order.
    pub const ALL: [Self; 6] = [Self::What, Self::Changes, Self::Commands, Self::Undo, Self::Permissions, Self::Hosts];

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::What => "what",
            Self::Changes => "changes",
            Self::Commands => "commands",
            Self::Undo => "undo",
            Self::Permissions => "permissions",
            Self::Hosts => "hosts",
        }
    }
}
