//! One step: inspect → adopt, or write the intent → apply → inspect until it is there → write the result.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use landfall_core::{
    catalogue::{Again, Descriptor},
    clock::Span,
    event::{
        Choice, Difference, Found, Happened, How, Outcome, Owner, Problem, Question, Recovery, State, TaskPath, Waiting,
    },
    journal::{REPLACE, Record, StepStory},
    plan::{Plan, PlannedTask},
    value::Tree,
};
use serde_json::Value;

use super::{Engine, RunOptions, Verdict, anew::Way, run::TaskEnd};
use crate::{
    cloud::{Door, Trouble},
    kind::{AnyStep, Applied, Context},
};

/// How often nobody may answer before a step gives up; each time after the kind's interval.
const UNREACHABLE: u32 = 20;
/// How often it has to be looked for in vain until it counts as not landed.
const LOOKS: u32 = 3;
/// How long an answer that is under way may still take once the install was asked to stop; a child ends by itself.
const LAST_ANSWER: Duration = Duration::from_secs(3);

/// Everything about one step that does not change while it runs.
pub(super) struct Running<'a> {
    pub(super) engine: &'a Engine,
    pub(super) task: &'a PlannedTask,
    plan: &'a Plan,
    pub(super) kind: Arc<dyn AnyStep>,
    pub(super) about: Descriptor,
    pub(super) parameters: Value,
    digest: String,
    pub(super) cx: Context,
    pub(super) outputs: &'a BTreeMap<TaskPath, Value>,
    pub(super) options: &'a RunOptions,
}

/// What became of a change that has to be agreed to.
enum Agreed {
    /// The kind asks for nothing.
    NothingAsked,
    /// Somebody agreed.
    Yes,
    /// Nobody did, and this is how it ends.
    No(TaskEnd),
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

    /// Asks a person; what was agreed to beforehand answers at once, and alone nobody answers.
    pub(super) async fn decide(
        &self,
        path: &TaskPath,
        question: Question,
        options: &RunOptions,
    ) -> Result<Option<Verdict>, Trouble> {
        let verdict = match beforehand(path, &question, options) {
            Some(verdict) => {
                self.say_asked(path, &question);
                verdict
            }
            None => {
                let heard = self.desk.bring(path, question.clone());
                self.teller.tell(path, Happened::Asked { question: question.clone() });
                if options.alone {
                    return Ok(None);
                }
                tokio::select! {
                    verdict = heard => verdict.map_err(|_| Trouble::Interrupted)?,
                    () = self.cancel.cancelled() => return Err(Trouble::Interrupted),
                }
            }
        };
        self.decided(path, &question.about, &verdict).await?;
        Ok(Some(verdict))
    }

    /// What was agreed to beforehand is told all the same; what a person does was told already.
    fn say_asked(&self, path: &TaskPath, question: &Question) {
        if question.about == "done" {
            return;
        }
        let list = question.differences.iter().map(|difference| difference.line("planned"));
        for line in std::iter::once(question.text.clone()).chain(list) {
            self.teller.tell(path, Happened::Said { line });
        }
    }

    /// Writes a decision down.
    async fn decided(&self, path: &TaskPath, about: &str, verdict: &Verdict) -> Result<(), Trouble> {
        let record = Record::Decided {
            path: path.clone(),
            about: about.to_owned(),
            choice: verdict.choice.clone(),
            name: verdict.name.clone(),
            reason: verdict.reason.clone(),
        };
        self.journal.write(record).await
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

    async fn look(&self, path: &TaskPath) -> Result<TaskEnd, Trouble> {
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
            State::Absent if known.open && self.about.again == Again::Once => self.repeat().await,
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

    /// Somebody else's change, or one of an earlier run, is on its way: what it led to is judged afresh.
    async fn settled(&self, how: How) -> Result<TaskEnd, Trouble> {
        let clock = self.engine.cloud.clock();
        let given = self.task.within.unwrap_or(self.about.deadline);
        let deadline = clock.now() + SignedDuration::try_from(given.0).unwrap_or_default();
        loop {
            self.pause(self.about.interval.0).await?;
            match self.inspect().await?.state {
                State::Present { outputs } => return self.finish(how, outputs).await,
                State::Pending { why } if clock.now() < deadline => self.waiting(why, Some(deadline)),
                State::Pending { why } => {
                    return Err(why.problem.clone().unwrap_or_else(|| late(given).why(why.on)).into());
                }
                _ => return Box::pin(self.go()).await,
            }
        }
    }

    /// Asks what the kind wants to be agreed to. Where something is there already (`differs`: what it tells others, and whose
    /// it is), leaving it alone is a choice, too.
    async fn agreed(&self, differs: Option<(&Value, &str)>) -> Result<Agreed, Trouble> {
        let approval = loop {
            match self.kind.approval(&self.cx, &self.parameters).await {
                Err(Trouble::Expired { door, message }) => self.park(door, message).await?,
                other => break other?,
            }
        };
        let Some(mut question) = approval else { return Ok(Agreed::NothingAsked) };
        if let Some((_, whose)) = differs {
            question.text = format!("{whose}. {}", question.text);
            let leave = Choice { id: "use_as_is".into(), label: "leave it as it is and go on".into(), typed: None };
            question.choices.insert(1.min(question.choices.len()), leave);
        }
        let verdict = self.decide(question).await;
        let chosen = verdict.as_ref().ok().and_then(Option::as_ref).map(|verdict| verdict.choice.as_str());
        if chosen.is_some_and(|choice| !["stop", "use_as_is"].contains(&choice)) {
            return Ok(Agreed::Yes);
        }
        self.kind.declined(&self.cx, &self.parameters).await;
        match (verdict?, differs) {
            (None, _) => Ok(Agreed::No(TaskEnd::Person)),
            (Some(verdict), Some((outputs, _))) if verdict.choice == "use_as_is" => {
                self.finish(How::Adopted, outputs.clone()).await.map(Agreed::No)
            }
            (Some(_), _) => Err(Problem::new(
                "STEP-NOT-APPROVED",
                "what it would do was not agreed to",
                "Change the answers, or agree to it, then start again.",
            )
            .into()),
        }
    }

    /// Has it agreed to where the kind asks for that, then changes it.
    async fn change(&self, how: How, token: Option<String>) -> Result<TaskEnd, Trouble> {
        match self.agreed(None).await? {
            Agreed::No(end) => Ok(end),
            Agreed::Yes | Agreed::NothingAsked => self.send(how, token).await,
        }
    }

    /// Writes the intent, sends the change, and waits for it to be there.
    async fn send(&self, how: How, token: Option<String>) -> Result<TaskEnd, Trouble> {
        if self.engine.cancel.is_cancelled() {
            return Err(Trouble::Interrupted);
        }
        let path = self.task.path.clone();
        let token = token
            .unwrap_or_else(|| format!("{}-{}", self.engine.install, &uuid::Uuid::new_v4().simple().to_string()[..20]));
        let intent = Record::Intent {
            path: path.clone(),
            kind: self.task.kind.clone(),
            parameters: self.parameters.clone(),
            digest: self.digest.clone(),
            token: token.clone(),
        };
        self.engine.journal.write(intent).await?;
        self.tell(Happened::Applying);
        let mut job = None;
        match self.apply(&token).await {
            Ok(Applied::Sent { before: None }) => {}
            Ok(Applied::Sent { before: Some(before) }) => {
                self.engine.journal.write(Record::Before { path, before }).await?;
                return self.until_there(How::Changed, None).await;
            }
            Ok(Applied::Started(started)) => job = Some(tokio::spawn(started)),
            Ok(Applied::StartedOver { before, job: started }) => {
                self.engine.journal.write(Record::Before { path, before }).await?;
                return self.until_there(How::Changed, Some(tokio::spawn(started))).await;
            }
            // Nobody knows whether it landed; the world does.
            Err(Trouble::Unreachable { message, .. }) => {
                self.cx.say(format!("no answer to the change ({message}); looking whether it landed"));
                if self.about.again == Again::Once {
                    return self.landed().await;
                }
            }
            Err(trouble) => return Err(trouble),
        }
        self.until_there(how, job).await
    }

    async fn apply(&self, token: &str) -> Result<Applied, Trouble> {
        loop {
            match self.kind.apply(&self.cx, &self.parameters, token).await {
                Err(Trouble::Expired { door, message }) => self.park(door, message).await?,
                other => return other,
            }
        }
    }

    /// Inspects until it is there, broken, or the deadline has passed.
    async fn until_there(
        &self,
        how: How,
        job: Option<tokio::task::JoinHandle<Result<(), Trouble>>>,
    ) -> Result<TaskEnd, Trouble> {
        let clock = self.engine.cloud.clock();
        let given = self.task.within.unwrap_or(self.about.deadline);
        let deadline = clock.now() + SignedDuration::try_from(given.0).unwrap_or_default();
        let mut job = job;
        let mut sent_again = false;
        let mut absent = 0;
        loop {
            if let Some(running) = job.as_mut() {
                // The child says itself how far it is; the world is asked once it has ended, or at each interval.
                tokio::select! {
                    ended = running => {
                        job = None;
                        if let Err(trouble) = ended.unwrap_or(Err(Trouble::Interrupted)) {
                            // The session ended under it: once it is renewed, what is there tells how to go on, as after a crash.
                            if let Trouble::Expired { door, message } = trouble {
                                self.park(door, message).await?;
                                return Box::pin(self.look(&self.task.path)).await;
                            }
                            return match self.inspect().await?.state {
                                State::Present { outputs } => self.finish(how, outputs).await,
                                State::Broken { problem, recoveries } if !matches!(trouble, Trouble::Interrupted) => {
                                    self.cx.say(trouble.problem().why);
                                    self.broken(problem, recoveries).await
                                }
                                _ => Err(trouble),
                            };
                        }
                    }
                    () = clock.sleep(self.about.interval.0) => {}
                }
            }
            // A child that still runs is never left behind.
            let found = if job.is_some() { self.inspect_to_its_end().await? } else { self.inspect().await? };
            match found.state {
                State::Present { outputs } if job.is_none() => return self.finish(how, outputs).await,
                State::Broken { problem, recoveries } if job.is_none() => {
                    return self.broken(problem, recoveries).await;
                }
                State::Pending { why } => self.waiting(why, Some(deadline)),
                State::Absent if job.is_none() => {
                    absent += 1;
                    // A change whose answer was lost and that never landed is sent once more, with its own token.
                    if absent == LOOKS && !sent_again && self.about.again != Again::Once {
                        sent_again = true;
                        let known = self.engine.journal.story().steps.get(&self.task.path).cloned().unwrap_or_default();
                        if known.open
                            && let Some(token) = known.token
                        {
                            match self.apply(&token).await {
                                Ok(Applied::Started(started) | Applied::StartedOver { job: started, .. }) => {
                                    job = Some(tokio::spawn(started));
                                }
                                Ok(Applied::Sent { .. }) | Err(Trouble::Unreachable { .. }) => {}
                                Err(trouble) => return Err(trouble),
                            }
                        }
                    }
                    self.waiting(Waiting::on("not there yet"), Some(deadline));
                }
                State::Drifted { differences, .. } if job.is_none() => {
                    let fields: Vec<String> = differences.iter().map(|difference| difference.field.clone()).collect();
                    self.waiting(Waiting::on(format!("not yet as planned: {}", fields.join(", "))), Some(deadline));
                    if clock.now() >= deadline {
                        return Err(still_different(&differences));
                    }
                }
                _ => {}
            }
            if clock.now() >= deadline {
                return Err(late(given).into());
            }
            if job.is_none() {
                self.pause(self.about.interval.0).await?;
            } else if self.engine.cancel.is_cancelled() {
                // The child hears the same token and ends itself; its end is awaited above.
            }
        }
    }

    async fn drifted(
        &self,
        outputs: Value,
        differences: Vec<Difference>,
        ours: bool,
        agreed: bool,
        anew: bool,
    ) -> Result<TaskEnd, Trouble> {
        let fixed: Vec<&Difference> = differences.iter().filter(|difference| difference.fixed).collect();
        if agreed && fixed.is_empty() {
            return self.change(How::Changed, None).await;
        }
        let whose = if ours {
            "It was changed since this install made it"
        } else {
            "It is there already, made by somebody else, and differs"
        };
        match self.agreed(Some((&outputs, whose))).await? {
            Agreed::No(end) => return Ok(end),
            Agreed::Yes => return self.send(How::Changed, None).await,
            Agreed::NothingAsked => {}
        }
        let mut choices =
            vec![Choice { id: "use_as_is".into(), label: "leave it as it is and go on".into(), typed: None }];
        if fixed.is_empty() {
            choices.push(Choice { id: "change".into(), label: "change it to what the plan says".into(), typed: None });
        } else if anew {
            choices.push(Choice {
                id: REPLACE.into(),
                label: "take it away and make it anew as the plan says".into(),
                typed: Some(self.task.path.id.clone()),
            });
        }
        choices.push(Choice { id: "stop".into(), label: "stop here".into(), typed: None });
        let question = Question {
            about: "drift".into(),
            text: format!("{whose}. What shall be done?"),
            choices,
            differences: differences.clone(),
        };
        match self.decide(question).await? {
            None => Ok(TaskEnd::Person),
            Some(verdict) => match verdict.choice.as_str() {
                "use_as_is" => self.finish(How::Adopted, outputs).await,
                "change" => self.change(How::Changed, None).await,
                REPLACE => match self.engine.make_way(self.task, self.plan, self.options, true).await? {
                    Way::Clear => Box::pin(self.look(&self.task.path)).await,
                    Way::Person => Ok(TaskEnd::Person),
                },
                _ => Err(still_different(&differences)),
            },
        }
    }

    async fn broken(&self, problem: Problem, recoveries: Vec<Recovery>) -> Result<TaskEnd, Trouble> {
        if recoveries.is_empty() {
            return Err(problem.into());
        }
        let mut choices = vec![Choice { id: "stop".into(), label: "stop here and look at it".into(), typed: None }];
        choices.extend(recoveries.iter().map(|recovery| Choice {
            id: recovery.id.clone(),
            label: if recovery.loses.is_empty() {
                recovery.does.clone()
            } else {
                format!("{} (lost: {})", recovery.does, recovery.loses)
            },
            typed: (!recovery.loses.is_empty()).then(|| recovery.id.clone()),
        }));
        self.cx.say(format!("{}: {}", problem.code, problem.what));
        let text = format!("{}. {} What shall be done?", problem.what, problem.why);
        let question = Question { about: "recover".into(), text, choices, differences: Vec::new() };
        match self.decide(question).await? {
            Some(verdict) if verdict.choice != "stop" => {
                loop {
                    match self.kind.recover(&self.cx, &self.parameters, &verdict.choice).await {
                        Err(Trouble::Expired { door, message }) => self.park(door, message).await?,
                        ended => break ended?,
                    }
                }
                Box::pin(self.change(How::Made, None)).await
            }
            Some(_) => Err(problem.into()),
            // Alone, a broken thing is a failure with its own fix, not a question nobody hears.
            None => Err(problem.into()),
        }
    }

    /// Whether a change that must not be repeated landed: the world may take a moment to show it, else a person is asked.
    async fn landed(&self) -> Result<TaskEnd, Trouble> {
        for _ in 0..LOOKS {
            if !matches!(self.inspect().await?.state, State::Absent) {
                return self.until_there(How::Made, None).await;
            }
            self.waiting(Waiting::on("not there yet"), None);
            self.pause(self.about.interval.0).await?;
        }
        self.repeat().await
    }

    /// A step that must not be repeated was begun, and nobody knows whether it landed.
    async fn repeat(&self) -> Result<TaskEnd, Trouble> {
        let question = Question {
            about: "repeat".into(),
            text: "It was begun before and no answer was seen. Doing it again may make a second one.".into(),
            choices: vec![
                Choice { id: "landed".into(), label: "it landed: go on".into(), typed: None },
                Choice { id: "repeat".into(), label: "do it again".into(), typed: None },
            ],
            differences: Vec::new(),
        };
        match self.decide(question).await? {
            None => Ok(TaskEnd::Person),
            Some(verdict) if verdict.choice == "repeat" => Box::pin(self.change(How::Made, None)).await,
            Some(_) => self.finish(How::HandedOver, Value::Object(serde_json::Map::new())).await,
        }
    }

    /// A person's step: what ends it are the guide's `until` checks, or a person who says so.
    async fn person(&self, instruction: &str) -> Result<TaskEnd, Trouble> {
        let clock = self.engine.cloud.clock();
        let within =
            self.options.wait_person.or(self.task.within.map(|within| within.0)).unwrap_or(self.about.deadline.0);
        let deadline = clock.now() + SignedDuration::try_from(within).unwrap_or_default();
        let (mut told, mut known): (Option<String>, Option<String>) = (None, None);
        loop {
            let (mut waits_for, mut seen) = (None, None);
            for until in &self.task.until {
                let parameters = self.engine.parameters(self.task, &until.template, self.outputs)?;
                match self.engine.ask(self.task, &until.kind, &parameters, self.outputs).await? {
                    Outcome::Pass { .. } | Outcome::Skip { .. } | Outcome::Warn { .. } => {}
                    other => {
                        seen = other.problem().cloned();
                        let what = seen.as_ref().map(|problem| problem.what.clone());
                        waits_for = Some(what.unwrap_or_else(|| other.line().to_owned()));
                        break;
                    }
                }
            }
            if self.task.until.is_empty() {
                return self.person_says(instruction, deadline).await;
            }
            let Some(waits_for) = waits_for else {
                return self.finish(How::HandedOver, Value::Object(serde_json::Map::new())).await;
            };
            if told.as_ref() != Some(&waits_for) {
                self.tell(Happened::Person {
                    instruction: instruction.to_owned(),
                    until: waits_for.clone(),
                    deadline: Some(deadline),
                });
                told = Some(waits_for);
            }
            // Why it is not so yet may come to light later than that it is not.
            let recognised = seen.and_then(|problem| self.engine.teller.known(&problem));
            let code = recognised.as_ref().map(|problem| problem.code.clone());
            if let Some(problem) = recognised.filter(|_| code != known) {
                self.tell(Happened::Recognised { problem });
            }
            known = code;
            if clock.now() >= deadline {
                return Ok(TaskEnd::Person);
            }
            self.pause(self.about.interval.0).await?;
        }
    }

    /// Nobody lets us look: a person says when it is done.
    pub(super) async fn said_done(&self, text: &str) -> Result<TaskEnd, Trouble> {
        let question = Question {
            about: "done".into(),
            text: text.to_owned(),
            choices: vec![Choice { id: "done".into(), label: "it is done".into(), typed: None }],
            differences: Vec::new(),
        };
        match self.decide(question).await? {
            Some(_) => self.finish(How::HandedOver, Value::Object(serde_json::Map::new())).await,
            None => Ok(TaskEnd::Person),
        }
    }

    async fn person_says(&self, instruction: &str, deadline: Timestamp) -> Result<TaskEnd, Trouble> {
        self.tell(Happened::Person {
            instruction: instruction.to_owned(),
            until: "somebody says it is done".into(),
            deadline: Some(deadline),
        });
        self.said_done(instruction).await
    }

    /// What was agreed to beforehand, where it answers this question.
    pub(super) fn beforehand(&self, question: &Question) -> Option<Verdict> {
        beforehand(&self.task.path, question, self.options)
    }

    /// Asks a person; what was agreed to beforehand answers at once, and alone nobody answers.
    async fn decide(&self, question: Question) -> Result<Option<Verdict>, Trouble> {
        self.engine.decide(&self.task.path, question, self.options).await
    }

    /// Writes a decision down.
    pub(super) async fn decided(&self, about: &str, verdict: &Verdict) -> Result<(), Trouble> {
        self.engine.decided(&self.task.path, about, verdict).await
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
    async fn marks(&self) -> Result<BTreeMap<String, String>, Trouble> {
        let mut all = self.task.secrets();
        let own = Tree(self.parameters.clone()).references().into_iter();
        all.extend(own.map(|reference| reference.fingerprint_of().unwrap_or(reference)));
        self.engine.marks(all).await
    }

    /// Inspects; an expired session parks it, silence is asked again. Nobody who asked to stop waits for an answer that
    /// does not come.
    pub(super) async fn inspect(&self) -> Result<Found, Trouble> {
        let stopped = async {
            self.engine.cancel.cancelled().await;
            tokio::time::sleep(LAST_ANSWER).await;
        };
        tokio::select! {
            found = self.inspect_to_its_end() => found,
            () = stopped => Err(Trouble::Interrupted),
        }
    }

    async fn inspect_to_its_end(&self) -> Result<Found, Trouble> {
        let mut silent = 0;
        loop {
            match self.kind.inspect(&self.cx, &self.parameters).await {
                Err(Trouble::Expired { door, message }) => self.park(door, message).await?,
                Err(Trouble::Unreachable { what, message, door }) => {
                    silent += 1;
                    if silent > UNREACHABLE {
                        return Err(Trouble::Unreachable { door, what, message });
                    }
                    let mut why = Waiting::on(format!("{what} does not answer; asking again"));
                    why.story = vec![message];
                    self.waiting(why, None);
                    self.pause(self.about.interval.0).await?;
                }
                other => return other,
            }
        }
    }

    async fn park(&self, door: Door, message: String) -> Result<(), Trouble> {
        let tell = |trouble: &Trouble| {
            let problem = trouble.problem();
            let mut why = Waiting::on(problem.what.clone());
            why.problem = Some(problem);
            self.waiting(why, None);
        };
        tell(&Trouble::Expired { door, message });
        self.engine.gate.pass(door, &self.engine.cloud, &self.engine.cancel, &tell).await
    }

    pub(super) async fn pause(&self, wait: Duration) -> Result<(), Trouble> {
        let clock = self.engine.cloud.clock();
        tokio::select! {
            () = clock.sleep(wait) => Ok(()),
            () = self.engine.cancel.cancelled() => Err(Trouble::Interrupted),
        }
    }

    fn waiting(&self, why: Waiting, deadline: Option<Timestamp>) {
        self.tell(Happened::Waiting { why, deadline, usual: self.about.usual.clone() });
    }

    pub(super) fn tell(&self, what: Happened) {
        self.engine.teller.tell(&self.task.path, what);
    }
}

/// What the answers said beforehand to a question of this task.
fn beforehand(path: &TaskPath, question: &Question, options: &RunOptions) -> Option<Verdict> {
    let said = options.answers.approve.iter().chain(&options.answers.adopt).find(|said| {
        path.matches(&said.task)
            && said.choice.as_ref().is_none_or(|choice| question.choices.iter().any(|known| known.id == *choice))
    })?;
    Some(Verdict {
        choice: said.choice.clone().unwrap_or_else(|| question.choices[0].id.clone()),
        name: said.name.clone(),
        reason: said.reason.clone(),
    })
}

fn late(given: Span) -> Problem {
    Problem::new(
        "STEP-DEADLINE",
        format!("it was not there after {given}"),
        "Read its story for the cause; start again to go on waiting.",
    )
}

pub(super) fn shown(differences: &[Difference]) -> String {
    differences.iter().map(|difference| difference.line("planned")).collect::<Vec<_>>().join("\n")
}

fn still_different(differences: &[Difference]) -> Trouble {
    Problem::new(
        "STEP-DIFFERS",
        "it is there, but not as planned",
        "Change the answers to what is there, or change it to the plan, then start again.",
    )
    .why(shown(differences))
    .into()
}

fn belongs_to_other(who: &str, differences: &[Difference]) -> Trouble {
    Problem::new(
        "STEP-OTHER-OWNER",
        format!("it belongs to {who} and is not as planned"),
        format!("Change it through {who}, or choose another name, then start again."),
    )
    .why(shown(differences))
    .into()
}
