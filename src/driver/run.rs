//! Checks, plan, install: long work, sent on its way.

use std::sync::Arc;

use landfall_core::{
    event::{Problem, Section, TaskPath},
    journal,
    plan::{HandOver, PlannedTask, Said},
    wizard::{Ended, Input, Record},
};
use tokio_util::sync::CancellationToken;

use super::Worker;
use crate::{
    cloud::Trouble,
    engine::{RunEnd, RunOptions, Verdict},
};

impl Worker {
    pub(super) fn check(&self, section: Section, paths: &[TaskPath]) {
        let Some(session) = self.session.clone() else { return };
        let (inputs, paths) = (self.inputs.clone(), paths.to_vec());
        tokio::spawn(async move {
            let looked = async {
                let plan = session.resolve()?;
                session.see_visible(session.bound.as_ref().map(|bound| &bound.vault)).await;
                let engine = session.engine(&plan)?;
                let tasks: Vec<&PlannedTask> = plan
                    .section(section)
                    .filter(|task| !task.early && (paths.is_empty() || paths.contains(&task.path)))
                    .collect();
                engine.look(&tasks, &session.outputs()).await?;
                Ok::<(), Trouble>(())
            };
            match looked.await {
                Ok(()) | Err(Trouble::Interrupted) => {}
                Err(trouble) => drop(inputs.send(Input::Trouble(trouble.problem()))),
            }
            let _ = inputs.send(Input::LookedAll);
        });
    }

    /// The plan is made while the worker waits: what follows (approve, run) needs it.
    pub(super) fn plan(&mut self) {
        let Some(session) = self.session.as_mut() else { return };
        let planned = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let renewed = session.renew_if_near().await;
                (renewed, session.plan().await)
            })
        });
        let (renewed, planned) = planned;
        let expires = session.proven.as_ref().and_then(|proven| proven.expires);
        if renewed {
            self.tell(Input::Expires(expires));
        }
        match planned {
            Ok(planned) => {
                let planned = Arc::new(planned);
                self.tell(Input::PlanReady(Arc::new(planned.shown.clone())));
                self.planned = Some(planned);
            }
            Err(trouble) => self.tell(Input::PlanFailed(trouble.problem())),
        }
    }

    pub(super) async fn run(&mut self) {
        if let Some(session) = self.session.as_mut().filter(|session| session.cancel.is_cancelled()) {
            session.cancel = CancellationToken::new();
            self.planned = None;
        }
        if self.planned.is_none() {
            self.plan();
        }
        let (Some(session), Some(planned)) = (self.session.clone(), self.planned.clone()) else {
            return self.tell(Input::Ended(Ended::Failed));
        };
        // Answers may have changed since, also in another run: nothing begins before somebody agreed to what they change.
        if session.compared(&planned.plan, &planned.approved).iter().any(|line| line.fresh) {
            return self.tell(Input::NotAgreed);
        }
        let (inputs, unwanted) = (self.inputs.clone(), self.unwanted.clone());
        tokio::spawn(async move {
            let options = RunOptions {
                answers: session.answers.clone(),
                alone: false,
                wait_person: None,
                ..RunOptions::default()
            };
            let mut engine = planned.engine.clone();
            engine.cancel = session.cancel.clone();
            let mut ended = engine.run(&planned.plan, &options).await;
            if matches!(ended, Ok((RunEnd::Finished, _))) && !unwanted.is_empty() {
                let mut lines = engine.undo_plan(&engine.journal.story());
                lines.retain(|line| unwanted.contains(&line.path) && planned.plan.task(&line.path).is_none());
                match engine.take_away(lines, &[]).await {
                    Ok(left) if left.is_empty() => {}
                    Ok(left) => ended = Ok((RunEnd::Failed(left.paths().cloned().collect()), Default::default())),
                    Err(trouble) => ended = Err(trouble),
                }
            }
            let (ended, code) = match ended {
                Ok((RunEnd::Finished, _)) => (Ended::Done, None),
                Ok((RunEnd::Failed(_), _)) => (Ended::Failed, Some(1)),
                Ok((RunEnd::WaitsForPerson(_), _)) => (Ended::WaitsForPerson, Some(5)),
                Ok((RunEnd::Interrupted, _)) => (Ended::Paused, Some(130)),
                Err(trouble) => {
                    let _ = inputs.send(Input::Trouble(trouble.problem()));
                    (Ended::Failed, Some(1))
                }
            };
            if let Some(code) = code {
                let _ = engine.journal.write(journal::Record::Closed { code }).await;
            }
            let _ = inputs.send(Input::Ended(ended));
        });
    }

    pub(super) fn pause(&self) {
        if let Some(session) = &self.session {
            session.cancel.cancel();
        }
    }

    pub(super) fn decide(&self, path: &TaskPath, choice: String, name: String, reason: String) {
        let decided = self
            .session
            .as_ref()
            .and_then(|session| session.bound.as_ref())
            .is_some_and(|bound| bound.desk.decide(path, Verdict { choice, name, reason }));
        if !decided {
            self.tell(Input::Trouble(Problem::new(
                "NOT-ASKED",
                format!("{path} no longer asks that"),
                "Look at its row: it may have gone on by itself.",
            )));
        }
    }

    /// Writes down for somebody else what a step would do.
    async fn hand_over(&self, path: &TaskPath, what: HandOver) {
        let Some(session) = &self.session else { return };
        let handed = async {
            let plan = session.resolve()?;
            let engine = session.engine(&plan)?;
            let gone = || Trouble::guide(format!("{path} is not in the plan any more"), "Make the plan again.");
            let task = plan.task(path).ok_or_else(gone)?;
            let scope = engine.scope_of(task, &session.outputs()).with_late_steps();
            let parameters = scope.render(&task.template).unwrap_or_else(|_| task.parameters.clone());
            engine.hand_over(task, &parameters, &what).await
        };
        self.tell(match handed.await {
            Ok(handed) => Input::Handed { path: path.clone(), handed: Box::new(handed) },
            Err(trouble) => Input::Trouble(trouble.problem()),
        });
    }

    pub(super) async fn record(&mut self, record: Record) {
        let Some(session) = self.session.as_mut() else { return };
        let said = |vouched: landfall_core::wizard::Vouched| Said {
            task: vouched.path.to_string(),
            name: vouched.name,
            reason: vouched.reason,
            choice: None,
        };
        let written = match record {
            Record::Answers(answers) => {
                let before = session.settle().values;
                session.answers.inputs = answers;
                let written = session.record_answers().await;
                if session.facts_read_another(&before) {
                    if let Err(trouble) = session.gather().await {
                        return self.tell(Input::Trouble(trouble.problem()));
                    }
                    let facts = session.frozen.clone();
                    self.tell(Input::FactsSeen(facts));
                }
                written
            }
            Record::Waiver(vouched) => write(session, journal::Record::Waived { said: said(vouched) }).await,
            Record::Attestation(vouched) => write(session, journal::Record::Attested { said: said(vouched) }).await,
            Record::HandOver { path, to, reason, name } => {
                return self.hand_over(&path, HandOver { to, reason, name, ..HandOver::default() }).await;
            }
            Record::TakeBack(path) => write(session, journal::Record::TakenBack { path }).await,
            Record::Approval { digest: _, probes: _, name, take_away } => {
                self.unwanted = take_away;
                match &self.planned {
                    Some(planned) => write(session, session.agreement(planned, name)).await,
                    None => Err(Trouble::guide("there is no plan to agree to", "Make the plan again.")),
                }
            }
        };
        if let Err(trouble) = written {
            self.tell(Input::Trouble(trouble.problem()));
        }
    }
}

async fn write(session: &crate::session::Session, record: journal::Record) -> Result<(), Trouble> {
    session.bound()?.journal.write(record).await
}
