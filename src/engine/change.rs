//! Sends one change and waits until it is there: intent → apply → inspect.

use jiff::{SignedDuration, Timestamp};
use landfall_core::{
    catalogue::Again,
    clock::Span,
    event::{Happened, How, Problem, State, Waiting},
    journal::Record,
    plan::Answers,
};
use tokio::task::JoinHandle;

use super::{RunOptions, agree::Agreed, drift::still_different, run::TaskEnd, step::Running};
use crate::{cloud::Trouble, kind::Applied};

/// What a change started and what carries on.
type Carrying = JoinHandle<Result<(), Trouble>>;

/// How often it has to be looked for in vain until it counts as not landed.
const LOOKS: u32 = 3;

impl Running<'_> {
    /// Somebody else's change, or one of an earlier run, is on its way: what it led to is judged afresh.
    pub(super) async fn settled(&self, how: How) -> Result<TaskEnd, Trouble> {
        let clock = self.engine.cloud.clock();
        let (given, deadline) = self.deadline();
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

    /// Has it agreed to where the kind asks for that, then changes it.
    pub(super) async fn change(&self, how: How, token: Option<String>) -> Result<TaskEnd, Trouble> {
        match self.agreed(None).await? {
            Agreed::No(end) => Ok(end),
            Agreed::Yes | Agreed::NothingAsked => self.send(how, token).await,
        }
    }

    /// Writes the intent, sends the change, and waits for it to be there.
    pub(super) async fn send(&self, how: How, token: Option<String>) -> Result<TaskEnd, Trouble> {
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
                    return self.landed(how).await;
                }
            }
            Err(trouble) => return Err(trouble),
        }
        self.until_there(how, job).await
    }

    async fn apply(&self, token: &str) -> Result<Applied, Trouble> {
        loop {
            match self.kind.apply(&self.cx, &self.parameters, token).await {
                Err(Trouble::Expired { door, problem }) => self.park(door, problem).await?,
                other => return other,
            }
        }
    }

    /// Inspects until it is there, broken, or the deadline has passed.
    async fn until_there(&self, how: How, mut job: Option<Carrying>) -> Result<TaskEnd, Trouble> {
        let clock = self.engine.cloud.clock();
        let (given, mut deadline) = self.deadline();
        let mut absent = 0;
        loop {
            if let Some(running) = job.as_mut() {
                // The child says itself how far it is; the world is asked once it has ended, or at each interval.
                tokio::select! {
                    ended = running => {
                        job = None;
                        if let Err(trouble) = ended.unwrap_or(Err(Trouble::Interrupted)) {
                            return self.carried_wrong(how, trouble).await;
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
                    if absent == LOOKS && self.about.again != Again::Once {
                        job = self.send_again().await?;
                        // What was sent anew has its time anew.
                        (_, deadline) = self.deadline();
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
            // What is carried on hears of a stop by itself; its end is awaited above.
            if job.is_none() {
                self.pause(self.about.interval.0).await?;
            }
        }
    }

    /// What carried on ended in trouble: the world tells whether it is there all the same.
    async fn carried_wrong(&self, how: How, trouble: Trouble) -> Result<TaskEnd, Trouble> {
        // The session ended under it: once it is renewed, what is there tells how to go on, as after a crash.
        if let Trouble::Expired { door, problem } = trouble {
            self.park(door, problem).await?;
            return Box::pin(self.look(&self.task.path)).await;
        }
        match self.inspect().await?.state {
            State::Present { outputs } => self.finish(how, outputs).await,
            State::Broken { problem, recoveries } if !matches!(trouble, Trouble::Interrupted) => {
                self.cx.say(trouble.problem().why);
                self.broken(problem, recoveries).await
            }
            _ => Err(trouble),
        }
    }

    /// Whether a change that must not be repeated landed: the world may take a moment to show it, else a person is asked.
    async fn landed(&self, how: How) -> Result<TaskEnd, Trouble> {
        for _ in 0..LOOKS {
            if !matches!(self.inspect().await?.state, State::Absent) {
                return self.until_there(how, None).await;
            }
            self.waiting(Waiting::on("not there yet"), None);
            self.pause(self.about.interval.0).await?;
        }
        // What was said beforehand was said of an earlier try; followed again and again it would make one after the other.
        self.repeat(&RunOptions { answers: Answers::default(), ..self.options.clone() }).await
    }

    /// A change whose answer was lost and that never landed is sent once more, with its own token.
    async fn send_again(&self) -> Result<Option<Carrying>, Trouble> {
        let known = self.engine.journal.story().steps.get(&self.task.path).cloned().unwrap_or_default();
        let Some(token) = known.token.filter(|_| known.open) else { return Ok(None) };
        match self.apply(&token).await {
            Ok(Applied::Started(job) | Applied::StartedOver { job, .. }) => Ok(Some(tokio::spawn(job))),
            Ok(Applied::Sent { .. }) | Err(Trouble::Unreachable { .. }) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// How long it may take, and until when that is.
    fn deadline(&self) -> (Span, Timestamp) {
        let given = self.task.within.unwrap_or(self.about.deadline);
        (given, self.engine.cloud.clock().now() + SignedDuration::try_from(given.0).unwrap_or_default())
    }
}

fn late(given: Span) -> Problem {
    Problem::new(
        "STEP-DEADLINE",
        format!("it was not there after {given}"),
        "Read its story for the cause; start again to go on waiting.",
    )
}
