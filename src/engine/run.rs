//! The install: every task as soon as what it comes after is done, independent ones side by side.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};
use landfall_core::{
    event::{Happened, Outcome, Section, TaskPath},
    journal::{Record, Story},
    plan::{Answers, Plan, PlannedTask},
};
use serde_json::Value;

use super::{Engine, look::Standing};
use crate::cloud::Trouble;

/// How an install is run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// What was agreed to beforehand.
    pub answers: Answers,
    /// Nobody is there to decide: an open question ends the task as waiting for a person.
    pub alone: bool,
    /// How long to wait for a person's step; the guide's `within` where it is left out.
    pub wait_person: Option<Duration>,
    /// Held while something is taken away to be made anew.
    pub making_way: Arc<tokio::sync::Mutex<()>>,
}

/// How an install ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// Everything is there.
    Finished,
    /// Something failed; what did not depend on it is there.
    Failed(Vec<TaskPath>),
    /// It waits for a person.
    WaitsForPerson(Vec<TaskPath>),
    /// It was asked to stop; starting again continues.
    Interrupted,
}

/// How one task ended.
pub(super) enum TaskEnd {
    /// Others may read these outputs.
    Done(Value),
    /// What depends on it cannot run.
    Failed,
    /// A person has to do or decide something first.
    Person,
    /// Left for later by a person.
    Later,
    /// Asked to stop.
    Stopped,
}

impl Engine {
    /// Runs the plan's steps and early verifications. Outputs of everything finished are returned beside the end.
    pub async fn run(&self, plan: &Plan, options: &RunOptions) -> Result<(RunEnd, BTreeMap<TaskPath, Value>), Trouble> {
        self.ask_others(plan, &options.answers).await?;
        let mut waiting: Vec<&PlannedTask> = plan.runs().collect();
        let story = self.journal.story();
        // What was proven of a step that is about to be made anew has to be proven again.
        let anew = |task: &PlannedTask| task.after.iter().any(|path| story.replace.contains(path));
        // Checks are over by now; only what runs here can hold another task back.
        let here: BTreeSet<&TaskPath> = waiting.iter().map(|task| &task.path).collect();
        let mut done: BTreeMap<TaskPath, Value> = BTreeMap::new();
        let mut out: BTreeMap<TaskPath, &'static str> = BTreeMap::new();
        let (mut failed, mut persons) = (Vec::new(), Vec::new());
        let mut running = FuturesUnordered::new();
        loop {
            let mut still = Vec::new();
            for task in std::mem::take(&mut waiting) {
                let ahead: Vec<&TaskPath> = task.after.iter().filter(|path| here.contains(path)).collect();
                if let Some(path) = ahead.iter().find(|path| out.contains_key(**path)) {
                    let title = plan.task(path).map_or_else(|| path.to_string(), |ahead| ahead.title.clone());
                    let reason = format!("{title} {}", out[*path]);
                    self.teller.tell(&task.path, Happened::Skipped { reason });
                    out.insert(task.path.clone(), "did not run");
                } else if ahead.iter().all(|path| done.contains_key(*path)) && !self.cancel.is_cancelled() {
                    let proven = story.still_proven(&task.after, &task.path).filter(|_| !anew(task)).cloned();
                    running.push(self.one(task, plan, done.clone(), options, proven));
                } else {
                    still.push(task);
                }
            }
            waiting = still;
            // A task that was just left out may leave out others before anything else ends.
            if waiting.iter().any(|task| task.after.iter().any(|path| out.contains_key(path))) {
                continue;
            }
            let Some((path, end)) = running.next().await else { break };
            match end? {
                TaskEnd::Done(outputs) => {
                    done.insert(path, outputs);
                }
                TaskEnd::Failed => {
                    out.insert(path.clone(), "failed");
                    failed.push(path);
                }
                TaskEnd::Person => {
                    out.insert(path.clone(), "waits for a person");
                    persons.push(path);
                }
                TaskEnd::Later => {
                    out.insert(path, "was left for later");
                }
                TaskEnd::Stopped => {
                    out.insert(path, "was stopped");
                }
            }
        }
        let end = if self.cancel.is_cancelled() {
            RunEnd::Interrupted
        } else if !failed.is_empty() {
            RunEnd::Failed(failed)
        } else if !persons.is_empty() {
            RunEnd::WaitsForPerson(persons)
        } else {
            RunEnd::Finished
        };
        Ok((end, done))
    }

    async fn one(
        &self,
        task: &PlannedTask,
        plan: &Plan,
        done: BTreeMap<TaskPath, Value>,
        options: &RunOptions,
        looked: Option<Outcome>,
    ) -> (TaskPath, Result<TaskEnd, Trouble>) {
        let end = match task.path.section {
            Section::Steps => self.step(task, plan, &done, options).await,
            Section::Checks | Section::Verify => self.prove(task, &done, looked).await,
        };
        let end = match end {
            Err(Trouble::Interrupted) => Ok(TaskEnd::Stopped),
            other => other,
        };
        (task.path.clone(), end)
    }

    /// An early verification: it has to pass before what comes after it.
    async fn prove(
        &self,
        task: &PlannedTask,
        done: &BTreeMap<TaskPath, Value>,
        before: Option<Outcome>,
    ) -> Result<TaskEnd, Trouble> {
        // What was proven in an earlier run is not asked again: later steps may have taken what it needs.
        if let Some(outcome @ (Outcome::Pass { .. } | Outcome::Skip { .. })) = before {
            self.teller.tell(&task.path, Happened::Looked { outcome, seat: None });
            return Ok(TaskEnd::Done(Value::Null));
        }
        let outcome = self.look_at(task, done).await?;
        self.journal.write(Record::Looked { path: task.path.clone(), outcome: outcome.clone() }).await?;
        let story: Story = self.journal.story();
        let plan = Plan { tasks: vec![task.clone()], ..Plan::default() };
        let standing = Standing::of(&plan, &story, [(&task.path, &outcome)]);
        if standing.stops.is_empty() {
            return Ok(TaskEnd::Done(Value::Null));
        }
        Ok(TaskEnd::Failed)
    }
}
