//! Where persons decide: tasks bring questions, front ends (or an answers file) bring verdicts.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use landfall_core::event::{Question, TaskPath};
use tokio::sync::oneshot;

/// What a person decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Id of the choice.
    pub choice: String,
    /// Who.
    pub name: String,
    /// Why.
    pub reason: String,
}

type Waiting = BTreeMap<TaskPath, (Question, oneshot::Sender<Verdict>)>;

/// Open questions.
#[derive(Clone, Default)]
pub struct Desk {
    open: Arc<Mutex<Waiting>>,
}

impl Desk {
    /// Brings a question; the receiver hears the verdict. A new question of the same task replaces the old one.
    pub fn bring(&self, path: &TaskPath, question: Question) -> oneshot::Receiver<Verdict> {
        let (sender, receiver) = oneshot::channel();
        self.lock().insert(path.clone(), (question, sender));
        receiver
    }

    /// Gives a verdict; false where the task asked nothing, or has no such choice.
    pub fn decide(&self, path: &TaskPath, verdict: Verdict) -> bool {
        let mut open = self.lock();
        let fits = open
            .get(path)
            .is_some_and(|(question, _)| question.choices.iter().any(|choice| choice.id == verdict.choice));
        if !fits {
            return false;
        }
        open.remove(path).is_some_and(|(_, sender)| sender.send(verdict).is_ok())
    }

    /// What is being asked.
    pub fn questions(&self) -> Vec<(TaskPath, Question)> {
        self.lock().iter().map(|(path, (question, _))| (path.clone(), question.clone())).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
