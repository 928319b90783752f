//! What did tasks last say, and where does the install stand as a whole?

use jiff::Timestamp;

use super::{StepsDone, Story};
use crate::event::{Fact, Happened, TaskPath, Waiting};

impl Story {
    /// What tasks last said, as the wizard folds it: outcomes, results and failures.
    pub fn facts_told(&self) -> Vec<Fact> {
        let last = self.last.unwrap_or(Timestamp::UNIX_EPOCH);
        let looked = self.looked.iter().map(|(path, outcome)| Fact {
            at: last,
            path: path.clone(),
            what: Happened::Looked { outcome: outcome.clone(), seat: None },
        });
        let steps = self.steps.iter().flat_map(|(path, step)| {
            let end = match (&step.failed, step.how) {
                (Some(problem), _) => Some(Happened::Failed { problem: problem.clone() }),
                (None, None) => step.handed_over.as_ref().map(|asked| Happened::HandedOver {
                    handed: Box::new(asked.into()),
                    until: String::new(),
                    story: Vec::new(),
                    deadline: None,
                }),
                (None, Some(how)) if !step.undone => Some(Happened::Finished { how, outputs: step.outputs.clone() }),
                _ => None,
            };
            // What was begun and found there already has no time of its own.
            let begun = step.since.filter(|_| end.is_some()).map(|since| (since, Happened::Applying));
            let ended = end.map(|end| (step.ended.unwrap_or(last), end));
            begun.into_iter().chain(ended).map(|(at, what)| Fact { at, path: path.clone(), what })
        });
        looked.chain(steps).collect()
    }

    /// The same for somebody who only watches: also what was begun and has no result, and what was taken away.
    pub fn facts_watched(&self) -> Vec<Fact> {
        let last = self.last.unwrap_or(Timestamp::UNIX_EPOCH);
        let mut facts = self.facts_told();
        facts.extend(self.steps.iter().filter_map(|(path, step)| {
            let what = match (step.undone, &step.person) {
                (true, _) => Happened::Undone { line: "taken away".into() },
                (false, Some(told)) if step.failed.is_none() => Happened::Person {
                    instruction: told.instruction.clone(),
                    until: "it is not done yet".into(),
                    deadline: None,
                },
                (false, _) if step.open && step.failed.is_none() && step.handed_over.is_none() => Happened::Waiting {
                    why: Waiting::on("begun, no result written down yet"),
                    deadline: None,
                    usual: None,
                },
                (false, _) => return None,
            };
            let told = step.person.as_ref().map(|told| told.at);
            Some(Fact { at: told.or(step.since).or(step.ended).unwrap_or(last), path: path.clone(), what })
        }));
        facts
    }

    /// How far it is, by what was agreed to; before that, by what was begun.
    pub fn steps_done(&self) -> StepsDone {
        let done = |path: &TaskPath| {
            let step = self.steps.get(path);
            step.is_some_and(|step| step.how.is_some() && !step.open && step.failed.is_none())
        };
        match self.approved.steps.is_empty() {
            false => StepsDone::count(self.approved.steps.keys().map(|path| (path, done(path)))),
            true => StepsDone::count(self.steps.keys().map(|path| (path, done(path)))),
        }
    }

    /// Whether nothing of ours is there any more, because it was taken away.
    pub fn is_gone(&self) -> bool {
        self.taken_away().is_some() && self.ours().is_empty()
    }

    /// What undo left, where the last thing that happened to a step is that it was taken away.
    fn taken_away(&self) -> Option<String> {
        self.closed?;
        let gone = self.steps.values().filter_map(|step| step.taken_away.filter(|_| step.undone)).max()?;
        let since = self.steps.values().filter(|step| !step.undone).filter_map(|step| step.since.max(step.ended)).max();
        if since.is_some_and(|since| since > gone) {
            return None;
        }
        Some(match self.ours().len() {
            0 => "taken away".to_owned(),
            1 => "taken away but for 1 step".to_owned(),
            left => format!("taken away but for {left} steps"),
        })
    }

    /// Where it stands as a whole.
    pub fn state(&self) -> String {
        if let Some(words) = self.taken_away() {
            return words;
        }
        let done = self.steps_done();
        let so_far = |state: &str| format!("{state}: {done}");
        match self.closed {
            Some(0) if done.all() || done.of == 0 => "finished".to_owned(),
            Some(0) => so_far("finished"),
            Some(4) => "finished with warnings".to_owned(),
            Some(130) if done.all() => so_far("interrupted before the rest was verified"),
            Some(130) => so_far("interrupted"),
            Some(5) => match self.with_others().next() {
                Some((path, asked)) => so_far(&format!("waits for {} ({path})", asked.what.to)),
                None => match self.with_persons().next() {
                    Some((path, _)) => so_far(&format!("waits for a person ({path})")),
                    None => so_far("waits for a person"),
                },
            },
            Some(3) => "stopped by a check".into(),
            Some(_) => so_far("failed"),
            None if done.all() => so_far("not yet verified to the end"),
            None => so_far("unfinished"),
        }
    }
}
