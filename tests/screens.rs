//! Every screen at 80×24, 120×40 and 60×16, as a person sees it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod screens {
    mod given;
    mod help;
    mod install;
    mod keys;
    mod looks;
    mod mapping;
    mod rows;
    mod stages;
    mod steps;
    mod watching;
}
