//! Making way: what has to be made anew is taken away first, after what hangs on it.

use std::collections::BTreeSet;

use landfall_core::{
    event::{Choice, Happened, Problem, Question, TaskPath},
    journal::{REPLACE, StepStory, Story},
    plan::{Plan, PlannedTask, carried_along},
};

use super::{Engine, RunOptions, undo::UndoLine};
use crate::cloud::Trouble;

/// Whether what stood in the way is gone.
pub(super) enum Way {
    /// It is, or nothing did.
    Clear,
    /// A person has to agree first.
    Person,
}

impl Engine {
    /// Takes a step's old thing away, and first what cannot stay without it. What holds data is asked for by name, unless
    /// `agreed` says that this was done.
    pub(super) async fn make_way(
        &self,
        task: &PlannedTask,
        plan: &Plan,
        options: &RunOptions,
        agreed: bool,
    ) -> Result<Way, Trouble> {
        // One at a time: two that are replaced may hang on the same step, or carry the same one along.
        let _alone = options.making_way.lock().await;
        let story = self.journal.story();
        let gone = self.in_the_way(&task.path, plan, &story);
        if !gone.contains(&task.path) {
            return Ok(Way::Clear);
        }
        let lines: Vec<UndoLine> =
            self.undo_plan(&story).into_iter().filter(|line| gone.contains(&line.path)).collect();
        for line in lines.iter().filter(|line| line.keeps_data && !(agreed && line.path == task.path)) {
            match self.decide(&line.path, loses(line, task), options).await? {
                Some(verdict) if verdict.choice == REPLACE => {}
                Some(_) => return Err(kept(line).into()),
                None => return Ok(Way::Person),
            }
        }
        for line in lines {
            if self.cancel.is_cancelled() {
                return Err(Trouble::Interrupted);
            }
            self.teller.tell(&line.path, Happened::Said { line: format!("made anew: first it {}", line.line) });
            if let Err(trouble) = self.undo_one(&line).await {
                return Err(left(&line, task, trouble));
            }
        }
        Ok(Way::Clear)
    }

    /// The step itself and what goes along with it, as far as this install made it and it still stands.
    fn in_the_way(&self, path: &TaskPath, plan: &Plan, story: &Story) -> BTreeSet<TaskPath> {
        let own = BTreeSet::from([path.clone()]);
        let after = plan.dependants(path);
        let along = carried_along(plan, &own, &self.kinds.catalogue()).into_keys();
        own.iter()
            .cloned()
            .chain(along)
            .chain(story.replace.iter().filter(|path| after.contains(*path)).cloned())
            .filter(|path| story.steps.get(path).is_some_and(StepStory::can_be_replaced))
            .collect()
    }
}

fn loses(line: &UndoLine, task: &PlannedTask) -> Question {
    let goes = if line.path == task.path {
        "It is made anew".to_owned()
    } else {
        format!("{} is made anew, and it goes along", task.title)
    };
    Question {
        about: REPLACE.into(),
        text: format!(
            "{goes}. It holds data, which would be lost with it: taking it away {}. What shall be done?",
            line.line
        ),
        choices: vec![
            Choice { id: "stop".into(), label: "stop here and leave it".into(), typed: None },
            Choice {
                id: REPLACE.into(),
                label: "take it away with its data and make it anew".into(),
                typed: Some(line.path.id.clone()),
            },
        ],
        differences: Vec::new(),
    }
}

fn kept(line: &UndoLine) -> Problem {
    Problem::new(
        "STEP-NOT-REPLACED",
        format!("{} holds data and was left as it is", line.path),
        "Change the answers back, save its data first, or agree to lose it; then start again.",
    )
}

/// What could not be taken away, where it is another step than the one it was in the way of.
fn left(line: &UndoLine, task: &PlannedTask, trouble: Trouble) -> Trouble {
    if line.path == task.path || matches!(trouble, Trouble::Interrupted | Trouble::Expired { .. }) {
        return trouble;
    }
    let mut problem = trouble.problem();
    problem.what = format!("{} has to go first: {}", line.path, problem.what);
    problem.into()
}
