//! What does a task say? Its path, what a look at the world found, how it ended, and facts on the way.
//!
//! Start with [`TaskPath`] (which task), then [`Happened`] (what it tells) and [`Found`] (what `inspect` saw).

mod difference;
mod fact;
mod found;
mod host;
mod outcome;
mod permissions;
mod problem;
mod question;
mod table;
mod task_path;
mod waiting;

pub use difference::Difference;
pub use fact::{Fact, Handed, Happened, How};
pub use found::{Found, Owner, Recovery, State};
pub use host::Host;
pub use outcome::Outcome;
pub use permissions::{Permissions, Rbac};
pub use problem::Problem;
pub use question::{Choice, Question};
pub use table::{Row, Table};
pub use task_path::{NotAPath, Section, TaskPath};
pub use waiting::Waiting;
