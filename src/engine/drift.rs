//! What is there is not as planned, is broken, or may be there twice: a person decides.

use landfall_core::{
    event::{Choice, Difference, How, Problem, Question, Recovery},
    journal::REPLACE,
};
use serde_json::Value;

use super::{RunOptions, agree::Agreed, anew::Way, run::TaskEnd, step::Running};
use crate::cloud::Trouble;

impl Running<'_> {
    pub(super) async fn drifted(
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

    pub(super) async fn broken(&self, problem: Problem, recoveries: Vec<Recovery>) -> Result<TaskEnd, Trouble> {
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
                        Err(Trouble::Expired { door, problem }) => self.park(door, problem).await?,
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

    /// A step that must not be repeated was begun, and nobody knows whether it landed.
    pub(super) async fn repeat(&self, options: &RunOptions) -> Result<TaskEnd, Trouble> {
        let question = Question {
            about: "repeat".into(),
            text: "It was begun before and no answer was seen. Doing it again may make a second one.".into(),
            choices: vec![
                Choice { id: "landed".into(), label: "it landed: go on".into(), typed: None },
                Choice { id: "repeat".into(), label: "do it again".into(), typed: None },
            ],
            differences: Vec::new(),
        };
        match self.engine.decide(&self.task.path, question, options).await? {
            None => Ok(TaskEnd::Person),
            Some(verdict) if verdict.choice == "repeat" => Box::pin(self.change(How::Made, None)).await,
            Some(_) => self.finish(How::HandedOver, Value::Object(serde_json::Map::new())).await,
        }
    }
}

pub(super) fn shown(differences: &[Difference]) -> String {
    differences.iter().map(|difference| difference.line("planned")).collect::<Vec<_>>().join("\n")
}

pub(super) fn still_different(differences: &[Difference]) -> Trouble {
    Problem::new(
        "STEP-DIFFERS",
        "it is there, but not as planned",
        "Change the answers to what is there, or change it to the plan, then start again.",
    )
    .why(shown(differences))
    .into()
}

pub(super) fn belongs_to_other(who: &str, differences: &[Difference]) -> Trouble {
    Problem::new(
        "STEP-OTHER-OWNER",
        format!("it belongs to {who} and is not as planned"),
        format!("Change it through {who}, or choose another name, then start again."),
    )
    .why(shown(differences))
    .into()
}
