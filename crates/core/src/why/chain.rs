//! A causal line: what waits, and why, from the nearest cause to the last one known.

use jiff::Timestamp;

use crate::event::Waiting;

/// What waits, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// What waits, e.g. `auth-0`.
    pub who: String,
    /// How many others wait for the same.
    pub more: usize,
    /// What it says of itself, e.g. `Pending`.
    pub state: String,
    /// Causes, nearest first.
    pub causes: Vec<Cause>,
}

/// One cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// Stable code; empty where it only says what is going on.
    pub code: &'static str,
    /// What it is.
    pub what: String,
    /// What to do about it; empty where waiting is right.
    pub fix: String,
}

impl Cause {
    /// Something to do about.
    pub fn new(code: &'static str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { code, what: what.into(), fix: fix.into() }
    }

    /// Something that only has to be waited for.
    pub fn going_on(what: impl Into<String>) -> Self {
        Self { code: "", what: what.into(), fix: String::new() }
    }
}

impl Chain {
    /// A chain of one.
    pub fn of(who: impl Into<String>, state: impl Into<String>, causes: Vec<Cause>) -> Self {
        Self { who: who.into(), more: 0, state: state.into(), causes }
    }

    /// One line: `auth-0 Pending ← no node offers nvidia.com/gpu ← …`.
    pub fn line(&self) -> String {
        let more = if self.more > 0 { format!(" and {} more", self.more) } else { String::new() };
        // A title is set off; a pod and its state are read as one.
        let colon = if self.who.contains(' ') && more.is_empty() { ":" } else { "" };
        let mut line = format!("{}{more}{colon} {}", self.who, self.state);
        for cause in &self.causes {
            line.push_str(" ← ");
            line.push_str(&cause.what);
        }
        line
    }

    /// The last cause that something can be done about.
    pub fn to_do(&self) -> Option<&Cause> {
        self.causes.iter().rev().find(|cause| !cause.fix.is_empty())
    }
}

/// A task that waits for the world.
#[derive(Clone, Copy, Debug)]
pub struct Running<'a> {
    /// For people.
    pub title: &'a str,
    /// Since when.
    pub since: Option<Timestamp>,
    /// For what.
    pub why: &'a Waiting,
}
