//! A vendor's guide as data: what to ask, what to check, what to do, what proves it, and where the vendor's text was wrong.
//!
//! [`Guide`] is the file's shape; [`lint`] finds what is wrong with one; [`Folder`] is where a guide's files come from; [`Source`] lists the vendor's passages.

mod erratum;
mod folder;
mod input;
mod lines;
pub mod lint;
mod model;
mod passages;
mod problem;
mod secret;
mod signs;
mod source;
mod task;

pub use erratum::Erratum;
pub use folder::{Folder, LoadedGuide, ScenarioFault};
pub use input::{Choice, Input, InputType, Offer, Refused, Suggest};
pub use lines::Lines;
pub use model::{After, FrozenFact, Guide, Identity, Need, SourceInfo, Target, TestedOn, When, WhenHost};
pub use passages::{Found as FoundPassage, passages};
pub use problem::GuideProblem;
pub use secret::{Field, Generate, RowSecret, Secret};
pub use signs::Signs;
pub use source::{Passage, PassageKind, Source};
pub use task::{Attest, Severity, Task, ToOther, Until};
