//! For those who write guides, and those who use them again: a guide begun, in one file, shown, described; answers written down.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
// The document's commands are those of a POSIX shell.
#![cfg(unix)]

#[path = "common/rehearsed.rs"]
mod rehearsed;
#[path = "common/testbed.rs"]
mod testbed;

mod authors {
    mod answers;
    mod begun;
    mod document;
    mod ends;
    mod ferrywire;
    mod one_file;
    mod scenarios;
    mod schema;
}
