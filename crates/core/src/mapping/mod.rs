//! How is a vendor's values file filled in by a person? Key by key, and by reference wherever that can be.
//!
//! [`VendorFile`] is what a look-up read: its keys, and which of them are gaps. [`Mapping`] is what was decided for each, as
//! it stands in the answers. [`Known`] is what can be pointed to; [`candidates`] says what may belong to a key, and why.

mod candidate;
mod decided;
mod path;
mod secretive;
mod state;
mod typed;
mod vendor;

pub use candidate::{Candidate, Known, candidates, suggested};
pub use decided::Mapping;
pub use path::{KeyPath, NotAPath, Part};
pub use secretive::{exposed, refused as exposes};
pub use state::{Decision, Seen, State};
pub use typed::{read_typed, sort_of, written};
pub use vendor::{Of, VendorFile, VendorKey, is_hushed};
