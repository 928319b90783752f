//! Plan: what will be done, task by task, before anything is touched; and what differs from what was agreed before.

use std::sync::Arc;

use super::{Action, Change, Effect, PlanShown, PlannedTask, Record, Stage, TaskState, Wizard};
use crate::event::{Problem, TaskPath};

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
    /// What is no longer wanted is taken away once the rest is done.
    pub take_away: bool,
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

impl PlanStage {
    /// The selected task.
    pub fn selected(&self) -> Option<&PlannedTask> {
        self.plan.as_ref()?.tasks.get(self.at)
    }

    /// What the tab shows of the selected task, as lines of text.
    pub fn shown(&self) -> Vec<String> {
        let Some(plan) = &self.plan else { return Vec::new() };
        if self.tab == PlanTab::Hosts {
            return plan.hosts.clone();
        }
        let Some(task) = self.selected() else { return Vec::new() };
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        match self.tab {
            PlanTab::What => {
                let mut shown = lines(&task.about);
                shown.extend((!task.line.is_empty()).then(|| task.line.clone()));
                if !task.after.is_empty() {
                    let after: Vec<&str> = task.after.iter().map(|path| path.id.as_str()).collect();
                    shown.push(format!("after: {}", after.join(", ")));
                }
                shown.extend(task.usual.as_ref().map(|usual| format!("takes: {usual}")));
                shown.extend(task.costs.as_ref().map(|costs| format!("costs money, {costs}")));
                shown.extend(
                    task.keeps_data.then(|| "may hold data: undo leaves it unless its name is given".to_owned()),
                );
                shown.extend(
                    task.probe.then(|| "makes something in the cluster for a moment, and removes it".to_owned()),
                );
                shown.extend(task.errata.iter().cloned());
                shown.extend(task.from.as_ref().map(|from| format!("from: {from}")));
                shown
            }
            PlanTab::Changes if task.what == Change::HandOver => lines(&task.rendered),
            PlanTab::Changes => {
                let mut shown: Vec<String> = task
                    .changes
                    .iter()
                    .map(|change| {
                        let fixed = if change.fixed { "  (cannot be changed in place)" } else { "" };
                        format!("{}: {} → {}{fixed}", change.field, change.found, change.wanted)
                    })
                    .collect();
                shown.extend(lines(&task.rendered));
                if shown.is_empty() {
                    shown.push(if task.what == Change::Make {
                        "nothing is there yet: all of it is made".into()
                    } else {
                        "nothing there differs".into()
                    });
                }
                shown
            }
            PlanTab::Commands if task.commands.is_empty() => vec!["nobody has to type anything".into()],
            PlanTab::Commands => task.commands.iter().flat_map(|command| lines(command)).collect(),
            PlanTab::Undo if task.what == Change::HandOver => vec!["it stays with whom makes it".into()],
            PlanTab::Undo if task.undo.is_empty() => vec!["there is nothing to take away".into()],
            PlanTab::Undo => lines(&task.undo),
            PlanTab::Permissions if task.permissions.is_empty() => vec!["none of its own".into()],
            PlanTab::Permissions => task.permissions.clone(),
            PlanTab::Hosts => Vec::new(),
        }
    }

    /// What is no longer wanted and can be taken away without losing data.
    pub fn unwanted(&self) -> Vec<TaskPath> {
        let review = self.plan.iter().flat_map(|plan| &plan.review);
        review.filter(|line| line.what == Change::Unwanted && !line.keeps_data).map(|line| line.path.clone()).collect()
    }

    /// Tasks that look but touch the cluster; agreeing to the plan agrees to them.
    pub fn probes(&self) -> Vec<&PlannedTask> {
        self.plan.iter().flat_map(|plan| &plan.tasks).filter(|task| task.probe).collect()
    }
}

impl Wizard {
    /// Asks for a plan.
    pub(super) fn make_plan(&mut self) -> Vec<Effect> {
        self.plan.making = true;
        self.plan.refused = None;
        vec![Effect::Plan]
    }

    pub(super) fn plan_act(&mut self, action: Action) -> Vec<Effect> {
        let last_tab = PlanTab::ALL.len() - 1;
        let tab = PlanTab::ALL.iter().position(|tab| *tab == self.plan.tab).unwrap_or(0);
        match action {
            Action::Approve => return self.approve(""),
            Action::AgainAll => return self.make_plan(),
            Action::TakeAway if self.plan.unwanted().is_empty() => {
                self.notice = Some("everything that is there is still wanted".into());
            }
            Action::TakeAway => self.plan.take_away = !self.plan.take_away,
            Action::TabOn => self.plan.tab = PlanTab::ALL[if tab == last_tab { 0 } else { tab + 1 }],
            Action::TabBack => self.plan.tab = PlanTab::ALL[if tab == 0 { last_tab } else { tab - 1 }],
            Action::Copy => return vec![Effect::Copy(self.plan.shown().join("\n"))],
            Action::PageDown => {
                // Long lines are wrapped where they are drawn; half of the screen is the narrowest they get.
                let half = usize::from(self.size.0 / 2).max(20);
                let text = self.plan.shown();
                let notes = self.plan.plan.iter().flat_map(|plan| {
                    let notes = plan.notes.iter().map(|note| note.what.clone());
                    plan.review.iter().map(|line| format!("{} {}", line.path, line.why)).chain(notes)
                });
                let lines: usize = text.into_iter().chain(notes).map(|line| 1 + line.chars().count() / half).sum();
                self.plan.scroll = (self.plan.scroll + 5).min(lines.saturating_sub(1));
                return Vec::new();
            }
            Action::PageUp => {
                self.plan.scroll = self.plan.scroll.saturating_sub(5);
                return Vec::new();
            }
            action => {
                let tasks = self.plan.plan.as_ref().map_or(0, |plan| plan.tasks.len());
                self.plan.at = super::guide::moved(self.plan.at, tasks, action);
            }
        }
        self.plan.scroll = 0;
        Vec::new()
    }

    /// Agrees to the plan, and begins.
    pub(super) fn approve(&mut self, name: &str) -> Vec<Effect> {
        let Some(plan) = self.plan.plan.clone().filter(|_| !self.plan.making) else {
            self.notice = Some("there is no plan to agree to yet".into());
            return Vec::new();
        };
        let probes = self.plan.probes().into_iter().map(|task| task.path.clone()).collect();
        self.plan.approved = Some(plan.digest.clone());
        let name = if name.is_empty() { self.who.clone() } else { name.to_owned() };
        let take_away = if self.plan.take_away { self.plan.unwanted() } else { Vec::new() };
        let approval = Record::Approval { digest: plan.digest.clone(), probes, name, take_away };
        let mut effects = vec![Effect::Record(approval)];
        if self.install.begun {
            // What was proven before may no longer be so.
            for row in &mut self.verify.tasks.rows {
                (row.state, row.since, row.ended, row.vouched) = (TaskState::Waits, None, None, None);
            }
            self.summary.shown = None;
        }
        effects.extend(self.enter(Stage::Install));
        effects
    }
}
