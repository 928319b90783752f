//! A plan's texts, with what only an earlier step brings said in words.

use super::{PlanShown, PlannedTask, Wizard};
use crate::{catalogue::Room, event::Problem, plan::Brought};

impl Wizard {
    /// What the plan's steps bring; nothing before there is one.
    pub(super) fn brought(&self) -> Brought {
        let outputs = |kind: &str| self.catalogue.find(Room::Step, kind).map(|kind| kind.outputs.clone());
        let plan = self.resolved.as_ref();
        plan.map(|plan| Brought::of(plan, |kind| outputs(kind).unwrap_or_default())).unwrap_or_default()
    }
}

impl PlanShown {
    /// Says everywhere what is not known yet, and which step brings it.
    pub fn in_words(&mut self, brought: &Brought) {
        for task in &mut self.tasks {
            task.in_words(brought);
        }
        for line in &mut self.review {
            line.why = brought.in_prose(&line.why);
        }
        for host in &mut self.hosts {
            *host = brought.in_prose(host);
        }
        self.permissions = brought.in_code(&self.permissions);
        for Problem { what, why, fix, .. } in &mut self.notes {
            (*what, *why, *fix) = (brought.in_prose(what), brought.in_prose(why), brought.in_code(fix));
        }
    }
}

impl PlannedTask {
    fn in_words(&mut self, brought: &Brought) {
        for text in [&mut self.about, &mut self.line, &mut self.undo] {
            *text = brought.in_prose(text);
        }
        for text in self.errata.iter_mut().chain(&mut self.permissions) {
            *text = brought.in_prose(text);
        }
        for change in &mut self.changes {
            change.wanted = brought.in_prose(&change.wanted);
        }
        for command in &mut self.commands {
            *command = brought.in_code(command);
        }
        self.rendered = brought.in_code(&self.rendered);
    }
}
