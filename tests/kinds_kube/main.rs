//! The cluster's kinds, against a rehearsal and, where it is built, a real API server with helm 3 and helm 4.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

#[path = "../common/testbed.rs"]
mod testbed;
#[path = "../common/until.rs"]
mod until;

mod checks;
mod databases;
mod databases_real;
mod fixed_fields;
mod identity;
mod identity_real;
mod lookups;
mod objects;
mod place;
mod real;
mod registry;
mod release;
mod secrets;
