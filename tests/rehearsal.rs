//! The real program against the rehearsal, as a person runs it: every scenario, kill and resume, undo, secrets, bad input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "common/rehearsed.rs"]
mod rehearsed;

mod rehearsal {
    mod agreed;
    mod apheris;
    mod bad_input;
    mod changes;
    mod deeploy;
    mod full_disk;
    mod handed_over;
    mod hosts;
    mod inference_model_manager;
    mod mixed;
    mod output;
    mod platform;
    mod problems;
    mod resume;
    mod scenarios;
    mod secrets;
    mod undo;
}
