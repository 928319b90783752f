//! Checks and verifications: all at once, asked again while they say "not yet".

use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use landfall_core::{
    event::{Happened, Outcome, Problem, TaskPath},
    guide::Severity,
    journal::{Record, Story},
    plan::{Plan, PlannedTask},
};
use serde_json::Value;

use super::Engine;
use crate::cloud::Trouble;

/// How often "not yet" is asked again.
const AGAIN: Duration = Duration::from_secs(5);

/// Where a set of checks stands as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Passed or skipped.
    pub fine: usize,
    /// With a warning.
    pub warned: usize,
    /// Waived or attested by a person.
    pub answered_for: usize,
    /// What says stop.
    pub stops: Vec<TaskPath>,
}

impl Standing {
    /// Counts outcomes; waivers and attestations are the journal's.
    pub fn of<'a>(plan: &Plan, story: &Story, looked: impl IntoIterator<Item = (&'a TaskPath, &'a Outcome)>) -> Self {
        let mut standing = Self::default();
        for (path, outcome) in looked {
            let stop = plan.task(path).is_none_or(|task| task.severity == Severity::Stop);
            let name = path.to_string();
            match outcome {
                Outcome::Pass { .. } | Outcome::Skip { .. } => standing.fine += 1,
                Outcome::Warn { .. } => standing.warned += 1,
                Outcome::Fail { .. } | Outcome::NotYet { .. } if story.waived.contains_key(&name) => {
                    standing.answered_for += 1
                }
                Outcome::Unknown { .. } if story.attested.contains_key(&name) => standing.answered_for += 1,
                Outcome::Fail { .. } | Outcome::NotYet { .. } | Outcome::Unknown { .. } if stop => {
                    standing.stops.push(path.clone())
                }
                _ => standing.warned += 1,
            }
        }
        standing
    }
}

impl Engine {
    /// Looks at these tasks, all at once; outcomes are told as they come, written down, and returned.
    pub async fn look(
        &self,
        tasks: &[&PlannedTask],
        outputs: &BTreeMap<TaskPath, Value>,
    ) -> Result<BTreeMap<TaskPath, Outcome>, Trouble> {
        let mut running: FuturesUnordered<_> =
            tasks.iter().map(|task| async move { (task.path.clone(), self.look_at(task, outputs).await) }).collect();
        let mut outcomes = BTreeMap::new();
        while let Some((path, outcome)) = running.next().await {
            let outcome = outcome?;
            self.journal.write(Record::Looked { path: path.clone(), outcome: outcome.clone() }).await?;
            outcomes.insert(path, outcome);
        }
        Ok(outcomes)
    }

    /// Looks at one task until it says anything but "not yet", or its time is up.
    pub(super) async fn look_at(
        &self,
        task: &PlannedTask,
        outputs: &BTreeMap<TaskPath, Value>,
    ) -> Result<Outcome, Trouble> {
        self.teller.tell(&task.path, Happened::Looking);
        let clock = self.cloud.clock();
        let deadline =
            task.within.map(|within| clock.now() + jiff::SignedDuration::try_from(within.0).unwrap_or_default());
        let mut told = None;
        let outcome = loop {
            let outcome = match self.parameters(task, &task.template, outputs) {
                Ok(parameters) => self.ask(task, &task.kind, &parameters, outputs).await?,
                Err(trouble) => Outcome::Fail { problem: trouble.problem() },
            };
            let (Outcome::NotYet { problem }, Some(deadline)) = (&outcome, deadline) else { break outcome };
            if clock.now() >= deadline {
                break outcome;
            }
            if told.as_ref() != Some(problem) {
                told = Some(problem.clone());
                let mut why = landfall_core::event::Waiting::on(problem.what.clone());
                why.problem = Some(problem.clone());
                self.teller.tell(&task.path, Happened::Waiting { why, deadline: Some(deadline), usual: None });
            }
            tokio::select! {
                () = clock.sleep(AGAIN) => {}
                () = self.cancel.cancelled() => return Err(Trouble::Interrupted),
            }
        };
        let outcome = self.weighed(task, outcome);
        let seat = task
            .kind
            .split('.')
            .next()
            .filter(|room| ["network", "dns", "tls", "http", "postgres", "openai", "registry"].contains(room));
        self.teller
            .tell(&task.path, Happened::Looked { outcome: outcome.clone(), seat: seat.map(|_| "here".to_owned()) });
        Ok(outcome)
    }

    /// Asks a check once; being denied makes it unknown, an expired session parks it.
    pub(super) async fn ask(
        &self,
        task: &PlannedTask,
        kind: &str,
        parameters: &Value,
        outputs: &BTreeMap<TaskPath, Value>,
    ) -> Result<Outcome, Trouble> {
        let Some(check) = self.kinds.checks.get(kind) else {
            return Ok(Outcome::Fail {
                problem: Trouble::guide(format!("there is no check called {kind}"), "Correct the guide.").problem(),
            });
        };
        let cx = self.context(task, outputs);
        loop {
            let answer = tokio::select! {
                answer = check.run(&cx, parameters) => answer,
                () = self.cancel.cancelled() => return Err(Trouble::Interrupted),
            };
            return match answer {
                Ok(outcome) => Ok(outcome),
                Err(Trouble::Denied { action, ask, .. }) => Ok(Outcome::Unknown { denied: action, ask }),
                Err(Trouble::Expired { door, problem }) => {
                    let tell = |trouble: &Trouble| {
                        let mut why = landfall_core::event::Waiting::on(trouble.problem().what);
                        why.problem = Some(trouble.problem());
                        self.teller.tell(&task.path, Happened::Waiting { why, deadline: None, usual: None });
                    };
                    tell(&Trouble::Expired { door, problem });
                    self.gate.pass(door, &self.cloud, &self.cancel, &tell).await?;
                    continue;
                }
                Err(Trouble::Interrupted) => Err(Trouble::Interrupted),
                Err(trouble) => Ok(Outcome::Fail { problem: trouble.problem() }),
            };
        }
    }

    /// A guide may say that a failure is only a warning; the source it comes from is added.
    fn weighed(&self, task: &PlannedTask, outcome: Outcome) -> Outcome {
        let place = |mut problem: Problem| {
            problem.source = problem.source.or_else(|| self.guide.place(&task.from));
            problem
        };
        match outcome {
            Outcome::Fail { problem } | Outcome::NotYet { problem } if task.severity == Severity::Warn => {
                Outcome::Warn { problem: place(problem) }
            }
            Outcome::Fail { problem } => Outcome::Fail { problem: place(problem) },
            Outcome::NotYet { problem } => Outcome::Fail { problem: place(problem) },
            Outcome::Warn { problem } => Outcome::Warn { problem: place(problem) },
            other => other,
        }
    }
}
