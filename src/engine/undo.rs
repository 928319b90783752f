//! Taking away what this install made, last first, and nothing else.

use std::collections::BTreeMap;

use landfall_core::{
    event::{Happened, How, State, TaskPath},
    journal::{Record, Story},
    plan::{Plan, PlannedTask},
};
use serde_json::Value;

use super::Engine;
use crate::{cloud::Trouble, kind::Made};

/// One thing undo would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoLine {
    /// Which step.
    pub path: TaskPath,
    /// What it means.
    pub line: String,
    /// Whether data is lost; then the step's id has to be typed.
    pub keeps_data: bool,
}

/// What was not taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// What was not agreed to, and whatever something that is left stands on.
    pub kept: Vec<TaskPath>,
    /// What could not be taken away.
    pub failed: Vec<TaskPath>,
}

impl Left {
    /// Whether everything was taken away.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.failed.is_empty()
    }

    /// All of it.
    pub fn paths(&self) -> impl Iterator<Item = &TaskPath> {
        self.failed.iter().chain(&self.kept)
    }
}

impl Engine {
    /// What undo would do, in order. Decoded from the journal alone: the guide may have changed since.
    pub fn undo_plan(&self, story: &Story) -> Vec<UndoLine> {
        story
            .ours()
            .into_iter()
            .filter_map(|path| {
                let step = story.steps.get(&path)?;
                let kind = self.kinds.steps.get(&step.kind)?;
                let task = bare(&path, &step.kind, &step.parameters);
                let line = match (&step.how, &step.before) {
                    (Some(How::Changed), Some(_)) => {
                        "restores what was there before, where it still has our value".to_owned()
                    }
                    _ => self.view(&task, |_, view| kind.undo_line(view, &step.parameters)),
                };
                let keeps_data = self.view(&task, |_, view| kind.keeps_data(view, &step.parameters));
                Some(UndoLine { path, line, keeps_data })
            })
            .collect()
    }

    /// What taking one thing away would do in detail, where its kind works that out.
    pub async fn undo_preview(&self, path: &TaskPath) -> Result<String, Trouble> {
        let story = self.journal.story();
        let Some(step) = story.steps.get(path) else { return Ok(String::new()) };
        let Some(kind) = self.kinds.steps.get(&step.kind) else { return Ok(String::new()) };
        let task = bare(path, &step.kind, &step.parameters);
        let cx = self.context(&task, &BTreeMap::new());
        let made = Made { outputs: step.outputs.clone(), before: step.before.clone() };
        Ok(self.teller.hide(&kind.undo_preview(&cx, &step.parameters, &made).await?))
    }

    /// Takes away everything of [`Engine::undo_plan`]; `agreed` holds the paths of those that lose data and were typed.
    pub async fn undo(&self, agreed: &[TaskPath]) -> Result<Left, Trouble> {
        self.take_away(self.undo_plan(&self.journal.story()), agreed).await
    }

    /// Takes these away, in this order; the same way. What is left keeps what it stands on: a configuration that is gone
    /// could destroy nothing any more.
    pub async fn take_away(&self, lines: Vec<UndoLine>, agreed: &[TaskPath]) -> Result<Left, Trouble> {
        let plan = self.plan().ok();
        let mut left = Left::default();
        for line in lines {
            if self.cancel.is_cancelled() {
                return Err(Trouble::Interrupted);
            }
            let upon = left.paths().find(|above| may_stand_on(plan.as_ref(), above, &line.path)).cloned();
            if let Some(above) = upon {
                let reason = format!("{above} is left, and may stand on it");
                self.teller.tell(&line.path, Happened::Skipped { reason });
                left.kept.push(line.path);
                continue;
            }
            if line.keeps_data && !agreed.contains(&line.path) {
                self.teller
                    .tell(&line.path, Happened::Skipped { reason: "it holds data and was not agreed to".into() });
                left.kept.push(line.path);
                continue;
            }
            if let Err(trouble) = self.undo_one(&line).await {
                match trouble {
                    Trouble::Interrupted => return Err(Trouble::Interrupted),
                    other => {
                        self.teller.tell(&line.path, Happened::Failed { problem: other.problem() });
                        left.failed.push(line.path);
                    }
                }
            }
        }
        Ok(left)
    }

    pub(super) async fn undo_one(&self, line: &UndoLine) -> Result<(), Trouble> {
        let story = self.journal.story();
        let Some(step) = story.steps.get(&line.path) else { return Ok(()) };
        let Some(kind) = self.kinds.steps.get(&step.kind) else { return Ok(()) };
        let about = kind.describe();
        let task = bare(&line.path, &step.kind, &step.parameters);
        let outputs: BTreeMap<TaskPath, Value> =
            story.steps.iter().map(|(path, step)| (path.clone(), step.outputs.clone())).collect();
        let cx = self.context(&task, &outputs);
        let made = Made { outputs: step.outputs.clone(), before: step.before.clone() };
        self.teller.tell(&line.path, Happened::Applying);
        self.journal.write(Record::Undoing { path: line.path.clone() }).await?;
        let restores = step.before.is_some();
        loop {
            match kind.undo(&cx, &step.parameters, &made).await {
                Ok(()) => break,
                Err(trouble) if trouble.is_not_found() => break,
                Err(Trouble::Expired { door, .. }) => self.gate.pass(door, &self.cloud, &self.cancel, &|_| {}).await?,
                Err(trouble) => return Err(trouble),
            }
        }
        let clock = self.cloud.clock();
        let deadline = clock.now() + jiff::SignedDuration::try_from(about.deadline.0).unwrap_or_default();
        let person = self.view(&task, |_, view| kind.instruction(view, &step.parameters)).is_some();
        loop {
            // What a person did is not ours to see vanish.
            if person {
                break;
            }
            match kind.inspect(&cx, &step.parameters).await {
                Ok(found) if found.state == State::Absent => break,
                Ok(found) => match found.state {
                    State::Pending { why } => {
                        self.teller.tell(&line.path, Happened::Waiting { why, deadline: Some(deadline), usual: None });
                    }
                    // What was there before is not absent: it is settled.
                    _ if restores => break,
                    _ => {}
                },
                Err(trouble) if trouble.is_not_found() => break,
                Err(Trouble::Expired { door, .. }) => self.gate.pass(door, &self.cloud, &self.cancel, &|_| {}).await?,
                Err(Trouble::Unreachable { .. }) => {}
                Err(trouble) => return Err(trouble),
            }
            if clock.now() >= deadline {
                return Err(landfall_core::event::Problem::new(
                    "UNDO-DEADLINE",
                    format!("it was still there after {}", about.deadline),
                    "Look why it is kept (dependants, deletion protection), then run undo again.",
                )
                .into());
            }
            tokio::select! {
                () = clock.sleep(about.interval.0) => {}
                () = self.cancel.cancelled() => return Err(Trouble::Interrupted),
            }
        }
        self.journal.write(Record::Undone { path: line.path.clone(), line: line.line.clone() }).await?;
        self.teller.tell(&line.path, Happened::Undone { line: line.line.clone() });
        Ok(())
    }
}

/// Whether something that is left (`above`) may stand on what is to go next. Where the plan no longer knows one of them,
/// the order they were made in is all there is, and lines come in reverse of it.
fn may_stand_on(plan: Option<&Plan>, above: &TaskPath, below: &TaskPath) -> bool {
    match plan {
        Some(plan) if plan.task(above).is_some() && plan.task(below).is_some() => {
            plan.dependants(below).contains(above)
        }
        _ => true,
    }
}

/// A task made from the journal alone.
fn bare(path: &TaskPath, kind: &str, parameters: &Value) -> PlannedTask {
    PlannedTask {
        kind: kind.to_owned(),
        title: path.id.clone(),
        template: parameters.clone(),
        parameters: parameters.clone(),
        ..PlannedTask::bare(path.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(path: &str, after: &[&str]) -> PlannedTask {
        let after = after.iter().map(|path| path.parse().unwrap()).collect();
        PlannedTask { after, ..PlannedTask::bare(path.parse().unwrap()) }
    }

    #[test]
    fn what_is_left_keeps_what_it_stands_on() {
        let tasks = vec![
            task("steps/file", &[]),
            task("steps/module", &["steps/file"]),
            task("steps/cluster", &["steps/module"]),
            task("steps/policy", &[]),
        ];
        let plan = Plan { tasks, ..Plan::default() };
        let stands = |plan: Option<&Plan>, below: &str| {
            may_stand_on(plan, &"steps/cluster".parse().unwrap(), &below.parse().unwrap())
        };
        assert!(stands(Some(&plan), "steps/module") && stands(Some(&plan), "steps/file"), "also what lies deeper");
        assert!(!stands(Some(&plan), "steps/policy"));
        assert!(stands(Some(&plan), "steps/of_an_older_guide"), "nobody knows");
        assert!(stands(None, "steps/policy"), "nobody knows");
    }
}
