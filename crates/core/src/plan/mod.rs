//! What would be done? Guide and answers, resolved into a fixed graph of tasks with stable paths.
//!
//! [`Answers`] is what people said; [`scope`] makes it readable for templates; [`Plan::build`] resolves the graph.

mod anew;
mod answers;
mod approved;
mod change;
mod compare;
mod digest;
mod graph;
mod hand_over;
mod install_id;
mod locks;
mod planned_task;
mod scope;

pub use anew::carried_along;
pub use answers::{Answers, Said, SecretSource, TargetAnswers, nearest};
pub use approved::{Approved, ApprovedStep};
pub use change::Change;
pub use compare::{Compared, compare};
pub use digest::digest;
pub use graph::Plan;
pub use hand_over::{HandOver, handed_over};
pub use install_id::InstallId;
pub use locks::{Locks, Stands, locks};
pub use planned_task::{PlannedTask, PlannedUntil};
pub use scope::{Facts, Settled, scope, settle};
