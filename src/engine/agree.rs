//! What has to be agreed to: it is asked, answered at once by what was said beforehand, and written down.

use landfall_core::{
    event::{Choice, Happened, How, Problem, Question, TaskPath},
    journal::Record,
};
use serde_json::Value;

use super::{Engine, RunOptions, Verdict, run::TaskEnd, step::Running};
use crate::cloud::Trouble;

/// What became of a change that has to be agreed to.
pub(super) enum Agreed {
    /// The kind asks for nothing.
    NothingAsked,
    /// Somebody agreed.
    Yes,
    /// Nobody did, and this is how it ends.
    No(TaskEnd),
}

impl Engine {
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
}

impl Running<'_> {
    /// Asks what the kind wants to be agreed to. Where something is there already (`differs`: what it tells others, and whose
    /// it is), leaving it alone is a choice, too.
    pub(super) async fn agreed(&self, differs: Option<(&Value, &str)>) -> Result<Agreed, Trouble> {
        let approval = loop {
            match self.kind.approval(&self.cx, &self.parameters).await {
                Err(Trouble::Expired { door, problem }) => self.park(door, problem).await?,
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

    /// What was agreed to beforehand, where it answers this question.
    pub(super) fn beforehand(&self, question: &Question) -> Option<Verdict> {
        beforehand(&self.task.path, question, self.options)
    }

    /// Asks a person; what was agreed to beforehand answers at once, and alone nobody answers.
    pub(super) async fn decide(&self, question: Question) -> Result<Option<Verdict>, Trouble> {
        self.engine.decide(&self.task.path, question, self.options).await
    }

    /// Writes a decision down.
    pub(super) async fn decided(&self, about: &str, verdict: &Verdict) -> Result<(), Trouble> {
        self.engine.decided(&self.task.path, about, verdict).await
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
