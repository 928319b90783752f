//! How large is the program? Only what `cargo bench` builds, with the release profile, counts.

#[path = "common/program.rs"]
mod program;

use program::{Done, about, against, program};

fn main() -> Done {
    about("size of the program");
    let bytes = std::fs::metadata(program())?.len();
    println!("{bytes} bytes");
    if cfg!(debug_assertions) && std::env::var_os("LANDFALL_PROGRAM").is_none() {
        println!(
            "not the release profile: run `cargo bench --bench size`, or name a released program with LANDFALL_PROGRAM"
        );
        return Ok(());
    }
    against("size", bytes as f64 / 1_000_000.0, "MB", 40.0);
    Ok(())
}
