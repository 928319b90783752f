//! Install: the steps in order with a live story, questions, and panels of what is watched.

use super::{Action, Effect, Ended, Panel, Panels, Sign, Stage, TaskState, Tasks, Wizard};

/// How it begins to say that it will stop.
pub(super) const STOPPING: &str = "it stops at the next safe point";

/// The seventh screen.
#[derive(Clone, Debug, Default)]
pub struct Install {
    /// Steps, and the verifications that run among them.
    pub tasks: Tasks,
    /// What is shown beside the list.
    pub panels: Panels,
    /// It was begun.
    pub begun: bool,
    /// How it ended last, if it is not running.
    pub ended: Option<Ended>,
    /// The selection follows what is going on until a person moves it.
    pub pinned: bool,
}

impl Wizard {
    pub(super) fn install_act(&mut self, action: Action) -> Vec<Effect> {
        if let Some(effects) = self.install.panels.act(action, &self.snapshot, self.now) {
            return effects;
        }
        match action {
            Action::Open => {
                let asked = self.install.tasks.selected().is_some_and(|row| matches!(row.state, TaskState::Asked(_)));
                if asked {
                    self.begin_answering();
                } else if self.install.ended == Some(Ended::Done) {
                    return self.next();
                } else if let Some(index) = self.asking() {
                    self.install.tasks.at = index;
                    self.install.pinned = true;
                    self.install.panels.show(Panel::Story);
                }
            }
            Action::Pause => return self.pause_or_go_on(),
            Action::Again => return self.try_again(),
            Action::Copy => return self.install.tasks.selected().map(super::checks::copy).unwrap_or_default(),
            action => {
                let tasks = &mut self.install.tasks;
                let at = super::guide::moved(tasks.at, tasks.rows.len(), action);
                self.install.pinned |= at != tasks.at;
                tasks.at = at;
            }
        }
        Vec::new()
    }

    /// The first row that asks a person.
    fn asking(&self) -> Option<usize> {
        self.install.tasks.rows.iter().position(|row| row.sign() == Sign::Person)
    }

    fn pause_or_go_on(&mut self) -> Vec<Effect> {
        if self.install.tasks.running {
            if self.pausing {
                return Vec::new();
            }
            self.pausing = true;
            self.notice = Some(format!("{STOPPING}; nothing is lost"));
            return vec![Effect::Pause];
        }
        self.run_on()
    }

    /// Begins, or goes on.
    pub(super) fn run_on(&mut self) -> Vec<Effect> {
        if self.install.tasks.running || self.install.ended == Some(Ended::Done) {
            return Vec::new();
        }
        if self.plan.approved.is_none() {
            self.notice = Some("an answer changed the plan: look at it and agree to it first".into());
            return Vec::new();
        }
        self.pausing = false;
        self.install.begun = true;
        self.install.ended = None;
        self.install.tasks.running = true;
        vec![Effect::Run]
    }

    /// Tries again what failed, by going on.
    pub(super) fn try_again(&mut self) -> Vec<Effect> {
        if self.install.tasks.running {
            self.notice = Some("it still runs; what failed can be tried again when the rest has ended".into());
            return Vec::new();
        }
        for row in &mut self.install.tasks.rows {
            if matches!(row.state, TaskState::Failed(_) | TaskState::Skipped(_)) {
                row.state = TaskState::Waits;
                (row.since, row.ended) = (None, None);
            }
        }
        self.run_on()
    }

    pub(super) fn ended(&mut self, ended: Ended) -> Vec<Effect> {
        self.install.tasks.running = false;
        self.pausing = false;
        if ended == Ended::Paused {
            // Nothing is at it any more; what was sent is looked at again when it goes on.
            for row in &mut self.install.tasks.rows {
                if matches!(row.state, TaskState::Looking | TaskState::Applying | TaskState::Waiting { .. }) {
                    row.state = TaskState::Waits;
                    (row.since, row.ended) = (None, None);
                }
            }
            if self.stage == Stage::Install {
                self.notice = Some("Stopped; nothing is lost. p goes on, Ctrl-C leaves".into());
            }
        }
        if ended != Ended::Paused || self.stage != Stage::Install {
            self.notice = self.notice.take().filter(|notice| !notice.starts_with(STOPPING));
        }
        if ended == Ended::Failed {
            self.install.tasks.select_first(Sign::Fail);
        }
        self.install.ended = Some(ended);
        self.lock_inputs();
        Vec::new()
    }

    /// The selection follows what goes on until a person moves it; a question takes it over.
    pub(super) fn follow(&mut self) {
        if self.stage != Stage::Install || self.install.pinned {
            return;
        }
        let tasks = &mut self.install.tasks;
        let of = |sign: Sign| tasks.rows.iter().position(|row| row.sign() == sign);
        if let Some(index) = of(Sign::Person).or_else(|| of(Sign::Busy)) {
            tasks.at = index;
        }
    }
}
