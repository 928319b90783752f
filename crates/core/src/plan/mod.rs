//! What would be done? Guide and answers, resolved into a fixed graph of tasks with stable paths.
//!
//! [`Answers`] is what people said; [`scope`] makes it readable for templates; [`Plan::build`] resolves the graph.

mod answers;
mod compare;
mod graph;
mod hand_over;
mod install_id;
mod scope;

pub use answers::{Answers, Said, SecretSource, TargetAnswers, nearest};
pub use compare::{Approved, ApprovedStep, Change, Compared, compare, locked};
pub use graph::{Plan, PlannedTask, PlannedUntil, digest};
pub use hand_over::{HandOver, handed_over};
pub use install_id::InstallId;
pub use scope::{Facts, Settled, scope, settle};
