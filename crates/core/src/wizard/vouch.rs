//! A person's word: going on in spite of a failure, answering for what nobody could look at, answering a question.

use super::{Action, Effect, Key, Line, Record, TaskRow, TaskState, Vouched, Wizard};
use crate::event::{Outcome, TaskPath};

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
    /// The word being typed, where one has to be; the choice is fixed then.
    pub typed: Option<Line>,
    /// Why it was not taken.
    pub refusal: Option<String>,
}

impl Wizard {
    pub(super) fn begin_vouching(&mut self, row: &TaskRow, how: VouchAs) {
        if let Err(why) = fits(row, how) {
            self.notice = Some(why);
            return;
        }
        let vouching = Vouching {
            how,
            path: row.path.clone(),
            name: Line::of(&self.who),
            reason: Line::default(),
            on_reason: !self.who.is_empty(),
            refusal: None,
        };
        if let Some(tasks) = self.tasks_mut() {
            tasks.vouching = Some(vouching);
        }
    }

    pub(super) fn vouching_act(&mut self, action: Action) -> Vec<Effect> {
        let Some(tasks) = self.tasks_mut() else { return Vec::new() };
        let Some(vouching) = &mut tasks.vouching else { return Vec::new() };
        match action {
            Action::Cancel => tasks.vouching = None,
            Action::TabOn | Action::TabBack => vouching.on_reason = !vouching.on_reason,
            Action::Accept if !vouching.on_reason && vouching.reason.is_empty() => vouching.on_reason = true,
            Action::Accept => {
                let (path, how) = (vouching.path.clone(), vouching.how);
                let (name, reason) = (vouching.name.text().to_owned(), vouching.reason.text().to_owned());
                let effects = self.vouch(path, how, &name, &reason);
                let refused = effects.is_empty().then(|| self.notice.take()).flatten();
                if let Some(tasks) = self.tasks_mut() {
                    match (&mut tasks.vouching, refused) {
                        (Some(vouching), Some(why)) => vouching.refusal = Some(why),
                        (open, _) => *open = None,
                    }
                }
                return effects;
            }
            _ => {}
        }
        Vec::new()
    }

    pub(super) fn vouching_text(&mut self, key: &Key) {
        let Some(vouching) = self.tasks_mut().and_then(|tasks| tasks.vouching.as_mut()) else { return };
        let line = if vouching.on_reason { &mut vouching.reason } else { &mut vouching.name };
        line.press(key);
    }

    /// Writes a person's word down, if it fits.
    pub(super) fn vouch(&mut self, path: TaskPath, how: VouchAs, name: &str, reason: &str) -> Vec<Effect> {
        let (name, reason) = (name.trim(), reason.trim());
        let tasks = [&mut self.checks, &mut self.verify.tasks, &mut self.install.tasks];
        let Some(row) = tasks.into_iter().find_map(|tasks| tasks.row_mut(&path)) else {
            self.notice = Some(format!("there is no task {path}"));
            return Vec::new();
        };
        let refusal = match fits(row, how) {
            Err(why) => Some(why),
            Ok(()) if name.is_empty() => Some("it needs a name".to_owned()),
            Ok(()) if reason.is_empty() => Some("it needs a reason or a ticket".to_owned()),
            Ok(()) => None,
        };
        if refusal.is_some() {
            self.notice = refusal;
            return Vec::new();
        }
        let vouched = Vouched { path, name: name.to_owned(), reason: reason.to_owned() };
        row.vouched = Some(vouched.clone());
        self.who = name.to_owned();
        self.beforehand.outdone(&vouched, how);
        vec![written(vouched, how)]
    }

    pub(super) fn begin_answering(&mut self) {
        let Some(tasks) = self.tasks_mut() else { return };
        if let Some(row) = tasks.selected().filter(|row| matches!(row.state, TaskState::Asked(_))) {
            tasks.answering = Some(Answering { path: row.path.clone(), at: 0, typed: None, refusal: None });
        }
    }

    pub(super) fn answering_act(&mut self, action: Action) -> Vec<Effect> {
        let who = self.who.clone();
        let Some(tasks) = self.tasks_mut() else { return Vec::new() };
        let Some(mut answering) = tasks.answering.take() else { return Vec::new() };
        let choices = match tasks.row(&answering.path).map(|row| &row.state) {
            Some(TaskState::Asked(question)) => question.choices.clone(),
            // It was withdrawn, or answered elsewhere.
            _ => return Vec::new(),
        };
        match action {
            Action::Cancel => return Vec::new(),
            Action::Accept => {
                let Some(choice) = choices.get(answering.at) else { return Vec::new() };
                match (&choice.typed, &answering.typed) {
                    (Some(_), None) => {
                        answering.typed = Some(Line::default());
                        tasks.answering = Some(answering);
                        return Vec::new();
                    }
                    (wanted, typed) => {
                        let typed = typed.as_ref().map(|line| line.text().to_owned());
                        if wanted.is_some() && *wanted != typed {
                            let word = wanted.clone().unwrap_or_default();
                            answering.refusal = Some(format!("type {word} to choose this"));
                            tasks.answering = Some(answering);
                            return Vec::new();
                        }
                        return self.decide(&answering.path, &choice.id.clone(), typed, &who, "");
                    }
                }
            }
            action if answering.typed.is_none() => {
                answering.at = super::guide::moved(answering.at, choices.len(), action);
            }
            _ => {}
        }
        tasks.answering = Some(answering);
        Vec::new()
    }

    pub(super) fn answering_text(&mut self, key: &Key) {
        let answering = self.tasks_mut().and_then(|tasks| tasks.answering.as_mut());
        if let Some(line) = answering.and_then(|answering| answering.typed.as_mut()) {
            line.press(key);
        }
    }

    /// Answers a task's question.
    pub(super) fn decide(
        &mut self,
        path: &TaskPath,
        choice: &str,
        typed: Option<String>,
        name: &str,
        reason: &str,
    ) -> Vec<Effect> {
        let tasks = [&mut self.install.tasks, &mut self.checks, &mut self.verify.tasks];
        let Some(row) = tasks.into_iter().find_map(|tasks| tasks.row_mut(path)) else {
            self.notice = Some(format!("there is no task {path}"));
            return Vec::new();
        };
        let TaskState::Asked(question) = &row.state else {
            self.notice = Some(format!("{path} asks nothing now"));
            return Vec::new();
        };
        let Some(chosen) = question.choices.iter().find(|known| known.id == choice) else {
            let known: Vec<&str> = question.choices.iter().map(|known| known.id.as_str()).collect();
            self.notice = Some(format!("{path} can be answered with {}, not with {choice}", known.join(", ")));
            return Vec::new();
        };
        if let Some(word) = chosen.typed.as_ref().filter(|word| Some(*word) != typed.as_ref()) {
            self.notice = Some(format!("type {word} to choose this"));
            return Vec::new();
        }
        let effect = Effect::Decide {
            path: path.clone(),
            question: question.about.clone(),
            choice: choice.to_owned(),
            name: name.to_owned(),
            reason: reason.to_owned(),
        };
        row.state = TaskState::Answered(chosen.label.clone());
        vec![effect]
    }
}

/// A person's word, for the journal.
pub(super) fn written(vouched: Vouched, how: VouchAs) -> Effect {
    Effect::Record(match how {
        VouchAs::Waiver => Record::Waiver(vouched),
        VouchAs::Attestation => Record::Attestation(vouched),
    })
}

/// Whether a person's word of this kind makes sense there.
fn fits(row: &TaskRow, how: VouchAs) -> Result<(), String> {
    match (how, &row.state) {
        (VouchAs::Waiver, TaskState::Looked(Outcome::Fail { .. } | Outcome::NotYet { .. })) => Ok(()),
        (VouchAs::Waiver, TaskState::Looked(Outcome::Unknown { .. })) => {
            Err("nobody could look at it: answer for it with a instead of waiving it".into())
        }
        (VouchAs::Waiver, _) => Err("only what failed can be waived".into()),
        (VouchAs::Attestation, TaskState::Looked(Outcome::Unknown { .. })) => Ok(()),
        (VouchAs::Attestation, _) => Err("only what nobody could look at can be answered for".into()),
    }
}
