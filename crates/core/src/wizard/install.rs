//! Install: the steps in order with a live story, questions, and panels of what is watched.

use super::{Ended, Tasks};

/// The seventh screen.
#[derive(Clone, Debug, Default)]
pub struct Install {
    /// Steps, and the verifications that run among them.
    pub tasks: Tasks,
    /// What is shown beside the list.
    pub panel: Panel,
    /// Lines scrolled in the panel, from its end for logs and from its start for the others.
    pub scroll: usize,
    /// It was begun.
    pub begun: bool,
    /// How it ended last, if it is not running.
    pub ended: Option<Ended>,
    /// The selection follows what is going on until a person moves it.
    pub pinned: bool,
}

/// What is shown below the list of steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Panel {
    /// The selected step's story.
    #[default]
    Story,
    /// Nodes.
    Nodes,
    /// Pods.
    Pods,
    /// Events.
    Events,
    /// Logs.
    Logs,
}

impl Panel {
    /// All, in order.
    pub const ALL: [Self; 5] = [Self::Story, Self::Nodes, Self::Pods, Self::Events, Self::Logs];

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Story => "story",
            Self::Nodes => "nodes",
            Self::Pods => "pods",
            Self::Events => "events",
            Self::Logs => "logs",
        }
    }
}
