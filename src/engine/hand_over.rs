//! Handing a step over: what it would do is written down for somebody else, and we look until it is done.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use jiff::{SignedDuration, Timestamp};
use landfall_core::{
    event::{Choice, Difference, Found, Handed, Happened, How, Owner, Question, Section, State, TaskPath},
    journal::Record,
    plan::{Answers, HandOver, Plan, PlannedTask, handed_over},
};
use serde_json::Value;

use super::{Engine, drift::shown, run::TaskEnd, step::Running};
use crate::cloud::{Trouble, folder_unusable, keep_private};

/// How long somebody else is waited for where nobody says.
const WITHIN: Duration = Duration::from_secs(2 * 24 * 3_600);

/// It is looked at no more often than this: people take hours.
const INTERVAL: Duration = Duration::from_secs(10);

impl Engine {
    /// Who does this step instead of us, if somebody does. What only a person can do is nobody else's to take over.
    pub fn by_other(&self, task: &PlannedTask, answers: &Answers) -> Option<HandOver> {
        let person = self.kinds.steps.get(&task.kind)?;
        if task.path.section != Section::Steps
            || self.view(task, |_, view| person.instruction(view, &task.parameters)).is_some()
        {
            return None;
        }
        handed_over(self.journal.story().steps.get(&task.path), &answers.hand_over, task)
    }

    /// Writes down for somebody else what a step would do; who was asked goes to the journal once.
    pub async fn hand_over(&self, task: &PlannedTask, parameters: &Value, what: &HandOver) -> Result<Handed, Trouble> {
        let known = self.journal.story().steps.get(&task.path).and_then(|step| step.handed_over.clone());
        let at = known.as_ref().map_or_else(|| self.cloud.clock().now(), |asked| asked.at);
        let page = self.page(task, parameters, what, at);
        let path = self.page_file(&task.path);
        super::private_folder(path.parent().unwrap_or(&self.folder)).map_err(|error| folder_unusable(&path, &error))?;
        keep_private(&path, page.as_bytes())?;
        let file = path.display().to_string();
        if known.is_none() {
            let record = Record::HandedOver { path: task.path.clone(), what: what.clone(), file: file.clone() };
            self.journal.write(record).await?;
        }
        Ok(Handed { to: what.to.clone(), reason: what.reason.clone(), at, file, page })
    }

    /// Asks everybody at the start, so that nobody is asked only when their turn has come. What is there already is
    /// nobody's to do; what cannot be looked at yet is asked for.
    pub(super) async fn ask_others(&self, plan: &Plan, answers: &Answers) -> Result<(), Trouble> {
        let known: BTreeMap<TaskPath, Value> = self.journal.story().outputs();
        for task in plan.section(Section::Steps) {
            let Some(what) = self.by_other(task, answers) else { continue };
            let Some(kind) = self.kinds.steps.get(&task.kind) else { continue };
            let scope = self.scope_of(task, &known).with_late_steps();
            let parameters = scope.render(&task.template).unwrap_or_else(|_| task.parameters.clone());
            let there = kind.inspect(&self.context(task, &known), &parameters).await;
            if matches!(there, Ok(Found { state: State::Present { .. }, .. })) {
                continue;
            }
            let handed = Box::new(self.hand_over(task, &parameters, &what).await?);
            let told = Happened::HandedOver { handed, until: String::new(), story: Vec::new(), deadline: None };
            self.teller.tell(&task.path, told);
        }
        Ok(())
    }

    /// Where a step's page is.
    fn page_file(&self, path: &TaskPath) -> PathBuf {
        let name: String =
            path.to_string().chars().map(|c| if c.is_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect();
        self.folder.join("handed-over").join(format!("{}.md", name.trim_end_matches('-')))
    }

    /// What somebody else needs to know, as one page.
    pub fn page(&self, task: &PlannedTask, parameters: &Value, what: &HandOver, at: Timestamp) -> String {
        let Some(kind) = self.kinds.steps.get(&task.kind) else { return String::new() };
        let (commands, rendered, undo) = self.view(task, |_, view| {
            (kind.commands(view, parameters), kind.render(view, parameters), kind.undo_line(view, parameters))
        });
        let target = &self.target;
        let mut page = format!("# {}: {}\n\n", self.guide.guide.title, task.title);
        let mut line = |name: &str, text: &str| {
            if !text.is_empty() {
                page.push_str(&format!("- {name}: {text}\n"));
            }
        };
        line("For", &what.to);
        line("From", &what.name);
        line("Why", &what.reason);
        line("Asked", &at.to_string());
        line("AWS account", &target.account);
        line("Region", &target.region);
        line("Cluster", &target.cluster);
        line("Namespace", &target.namespace);
        line("Install", self.install.as_str());
        line("Step", &format!("{} ({}: {})", task.path, task.kind, kind.describe().about));
        line("From the vendor's guide", &self.guide.place(&task.from).unwrap_or_default());
        if !task.about.is_empty() {
            page.push_str(&format!("\n{}\n", task.about.trim()));
        }
        if !commands.is_empty() {
            page.push_str(&format!("\n## As commands\n\n```sh\n{}\n```\n", commands.join("\n")));
        }
        for part in rendered {
            page.push_str(&format!("\n## As {}\n\n```{}\n{}\n```\n", part.title, part.language, part.text.trim_end()));
        }
        page.push_str(
            "\n## Afterwards\n\nNobody has to report back: it is looked at until it is there as described, then the install \
             goes on. `<secret …>` stands for a secret that is handed over another way, `<…, known after step …>` for \
             what an earlier step brings.\n",
        );
        page.push_str(&format!(
            "\nThe install never takes it away: that stays with whom makes it. Taking it away would mean: {undo}.\n"
        ));
        if page.contains("<steps.")
            && let Ok(plan) = self.plan()
        {
            page = self.brought(&plan).in_code(&page);
        }
        self.teller.hide(&page)
    }
}

impl Running<'_> {
    /// Somebody else does it: it is looked at until it is there.
    pub(super) async fn watch(&self, what: HandOver, mut found: Result<Found, Trouble>) -> Result<TaskEnd, Trouble> {
        let clock = self.engine.cloud.clock();
        let within = self.options.wait_person.or(what.within.map(|within| within.0)).unwrap_or(WITHIN);
        let deadline = clock.now() + SignedDuration::try_from(within).unwrap_or_default();
        let handed = Box::new(self.engine.hand_over(self.task, &self.parameters, &what).await?);
        let mut told: Option<(String, Vec<String>)> = None;
        let mut asked: Option<(Vec<Difference>, tokio::sync::oneshot::Receiver<super::Verdict>)> = None;
        loop {
            let (until, story) = match found {
                // Nobody lets us look: who was asked, or who asked, says when it is done.
                Err(Trouble::Denied { action, .. }) => {
                    let until = format!("{action} was denied, so somebody has to say that it is done");
                    self.tell(Happened::HandedOver { handed, until, story: Vec::new(), deadline: Some(deadline) });
                    return self.said_done(&format!("{} was handed over to {}.", self.task.title, what.to)).await;
                }
                Err(trouble) => return Err(trouble),
                Ok(found) => match found.state {
                    State::Present { outputs } => {
                        let step = self.engine.journal.story().steps.get(&self.task.path).cloned().unwrap_or_default();
                        let ours = found.owner == Owner::Ours && step.token.is_some();
                        return self.finish(if ours { How::Made } else { How::HandedOver }, outputs).await;
                    }
                    State::Absent => ("it is not there yet".to_owned(), Vec::new()),
                    State::Pending { why } => (why.on, why.story),
                    State::Broken { problem, .. } => (problem.what, vec![problem.why]),
                    State::Drifted { outputs, differences } => {
                        let fields: Vec<&str> = differences.iter().map(|found| found.field.as_str()).collect();
                        let until = format!("it is there, but not as asked: {}", fields.join(", "));
                        let story = shown(&differences).lines().map(str::to_owned).collect();
                        let question = as_it_is(&what.to, &differences);
                        if self.beforehand(&question).is_some_and(|verdict| verdict.choice == "use_as_is") {
                            return self.finish(How::HandedOver, outputs).await;
                        }
                        let new = asked.as_ref().is_none_or(|(known, _)| *known != differences);
                        if new && !self.options.alone {
                            asked = Some((differences, self.engine.desk.bring(&self.task.path, question.clone())));
                            self.tell(Happened::Asked { question });
                            told = Some((until.clone(), Vec::clone(&story)));
                        }
                        (until, story)
                    }
                },
            };
            if told.as_ref() != Some(&(until.clone(), story.clone())) {
                told = Some((until.clone(), story.clone()));
                let handed = handed.clone();
                self.tell(Happened::HandedOver { handed, until, story, deadline: Some(deadline) });
            }
            if clock.now() >= deadline {
                return Ok(TaskEnd::Person);
            }
            let wait = self.about.interval.0.max(INTERVAL);
            if let Some((_, heard)) = &mut asked {
                tokio::select! {
                    verdict = heard => {
                        let verdict = verdict.map_err(|_| Trouble::Interrupted)?;
                        self.decided("handed_over", &verdict).await?;
                        if verdict.choice == "use_as_is"
                            && let State::Drifted { outputs, .. } = self.inspect().await?.state
                        {
                            return self.finish(How::HandedOver, outputs).await;
                        }
                        told = None;
                    }
                    paused = self.pause(wait) => paused?,
                }
            } else {
                self.pause(wait).await?;
            }
            if self.engine.by_other(self.task, &self.options.answers).is_none() {
                // It was taken back: from here on it is ours again.
                return Box::pin(self.go()).await;
            }
            found = self.inspect().await;
        }
    }
}

fn as_it_is(to: &str, differences: &[Difference]) -> Question {
    let choice = |id: &str, label: &str| Choice { id: id.into(), label: label.into(), typed: None };
    Question {
        about: "handed_over".into(),
        text: format!("{to} made it, but not as asked. What shall be done?"),
        choices: vec![choice("wait", "wait until it is as asked"), choice("use_as_is", "use it as it is and go on")],
        differences: differences.to_vec(),
    }
}
