//! What reaches the wizard: keys, time, and what the driver was asked to find out.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{GuideRow, InstallRow, Origin, PlanShown, Resumed, Standing, StoreOffer, SummaryShown, TargetSeen};
use crate::{
    event::{Fact, Handed, Problem, Table, TaskPath},
    guide::LoadedGuide,
    mapping::{Decision, KeyPath},
    plan::{Facts, Said},
    value::{Plain, SecretRef},
    why::Snapshot,
};

/// Text a person typed or pasted. It may be a secret, so it cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Typed(Plain);

impl Typed {
    /// Takes a text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Plain::new(text.into()))
    }

    /// The text, for the field it goes into.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// Its only character, where it has just one.
    pub fn letter(&self) -> Option<char> {
        let mut letters = self.reveal().chars();
        letters.next().filter(|_| letters.next().is_none())
    }
}

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<typed>")
    }
}

/// A key, by what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// Go on, choose, finish a field.
    Enter,
    /// Back, close, leave a field.
    Esc,
    /// One up.
    Up,
    /// One down.
    Down,
    /// Left.
    Left,
    /// Right.
    Right,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the start.
    Home,
    /// To the end.
    End,
    /// Next part or tab.
    Tab,
    /// Part or tab before.
    BackTab,
    /// Delete before the cursor.
    Backspace,
    /// Delete at the cursor.
    Delete,
    /// Ctrl-W: delete the word before the cursor.
    DeleteWord,
    /// Ctrl-U: delete all that was typed.
    DeleteLine,
    /// F1.
    Help,
    /// Ctrl-C.
    Interrupt,
    /// Escape and a character that came at once: what a terminal also sends for Alt and the character.
    EscAnd(Typed),
    /// A character.
    Letter(Typed),
    /// A paste.
    Paste(Typed),
}

impl Key {
    /// A character's key.
    pub fn letter(letter: char) -> Self {
        Self::Letter(Typed::new(letter))
    }
}

/// Everything that can happen to a wizard. Private to the program: front ends and driver send it, nothing stores it.
#[derive(Clone, Debug)]
pub enum Input {
    /// A key was pressed.
    Key(Key),
    /// The terminal's size, in columns and rows.
    Size(u16, u16),
    /// It is now this late on the install's clock.
    Tick(Timestamp),

    /// The guides there are (answers `Look::Guides`).
    Guides(Vec<GuideRow>),
    /// Unfinished installs (answers `Look::Guides`).
    Installs(Vec<InstallRow>),
    /// Whether any AWS credentials were found; without them the rehearsal is offered first.
    Credentials(bool),
    /// The endpoints named themselves simulated; the rehearsal's name.
    Rehearsal(String),
    /// The install is bound to its target; its id (answers `Look::Confirm`).
    Bound(String),
    /// A guide was read (answers `Look::Guide` and `Look::Rehearse`), or why not.
    Opened(Result<Arc<LoadedGuide>, Problem>),
    /// What an answers file, or an earlier run, has for the inputs: there from the stage's first picture on.
    Answers(Map<String, Value>),
    /// What an answers file, or an earlier run, says of checks: holds as soon as one has been looked at, and where nobody
    /// here says otherwise.
    Beforehand {
        /// Who answers for what nobody could look at.
        attest: Vec<Said>,
        /// Who goes on in spite of what.
        waive: Vec<Said>,
    },
    /// An install goes on where it stood (answers `Look::Install`).
    Resumed(Box<Resumed>),
    /// The target that was confirmed has an install already: it goes on (comes with `Look::Confirm`).
    GoesOn(Box<Resumed>),
    /// Where the install would go (answers `Look::Target`).
    TargetSeen(Result<TargetSeen, Problem>),
    /// A look-up's answer (answers `Effect::Lookup`).
    Rows {
        /// The field it was for: an input's id, or `target.region` and its siblings.
        field: String,
        /// Rows, or why there are none.
        rows: Result<Table, Problem>,
    },
    /// Frozen facts that conditions and templates read as `facts.<name>`.
    FactsSeen(Facts),
    /// A task said something.
    Fact(Fact),
    /// The tasks that were asked for have ended (checks, or verifications).
    LookedAll,
    /// A plan is ready (answers `Effect::Plan`).
    PlanReady(Arc<PlanShown>),
    /// There is no plan, and why.
    PlanFailed(Problem),
    /// It was not begun: the plan is not the one that was agreed to.
    NotAgreed,
    /// The run ended: done, stopped by a failure, or paused.
    Ended(Ended),
    /// What the vault knows of one reference; never the value.
    VaultSaid(VaultSaid),
    /// Where secrets can be kept.
    Stores(Vec<StoreOffer>),
    /// What the journal of a watched install says.
    Watching(Box<Resumed>, Standing),
    /// What is watched.
    Snapshot(Arc<Snapshot>),
    /// What the summary shows, once there is something to show.
    Summary(Arc<SummaryShown>),
    /// It was written down who does a step instead of us (answers `Record::HandOver`).
    Handed {
        /// Which step.
        path: TaskPath,
        /// Who, when, and what to do.
        handed: Box<Handed>,
    },
    /// Credentials were renewed: when the session ends now.
    Expires(Option<Timestamp>),
    /// A text was copied, and saved here.
    Copied(String),
    /// The person came back from a shell.
    ShellEnded,
    /// Something went wrong beside the stages (a full disk, a lost journal).
    Trouble(Problem),

    /// Choose a guide.
    ChooseGuide(String),
    /// Go on with an unfinished install.
    ChooseInstall(String),
    /// Answer a field, in its own type or as text.
    Set {
        /// An input's id, or `target.profile`, `target.region`, `target.cluster`, `target.context`, `target.namespace`.
        field: String,
        /// The answer.
        value: Value,
    },
    /// Decide one key of a vendor's values file.
    Map {
        /// The input's id.
        field: String,
        /// Which key.
        path: KeyPath,
        /// What becomes of it.
        decision: Decision,
    },
    /// Enter a secret.
    SetSecret {
        /// Which.
        reference: SecretRef,
        /// Its text.
        secret: Plain,
    },
    /// Take a secret from somewhere.
    TakeSecret {
        /// Which.
        reference: SecretRef,
        /// From where.
        from: Origin,
    },
    /// Keep secrets in this store.
    ChooseStore {
        /// One of those offered.
        store: String,
        /// For a file: what opens it.
        passphrase: Option<Plain>,
    },
    /// Answer a task's question.
    Choose {
        /// Whose question.
        question: TaskPath,
        /// Which choice.
        choice: String,
        /// The word that had to be typed, where one had to.
        typed: Option<String>,
        /// Who decides.
        name: String,
        /// Why.
        reason: String,
    },
    /// Go on in spite of a failed check.
    Waive {
        /// Which check.
        path: TaskPath,
        /// Who says so.
        name: String,
        /// Why.
        reason: String,
    },
    /// Answer for what nobody would let us look at.
    Attest {
        /// Which check.
        path: TaskPath,
        /// Who answers for it.
        name: String,
        /// Ticket or reason.
        reason: String,
    },
    /// Somebody else does this step.
    HandOver {
        /// Which step.
        path: TaskPath,
        /// Who is asked.
        to: String,
        /// Why, or a ticket; may be empty.
        reason: String,
    },
    /// A step that was handed over is ours again.
    TakeBack(TaskPath),
    /// A person says that their step is done.
    Done(TaskPath),
    /// Agree to the plan and its probes.
    Approve {
        /// Who agrees; empty where nobody asked.
        name: String,
    },
    /// Take away what is no longer wanted once the rest is done, or leave it after all.
    TakeAway,
    /// On to the next stage.
    Next,
    /// Back to the one before.
    Back,
    /// To a stage already reached.
    Go(super::Stage),
    /// Look again at one task, or at all of the stage.
    Rerun(Option<TaskPath>),
    /// Stop at the next safe point.
    Pause,
    /// Remove space and newlines at both ends of a secret.
    Trim(SecretRef),
    /// Remove a secret's value; in rows beyond the fewest, the last row.
    Forget(SecretRef),
    /// One row more of this secret, by its id.
    AddRow(String),
    /// Build a kubeconfig from EKS instead of using a context, or use a context after all.
    BuildKubeconfig,
    /// Open the person's shell.
    Shell,
    /// Close what lies over the stage.
    Close,
    /// All that was sent before has been taken in once [`super::Wizard::mark`] is this number.
    Mark(u64),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything is done.
    Done,
    /// Some steps failed; what does not depend on them is done.
    Failed,
    /// Everything else is done; it waits for a person.
    WaitsForPerson,
    /// It was paused and can go on.
    Paused,
}

/// What the vault knows of one reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultSaid {
    /// Which secret.
    pub reference: SecretRef,
    /// Its length in characters; none where there is none.
    pub length: Option<usize>,
    /// It begins or ends with white space or a newline.
    pub stray_space: bool,
    /// Its text, for fields that are not secret in themselves.
    pub shown: Option<String>,
    /// Whether the Secret in the cluster has this key; none where nobody could look.
    pub in_cluster: Option<bool>,
    /// Whether it equals the Secret in the cluster; none where there is none or nobody looked.
    pub equals_cluster: Option<bool>,
    /// What went wrong with the last wish.
    pub problem: Option<Problem>,
}

impl VaultSaid {
    /// There is none.
    pub fn none(reference: SecretRef) -> Self {
        Self {
            reference,
            length: None,
            stray_space: false,
            shown: None,
            in_cluster: None,
            equals_cluster: None,
            problem: None,
        }
    }
}
