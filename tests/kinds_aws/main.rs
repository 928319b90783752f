//! The AWS kinds against a simulated account: what they find, what they make, and that they take away no more than that.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

#[path = "../common/emulator.rs"]
mod emulator;
#[path = "../common/testbed.rs"]
mod testbed;
#[path = "../common/until.rs"]
mod until;

mod account;
mod addons;
mod by_hand;
mod checks;
mod cluster;
mod databases;
mod eks_cluster;
mod iam;
mod identities;
mod lookups;
mod network;
mod node_group;
mod scaling;
mod storage;
mod template;
mod witness;
