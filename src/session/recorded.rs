//! What people said is written down: answers, and who goes past what or answers for what.

use landfall_core::{
    journal::Record,
    plan::{Plan, Said},
};

use super::Session;
use crate::cloud::Trouble;

impl Session {
    /// Writes the answers down as they are now. Who only reads tries them out, and leaves those of the install alone.
    pub async fn record_answers(&self) -> Result<(), Trouble> {
        let bound = self.bound()?;
        if bound.journal.only_read() || bound.journal.story().answers == self.answers {
            return Ok(());
        }
        bound.journal.write(Record::Answered { answers: Box::new(self.answers.clone()) }).await
    }

    /// Writes down who goes past what, and who answers for what, where a task of the plan is meant.
    pub async fn record_vouches(&self, plan: &Plan) -> Result<(), Trouble> {
        let bound = self.bound()?;
        let story = bound.journal.story();
        for task in &plan.tasks {
            let name = task.path.to_string();
            let for_task = |said: &&Said| task.path.matches(&said.task);
            if let Some(said) = self.answers.waive.iter().find(for_task).filter(|_| !story.waived.contains_key(&name)) {
                let said = Said { task: name.clone(), ..said.clone() };
                bound.journal.write(Record::Waived { said }).await?;
            }
            if let Some(said) =
                self.answers.attest.iter().find(for_task).filter(|_| !story.attested.contains_key(&name))
            {
                let said = Said { task: name.clone(), ..said.clone() };
                bound.journal.write(Record::Attested { said }).await?;
            }
        }
        Ok(())
    }
}
