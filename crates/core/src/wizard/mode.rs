//! Which table of keys holds now?

use super::{
    Action, Binding, Doing, Editing, Ended, Over, Panel, SecretEditing, Stage, Wizard,
    bindings::{
        ANSWERING, CELLS, CHECKS, FILTERING, GUIDE, HANDING, HELPING, INPUTS, INSTALL, INSTALL_ASKS, INSTALL_PANEL,
        INSTALLED, INSTALLED_PANEL, LEAVING, MAPPING, MOVES, OVER, PANELS, PICKING, PLAN, PLAN_RUNNING, SECRETS,
        SOURCES, STOPPED, SUMMARY, TARGET, TICKING, TYPING, VOUCHING, WATCHING, WATCHING_PANEL,
    },
};

/// Which table of keys holds now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A stage, nothing being edited.
    Stage(Stage),
    /// The plan, while the install runs.
    PlanRunning,
    /// Everything is installed.
    Installed,
    /// A step of the install asks a person.
    InstallAsks,
    /// Install, with a panel of what is watched.
    InstallPanel,
    /// The install stopped before everything was done.
    Stopped,
    /// Everything is installed, with a panel of what is watched.
    InstalledPanel,
    /// An install is watched.
    Watching,
    /// An install is watched, with a panel of what is watched.
    WatchingPanel,
    /// A panel's filter is being typed.
    Filtering,
    /// A line is being typed.
    Typing,
    /// A choice is being made from a list.
    Picking,
    /// Several can be chosen from a list.
    Ticking,
    /// Cells of rows are being typed.
    Cells,
    /// A values file is being filled in.
    Mapping,
    /// A secret's source is being chosen.
    Sources,
    /// A person's word is being typed.
    Vouching,
    /// Who does a step instead of us is being typed.
    Handing,
    /// A question is being answered.
    Answering,
    /// The page of keys lies over the stage.
    Helping,
    /// Something lies over the stage.
    Over,
    /// Leave?
    Leaving,
}

impl Mode {
    /// Its keys: its own table, and the movements where there is something to move in.
    pub fn keys(self) -> Vec<&'static Binding> {
        let own = self.own();
        let moves = own.iter().any(|binding| binding.does == Action::Up);
        let panels = own.iter().any(|binding| binding.does == Action::TabOn) && self.has_panels();
        own.iter().chain(PANELS.iter().filter(|_| panels)).chain(MOVES.iter().filter(|_| moves)).collect()
    }

    fn has_panels(self) -> bool {
        matches!(
            self,
            Self::Stage(Stage::Install)
                | Self::Installed
                | Self::InstallAsks
                | Self::Stopped
                | Self::InstallPanel
                | Self::InstalledPanel
                | Self::Watching
                | Self::WatchingPanel
        )
    }

    fn own(self) -> &'static [Binding] {
        match self {
            Self::Stage(Stage::Guide) => GUIDE,
            Self::Stage(Stage::Target) => TARGET,
            Self::Stage(Stage::Inputs) => INPUTS,
            Self::Stage(Stage::Secrets) => SECRETS,
            Self::Stage(Stage::Checks | Stage::Verify) => CHECKS,
            Self::Stage(Stage::Plan) => PLAN,
            Self::Stage(Stage::Install) => INSTALL,
            Self::Stage(Stage::Summary) => SUMMARY,
            Self::PlanRunning => PLAN_RUNNING,
            Self::Installed => INSTALLED,
            Self::InstallAsks => INSTALL_ASKS,
            Self::Stopped => STOPPED,
            Self::InstallPanel => INSTALL_PANEL,
            Self::InstalledPanel => INSTALLED_PANEL,
            Self::Watching => WATCHING,
            Self::WatchingPanel => WATCHING_PANEL,
            Self::Filtering => FILTERING,
            Self::Typing => TYPING,
            Self::Picking => PICKING,
            Self::Ticking => TICKING,
            Self::Cells => CELLS,
            Self::Mapping => MAPPING,
            Self::Sources => SOURCES,
            Self::Vouching => VOUCHING,
            Self::Handing => HANDING,
            Self::Answering => ANSWERING,
            Self::Helping => HELPING,
            Self::Over => OVER,
            Self::Leaving => LEAVING,
        }
    }
}

impl Wizard {
    /// Which table of keys holds now.
    pub fn mode(&self) -> Mode {
        match self.over {
            Some(Over::Leave) => Mode::Leaving,
            Some(Over::Help) => Mode::Helping,
            Some(_) => Mode::Over,
            None => self.mode_below(),
        }
    }

    /// The same, whatever lies over the stage.
    pub fn mode_below(&self) -> Mode {
        if self.handing.is_some() {
            return Mode::Handing;
        }
        let fields = match self.stage {
            Stage::Target => Some(&self.target.fields),
            Stage::Inputs => Some(&self.inputs),
            _ => None,
        };
        if let Some(fields) = fields {
            match &fields.editing {
                Some(Editing::Line(_)) => return Mode::Typing,
                Some(Editing::Pick { .. }) => {
                    return if fields.selected().is_some_and(super::Field::takes_several) {
                        Mode::Ticking
                    } else {
                        Mode::Picking
                    };
                }
                Some(Editing::Cells { .. }) => return Mode::Cells,
                Some(Editing::Keys(keys)) => {
                    return match keys.doing {
                        None => Mode::Mapping,
                        Some(Doing::Typing(_) | Doing::Leaving(_) | Doing::Naming(_)) => Mode::Typing,
                        Some(Doing::Pointing(..) | Doing::Adding(..)) => Mode::Picking,
                    };
                }
                None => {}
            }
        }
        if self.stage == Stage::Secrets {
            match &self.secrets.editing {
                Some(SecretEditing::Source(_)) => return Mode::Sources,
                Some(_) => return Mode::Typing,
                None => {}
            }
        }
        if let Some(tasks) = self.tasks() {
            if tasks.vouching.is_some() {
                return Mode::Vouching;
            }
            if tasks.answering.is_some() {
                return Mode::Answering;
            }
        }
        if self.stage == Stage::Install {
            let panels = &self.install.panels;
            let shown = panels.shown != Panel::Story;
            match (&self.watching, &panels.typing) {
                (_, Some(_)) if shown => return Mode::Filtering,
                (Some(_), _) => return if shown { Mode::WatchingPanel } else { Mode::Watching },
                (None, _) if shown && self.install.ended == Some(Ended::Done) => return Mode::InstalledPanel,
                (None, _) if shown => return Mode::InstallPanel,
                (None, _) => {}
            }
        }
        if self.stage == Stage::Install && self.install.ended == Some(Ended::Done) {
            return Mode::Installed;
        }
        if self.stage == Stage::Install && matches!(self.install.ended, Some(Ended::Failed | Ended::Paused)) {
            return Mode::Stopped;
        }
        let asks = |row: &super::TaskRow| matches!(row.state, super::TaskState::Asked(_));
        if self.stage == Stage::Install && self.install.tasks.rows.iter().any(asks) {
            return Mode::InstallAsks;
        }
        if self.stage == Stage::Plan && self.plan_is_run() {
            return Mode::PlanRunning;
        }
        Mode::Stage(self.stage)
    }

    /// Whether the plan that is shown was agreed to and is being run, or is installed.
    pub fn plan_is_run(&self) -> bool {
        // What differs from what was installed has still to be agreed to.
        let agreed =
            |plan: &super::PlanShown| self.plan.approved.as_ref() == Some(&plan.digest) && plan.review.is_empty();
        let installed = self.install.ended == Some(Ended::Done) && self.plan.plan.as_deref().is_some_and(agreed);
        self.plan.approved.is_some() && (self.install.tasks.running || installed)
    }

    /// What may be pressed now.
    pub fn keys(&self) -> Vec<&'static Binding> {
        self.mode().keys()
    }

    /// Whether what is typed now is a secret: a bug report keeps such keys out.
    pub fn typing_secret(&self) -> bool {
        self.over.is_none()
            && self.stage == Stage::Secrets
            && matches!(self.secrets.editing, Some(SecretEditing::Value(_) | SecretEditing::Passphrase(..)))
    }
}
