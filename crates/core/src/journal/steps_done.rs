//! How far is an install? One count for every screen and every command.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::event::{Section, TaskPath};

/// How many of an install's steps are done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepsDone {
    /// Steps that have a result which still holds.
    pub done: usize,
    /// All of its steps.
    pub of: usize,
}

impl StepsDone {
    /// Counts steps, each with whether it is done; checks and verifications are no steps, wherever they run.
    pub fn count<'a>(tasks: impl IntoIterator<Item = (&'a TaskPath, bool)>) -> Self {
        let mut count = Self::default();
        for (_, done) in tasks.into_iter().filter(|(path, _)| path.section == Section::Steps) {
            count.of += 1;
            count.done += usize::from(done);
        }
        count
    }

    /// Whether there are steps, and all are done.
    pub fn all(self) -> bool {
        self.of > 0 && self.done == self.of
    }
}

impl fmt::Display for StepsDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            0 => f.write_str("no step begun"),
            of => write!(f, "{} of {of} steps done", self.done),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_steps_are_counted() {
        let paths: Vec<TaskPath> =
            ["checks/a", "steps/a", "steps/b[x]", "verify/a"].iter().map(|path| path.parse().unwrap()).collect();
        let done = [true, true, false, true];
        let count = StepsDone::count(paths.iter().zip(done));
        assert_eq!((count.to_string().as_str(), count.all()), ("1 of 2 steps done", false));
        assert!(StepsDone::count(paths.iter().take(2).zip(done)).all());
        assert_eq!(StepsDone::count([]).to_string(), "no step begun");
    }
}
