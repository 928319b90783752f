//! The real terraform (or OpenTofu) under our kinds: valid configuration from every branch, an apply that is interrupted and
//! resumed, a lock somebody else holds, and a secret that is in no file but the state.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "kinds_kube/place.rs"]
#[allow(dead_code, reason = "each test uses its own part of this")]
mod place;
#[path = "common/rehearsed.rs"]
mod rehearsed;
#[path = "common/testbed.rs"]
mod testbed;
#[path = "common/until.rs"]
mod until;

mod terraform {
    mod apply;
    pub mod bench;
    mod branches;
    mod files;
    mod stand_in;
    mod unsaved;
}
