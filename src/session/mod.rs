//! One install in hand: guide, target, answers, vault, plan. Front ends drive it; it drives the engine.
//!
//! In order: [`Session::prove`] (where it goes), [`Session::bind`] (which install), [`Session::gather`] (facts),
//! [`Session::settle`] (answers), secrets, [`Session::plan`], then the engine it hands out.

mod answers;
mod carried;
mod changes;
mod facts;
mod hosts;
mod mapping;
mod planning;
mod recorded;
mod secrets;
mod summary;
mod target;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, RwLock},
};

use landfall_core::{
    event::{Fact, Problem, Section, TaskPath},
    guide::LoadedGuide,
    journal::{Record, Story},
    plan::{Answers, Facts, InstallId, Plan, PlannedTask, Settled, handed_over, scope, settle, words},
    value::{Mask, Plain, Scope, SecretRef},
};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

pub use answers::{inputs_in, read_answers};
pub use hosts::HostsAlone;
pub use planning::Planned;
pub use target::{Proven, TargetChoice};

use crate::{
    cloud::{Cloud, Endpoints, Trouble, keep_kubeconfig},
    engine::{Around, Desk, Engine, Gate, Journal, Teller, holder, installs, needs},
    kind::{Needs, Target},
    kinds::Kinds,
    secret::{Place, Vault},
};

/// What every install of this program run shares.
#[derive(Clone)]
pub struct House {
    /// What guides can name.
    pub kinds: Arc<Kinds>,
    /// Where everything is.
    pub endpoints: Endpoints,
    /// What must never be shown.
    pub mask: Arc<RwLock<Mask>>,
    /// Where facts go.
    pub facts: UnboundedSender<Fact>,
}

/// An install in hand, before it is bound to a target.
#[derive(Clone)]
pub struct Session {
    /// What is shared.
    pub house: House,
    /// The guide.
    pub guide: Arc<LoadedGuide>,
    /// The doors, with the chosen profile, region and context.
    pub cloud: Arc<Cloud>,
    /// What people said.
    pub answers: Answers,
    /// Where it goes, once that is proven.
    pub proven: Option<Proven>,
    /// The install, once it is bound.
    pub bound: Option<Bound>,
    /// Frozen look-ups.
    pub frozen: Facts,
    /// Why a fact could not be looked up, by its id.
    pub unknown_facts: BTreeMap<String, Problem>,
    /// Whether an answers file speaks for a person who is not there: then it says all, but for what was agreed to.
    pub file_says_all: bool,
    /// Whether an answers file is named, also where a person is there: it says who vouches for checks.
    pub file_named: bool,
    /// What was taken over from earlier runs, one line each.
    pub carried: Vec<String>,
    /// Texts of secrets' fields that are not secret in themselves, as far as they were seen.
    visible: Arc<RwLock<BTreeMap<SecretRef, String>>>,
    /// Set when it is asked to stop.
    pub cancel: CancellationToken,
}

/// An install that has an id, a folder, a journal and a vault.
#[derive(Clone)]
pub struct Bound {
    /// Its id.
    pub install: InstallId,
    /// Where it goes.
    pub target: Arc<Target>,
    /// Its folder.
    pub folder: PathBuf,
    /// Its journal.
    pub journal: Journal,
    /// Its vault.
    pub vault: Vault,
    /// Where persons decide.
    pub desk: Desk,
    /// Where expired doors are waited for.
    pub gate: Arc<Gate>,
}

impl Session {
    /// A session for a guide.
    pub fn new(house: House, guide: Arc<LoadedGuide>, answers: Answers) -> Self {
        let cloud = Arc::new(Cloud::new(house.endpoints.clone()));
        Self {
            house,
            guide,
            cloud,
            answers,
            proven: None,
            bound: None,
            frozen: Facts::new(),
            unknown_facts: BTreeMap::new(),
            file_says_all: false,
            file_named: false,
            carried: Vec::new(),
            visible: Arc::default(),
            cancel: CancellationToken::new(),
        }
    }

    /// The bound install, or why there is none.
    pub fn bound(&self) -> Result<&Bound, Trouble> {
        self.bound.as_ref().ok_or_else(|| Trouble::guide("no target was confirmed yet", "Confirm the target first."))
    }

    /// Binds the install to the proven target: an unfinished (or finished) install of the same guide and target goes on,
    /// otherwise a new one begins.
    pub async fn bind(&mut self, place: Place, passphrase: Option<Plain>) -> Result<(), Trouble> {
        self.bind_to(place, passphrase, false).await
    }

    /// The same for who only reads: an install that is there needs no lock, is read as it stands, and nothing is written
    /// down in it. Where there is none yet it begins.
    pub async fn bind_to_read(&mut self, place: Place, passphrase: Option<Plain>) -> Result<(), Trouble> {
        self.bind_to(place, passphrase, true).await
    }

    async fn bind_to(&mut self, place: Place, passphrase: Option<Plain>, reads: bool) -> Result<(), Trouble> {
        let proven = self
            .proven
            .clone()
            .ok_or_else(|| Trouble::guide("no target was proven yet", "Confirm the target first."))?;
        self.cloud.vouch.agree()?;
        let target = Arc::new(proven.target.clone());
        let wanted = serde_json::to_value(&*target).unwrap_or_default();
        let known = installs(&self.house.endpoints.state).into_iter().find_map(|(folder, story)| {
            let story = story.ok()?;
            let same = story.guide == self.guide.guide.id
                && ["account", "region", "cluster", "cluster_id", "namespace"]
                    .iter()
                    .all(|field| story.target.get(*field) == wanted.get(*field));
            same.then_some((folder, story.install?))
        });
        let (folder, install, fresh) = match known {
            Some((folder, install)) => (folder, install, false),
            None => {
                let install = InstallId::random();
                (self.house.endpoints.state.join(install.as_str()), install, true)
            }
        };
        let journal =
            if reads && !fresh { Journal::read(&folder)? } else { Journal::open(&folder, self.cloud.clock())? };
        let vault = self.vault(place, &install, passphrase).await?;
        if fresh {
            journal
                .write(Record::Opened {
                    install: install.clone(),
                    guide: self.guide.guide.id.clone(),
                    guide_digest: guide_digest(&self.guide),
                    program: format!("landfall {}", env!("CARGO_PKG_VERSION")),
                    target: wanted,
                })
                .await?;
            keep_guide(&folder, &self.guide)?;
        } else {
            self.carry_over(&journal.story());
        }
        if let Some(own) = self.cloud.kube.own().filter(|_| !journal.only_read()) {
            keep_kubeconfig(&folder, &own)?;
        }
        self.bound =
            Some(Bound { install, target, folder, journal, vault, desk: Desk::default(), gate: Arc::default() });
        Ok(())
    }

    /// A vault that knows which of the guide's fields are visible.
    pub async fn vault(&self, place: Place, install: &InstallId, passphrase: Option<Plain>) -> Result<Vault, Trouble> {
        let guide = self.guide.clone();
        let vault = Vault::open(place, install, self.house.mask.clone(), passphrase).await?;
        Ok(vault.knowing(move |reference| field_of(&guide, reference).is_some_and(|field| field.visible)))
    }

    /// Who runs the install that is only read here, if somebody does.
    pub fn run_by_other(&self) -> Option<String> {
        let bound = self.bound.as_ref().filter(|bound| bound.journal.only_read())?;
        holder(&bound.folder).map(|holder| holder.to_string())
    }

    /// The journal's story; empty before the install is bound.
    pub fn story(&self) -> Story {
        self.bound.as_ref().map(|bound| bound.journal.story()).unwrap_or_default()
    }

    /// Answers with defaults filled in.
    pub fn settle(&self) -> Settled {
        settle(&self.guide.guide, &self.answers, &self.frozen, &self.target_value())
    }

    /// Where it goes, as templates read it.
    pub fn target_value(&self) -> Value {
        let target = self.proven.as_ref().map(|proven| proven.target.clone()).unwrap_or_default();
        serde_json::to_value(target).unwrap_or_default()
    }

    /// Names templates may read, without step outputs.
    pub fn scope_without_steps(&self) -> Scope {
        let install = self.bound.as_ref().map_or_else(|| InstallId::of("preview"), |bound| bound.install.clone());
        scope(&self.guide.guide, &self.settle(), &self.frozen, &self.target_value(), &install)
    }

    /// Resolves guide and answers.
    pub fn resolve(&self) -> Result<Plan, Trouble> {
        Plan::build(&self.guide, &self.scope_without_steps()).map_err(|fault| {
            Trouble::guide(fault.to_string(), "Mend the guide; `landfall guide lint` shows the place.")
        })
    }

    /// An engine for a plan.
    pub fn engine(&self, plan: &Plan) -> Result<Engine, Trouble> {
        let scope = self.scope_without_steps();
        let target = self.proven.as_ref().map(|proven| Arc::new(proven.target.clone())).unwrap_or_default();
        let bound = self.bound()?;
        let needs = self.summed(plan, &target, &bound.install, &scope);
        Ok(Engine {
            kinds: self.house.kinds.clone(),
            cloud: self.cloud.clone(),
            secrets: Arc::new(bound.vault.clone()),
            guide: self.guide.clone(),
            target,
            install: bound.install.clone(),
            scope: Arc::new(scope),
            needs: Arc::new(needs),
            folder: bound.folder.clone(),
            journal: bound.journal.clone(),
            teller: self.teller(self.house.facts.clone()),
            desk: bound.desk.clone(),
            gate: bound.gate.clone(),
            cancel: self.cancel.clone(),
        })
    }

    /// Who tells what goes on, in words that know answers and target.
    fn teller(&self, to: UnboundedSender<Fact>) -> Teller {
        let words = words(&self.guide.guide, &self.answers, &self.frozen, &self.target_value());
        Teller::new(self.cloud.clock(), self.house.mask.clone(), &self.guide, &words, to)
    }

    /// What a plan needs, without a bound install.
    pub fn needs(&self, plan: &Plan) -> Needs {
        let target = self.proven.as_ref().map(|proven| proven.target.clone()).unwrap_or_default();
        let install = self.bound.as_ref().map_or_else(|| InstallId::of("preview"), |bound| bound.install.clone());
        self.summed(plan, &target, &install, &self.scope_without_steps())
    }

    fn summed(&self, plan: &Plan, target: &Target, install: &InstallId, scope: &Scope) -> Needs {
        let known = self.known(plan);
        let around = Around { guide: &self.guide, kinds: &self.house.kinds, target, install, scope, known: &known };
        needs(plan, &around, &self.by_other())
    }

    /// Whether somebody else does a step.
    fn by_other(&self) -> impl Fn(&PlannedTask) -> bool {
        let (story, rules) = (self.story(), self.answers.hand_over.clone());
        move |task| handed_over(story.steps.get(&task.path), &rules, task).is_some()
    }

    /// Outputs of every finished step, as the journal knows them.
    pub fn outputs(&self) -> BTreeMap<TaskPath, Value> {
        self.story().outputs()
    }

    /// The plan's tasks of a section that are not run in the middle of the install.
    pub fn looks<'a>(&self, plan: &'a Plan, section: Section) -> Vec<&'a PlannedTask> {
        plan.section(section).filter(|task| !task.early).collect()
    }
}

/// The guide's field of a reference: `postgres.password`, or a row's cell `models.0.key`.
pub fn field_of<'a>(
    guide: &'a LoadedGuide,
    reference: &landfall_core::value::SecretRef,
) -> Option<&'a landfall_core::guide::Field> {
    let mut parts = reference.0.split('.');
    let id = parts.next()?;
    let last = parts.next_back()?;
    let secret = guide.guide.secrets.iter().find(|secret| secret.id == id)?;
    let columns = secret.rows.as_ref().map(|rows| rows.columns.as_slice()).unwrap_or_default();
    secret.fields.iter().chain(columns).find(|field| field.id == last)
}

/// A digest of a guide's files.
pub fn guide_digest(guide: &LoadedGuide) -> String {
    landfall_core::plan::digest(&serde_json::json!(guide.folder.files))
}

/// The guide itself is copied beside the journal, so that undo and support never depend on a newer one.
fn keep_guide(folder: &std::path::Path, guide: &LoadedGuide) -> Result<(), Trouble> {
    let disk = |error: std::io::Error| {
        Trouble::from(Problem::new(
            "JOURNAL-DISK",
            format!("{}: {error}", folder.display()),
            "Make room or correct the folder's rights, then start again.",
        ))
    };
    for (path, text) in guide.folder.files.iter().filter(|(path, _)| !path.starts_with("scenarios/")) {
        let file = folder.join("guide").join(path);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent).map_err(disk)?;
        }
        std::fs::write(file, text).map_err(disk)?;
    }
    Ok(())
}
