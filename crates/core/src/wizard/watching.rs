//! Watching an install: its steps as the journal tells them, beside what is watched. Nothing can be done from this seat.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{AnsweredBy, Effect, Over, Resumed, Sign, Stage, TaskRow, TaskState, Wizard};
use crate::{
    event::{Fact, Section, TaskPath},
    guide::Task,
    plan::PlannedTask,
};

/// An install that is watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its id.
    pub install: String,
    /// Where it stands as a whole: `finished`, `failed: 3 of 12 steps done` …
    pub state: String,
    /// Who has it open, where somebody does.
    pub held_by: Option<String>,
    /// When something was last written down.
    pub last: Option<Timestamp>,
}

impl Wizard {
    /// Takes in what the journal says: everything the first time, the newest state of every task afterwards.
    pub(super) fn watch(&mut self, resumed: Resumed, standing: Standing) -> Vec<Effect> {
        let first = self.watching.is_none();
        let changed = first || self.resolved.is_none() || self.answered_otherwise(&resumed);
        self.watching = Some(standing);
        let selected = self.install.tasks.selected().map(|row| row.path.clone());
        if first {
            self.lay_out(resumed.guide);
            self.install_id = Some(resumed.install);
            self.target.seen = Some(resumed.target);
            (self.stage, self.reached, self.stage_since) = (Stage::Install, Stage::Install, self.now);
        }
        if changed {
            self.facts = resumed.facts;
            for (name, value) in resumed.answers {
                if let Some(field) = self.inputs.named_mut(&name) {
                    field.given = value;
                    field.by = AnsweredBy::Person;
                }
            }
            // Nothing is looked up from this seat: what was answered is all there is.
            let _ = self.refresh_inputs();
            self.resolve();
            if self.resolved.is_none() {
                // Before a plan is made its facts are open; what was looked at and done already is told all the same.
                self.over = self.over.take().filter(|over| !matches!(over, Over::Trouble(_)));
                self.rows_of(&resumed.said);
            }
        } else {
            // The journal grows with every step: only what it says of them is new.
            let (checks, verify) = (&self.checks, &self.verify.tasks);
            self.install.tasks.rows.retain(|row| checks.row(&row.path).is_none() && verify.row(&row.path).is_none());
        }
        for tasks in [&mut self.checks, &mut self.install.tasks, &mut self.verify.tasks] {
            for row in &mut tasks.rows {
                (row.state, row.done) = (TaskState::Waits, false);
                (row.since, row.ended, row.attempt) = (None, None, 0);
            }
        }
        for fact in &resumed.said {
            let _known = self.checks.fold(fact) || self.install.tasks.fold(fact) || self.verify.tasks.fold(fact);
        }
        for vouched in resumed.waivers.into_iter().chain(resumed.attestations) {
            let tasks = [&mut self.checks, &mut self.verify.tasks, &mut self.install.tasks];
            if let Some(row) = tasks.into_iter().find_map(|tasks| tasks.row_mut(&vouched.path)) {
                row.vouched = Some(vouched);
            }
        }
        self.install.begun = resumed.begun;
        self.all_in_one_list();
        let tasks = &mut self.install.tasks;
        match selected.and_then(|path| tasks.rows.iter().position(|row| row.path == path)) {
            Some(index) if self.install.pinned => tasks.at = index,
            _ => {
                let of = |sign: Sign| tasks.rows.iter().position(|row| row.sign() == sign);
                let news = of(Sign::Person).or_else(|| of(Sign::Busy)).or_else(|| of(Sign::Fail));
                let last = tasks.rows.iter().rposition(TaskRow::is_over);
                tasks.at = news.or(last).unwrap_or(0);
            }
        }
        if first { vec![Effect::Watch(true)] } else { Vec::new() }
    }

    /// Rows of what the journal tells of, as far as the guide alone describes them.
    fn rows_of(&mut self, said: &[Fact]) {
        let Some(loaded) = self.loaded.clone() else { return };
        let told: BTreeSet<&TaskPath> = said.iter().map(|fact| &fact.path).collect();
        let rows = |wizard: &Self, section: Section, tasks: &[Task]| -> Vec<TaskRow> {
            let mut rows = Vec::new();
            for task in tasks {
                let paths = told.iter().filter(|path| path.section == section && path.id == task.id);
                rows.extend(paths.map(|path| wizard.row(&described(task, (*path).clone()))));
            }
            rows
        };
        self.checks.rows = rows(self, Section::Checks, &loaded.guide.checks);
        self.install.tasks.rows = rows(self, Section::Steps, &loaded.guide.steps);
        self.verify.tasks.rows = rows(self, Section::Verify, &loaded.guide.verify);
    }

    fn answered_otherwise(&self, resumed: &Resumed) -> bool {
        let given = |name: &String| self.inputs.named(name).map(|field| &field.given);
        self.facts != resumed.facts
            || resumed.answers.iter().any(|(name, value)| given(name).is_some_and(|given| given != value))
    }

    /// From this seat there is one list: checks with bad news, steps, verifications.
    fn all_in_one_list(&mut self) {
        let bad = self.checks.rows.iter().filter(|row| row.problem().is_some()).cloned();
        let steps = std::mem::take(&mut self.install.tasks.rows);
        self.install.tasks.rows = bad.chain(steps).chain(self.verify.tasks.rows.iter().cloned()).collect();
    }
}

/// A task as the guide writes it, before anything is known of its parameters.
fn described(task: &Task, path: TaskPath) -> PlannedTask {
    PlannedTask {
        kind: task.kind.clone(),
        title: task.title.clone().unwrap_or_else(|| task.id.replace('_', " ")),
        about: task.about.clone(),
        optional: task.optional,
        from: task.from.clone(),
        ..PlannedTask::bare(path)
    }
}
