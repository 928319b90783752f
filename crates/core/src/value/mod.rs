//! Values: trees that remember where they were written, templates, values not known yet, and secrets that cannot be printed.
//!
//! Start with [`Document`] (YAML with positions), then [`Scope`] (how a template is evaluated).

mod document;
mod hcl;
mod late;
mod mask;
mod missing;
mod open_places;
mod references;
mod scope;
mod secret;
mod template;
#[cfg(test)]
mod tests;

pub(crate) use document::decode;
pub use document::{Document, Fault, Position};
pub use late::{Late, LateText, late_reference};
pub use mask::{Mask, Plain};
pub use open_places::openly_placed;
pub use references::{References, references};
pub use scope::Scope;
pub use secret::{Part, SecretRef, SecretText, Tree};
pub use template::{TemplateFault, render_file};
