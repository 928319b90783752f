//! What happened, and what follows from it: versioned records, one JSON line each, and their folding.

mod fold;
mod record;
mod steps_done;

pub use fold::{Asked, REPLACE, StepStory, Story};
pub use record::{JournalFault, Record, Stamped, read};
pub use steps_done::StepsDone;
