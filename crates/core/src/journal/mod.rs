//! What happened, and what follows from it: versioned records, one JSON line each, and their folding.

mod fold;
mod record;
mod step_story;
mod steps_done;
#[cfg(test)]
mod tests;
mod told;

pub use fold::Story;
pub use record::{JournalFault, Record, Stamped, read};
pub use step_story::{Asked, REPLACE, StepStory, ToldPerson};
pub use steps_done::StepsDone;
