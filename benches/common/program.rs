//! Which program is measured, and how figures are told.
#![allow(dead_code, reason = "each bench uses its own part of this")]

use std::{error::Error, path::PathBuf, time::Duration};

/// What a bench came to; it ends with what was in its way.
pub type Done<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// The program: the one this bench was built with, or the one `LANDFALL_PROGRAM` names.
pub fn program() -> PathBuf {
    std::env::var_os("LANDFALL_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_landfall").into(), PathBuf::from)
}

/// Says what is measured and where.
pub fn about(what: &str) {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    println!("{what}\nprogram {}, {cores} cores", program().display());
}

/// A figure with its budget.
pub fn against(name: &str, figure: f64, unit: &str, budget: f64) {
    let kept = if figure <= budget { "kept" } else { "MISSED" };
    println!("{name:<44} {figure:>8.2} {unit:<3} budget {budget} {unit}: {kept}");
}

/// The middle, the least and the greatest of what was measured.
pub fn spread(name: &str, mut times: Vec<Duration>) -> Duration {
    times.sort();
    let middle = times[times.len() / 2];
    let shown = |time: Duration| time.as_secs_f64() * 1000.0;
    println!(
        "{name:<44} {:>8.2} ms  (least {:.2}, greatest {:.2}, of {})",
        shown(middle),
        shown(times[0]),
        shown(times[times.len() - 1]),
        times.len()
    );
    middle
}

/// Milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
