//! Landfall turns a vendor's install guide into an install an SRE can trust.
//!
//! Rooms, from the outside in: [`cloud`] (the only doors to the outside), [`kind`] and [`kinds`] (what guides can name),
//! [`check`], [`step`], [`lookup`] (one file a kind). What is true without a machine lives in `landfall_core`.
// Output goes through `command::say` or an observer: a reader that has gone is no reason to panic.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod check;
pub mod cli;
pub mod cloud;
pub mod command;
pub mod driver;
pub mod engine;
pub mod guides;
pub mod kind;
pub mod kinds;
pub mod line;
pub mod lint;
pub mod lookup;
pub mod problems;
pub mod report;
pub mod secret;
pub mod session;
pub mod step;
pub mod tui;
pub mod watch;
