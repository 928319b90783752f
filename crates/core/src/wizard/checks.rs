//! Checks: looked at before anything is touched. Verify is the same screen after the install.

use super::{Action, Answering, Effect, Sign, Stage, TaskRow, TaskState, Vouching, Wizard};
use crate::event::{Fact, Outcome, Section, TaskPath};

/// A list of tasks with a selection. Checks, Install and Verify are all this.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    /// In order.
    pub rows: Vec<TaskRow>,
    /// The selected one.
    pub at: usize,
    /// They were asked for and have not all ended.
    pub running: bool,
    /// A person's word being typed.
    pub vouching: Option<Vouching>,
    /// A question being answered.
    pub answering: Option<Answering>,
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

    /// A row by its path, to change it.
    pub(super) fn row_mut(&mut self, path: &TaskPath) -> Option<&mut TaskRow> {
        self.rows.iter_mut().find(|row| row.path == *path)
    }

    /// Takes in what a task said; false where it is none of these.
    pub(super) fn fold(&mut self, fact: &Fact) -> bool {
        let Some(row) = self.row_mut(&fact.path) else { return false };
        row.fold(fact);
        true
    }

    /// Replaces the rows; what is known of a task that is still the same stays.
    pub(super) fn replace(&mut self, rows: Vec<TaskRow>, changed: &[TaskPath]) {
        let selected = self.selected().map(|row| row.path.clone());
        let mut old = std::mem::take(&mut self.rows);
        self.rows = rows
            .into_iter()
            .map(|row| match old.iter().position(|known| known.path == row.path) {
                Some(index) if !changed.contains(&row.path) => old.swap_remove(index),
                _ => row,
            })
            .collect();
        self.at = selected.and_then(|path| self.rows.iter().position(|row| row.path == path)).unwrap_or(0);
    }

    /// Selects the first row with the worst news, where nobody has moved yet.
    pub(super) fn select_first(&mut self, sign: Sign) {
        if let Some(index) = self.rows.iter().position(|row| row.sign() == sign) {
            self.at = index;
        }
    }
}

impl Wizard {
    /// The list of tasks of this stage.
    pub fn tasks(&self) -> Option<&Tasks> {
        match self.stage {
            Stage::Checks => Some(&self.checks),
            Stage::Install => Some(&self.install.tasks),
            Stage::Verify => Some(&self.verify.tasks),
            _ => None,
        }
    }

    pub(super) fn tasks_mut(&mut self) -> Option<&mut Tasks> {
        match self.stage {
            Stage::Checks => Some(&mut self.checks),
            Stage::Install => Some(&mut self.install.tasks),
            Stage::Verify => Some(&mut self.verify.tasks),
            _ => None,
        }
    }

    /// Runs what has not been looked at yet.
    pub(super) fn look_at_rest(&mut self, section: Section) -> Vec<Effect> {
        let tasks = if section == Section::Checks { &mut self.checks } else { &mut self.verify.tasks };
        if tasks.running {
            return Vec::new();
        }
        let rest: Vec<TaskPath> = tasks.rows.iter().filter(|row| !row.is_over()).map(|row| row.path.clone()).collect();
        if rest.is_empty() {
            return Vec::new();
        }
        tasks.running = true;
        let paths = if rest.len() == tasks.rows.len() { Vec::new() } else { rest };
        vec![Effect::Check { section, paths }]
    }

    /// Looks again at one task, or at all of this stage.
    pub(super) fn again(&mut self, path: Option<TaskPath>) -> Vec<Effect> {
        let section = match self.stage {
            Stage::Checks => Section::Checks,
            Stage::Verify => Section::Verify,
            Stage::Install => return self.try_again(),
            Stage::Plan => return self.make_plan(),
            Stage::Target => return self.look_at_target(None),
            Stage::Inputs => return self.look_up_again(path.map(|path| path.id)),
            Stage::Secrets => return self.enter_secrets(),
            Stage::Guide | Stage::Summary => return vec![Effect::Look(super::Look::Guides)],
        };
        let Some(tasks) = self.tasks_mut() else { return Vec::new() };
        for row in tasks.rows.iter_mut().filter(|row| path.as_ref().is_none_or(|path| row.path == *path)) {
            row.state = super::TaskState::Waits;
            row.vouched = None;
            (row.since, row.ended) = (None, None);
        }
        tasks.running = true;
        vec![Effect::Check { section, paths: path.into_iter().collect() }]
    }

    pub(super) fn checks_act(&mut self, action: Action) -> Vec<Effect> {
        let Some(tasks) = self.tasks_mut() else { return Vec::new() };
        let selected = tasks.selected().cloned();
        match (action, selected) {
            (Action::Again, Some(row)) => return self.again(Some(row.path)),
            (Action::AgainAll, _) => return self.again(None),
            (Action::Copy, Some(row)) => return copy(&row),
            (Action::Waive, Some(row)) => self.begin_vouching(&row, super::VouchAs::Waiver),
            (Action::Attest, Some(row)) => self.begin_vouching(&row, super::VouchAs::Attestation),
            (action, _) => tasks.at = super::guide::moved(tasks.at, tasks.rows.len(), action),
        }
        Vec::new()
    }

    /// Why the install cannot begin, or the summary not be reached, because of these.
    pub(super) fn tasks_open(&self) -> Option<String> {
        let tasks = self.tasks()?;
        let busy = tasks.rows.iter().filter(|row| !row.is_over()).count();
        if busy > 0 {
            return Some(format!("{busy} still being looked at"));
        }
        let stops: Vec<&TaskRow> = tasks.rows.iter().filter(|row| row.stops()).collect();
        if stops.is_empty() {
            return None;
        }
        let unknown = |row: &&TaskRow| matches!(row.state, TaskState::Looked(Outcome::Unknown { .. }));
        let seen = stops.iter().filter(|row| !unknown(row)).count();
        let ways = match (seen, stops.len() - seen) {
            (_, 0) => "mend it and press r, or waive it with w",
            (0, _) => "nobody could look: answer for it with a",
            _ => "mend it and press r, waive what failed with w, answer with a for what nobody could look at",
        };
        let codes: Vec<&str> = stops.iter().map(|row| row.code.as_str()).collect();
        Some(format!("{} in the way: {ways}", codes.join(", ")))
    }
}

/// The fix of a row, for the clipboard.
pub(super) fn copy(row: &TaskRow) -> Vec<Effect> {
    if let super::TaskState::Person { instruction, .. } = &row.state {
        return vec![Effect::Copy(instruction.clone())];
    }
    if let super::TaskState::HandedOver { handed, .. } = &row.state {
        let text = if handed.page.is_empty() { &handed.file } else { &handed.page };
        return vec![Effect::Copy(text.clone())];
    }
    row.problem().map(|problem| Effect::Copy(super::story::commands(&problem.fix))).into_iter().collect()
}
