//! Shield as a whole on a real Kubernetes with the person's own helm: `rehearse --serve --kubernetes` in one process, `install` in another.
//!
//! AWS, DNS and all other hosts are the rehearsal's; the API server, scheduler, controllers and helm are the real ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
// What processes were told is read from /proc.
#![cfg(target_os = "linux")]

#[path = "common/rehearsed.rs"]
mod rehearsed;
#[path = "common/testbed.rs"]
mod testbed;

mod real_cluster {
    mod given;
    mod install;
    mod processes;
    mod secrets;
}
