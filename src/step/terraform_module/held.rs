//! A state that somebody holds, that a killed run left locked, or that could not be saved.

use landfall_core::event::{Found, Owner, Problem, Recovery, Waiting};

use super::{Outputs, TerraformModule};
use crate::{
    cloud::terraform::{self, Lock},
    kind::Context,
};

impl TerraformModule {
    pub(super) fn locked(&self, cx: &Context, lock: &Lock) -> Found<Outputs> {
        if terraform::left_behind(&cx.folder, &cx.label(), lock) {
            let problem = Problem::new(
                "TF-LOCK-LEFT",
                "the state is still locked by a terraform of this install that was killed",
                "Choose unlock: nobody is at work any more.",
            )
            .why(lock.line());
            let recovery = Recovery {
                id: "unlock".into(),
                does: format!("remove the lock {} and look at what that run left", lock.id),
                loses: String::new(),
            };
            return Found::broken(problem, vec![recovery], Owner::Ours);
        }
        let mut waiting = Waiting::on(lock.line());
        waiting.problem = Some(self.held(lock));
        Found::pending(waiting, Owner::Unmarked)
    }

    pub(super) fn not_saved(&self) -> Problem {
        Problem::new(
            "TF-STATE-UNSAVED",
            "the state could not be saved; it is in errored.tfstate",
            format!(
                "Sign in again, then choose push; or by hand:\n$ {} -chdir={} state push errored.tfstate",
                self.tool,
                self.folder.display()
            ),
        )
        .why(format!("What {} made last is only in that file: without it, it would be made twice.", self.tool))
    }

    pub(super) fn held(&self, lock: &Lock) -> Problem {
        Problem::new(
            "TF-LOCKED",
            lock.line(),
            format!(
                "Wait for it, or ask them. Only where that run is surely dead:\n$ {} -chdir={} force-unlock {}",
                self.tool,
                self.folder.display(),
                lock.id
            ),
        )
        .why("Two runs at once would each write a state that does not know what the other one made.")
    }
}
