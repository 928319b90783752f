//! What is true of an install without a machine: no tokio, no SDK, no terminal.
//!
//! Read in this order: [`value`] (trees with positions, templates, secrets that cannot be printed),
//! [`event`] (what a task says: outcomes, problems, findings), [`catalogue`] (what a kind declares),
//! [`guide`] (a vendor's guide as data), [`mapping`] (a vendor's values file, filled in by a person), [`plan`] (guide and answers, resolved into a graph of tasks),
//! [`journal`] (what happened, and what follows from it), [`wizard`] (the stages both front ends draw)
//! and [`why`] (one causal line for everything that waits).

pub mod catalogue;
pub mod clock;
pub mod event;
pub mod guide;
pub mod journal;
pub mod mapping;
pub mod plan;
pub mod value;
pub mod why;
pub mod wizard;
