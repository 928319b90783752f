//! A step that only a person can do: it is told what to do, and looked at until it is done.

use jiff::{SignedDuration, Timestamp};
use landfall_core::{
    event::{Choice, Happened, How, Outcome, Question},
    journal::Record,
};
use serde_json::Value;

use super::{run::TaskEnd, step::Running};
use crate::cloud::Trouble;

impl Running<'_> {
    /// A person's step: what ends it are the guide's `until` checks, or a person who says so.
    pub(super) async fn person(&self, instruction: &str) -> Result<TaskEnd, Trouble> {
        let clock = self.engine.cloud.clock();
        let within =
            self.options.wait_person.or(self.task.within.map(|within| within.0)).unwrap_or(self.about.deadline.0);
        let deadline = clock.now() + SignedDuration::try_from(within).unwrap_or_default();
        let (mut told, mut known): (Option<String>, Option<String>) = (None, None);
        let mut written = false;
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
            if !written {
                self.write_down(instruction).await?;
                written = true;
            }
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

    /// Who looks at the journal alone learns what is waited for; once, however often it is begun again.
    async fn write_down(&self, instruction: &str) -> Result<(), Trouble> {
        let path = self.task.path.clone();
        let instruction = self.engine.teller.hide(instruction);
        let journal = &self.engine.journal;
        let story = journal.story();
        let known = story.steps.get(&path).filter(|step| step.failed.is_none()).and_then(|step| step.person.as_ref());
        if known.is_some_and(|told| told.instruction == instruction) {
            return Ok(());
        }
        journal.write(Record::Person { path, instruction }).await
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
        self.write_down(instruction).await?;
        self.tell(Happened::Person {
            instruction: instruction.to_owned(),
            until: "somebody says it is done".into(),
            deadline: Some(deadline),
        });
        self.said_done(instruction).await
    }
}
