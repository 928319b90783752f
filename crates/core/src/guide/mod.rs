//! A vendor's guide as data: what to ask, what to check, what to do, what proves it, and where the vendor's text was wrong.
//!
//! [`Guide`] is the file's shape; [`lint`] finds what is wrong with one; [`Folder`] is where a guide's files come from; [`Source`] lists the vendor's passages.

mod folder;
mod input;
pub mod lint;
mod model;
mod passages;
mod signs;
mod source;

pub use folder::{Folder, LoadedGuide, ScenarioFault};
pub use input::{Choice, Input, InputType, Offer, Refused, Suggest};
pub use model::{
    After, Attest, Erratum, Field, FrozenFact, Generate, Guide, GuideProblem, Identity, Lines, Need, RowSecret, Secret,
    Severity, SourceInfo, Target, Task, TestedOn, Until, When, WhenHost,
};
pub use passages::{Found as FoundPassage, passages};
pub use signs::Signs;
pub use source::{Passage, PassageKind, Source};
