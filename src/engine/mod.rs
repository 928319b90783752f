//! Runs a plan: looks, changes, waits, writes down, and can take away again.
//!
//! [`Engine::look`] runs checks; [`Engine::run`] the install; [`Engine::undo`] takes back. Each ready task goes on by
//! itself: inspect → adopt, or write the intent → apply → inspect until present → write the result. First run, resume
//! and status are one loop.

mod agree;
mod anew;
mod change;
mod desk;
mod drift;
mod gate;
mod hand_over;
mod holder;
mod hosts;
mod inspect;
mod journal;
mod lasting;
mod look;
mod needs;
mod person;
mod run;
mod step;
mod teller;
mod undo;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use landfall_core::{
    event::{Section, TaskPath},
    guide::LoadedGuide,
    plan::{Brought, InstallId, Plan, PlannedTask},
    value::{Scope, SecretRef},
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

pub use desk::{Desk, Verdict};
pub use gate::Gate;
pub use holder::{Holder, holder, standing};
pub use hosts::Known;
pub use journal::{Journal, JournalTrouble, installs, private_folder, story_in};
pub use look::Standing;
pub use needs::{Around, looking, needs};
pub use run::{RunEnd, RunOptions};
pub use teller::Teller;
pub use undo::{Left, UndoLine};

use crate::{
    cloud::{Cloud, Fingerprint, Trouble},
    kind::{Context, Needs, PlanView, Secrets, Target},
    kinds::Kinds,
};

/// Everything an install runs with.
#[derive(Clone)]
pub struct Engine {
    /// What guides can name.
    pub kinds: Arc<Kinds>,
    /// The doors.
    pub cloud: Arc<Cloud>,
    /// The vault.
    pub secrets: Arc<dyn Secrets>,
    /// The guide.
    pub guide: Arc<LoadedGuide>,
    /// Where it goes.
    pub target: Arc<Target>,
    /// Which install.
    pub install: InstallId,
    /// Answers, facts, target; no step outputs.
    pub scope: Arc<Scope>,
    /// What the whole plan needs.
    pub needs: Arc<Needs>,
    /// The install's folder.
    pub folder: PathBuf,
    /// Where it is written down.
    pub journal: Journal,
    /// Where it is told.
    pub teller: Teller,
    /// Where persons decide.
    pub desk: Desk,
    /// Where tasks wait for renewed credentials.
    pub gate: Arc<Gate>,
    /// Set when it is asked to stop.
    pub cancel: CancellationToken,
}

impl Engine {
    /// What a kind gets, for one task, with the outputs that are known by now.
    pub fn context(&self, task: &PlannedTask, outputs: &BTreeMap<TaskPath, Value>) -> Context {
        let teller = self.teller.clone();
        let path = task.path.clone();
        Context {
            cloud: self.cloud.clone(),
            target: self.target.clone(),
            install: self.install.clone(),
            path: task.path.clone(),
            needs: self.needs.clone(),
            files: Arc::new(self.guide.folder.clone()),
            scope: Arc::new(self.scope_of(task, outputs)),
            secrets: self.secrets.clone(),
            tell: Arc::new(move |what| teller.tell(&path, what)),
            cancel: self.cancel.clone(),
            folder: self.folder.clone(),
        }
    }

    /// The names a task's templates may read.
    pub fn scope_of(&self, task: &PlannedTask, outputs: &BTreeMap<TaskPath, Value>) -> Scope {
        let mut scope = (*self.scope).clone();
        if let Some(row) = &task.row {
            scope.set("row", row.clone());
        }
        let mut repeated: BTreeMap<&str, serde_json::Map<String, Value>> = BTreeMap::new();
        // A verification may be called like the step it proves; only steps bring outputs.
        for (path, value) in outputs.iter().filter(|(path, _)| path.section == Section::Steps) {
            match &path.key {
                None => scope.step(path.id.clone(), value.clone()),
                Some(key) => {
                    repeated.entry(&path.id).or_default().insert(key.clone(), value.clone());
                }
            }
        }
        for (id, rows) in repeated {
            scope.step(id, Value::Object(rows));
        }
        scope
    }

    /// A task's parameters with what is known by now.
    pub fn parameters(
        &self,
        task: &PlannedTask,
        template: &Value,
        outputs: &BTreeMap<TaskPath, Value>,
    ) -> Result<Value, Trouble> {
        self.scope_of(task, outputs).render(template).map_err(|fault| {
            Trouble::guide(
                self.guide.document.fault(&task.pointer, format!("{}: {fault}", task.path)).to_string(),
                "Mend the guide; `landfall guide lint` shows the place.",
            )
        })
    }

    /// Commands, permissions and hosts of a task, without touching anything.
    pub fn view<T>(&self, task: &PlannedTask, look: impl FnOnce(&Kinds, &PlanView<'_>) -> T) -> T {
        let mut scope = (*self.scope).clone().with_late_steps();
        if let Some(row) = &task.row {
            scope.set("row", row.clone());
        }
        let view = PlanView { target: &self.target, install: &self.install, files: &self.guide.folder, scope: &scope };
        look(&self.kinds, &view)
    }

    /// Keyed fingerprints of secrets, as far as they are at hand.
    pub async fn marks(&self, all: BTreeSet<SecretRef>) -> Result<BTreeMap<String, String>, Trouble> {
        let mut marks = BTreeMap::new();
        if all.is_empty() {
            return Ok(marks);
        }
        let key = Fingerprint::of(&self.folder)?;
        for reference in all {
            if let Some(secret) = self.secrets.get(&reference).await? {
                marks.insert(reference.to_string(), key.mark(secret.reveal().as_bytes()));
            }
        }
        Ok(marks)
    }

    /// What a plan's steps bring, to say in words what is not known yet.
    pub fn brought(&self, plan: &Plan) -> Brought {
        Brought::of(plan, |kind| self.kinds.steps.get(kind).map(|kind| kind.describe().outputs).unwrap_or_default())
    }

    /// Evaluates a plan of this engine's guide and answers.
    pub fn plan(&self) -> Result<Plan, landfall_core::value::Fault> {
        Plan::build(&self.guide, &self.scope)
    }
}
