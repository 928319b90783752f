//! What did tasks last say, and where does the install stand as a whole?

use jiff::Timestamp;

use super::Story;
use crate::event::{Fact, Happened, Waiting};

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
            let what = match step.undone {
                true => Happened::Undone { line: "taken away".into() },
                false if step.open && step.failed.is_none() && step.handed_over.is_none() => Happened::Waiting {
                    why: Waiting::on("begun, no result written down yet"),
                    deadline: None,
                    usual: None,
                },
                false => return None,
            };
            Some(Fact { at: step.since.or(step.ended).unwrap_or(last), path: path.clone(), what })
        }));
        facts
    }

    /// Where it stands as a whole.
    pub fn state(&self) -> String {
        let done = self.finished.len();
        match self.closed {
            Some(0) => "finished".to_owned(),
            Some(4) => "finished with warnings".to_owned(),
            Some(130) if self.all_steps_done() => {
                format!("all {done} steps are done; interrupted before the rest was verified")
            }
            Some(130) => format!("interrupted after {done} steps"),
            Some(5) => match self.with_others().next() {
                Some((path, asked)) => format!("waits for {} ({path}) after {done} steps", asked.what.to),
                None => format!("waits for a person after {done} steps"),
            },
            Some(3) => "stopped by a check".into(),
            Some(_) => format!("failed after {done} steps"),
            None if self.all_steps_done() => format!("all {done} steps are done; not yet verified to the end"),
            None => format!("unfinished after {done} steps"),
        }
    }

    /// Whether every step that was agreed to is finished.
    fn all_steps_done(&self) -> bool {
        let agreed = &self.approved.steps;
        !agreed.is_empty() && agreed.keys().all(|path| self.finished.contains(path))
    }
}
