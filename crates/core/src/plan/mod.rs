//! What would be done? Guide and answers, resolved into a fixed graph of tasks with stable paths.
//!
//! [`Answers`] is what people said; [`scope`] makes it readable for templates; [`Plan::build`] resolves the graph.

mod alone;
mod anew;
mod answers;
mod answers_file;
mod approved;
mod brought;
mod change;
mod compare;
mod digest;
mod graph;
mod hand_over;
mod install_id;
mod locks;
mod planned_task;
mod scope;
mod texts;
mod words;

pub use alone::{Alone, Open, Partly, Untold};
pub use anew::carried_along;
pub use answers::{Answers, Said, SecretSource, TargetAnswers};
pub use answers_file::{nearest, nearest_few, unanswered};
pub use approved::{Approved, ApprovedStep};
pub use brought::Brought;
pub use change::Change;
pub use compare::{Compared, compare, made_anew};
pub use digest::digest;
pub use graph::Plan;
pub use hand_over::{HandOver, handed_over};
pub use install_id::InstallId;
pub use locks::{Locks, Stands, locks};
pub use planned_task::{PlannedTask, PlannedUntil};
pub use scope::{Facts, Settled, scope, settle};
pub use texts::{Text, Texts};
pub use words::{filled, known_problem, words};
