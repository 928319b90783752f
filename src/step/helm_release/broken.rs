//! A release that is not whole: is a helm still at work on it, and which ways out are there?

use std::time::Duration;

use jiff::SignedDuration;
use landfall_core::event::{Found, Owner, Problem, Recovery, Waiting};

use super::{HelmRelease, Outputs, age};
use crate::{
    cloud::{
        helm::{at_work, cleaned},
        release::Release,
    },
    kind::Context,
};

/// How long a helm nobody here started may take before its release counts as left behind: twice helm's own time-out.
const ABANDONED: Duration = Duration::from_secs(600);

impl HelmRelease {
    /// A helm may be at work, an orphan of ours included; or one was stopped in the middle.
    pub(super) fn under_way(&self, cx: &Context, found: &Release, owner: Owner) -> Found<Outputs> {
        let (at_work, owner) = match at_work(&cx.folder, &self.name, found.revision) {
            Some(at_work) => (at_work, Owner::Ours),
            None => {
                (age(cx, found).is_some_and(|age| age < SignedDuration::try_from(ABANDONED).unwrap_or_default()), owner)
            }
        };
        if at_work {
            return Found::pending(Waiting::on(format!("{}: helm is at work", found.status)), owner);
        }
        let problem = Problem::new(
            "HELM-PENDING",
            format!("the release {} was left {}", self.name, found.status),
            "Go back to the last revision that worked, or uninstall and install afresh.",
        )
        .why("A helm was stopped while it changed the release, and refuses to go on from there.");
        Found::broken(problem, self.ways_out(found, false), owner)
    }

    pub(super) fn failed(&self, found: &Release) -> Problem {
        Problem::new(
            "HELM-RELEASE-FAILED",
            format!("revision {} of the release {} failed", found.revision, self.name),
            "Correct what helm's message names, then upgrade again.",
        )
        .why(cleaned(&found.description))
    }

    pub(super) fn ways_out(&self, found: &Release, again: bool) -> Vec<Recovery> {
        let recovery = |id: &str, does: String, loses: &str| Recovery { id: id.into(), does, loses: loses.into() };
        let again = again.then(|| recovery("again", "upgrade again".into(), ""));
        let back = found
            .last_good()
            .map(|revision| recovery("rollback", format!("go back to revision {revision}, then upgrade again"), ""));
        let fresh = recovery(
            "uninstall",
            "uninstall it, then install afresh".into(),
            "everything the release made, and the data of volumes it owns",
        );
        again.into_iter().chain(back).chain([fresh]).collect()
    }
}
