//! One step: inspect → adopt, or write the intent → apply → inspect until it is there → write the result.
//!
//! This is its way through all of it. [`super::inspect`] asks the world, [`super::agree`] a person, [`super::change`] sends
//! the change and waits, [`super::drift`] is for what stands there otherwise, [`super::person`] for what only people can do.

use std::{collections::BTreeMap, sync::Arc};

use landfall_core::{
    catalogue::{Again, Descriptor},
    event::{Found, Happened, How, Owner, Problem, State, TaskPath},
    journal::{Record, StepStory},
    plan::{Plan, PlannedTask},
    value::Tree,
};
use serde_json::Value;

use super::{Engine, RunOptions, anew::Way, drift::belongs_to_other, run::TaskEnd};
use crate::{
    cloud::Trouble,
    kind::{AnyStep, Context},
};

/// Everything about one step that does not change while it runs.
pub(super) struct Running<'a> {
    pub(super) engine: &'a Engine,
    pub(super) task: &'a PlannedTask,
    pub(super) plan: &'a Plan,
    pub(super) kind: Arc<dyn AnyStep>,
    pub(super) about: Descriptor,
    pub(super) parameters: Value,
    pub(super) digest: String,
    pub(super) cx: Context,
    pub(super) outputs: &'a BTreeMap<TaskPath, Value>,
    pub(super) options: &'a RunOptions,
}

impl Engine {
    pub(super) async fn step(
        &self,
        task: &PlannedTask,
        plan: &Plan,
        outputs: &BTreeMap<TaskPath, Value>,
        options: &RunOptions,
    ) -> Result<TaskEnd, Trouble> {
        let Some(kind) = self.kinds.steps.get(&task.kind).cloned() else {
            return self
                .failed(
                    task,
                    Trouble::guide(format!("there is no step called {}", task.kind), "Correct the guide.").problem(),
                )
                .await;
        };
        let parameters = match self.parameters(task, &task.template, outputs) {
            Ok(parameters) => parameters,
            Err(trouble) => return self.failed(task, trouble.problem()).await,
        };
        if task.optional && options.answers.steps.get(&task.path.to_string()).is_some_and(|choice| choice == "later") {
            self.teller.tell(&task.path, Happened::Skipped { reason: "left for later".into() });
            return Ok(TaskEnd::Later);
        }
        let cx = self.context(task, outputs);
        let running = Running {
            engine: self,
            task,
            plan,
            about: kind.describe(),
            kind,
            digest: cx.digest(&parameters),
            parameters,
            cx,
            outputs,
            options,
        };
        match running.go().await {
            Err(Trouble::Interrupted) => Err(Trouble::Interrupted),
            // A journal that cannot be written ends the install, not only the step.
            Err(Trouble::Problem(problem)) if problem.code.starts_with("JOURNAL-") => Err(Trouble::Problem(problem)),
            Err(trouble) => self.failed(task, trouble.problem()).await,
            Ok(end) => Ok(end),
        }
    }

    async fn failed(&self, task: &PlannedTask, mut problem: Problem) -> Result<TaskEnd, Trouble> {
        if problem.code == "DENIED" {
            // The other way out for who may not do it.
            let line = format!(
                "Or hand it over: hand_over: [{{ task: {}, to: … }}] in the answers, h on the screen.",
                task.path
            );
            problem.fix = format!("{}\n{line}", problem.fix);
        }
        problem.source = problem.source.or_else(|| self.guide.place(&task.from));
        self.journal.write(Record::Failed { path: task.path.clone(), problem: self.hidden(problem.clone()) }).await?;
        self.teller.tell(&task.path, Happened::Failed { problem: problem.clone() });
        Ok(TaskEnd::Failed)
    }

    fn hidden(&self, problem: Problem) -> Problem {
        Problem {
            what: self.teller.hide(&problem.what),
            why: self.teller.hide(&problem.why),
            fix: self.teller.hide(&problem.fix),
            ..problem
        }
    }
}

impl Running<'_> {
    pub(super) async fn go(&self) -> Result<TaskEnd, Trouble> {
        let path = &self.task.path;
        if let Some(instruction) = self.engine.view(self.task, |_, view| self.kind.instruction(view, &self.parameters))
        {
            return self.person(&instruction).await;
        }
        let others = self.engine.by_other(self.task, &self.options.answers);
        if others.is_none() && self.engine.journal.story().replace.contains(path) {
            return match self.engine.make_way(self.task, self.plan, self.options, false).await? {
                Way::Clear => self.look(path).await,
                Way::Person => Ok(TaskEnd::Person),
            };
        }
        self.look(path).await
    }

    pub(super) async fn look(&self, path: &TaskPath) -> Result<TaskEnd, Trouble> {
        let known = self.engine.journal.story().steps.get(path).cloned().unwrap_or_default();
        self.tell(Happened::Looking);
        let found = self.inspect().await;
        if let Some(what) = self.engine.by_other(self.task, &self.options.answers) {
            let there = matches!(&found, Ok(Found { state: State::Present { .. }, .. }));
            // What is there before anybody was asked is simply there already.
            if !there || known.handed_over.is_some() {
                return self.watch(what, found).await;
            }
        }
        let found = found?;
        if let Owner::Other(who) = &found.owner {
            match &found.state {
                State::Present { outputs } => {
                    self.cx.say(format!("it belongs to {who}; used as it is"));
                    return self.finish(How::Adopted, outputs.clone()).await;
                }
                State::Absent | State::Pending { .. } => {}
                State::Drifted { differences, .. } => return Err(belongs_to_other(who, differences)),
                State::Broken { problem, .. } => return Err(problem.clone().into()),
            }
        }
        match found.state {
            State::Present { outputs } => {
                let how = if known.open && found.owner == Owner::Ours { How::Made } else { How::Adopted };
                self.finish(how, outputs).await
            }
            State::Pending { why } => {
                self.waiting(why, None);
                let how = if found.owner == Owner::Ours { How::Made } else { How::Adopted };
                self.settled(how).await
            }
            State::Absent if known.open && self.about.again == Again::Once => self.repeat(self.options).await,
            State::Absent => {
                self.change(How::Made, known.token.filter(|_| known.open && known.digest == self.digest)).await
            }
            State::Drifted { outputs, differences } => {
                let ours = found.owner == Owner::Ours;
                let other_secrets = !known.secrets.is_empty() && known.secrets != self.marks().await?;
                let agreed =
                    ours && (known.open || known.digest != self.digest || other_secrets || self.follows_anew(&known));
                let anew = ours && known.can_be_replaced();
                self.drifted(outputs, differences, ours, agreed, anew).await
            }
            State::Broken { problem, recoveries } => self.broken(problem, recoveries).await,
        }
    }

    /// Whether something it comes after was made anew since it was finished: then it may differ because of that.
    fn follows_anew(&self, known: &StepStory) -> bool {
        let story = self.engine.journal.story();
        let gone = |path: &TaskPath| story.steps.get(path).and_then(|step| step.taken_away);
        self.task.after.iter().filter_map(gone).any(|gone| known.ended.is_some_and(|ended| ended < gone))
    }

    pub(super) async fn finish(&self, how: How, outputs: Value) -> Result<TaskEnd, Trouble> {
        let path = self.task.path.clone();
        let before = self.engine.journal.story().steps.get(&path).and_then(|step| step.how);
        let how = match (before, how) {
            (Some(made @ (How::Made | How::Changed)), How::Adopted | How::HandedOver) => made,
            (_, how) => how,
        };
        let record = Record::Result {
            path,
            kind: self.task.kind.clone(),
            how,
            parameters: self.parameters.clone(),
            outputs: outputs.clone(),
            secrets: self.marks().await?,
        };
        self.engine.journal.write(record).await?;
        self.tell(Happened::Finished { how, outputs: outputs.clone() });
        Ok(TaskEnd::Done(outputs))
    }

    /// Keyed fingerprints of the secrets in its parameters: what tells later that one of them is another.
    pub(super) async fn marks(&self) -> Result<BTreeMap<String, String>, Trouble> {
        let mut all = self.task.secrets();
        let own = Tree(self.parameters.clone()).references().into_iter();
        all.extend(own.map(|reference| reference.fingerprint_of().unwrap_or(reference)));
        self.engine.marks(all).await
    }

    pub(super) fn tell(&self, what: Happened) {
        self.engine.teller.tell(&self.task.path, what);
    }
}
