//! What today's answers change in what was agreed to before, and what cannot change any more.

use landfall_core::{
    event::{How, Problem, Section},
    journal::Record,
    plan::{Approved, Change, Compared, Plan, PlannedTask, Said, Stands, compare, locks, made_anew},
    wizard::PlannedTask as PlannedShown,
};

use super::{Planned, Session, planning::agreed_to};
use crate::{cloud::Trouble, engine::Engine};

impl Session {
    /// What would be agreed to with this plan.
    pub async fn approved(&self, plan: &Plan, engine: &Engine) -> Result<Approved, Trouble> {
        let secrets = engine.marks(plan.section(Section::Steps).flat_map(PlannedTask::secrets).collect()).await?;
        Ok(Approved::of(plan, self.settle().values, secrets))
    }

    /// This plan beside the one that was agreed to last; nothing where there was none.
    pub fn compared(&self, plan: &Plan, now: &Approved) -> Vec<Compared> {
        let story = self.story();
        // Where nothing has run, or all was taken away again, there is nothing to change.
        if !story.steps.values().any(|step| step.open || step.how.is_some()) || story.approved.steps.is_empty() {
            return Vec::new();
        }
        compare(&story, now, plan, &self.house.kinds.catalogue())
    }

    /// Answers that finished steps were made with and that are others now; each is refused.
    pub fn locked_answers(&self, plan: &Plan) -> Vec<Problem> {
        let story = self.story();
        let before = &story.approved.inputs;
        let stands = |path: &landfall_core::event::TaskPath| {
            let step = story.steps.get(path)?;
            match step.how {
                _ if step.can_be_replaced() => Some(Stands::Ours),
                Some(How::Changed | How::HandedOver) => Some(Stands::Theirs),
                None if step.open && step.handed_over.is_none() => Some(Stands::Theirs),
                _ => None,
            }
        };
        let now = self.settle().values;
        locks(plan, stands, &self.house.kinds.catalogue())
            .locked
            .into_iter()
            .filter(|(id, _)| before.contains_key(id) && before.get(id) != now.get(id))
            .map(|(id, why)| {
                let was = before
                    .get(&id)
                    .map_or_else(String::new, |was| was.as_str().map_or_else(|| was.to_string(), str::to_owned));
                Problem::new(
                    "ANSWER-LOCKED",
                    format!("the answer {id} cannot change any more: {why}"),
                    format!(
                        "Put it back to {was}; or take the install away first and begin anew.\n$ landfall undo {}",
                        self.guide.guide.id
                    ),
                )
                .why("What was made with it is found again by it, or cannot be changed in place.")
            })
            .collect()
    }

    /// What the cluster says cannot change in place, found out before anybody agrees: made anew where it is ours to take away,
    /// else refused.
    pub fn made_anew(&self, plan: &Plan, tasks: &mut [PlannedShown], compared: &mut [Compared]) -> Result<(), Trouble> {
        let story = self.story();
        let catalogue = self.house.kinds.catalogue();
        for row in tasks.iter_mut() {
            let fields: Vec<&str> =
                row.changes.iter().filter(|change| change.fixed).map(|change| &*change.field).collect();
            let agreed =
                |line: &&Compared| line.what == Change::Change && (line.fresh || story.replace.contains(&line.path));
            if fields.is_empty() || !compared.iter().filter(agreed).any(|line| line.path == row.path) {
                continue;
            }
            if made_anew(compared, &row.path, &fields.join(", "), &story, plan, &catalogue) {
                row.what = Change::Replace;
                continue;
            }
            let why =
                compared.iter().find(|line| line.path == row.path).map(|line| line.why.clone()).unwrap_or_default();
            let problem = Problem::new(
                "ANSWER-LOCKED",
                format!("{} cannot change so any more: {} stays as it was made", row.title, fields.join(", ")),
                "Put back what changed and start again; or take it away yourself, after saving what it holds, and start again: then it is made anew.",
            );
            return Err(problem
                .why(format!("{why}. This install did not make it, so it does not take it away."))
                .into());
        }
        Ok(())
    }

    /// The record of agreeing to a plan.
    pub fn agreement(&self, planned: &Planned, name: String) -> Record {
        let replaced = planned.compared.iter().filter(|line| line.what == Change::Replace);
        Record::Planned {
            digest: agreed_to(&planned.approved, &planned.compared),
            facts: serde_json::Value::Object(self.frozen.clone()),
            approved: Box::new(planned.approved.clone()),
            name,
            replace: replaced.map(|line| line.path.clone()).collect(),
        }
    }

    /// Who agreed to a changed plan in the answers: for this one, or for whatever it is.
    pub fn plan_approval(&self, digest: &str) -> Option<&Said> {
        self.answers.approve.iter().find(|said| {
            said.task == "plan"
                && said.choice.as_deref().is_none_or(|choice| choice.len() >= 6 && digest.starts_with(choice))
        })
    }
}
