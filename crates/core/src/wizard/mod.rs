//! Where is the person, what do they see, what may they press? A pure state machine that both front ends draw.
//!
//! [`Wizard::update`] takes an [`Input`] and gives [`Effect`]s; it has no clock (time is an input) and does nothing
//! itself. One file per stage: [`Guides`], [`Target`], [`Fields`] (Inputs), [`Secrets`], [`Tasks`] (Checks),
//! [`PlanStage`], [`Install`], [`Verify`], [`Summary`]. What the driver brings is in `shown.rs` and [`Input`].

mod act;
mod beforehand;
mod bindings;
mod brought;
mod checks;
mod edit;
mod effect;
mod field;
mod fields;
mod guide;
mod hand_over;
mod header;
mod input;
mod inputs;
mod install;
mod line;
mod lose;
mod mapping;
mod mapping_keys;
mod mode;
mod panels;
mod plan;
mod press;
mod resume;
mod secret_keys;
mod secrets;
mod shown;
mod stage;
mod story;
mod summary;
mod target;
mod task;
mod tick;
mod update;
mod vault;
mod verify;
mod vouch;
mod walk;
mod watching;

use std::sync::Arc;

use jiff::Timestamp;

use beforehand::Beforehand;
pub use checks::Tasks;
pub use effect::{Effect, Look, Origin, Record, TargetChoice, Vault, Vouched};
pub use field::{AnsweredBy, Field, Suggestions};
pub use guide::{Entry, Guides};
pub use hand_over::Handing;
pub use input::{Ended, Input, Key, Typed, VaultSaid};
pub use inputs::{Editing, Fields};
pub use install::Install;
pub use line::Line;
pub use mapping::{Doing, Keys, MapRow, known};
pub use mode::Mode;
pub use panels::{Panel, Panels};
pub use plan::{PlanStage, PlanTab};
pub use press::{Action, Binding, Press};
pub use secrets::{RowShape, SecretEditing, SecretField, SecretGroup, SecretRow, Secrets, Source};
pub use shown::{
    Change, GuideRow, InstallRow, PlanShown, PlannedTask, Resumed, ReviewLine, StoreOffer, SummaryShown, TargetSeen,
};
pub use stage::Stage;
pub use story::{StoryLine, passed, story};
pub use summary::Summary;
pub use target::Target;
pub use task::{ErratumShown, Sign, TaskRow, TaskState};
pub use tick::Tick;
pub use verify::Verify;
pub use vouch::{Answering, VouchAs, Vouching};
pub use watching::Standing;

use crate::{
    catalogue::Catalogue,
    event::Problem,
    guide::LoadedGuide,
    plan::{Facts, Plan},
    why::Snapshot,
};

/// Everything both front ends draw.
#[derive(Clone, Debug)]
pub struct Wizard {
    /// Where the person is.
    pub stage: Stage,
    /// How far they have been.
    pub reached: Stage,
    /// The install's clock.
    pub now: Timestamp,
    /// When this run of the program began, on that clock.
    pub started: Timestamp,
    /// The terminal's columns and rows.
    pub size: (u16, u16),
    /// Who sits here: the name offered for waivers and attestations.
    pub who: String,
    /// Every kind's description.
    pub catalogue: Arc<Catalogue>,
    /// The chosen guide.
    pub loaded: Option<Arc<LoadedGuide>>,
    /// The install's id, once it is bound.
    pub install_id: Option<String>,
    /// Frozen facts.
    pub facts: Facts,
    /// The rehearsal's name, where the endpoints are simulated.
    pub rehearsal: Option<String>,
    /// The folder everything is in, where it is removed when the program has ended.
    pub temporary: Option<String>,
    /// When this stage was entered.
    pub stage_since: Timestamp,
    /// Guide and answers, resolved; made when Checks are reached.
    pub resolved: Option<Arc<Plan>>,
    /// Guide.
    pub guide: Guides,
    /// Target.
    pub target: Target,
    /// Inputs.
    pub inputs: Fields,
    /// Secrets.
    pub secrets: Secrets,
    /// Checks.
    pub checks: Tasks,
    /// Plan.
    pub plan: PlanStage,
    /// Install.
    pub install: Install,
    /// Verify.
    pub verify: Verify,
    /// Summary.
    pub summary: Summary,
    /// The install is only watched: nothing is done from here.
    pub watching: Option<Standing>,
    /// What is watched.
    pub snapshot: Arc<Snapshot>,
    /// What lies over the stage.
    pub over: Option<Over>,
    /// Lines scrolled down in it.
    pub over_scroll: usize,
    /// What was said of checks before they were looked at.
    beforehand: Beforehand,
    /// A step being handed over.
    pub handing: Option<Handing>,
    /// Who was asked last: offered the next time.
    pub handed_to: String,
    /// A line for the person, until the next key.
    pub notice: Option<String>,
    /// Esc would have lost what was typed, and said so: the next one does.
    warned: bool,
    /// The target was confirmed, and what the inputs hang on is being found out.
    pub gathering: bool,
    /// Ctrl-C was pressed: it stops at the next safe point; again leaves at once.
    pub pausing: bool,
    /// The newest [`Input::Mark`]: what was sent before it is in this state.
    pub mark: u64,
}

/// What lies over a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Over {
    /// Keys and what the stage is for.
    Help,
    /// What is known of a row: its code, what it does, where it comes from.
    Explain(Vec<String>),
    /// Something went wrong beside the stages.
    Trouble(Problem),
    /// Leave the program?
    Leave,
}

#[cfg(test)]
mod tests;
