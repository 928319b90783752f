//! What has been seen of a known failure, and is it still so?

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use landfall_core::event::{Happened, Outcome, TaskPath};

/// Failures that are told only where they last, by task and code.
#[derive(Default)]
pub(super) struct Lasting {
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    all: BTreeMap<(TaskPath, String), Sight>,
    /// Numbers of sights: one that passed and came again is another one.
    next: u64,
}

struct Sight {
    number: u64,
    /// In a line that was said: what is said stays so until the task is well.
    said: bool,
    told: bool,
}

impl Lasting {
    /// Takes one fact of a task, in which the failure of this code was recognised. Gives the codes of those that are not told
    /// yet, where the task failed of them.
    pub(super) fn see(&self, path: &TaskPath, what: &Happened, recognised: Option<&str>) -> Vec<String> {
        let mut seen = self.lock();
        let mut told = Vec::new();
        match end(what) {
            End::Well => seen.all.retain(|(other, _), _| other != path),
            End::Otherwise => {
                if let Some(code) = recognised {
                    seen.sight(path, code, false);
                }
                for ((other, code), sight) in &mut seen.all {
                    if other == path && !sight.told && (sight.said || recognised == Some(code)) {
                        sight.told = true;
                        told.push(code.clone());
                    }
                }
            }
            End::NotYet => {
                seen.all.retain(|(other, code), sight| other != path || sight.said || recognised == Some(code))
            }
            End::Says => {
                if let Some(code) = recognised {
                    seen.sight(path, code, true);
                }
            }
            End::GoesOn => {}
        }
        told
    }

    /// Begins to wait for a failure to last; its number, where nobody does yet.
    pub(super) fn begin(&self, path: &TaskPath, code: &str) -> Option<u64> {
        let mut seen = self.lock();
        let known = seen.all.get(&(path.clone(), code.to_owned())).is_some_and(|sight| sight.number > 0 || sight.told);
        if known {
            return None;
        }
        seen.next += 1;
        let number = seen.next;
        let sight = seen.sight(path, code, false);
        sight.number = number;
        Some(number)
    }

    /// Whether it is still so and was not told; then it is told now.
    pub(super) fn still(&self, path: &TaskPath, code: &str, number: u64) -> bool {
        let mut seen = self.lock();
        let sight = seen.all.get_mut(&(path.clone(), code.to_owned()));
        let Some(sight) = sight.filter(|sight| sight.number == number && !sight.told) else { return false };
        sight.told = true;
        true
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn sight(&mut self, path: &TaskPath, code: &str, said: bool) -> &mut Sight {
        let sight = self.all.entry((path.clone(), code.to_owned()));
        let sight = sight.or_insert(Sight { number: 0, said, told: false });
        sight.said |= said;
        sight
    }
}

/// How a fact leaves a task.
enum End {
    /// It is as it should be, or will not be.
    Well,
    /// It failed.
    Otherwise,
    /// It says what it waits for now.
    NotYet,
    /// A line is said.
    Says,
    /// Nothing that tells.
    GoesOn,
}

fn end(what: &Happened) -> End {
    match what {
        Happened::Finished { .. } | Happened::Skipped { .. } | Happened::Undone { .. } => End::Well,
        Happened::Looked { outcome: Outcome::Pass { .. } | Outcome::Skip { .. }, .. } => End::Well,
        Happened::Failed { .. } | Happened::Looked { .. } => End::Otherwise,
        Happened::Waiting { .. } => End::NotYet,
        Happened::Said { .. } => End::Says,
        _ => End::GoesOn,
    }
}
