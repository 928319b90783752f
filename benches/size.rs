//! How large is the program? Only what `cargo bench` builds, with the release profile, counts.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench prints, and fails by panicking")]

#[path = "common/program.rs"]
mod program;

use program::{about, against, program};

fn main() {
    about("size of the program");
    let bytes = std::fs::metadata(program()).unwrap().len();
    println!("{bytes} bytes");
    if cfg!(debug_assertions) && std::env::var_os("LANDFALL_PROGRAM").is_none() {
        println!(
            "not the release profile: run `cargo bench --bench size`, or name a released program with LANDFALL_PROGRAM"
        );
        return;
    }
    #[allow(clippy::cast_precision_loss, reason = "a size in MB needs no more digits")]
    against("size", bytes as f64 / 1_000_000.0, "MB", 40.0);
}
