//! What the wizard wants done. Verbs; stages differ in data, not in new verbs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    event::TaskPath,
    guide::Generate,
    value::{Plain, SecretRef},
};

/// Something the driver does for the wizard.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Look around: guides, a guide, an install, a target.
    Look(Look),
    /// Fill a field's table.
    Lookup {
        /// The field, as in `Input::Rows`.
        field: String,
        /// The look-up's name.
        lookup: String,
        /// Its parameters, rendered.
        with: Value,
    },
    /// Run checks (or verifications); all of the section where no paths are given.
    Check {
        /// Which section.
        section: crate::event::Section,
        /// Which of its tasks; empty means all.
        paths: Vec<TaskPath>,
    },
    /// Make a plan of guide and answers.
    Plan,
    /// Do what was approved, or go on with it.
    Run,
    /// Stop at the next safe point.
    Pause,
    /// A person decided.
    Decide {
        /// Whose question; a person's own step has the question `done`.
        path: TaskPath,
        /// What the question was about.
        question: String,
        /// The choice's id.
        choice: String,
        /// Who decided.
        name: String,
        /// Why.
        reason: String,
    },
    /// Something with secrets.
    Vault(Vault),
    /// Write down.
    Record(Record),
    /// Put a text on the clipboard, and save it beside.
    Copy(String),
    /// Open the person's shell.
    Shell,
    /// Watch the cluster, or stop.
    Watch(bool),
    /// Follow this pod's log before all others; none: those that matter.
    Follow(Option<String>),
    /// Leave the program. The install can go on later.
    Quit,
}

impl Effect {
    /// Whether a secret may be another afterwards. One that is adopted from the cluster is the one in use.
    pub(super) fn changes_secret(&self) -> bool {
        match self {
            Self::Vault(Vault::Take { from, .. }) => !matches!(from, Origin::Existing { .. }),
            Self::Vault(vault) => {
                matches!(vault, Vault::Put { .. } | Vault::Generate { .. } | Vault::Trim(_) | Vault::Forget(_))
            }
            _ => false,
        }
    }
}

/// What to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// Which guides and unfinished installs there are, and whether there are credentials.
    Guides,
    /// Read this guide.
    Guide(String),
    /// Read this install's journal.
    Install(String),
    /// Begin a rehearsal of this guide, and read it; from then on the endpoints are simulated.
    Rehearse {
        /// Which guide.
        guide: String,
        /// Which scenario.
        scenario: String,
    },
    /// Use these from now on (look-ups that follow already do), and prove where the install would go.
    Target(TargetChoice),
    /// Which stores there are for secrets.
    Stores,
    /// What the summary shows.
    Summary,
    /// Bind the install to the target that was seen.
    Confirm,
}

/// What a person chose in Target; what is left out is found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetChoice {
    /// AWS profile.
    pub profile: Option<String>,
    /// AWS region.
    pub region: Option<String>,
    /// EKS cluster's name.
    pub cluster: Option<String>,
    /// kubeconfig context.
    pub context: Option<String>,
    /// Namespace.
    pub namespace: Option<String>,
    /// Build a kubeconfig from EKS instead of using a context.
    #[serde(default)]
    pub build_kubeconfig: bool,
}

/// Something with secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vault {
    /// Keep this text.
    Put {
        /// Which.
        reference: SecretRef,
        /// The text.
        secret: Plain,
    },
    /// Fetch it from somewhere.
    Take {
        /// Which.
        reference: SecretRef,
        /// From where.
        from: Origin,
    },
    /// Make it up.
    Generate {
        /// Which.
        reference: SecretRef,
        /// How.
        how: Generate,
    },
    /// Remove space and newlines at both ends.
    Trim(SecretRef),
    /// Say what is known of it, compared with the Secret in the cluster.
    Compare {
        /// Which.
        reference: SecretRef,
        /// `namespace/name` of the Kubernetes Secret and the key inside, where there is one.
        kubernetes: Option<(String, String)>,
    },
    /// Join rows into one text.
    Join {
        /// Where to keep it.
        into: SecretRef,
        /// Rows of cells.
        rows: Vec<Vec<SecretRef>>,
        /// Between cells.
        join_columns: String,
        /// Between rows.
        join_rows: String,
    },
    /// Remove it.
    Forget(SecretRef),
    /// Keep secrets here from now on.
    Store {
        /// One of those offered.
        store: String,
        /// For a file: what opens it.
        passphrase: Option<Plain>,
    },
}

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file's content.
    File(String),
    /// An environment variable.
    Environment(String),
    /// A command's output.
    Command(String),
    /// An AWS Secrets Manager secret, by name or ARN, with `#key` for one key of a JSON secret.
    SecretsManager(String),
    /// The Secret already in the cluster.
    Existing {
        /// `namespace/name`.
        secret: String,
        /// Key inside.
        key: String,
    },
    /// Made up.
    Generated(Generate),
}

/// What goes into the journal from the stages.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// All answers as they are now.
    Answers(Map<String, Value>),
    /// A failed check is waived.
    Waiver(Vouched),
    /// A person answers for what could not be looked at.
    Attestation(Vouched),
    /// Somebody else does a step: write down for them what to do.
    HandOver {
        /// Which step.
        path: TaskPath,
        /// Who is asked.
        to: String,
        /// Why, or a ticket.
        reason: String,
        /// Who hands it over.
        name: String,
    },
    /// A step that was handed over is ours again.
    TakeBack(TaskPath),
    /// The plan was agreed to.
    Approval {
        /// Digest of the plan.
        digest: String,
        /// Probes agreed to.
        probes: Vec<TaskPath>,
        /// Who agreed; empty where nobody asked.
        name: String,
        /// Steps that are no longer wanted and are taken away once the rest is done.
        take_away: Vec<TaskPath>,
    },
}

/// A person's word on a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vouched {
    /// Which check.
    pub path: TaskPath,
    /// Who.
    pub name: String,
    /// Why, or a ticket.
    pub reason: String,
}
