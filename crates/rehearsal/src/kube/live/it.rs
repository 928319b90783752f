//! One step of one pod: which pod, and what every step may do.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    Work,
    event::{self, From},
    pod::{Run, Step, names},
    status,
};
use crate::kube::{objects::Key, rule::Rule, state::State};

/// The pod whose step is due.
#[derive(Clone, Copy)]
pub struct It<'a> {
    /// Its key.
    pub key: &'a Key,
    /// Its object as the step began.
    pub pod: &'a Value,
    /// Its uid.
    pub uid: &'a str,
    /// How often its containers were started again.
    pub epoch: u32,
}

impl It<'_> {
    /// Puts the next step on the agenda.
    pub fn then(self, state: &mut State, after: SignedDuration, step: Step) {
        state.later(after, Work::Pod(self.key.clone(), self.uid.to_owned(), self.epoch, step));
    }

    /// What its kubelet knows.
    pub fn run<'a>(&self, state: &'a mut State) -> &'a mut Run {
        state.runs.entry(self.key.clone()).or_default()
    }

    /// How it behaves.
    pub fn rule(&self, state: &State) -> Arc<Rule> {
        state.runs.get(self.key).map(|run| run.rule.clone()).unwrap_or_default()
    }

    /// Where it runs.
    pub fn node(&self, state: &State) -> String {
        state.runs.get(self.key).map(|run| run.node.clone()).unwrap_or_default()
    }

    /// The container that a rule speaks of.
    pub fn main(&self, state: &State) -> String {
        self.rule(state).container.clone().or_else(|| names(self.pod).into_iter().next()).unwrap_or_default()
    }

    /// Tells an event about one of its containers, or itself.
    pub fn tell(self, state: &mut State, container: &str, warning: bool, reason: &str, message: &str) {
        let node = self.node(state);
        let from = From::Kubelet(&node, container);
        if warning {
            event::warning(state, self.pod, from, reason, message)
        } else {
            event::normal(state, self.pod, from, reason, message)
        }
    }

    /// Its containers wait.
    pub fn waiting(self, state: &mut State, container: Option<&str>, reason: &str, message: &str) {
        let now = state.now;
        state.objects.change(self.key, |pod| {
            status::containers(pod, container, |status| {
                status["state"] = json!({ "waiting": { "reason": reason, "message": message } })
            });
            status::unready(pod, now);
        });
    }
}
