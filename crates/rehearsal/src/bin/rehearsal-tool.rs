//! The tools of a rehearsal without the program that is rehearsed, for the tests of this crate.

use std::process::exit;

use landfall_rehearsal::tools;

fn main() {
    let mut words = std::env::args();
    let name = words.next().unwrap_or_default();
    let Some(code) = tools::run_as(&name, &words.collect::<Vec<_>>(), &std::env::vars().collect()) else {
        eprintln!("{name}: call it as one of {:?} from the bin folder of a rehearsal", tools::NAMES);
        exit(2)
    };
    exit(code)
}
