//! Handing a step over: who is asked, and why; in Plan, and in Install while the step is not begun or after it failed.

use std::sync::Arc;

use super::{Action, Change, Effect, Key, Line, Record, Stage, TaskState, Wizard};
use crate::{
    clock::ago,
    event::{Handed, Section, TaskPath},
};

/// A step being handed over.
#[derive(Clone, Debug)]
pub struct Handing {
    /// Which step.
    pub path: TaskPath,
    /// Its title.
    pub title: String,
    /// Who is asked.
    pub to: Line,
    /// Why, or a ticket.
    pub reason: Line,
    /// The reason is being typed; else who is asked.
    pub on_reason: bool,
    /// Why it was not taken.
    pub refusal: Option<String>,
}

impl Handing {
    /// What it means.
    pub fn meaning(&self) -> String {
        format!(
            "Somebody else does this: {}. What to do is written into a file; it is looked at until it is done, and never taken away by us.",
            self.title
        )
    }
}

impl Wizard {
    /// The selected step of Plan or Install, handed over or taken back.
    pub(super) fn hand_over_selected(&mut self) -> Vec<Effect> {
        let selected = match self.stage {
            Stage::Plan => self.plan.selected().map(|task| (task.path.clone(), task.title.clone())),
            Stage::Install => self.install.tasks.selected().map(|row| (row.path.clone(), row.title.clone())),
            _ => None,
        };
        let Some((path, title)) = selected else { return Vec::new() };
        if self.is_handed_over(&path) {
            return self.take_back(path);
        }
        if let Some(why) = self.cannot_hand_over(&path) {
            self.notice = Some(why);
            return Vec::new();
        }
        let to = Line::of(&self.handed_to);
        self.handing = Some(Handing { path, title, to, reason: Line::default(), on_reason: false, refusal: None });
        Vec::new()
    }

    /// Whether somebody else was asked to do it.
    pub fn is_handed_over(&self, path: &TaskPath) -> bool {
        let row = self.install.tasks.row(path).map(|row| &row.state);
        let planned = self.plan.plan.as_ref().and_then(|plan| plan.tasks.iter().find(|task| task.path == *path));
        matches!(row, Some(TaskState::HandedOver { .. }))
            || planned.is_some_and(|task| task.what == Change::HandOver)
                && !matches!(row, Some(TaskState::Finished { .. }))
    }

    /// Why a step cannot be handed over; none where it can.
    pub fn cannot_hand_over(&self, path: &TaskPath) -> Option<String> {
        if path.section != Section::Steps {
            return Some("only steps can be handed over".into());
        }
        let planned = self.plan.plan.as_ref().and_then(|plan| plan.tasks.iter().find(|task| task.path == *path));
        match planned.map(|task| &task.what) {
            Some(Change::Person) => return Some("a person does it anyway".into()),
            Some(Change::Unchanged | Change::Adopt) if self.stage == Stage::Plan => {
                return Some("it is there already".into());
            }
            _ => {}
        }
        match self.install.tasks.row(path).map(|row| &row.state) {
            None | Some(TaskState::Waits | TaskState::Failed(_) | TaskState::Skipped(_)) => None,
            Some(TaskState::Finished { .. } | TaskState::Looked(_)) if self.stage == Stage::Plan => None,
            Some(TaskState::Finished { .. }) => Some("it is done already".into()),
            Some(TaskState::Person { .. }) => Some("a person does it anyway".into()),
            Some(_) => Some("it is begun: it can be handed over only if it fails".into()),
        }
    }

    pub(super) fn handing_act(&mut self, action: Action) -> Vec<Effect> {
        let Some(handing) = &mut self.handing else { return Vec::new() };
        match action {
            Action::Cancel => self.handing = None,
            Action::TabOn | Action::TabBack => handing.on_reason = !handing.on_reason,
            Action::Accept if !handing.on_reason => handing.on_reason = true,
            Action::Accept => {
                let (path, to) = (handing.path.clone(), handing.to.text().to_owned());
                let reason = handing.reason.text().to_owned();
                let effects = self.hand_over(&path, &to, &reason);
                let refused = effects.is_empty().then(|| self.notice.take()).flatten();
                match (&mut self.handing, refused) {
                    (Some(handing), Some(why)) => (handing.refusal, handing.on_reason) = (Some(why), false),
                    (open, _) => *open = None,
                }
                return effects;
            }
            _ => {}
        }
        Vec::new()
    }

    pub(super) fn handing_text(&mut self, key: &Key) {
        if let Some(handing) = &mut self.handing {
            let line = if handing.on_reason { &mut handing.reason } else { &mut handing.to };
            line.press(key);
        }
    }

    /// Hands a step over, if that can be.
    pub(super) fn hand_over(&mut self, path: &TaskPath, to: &str, reason: &str) -> Vec<Effect> {
        let (to, reason) = (to.trim(), reason.trim());
        let refused =
            self.cannot_hand_over(path).or_else(|| to.is_empty().then(|| "say who is asked to do it".to_owned()));
        if refused.is_some() {
            self.notice = refused;
            return Vec::new();
        }
        self.handed_to = to.to_owned();
        let (to, reason, name) = (to.to_owned(), reason.to_owned(), self.who.clone());
        vec![Effect::Record(Record::HandOver { path: path.clone(), to, reason, name })]
    }

    /// A step that was handed over is ours again.
    pub(super) fn take_back(&mut self, path: TaskPath) -> Vec<Effect> {
        if !self.is_handed_over(&path) {
            self.notice = Some(format!("{path} is handed over to nobody"));
            return Vec::new();
        }
        if let Some(row) = self.install.tasks.row_mut(&path) {
            (row.state, row.since, row.ended) = (TaskState::Waits, None, None);
        }
        let mut effects = vec![Effect::Record(Record::TakeBack(path))];
        if self.stage == Stage::Plan {
            effects.extend(self.make_plan());
        } else {
            self.notice = Some("it is ours again".into());
        }
        effects
    }

    /// It was written down who does it.
    pub(super) fn handed(&mut self, path: &TaskPath, handed: Handed) {
        if let Some(plan) = &mut self.plan.plan
            && let Some(task) = Arc::make_mut(plan).tasks.iter_mut().find(|task| task.path == *path)
        {
            task.what = Change::HandOver;
            task.line = format!("handed over to {}, {}", handed.to, ago(handed.at, self.now));
            task.rendered.clone_from(&handed.page);
            task.undo.clear();
            task.changes.clear();
        }
        self.notice = Some(format!("what {} has to do is written in {}; y copies it", handed.to, handed.file));
        if let Some(row) = self.install.tasks.row_mut(path) {
            let (until, story) = (String::new(), Vec::new());
            row.state = TaskState::HandedOver { handed: Box::new(handed), until, story, deadline: None };
        }
    }
}
