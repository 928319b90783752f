//! One install in hand: guide, target, answers, vault, plan. Front ends drive it; it drives the engine.
//!
//! In order: [`Session::prove`] (where it goes), [`Session::bind`] (which install), [`Session::gather`] (facts),
//! [`Session::settle`] (answers), secrets, [`Session::plan`], then the engine it hands out.

mod answers;
mod carried;
mod changes;
mod mapping;
mod planning;
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
    guide::{LoadedGuide, Severity},
    journal::{Record, Story},
    plan::{Answers, Facts, InstallId, Plan, PlannedTask, Settled, handed_over, scope, settle, words},
    value::{Mask, Plain, Scope, references},
};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

pub use answers::{inputs_in, read_answers};
pub use planning::Planned;
pub use target::{Proven, TargetChoice};

use crate::{
    cloud::{Cloud, Endpoints, Trouble, keep_kubeconfig},
    engine::{Desk, Engine, Gate, Journal, Teller, installs, needs},
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
    /// What was taken over from earlier runs, one line each.
    pub carried: Vec<String>,
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
            carried: Vec::new(),
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

    /// The journal's story; empty before the install is bound.
    pub fn story(&self) -> Story {
        self.bound.as_ref().map(|bound| bound.journal.story()).unwrap_or_default()
    }

    /// Looks the guide's facts up. Those of an approved plan stay frozen.
    pub async fn gather(&mut self) -> Result<(), Trouble> {
        let story = self.story();
        self.frozen = match story.facts {
            Some(Value::Object(frozen)) => frozen,
            _ => Facts::new(),
        };
        let (agreed, now) = (story.approved.inputs, self.settle().values);
        // A look-up that reads an answer is made again where that answer is another now.
        let reads_another = |with: &Value| reads_another(with, &agreed, &now);
        for fact in self.guide.guide.facts.clone() {
            if self.frozen.contains_key(&fact.id) && !reads_another(&fact.with) {
                continue;
            }
            let with = self.scope_without_steps().render(&fact.with).unwrap_or_default();
            let seen = match self.house.kinds.lookups.get(&fact.lookup) {
                None => {
                    Err(Trouble::guide(format!("there is no look-up called {}", fact.lookup), "Correct the guide."))
                }
                Some(lookup) => {
                    let engine = self.engine(&Plan::default())?;
                    let task = bare_task(&fact.id);
                    lookup.rows(&engine.context(&task, &BTreeMap::new()), &with).await
                }
            };
            match seen {
                Ok(table) => {
                    let value = table.rows.into_iter().next().map_or(Value::Null, |row| row.value);
                    self.frozen.insert(fact.id, value);
                }
                Err(Trouble::Interrupted) => return Err(Trouble::Interrupted),
                Err(trouble) => {
                    self.frozen.insert(fact.id.clone(), Value::Null);
                    self.unknown_facts.insert(fact.id, trouble.problem());
                }
            }
        }
        Ok(())
    }

    /// Whether a fact reads an answer that was another before.
    pub fn facts_read_another(&self, before: &Facts) -> bool {
        let now = self.settle().values;
        self.guide.guide.facts.iter().any(|fact| reads_another(&fact.with, before, &now))
    }

    /// One look-up, for an input's table; parameters are rendered with the answers so far.
    pub async fn lookup(&self, name: &str, with: &Value) -> Result<landfall_core::event::Table, Trouble> {
        let lookup = self
            .house
            .kinds
            .lookups
            .get(name)
            .ok_or_else(|| Trouble::guide(format!("there is no look-up called {name}"), "Correct the guide."))?;
        let with = self
            .scope_without_steps()
            .render(with)
            .map_err(|fault| Trouble::guide(format!("{name}: {fault}"), "Answer what it reads first."))?;
        let task = bare_task(name);
        let cx = match &self.bound {
            Some(_) => self.engine(&Plan::default())?.context(&task, &BTreeMap::new()),
            // Target's own tables are asked for before anything is bound.
            None => self.preview(
                &self.cloud,
                self.proven.as_ref().map(|proven| proven.target.clone()).unwrap_or_default(),
                task,
            ),
        };
        lookup.rows(&cx, &with).await
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
        let by_other = self.by_other();
        let needs = needs(plan, &self.guide, &self.house.kinds, &target, &bound.install, &scope, &by_other);
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
        let scope = self.scope_without_steps();
        needs(plan, &self.guide, &self.house.kinds, &target, &install, &scope, &self.by_other())
    }

    /// Whether somebody else does a step.
    fn by_other(&self) -> impl Fn(&PlannedTask) -> bool {
        let (story, rules) = (self.story(), self.answers.hand_over.clone());
        move |task| handed_over(story.steps.get(&task.path), &rules, task).is_some()
    }

    /// Writes the answers down as they are now. Who only reads tries them out, and leaves those of the install alone.
    pub async fn record_answers(&self) -> Result<(), Trouble> {
        let bound = self.bound()?;
        if bound.journal.only_read() || bound.journal.story().answers == self.answers {
            return Ok(());
        }
        bound.journal.write(Record::Answered { answers: Box::new(self.answers.clone()) }).await
    }

    /// Writes down who goes past what, and who answers for what, where a task of the plan is meant.
    pub async fn record_vouches(&self, plan: &Plan) -> Result<(), Trouble> {
        let bound = self.bound()?;
        let story = bound.journal.story();
        for task in &plan.tasks {
            let name = task.path.to_string();
            let for_task = |said: &&landfall_core::plan::Said| task.path.matches(&said.task);
            if let Some(said) = self.answers.waive.iter().find(for_task).filter(|_| !story.waived.contains_key(&name)) {
                let said = landfall_core::plan::Said { task: name.clone(), ..said.clone() };
                bound.journal.write(Record::Waived { said }).await?;
            }
            if let Some(said) =
                self.answers.attest.iter().find(for_task).filter(|_| !story.attested.contains_key(&name))
            {
                let said = landfall_core::plan::Said { task: name.clone(), ..said.clone() };
                bound.journal.write(Record::Attested { said }).await?;
            }
        }
        Ok(())
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

/// Whether parameters read an answer that is another now.
fn reads_another(with: &Value, before: &Facts, now: &Facts) -> bool {
    let names = references(with).map(|references| references.names).unwrap_or_default();
    let mut inputs = names.iter().filter_map(|name| name.split('.').next());
    inputs.any(|input| before.get(input) != now.get(input))
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

/// A task for look-ups outside the plan.
fn bare_task(id: &str) -> PlannedTask {
    PlannedTask {
        title: id.to_owned(),
        severity: Severity::Warn,
        ..PlannedTask::bare(TaskPath::new(Section::Checks, id))
    }
}
