//! What is a kind? A check looks, a step changes one thing, a look-up fills a table; guides name them, the engine calls them.
//!
//! A kind is one file: a parameter struct that implements [`Check`], [`Step`] or [`Lookup`], and one line in `kinds.rs`. It
//! works with what [`Context`] gives it; [`PlanView`] is all it has while nothing may be touched yet.

mod applied;
mod check;
mod context;
mod erased;
pub mod given;
mod lookup;
mod misfit;
mod plan_view;
mod rendered;
mod secrets;
mod step;
mod target;

pub use applied::{Applied, Job, Made};
pub use check::{AnyCheck, Check, CheckAbout};
pub use context::{Context, Tell};
pub use erased::Erased;
pub use lookup::{AnyLookup, Lookup, LookupAbout};
pub use misfit::Misfit;
pub use plan_view::{Needs, PlanView};
pub use rendered::Rendered;
pub use secrets::Secrets;
pub use step::{AnyStep, Step, StepAbout};
pub use target::Target;
