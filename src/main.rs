//! Landfall.
fn main() {}
