//! Install: the steps in order with a live story, questions, and panels of what is watched.

use super::{Action, Effect, Ended, Sign, Stage, TaskState, Tasks, Wizard};

/// The seventh screen.
#[derive(Clone, Debug, Default)]
pub struct Install {
    /// Steps, and the verifications that run among them.
    pub tasks: Tasks,
    /// What is shown beside the list.
    pub panel: Panel,
    /// Lines scrolled in the panel, from its end for logs and from its start for the others.
    pub scroll: usize,
    /// It was begun.
    pub begun: bool,
    /// How it ended last, if it is not running.
    pub ended: Option<Ended>,
    /// The selection follows what is going on until a person moves it.
    pub pinned: bool,
}

/// What is shown below the list of steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Panel {
    /// The selected step's story.
    #[default]
    Story,
    /// Nodes.
    Nodes,
    /// Pods.
    Pods,
    /// Events.
    Events,
    /// Logs.
    Logs,
}

impl Panel {
    /// All, in order.
    pub const ALL: [Self; 5] = [Self::Story, Self::Nodes, Self::Pods, Self::Events, Self::Logs];

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Story => "story",
            Self::Nodes => "nodes",
            Self::Pods => "pods",
            Self::Events => "events",
            Self::Logs => "logs",
        }
    }
}

impl Panel {
    /// How many rows the panel has.
    fn rows(self, wizard: &Wizard) -> usize {
        let snapshot = &wizard.snapshot;
        match self {
            Self::Story => wizard.install.tasks.selected().map_or(0, |row| row.said.len()),
            Self::Nodes => snapshot.nodes.len(),
            Self::Pods => snapshot.pods.len(),
            Self::Events => snapshot.events.len(),
            Self::Logs => snapshot.logs.len(),
        }
    }
}

impl Wizard {
    pub(super) fn install_act(&mut self, action: Action) -> Vec<Effect> {
        let panel = Panel::ALL.iter().position(|panel| *panel == self.install.panel).unwrap_or(0);
        let last = Panel::ALL.len() - 1;
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
                    self.install.panel = Panel::Story;
                }
            }
            Action::Panel(chosen) => (self.install.panel, self.install.scroll) = (chosen, 0),
            Action::TabOn => {
                (self.install.panel, self.install.scroll) = (Panel::ALL[if panel == last { 0 } else { panel + 1 }], 0)
            }
            Action::TabBack => {
                (self.install.panel, self.install.scroll) = (Panel::ALL[if panel == 0 { last } else { panel - 1 }], 0)
            }
            Action::Pause => return self.pause_or_go_on(),
            Action::Again => return self.try_again(),
            Action::Copy => return self.install.tasks.selected().map(super::checks::copy).unwrap_or_default(),
            Action::PageUp | Action::PageDown if self.install.panel != Panel::Story => {
                self.install.scroll = super::guide::moved(self.install.scroll, self.install.panel.rows(self), action);
            }
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
            self.notice = Some("it stops at the next safe point; nothing is lost".into());
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
