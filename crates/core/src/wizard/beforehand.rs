//! What was said of checks before anybody looked: it counts in the same moment as what was seen, and never against what
//! the person who sits here said.

use super::{Effect, VouchAs, Vouched, Wizard, vouch::written};
use crate::{
    event::{Outcome, TaskPath},
    plan::Said,
    wizard::TaskState,
};

/// Attestations and waivers of an answers file; an attestation made here stands before them.
#[derive(Clone, Debug, Default)]
pub(super) struct Beforehand {
    attest: Vec<Said>,
    waive: Vec<Said>,
    /// Attestations made here; they stay when it is looked again.
    here: Vec<Vouched>,
}

impl Beforehand {
    /// A person said something here: for this task it stands before all that was said elsewhere.
    pub(super) fn outdone(&mut self, vouched: &Vouched, how: VouchAs) {
        if how == VouchAs::Attestation {
            self.here.retain(|known| known.path != vouched.path);
            self.here.push(vouched.clone());
        }
    }

    fn of(&self, path: &TaskPath, how: VouchAs) -> Option<Vouched> {
        let here = self.here.iter().find(|known| known.path == *path && how == VouchAs::Attestation);
        let all = if how == VouchAs::Waiver { &self.waive } else { &self.attest };
        let told = || all.iter().find(|said| path.matches(&said.task));
        here.cloned().or_else(|| {
            told().map(|said| Vouched { path: path.clone(), name: said.name.clone(), reason: said.reason.clone() })
        })
    }
}

impl Wizard {
    pub(super) fn said_beforehand(&mut self, attest: Vec<Said>, waive: Vec<Said>) -> Vec<Effect> {
        (self.beforehand.attest, self.beforehand.waive) = (attest, waive);
        let rows = self.checks.rows.iter().chain(&self.verify.tasks.rows).chain(&self.install.tasks.rows);
        let paths: Vec<TaskPath> = rows.map(|row| row.path.clone()).collect();
        paths.iter().flat_map(|path| self.hold_beforehand(path)).collect()
    }

    /// Applies what was said of this task, where there is need of it and nobody here said anything.
    pub(super) fn hold_beforehand(&mut self, path: &TaskPath) -> Vec<Effect> {
        let tasks = [&mut self.checks, &mut self.verify.tasks, &mut self.install.tasks];
        let Some(row) = tasks.into_iter().find_map(|tasks| tasks.row_mut(path)) else { return Vec::new() };
        let how = match &row.state {
            TaskState::Looked(Outcome::Unknown { .. }) => VouchAs::Attestation,
            TaskState::Looked(Outcome::Fail { .. } | Outcome::NotYet { .. }) => VouchAs::Waiver,
            _ => return Vec::new(),
        };
        match self.beforehand.of(path, how).filter(|_| row.vouched.is_none()) {
            Some(vouched) => {
                row.vouched = Some(vouched.clone());
                vec![written(vouched, how)]
            }
            None => Vec::new(),
        }
    }
}
