//! Checks: looked at before anything is touched. Verify is the same screen after the install.

use super::{Line, TaskRow};
use crate::event::TaskPath;

/// A list of tasks with a selection. Checks, Install and Verify are all this.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    /// In order.
    pub rows: Vec<TaskRow>,
    /// The selected one.
    pub at: usize,
    /// They were asked for and have not all ended.
    pub running: bool,
    /// They ended at least once.
    pub looked: bool,
    /// A person's word being typed.
    pub vouching: Option<Vouching>,
    /// A question being answered.
    pub answering: Option<Answering>,
}

/// Whether a person goes on in spite of a failure, or answers for what nobody could look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VouchAs {
    /// Go on in spite of it.
    Waiver,
    /// Answer for it.
    Attestation,
}

/// A person's word being typed, inside the task's story.
#[derive(Clone, Debug)]
pub struct Vouching {
    /// Which kind.
    pub how: VouchAs,
    /// On which task.
    pub path: TaskPath,
    /// Who.
    pub name: Line,
    /// Why, or a ticket.
    pub reason: Line,
    /// The reason is being typed; else the name.
    pub on_reason: bool,
    /// Why it was not taken.
    pub refusal: Option<String>,
}

/// A task's question being answered.
#[derive(Clone, Debug)]
pub struct Answering {
    /// Whose question.
    pub path: TaskPath,
    /// The selected choice.
    pub at: usize,
    /// The word typed, where one has to be.
    pub typed: Line,
    /// Why, where the person says.
    pub refusal: Option<String>,
}

impl Tasks {
    /// The selected row.
    pub fn selected(&self) -> Option<&TaskRow> {
        self.rows.get(self.at)
    }

    /// A row by its path.
    pub fn row(&self, path: &TaskPath) -> Option<&TaskRow> {
        self.rows.iter().find(|row| row.path == *path)
    }
}
