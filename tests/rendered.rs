//! All manifests and HCL that any built-in guide can render are taken by those who read them: a real kube-apiserver's
//! server-side dry run, and terraform's own validation. IAM's policies are judged by lint, in all branches, too
//! (`tests/lint.rs`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "common/testbed.rs"]
mod testbed;

mod rendered {
    mod hcl;
    mod manifests;
    mod ways;
}
