//! Helm values: how helm reads a YAML file, how ours are laid over the vendor's, which keys are still to be filled,
//! and how they are written so that every text survives.
//!
//! Start with [`Values::read`]; [`merged`] gives the file that is installed, [`keys`] the questions to ask.

mod compare;
mod gaps;
mod merge;
mod read;
mod write;

pub use compare::differences;
pub use gaps::keys;
pub use merge::{laid_over, merged};
pub use read::{NotValues, Values};
pub use write::written;
